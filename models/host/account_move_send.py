from odoo import api, models


class AccountMoveSend(models.AbstractModel):
    """The moments of sending an invoice: what goes along is listed, made and kept."""

    _inherit = "account.move.send"

    @api.model
    def _get_placeholder_mail_attachments_data(
        self, move, invoice_edi_format=None, extra_edis=None, pdf_report=None
    ):
        data = super()._get_placeholder_mail_attachments_data(
            move,
            invoice_edi_format=invoice_edi_format,
            extra_edis=extra_edis,
            pdf_report=pdf_report,
        )
        return data + move._get_progress_statement_placeholders()

    @api.model
    def _hook_invoice_document_before_pdf_report_render(self, invoice, invoice_data):
        result = super()._hook_invoice_document_before_pdf_report_render(
            invoice, invoice_data
        )
        # What the module of electronic invoices made of it, where that is installed.
        document = invoice_data.get("ubl_cii_xml_attachment_values")
        if document:
            document["raw"] = invoice._tell_retention_terms(document["raw"])
        return result

    @api.model
    def _get_invoice_extra_attachments(self, move):
        attachments = super()._get_invoice_extra_attachments(move)
        return attachments | move._get_progress_statement_attachment()

    @api.model
    def _link_invoice_documents(self, invoices_data):
        result = super()._link_invoice_documents(invoices_data)
        self.env["account.move"].union(*invoices_data)._issue_progress_statements()
        return result

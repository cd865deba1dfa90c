from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import content_disposition, request

from odoo.addons.portal.controllers.portal import CustomerPortal, pager


class ProformaPortal(CustomerPortal):
    """Pro formas in the customer portal, and their approval."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "proforma_count" in counters:
            Proforma = request.env["progress.billing.proforma"]
            values["proforma_count"] = (
                Proforma.search_count(self._get_proforma_domain(to_approve=True))
                if Proforma.has_access("read")
                else 0
            )
        return values

    def _get_proforma_domain(self, to_approve=False):
        """Return the domain of the pro formas that the visitor sees.

        :param bool to_approve: only those that await an approval.
        """
        partner = request.env.user.partner_id.commercial_partner_id
        states = ["sent"]
        if not to_approve:
            states += ["approved", "declined", "released"]
        return [("partner_id", "child_of", partner.ids), ("state", "in", states)]

    @http.route(
        ["/my/pro_formas", "/my/pro_formas/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def portal_my_proformas(self, page=1, **kwargs):
        """Show the list of the visitor's pro formas."""
        values = self._prepare_portal_layout_values()
        Proforma = request.env["progress.billing.proforma"]
        domain = self._get_proforma_domain()
        pages = pager(
            url="/my/pro_formas",
            total=Proforma.search_count(domain) if Proforma.has_access("read") else 0,
            page=page,
            step=self._items_per_page,
        )
        proformas = Proforma
        if Proforma.has_access("read"):
            proformas = Proforma.search(
                domain, limit=self._items_per_page, offset=pages["offset"]
            )
        values.update(
            {
                "proformas": proformas.sudo(),
                "page_name": "proforma",
                "pager": pages,
                "default_url": "/my/pro_formas",
            }
        )
        request.session["my_proformas_history"] = proformas.ids[:100]
        return request.render("progress_billing.portal_my_proformas", values)

    @http.route(
        "/my/pro_formas/<int:proforma_id>", type="http", auth="public", website=True
    )
    def portal_proforma_page(
        self,
        proforma_id,
        access_token=None,
        report_type=None,
        download=False,
        message=False,
        **kwargs,
    ):
        """Show one pro forma, or its PDF."""
        try:
            proforma = self._document_check_access(
                "progress.billing.proforma", proforma_id, access_token=access_token
            )
        except (AccessError, MissingError):
            return request.redirect("/my")
        if report_type in ("html", "pdf", "text"):
            return self._show_report(
                model=proforma,
                report_type=report_type,
                report_ref="progress_billing.action_report_proforma",
                download=download,
            )
        values = self._get_page_view_values(
            proforma,
            access_token,
            {
                "proforma": proforma,
                "page_name": "proforma",
                "message": message,
                "report_type": "html",
                "res_company": proforma.company_id,
            },
            "my_proformas_history",
            False,
            **kwargs,
        )
        return request.render("progress_billing.portal_proforma", values)

    @http.route(
        "/my/pro_formas/<int:proforma_id>/accept",
        type="jsonrpc",
        auth="public",
        website=True,
    )
    def portal_proforma_accept(
        self, proforma_id, access_token=None, name=None, signature=None
    ):
        """Approve a pro forma with the customer's signature."""
        access_token = access_token or request.httprequest.args.get("access_token")
        try:
            proforma = self._document_check_access(
                "progress.billing.proforma", proforma_id, access_token=access_token
            )
        except (AccessError, MissingError):
            return {"error": request.env._("Invalid pro forma.")}
        if not proforma._has_to_be_signed():
            return {"error": request.env._("This pro forma needs no approval.")}
        try:
            proforma._sign(name, signature)
        except UserError as error:
            return {"error": str(error)}
        # Flushed now, so that the PDF shows the signature.
        request.env.cr.flush()
        proforma.message_post(
            body=request.env._("Approved and signed by %(name)s", name=name),
            attachments=[self._get_signed_attachment(proforma)],
            author_id=self._get_customer(proforma).id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        return {
            "force_refresh": True,
            "redirect_url": proforma.get_portal_url(query_string="&message=sign_ok"),
        }

    @http.route(
        "/my/pro_formas/<int:proforma_id>/decline",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
    )
    def portal_proforma_decline(
        self, proforma_id, access_token=None, decline_message=None, **kwargs
    ):
        """Decline a pro forma for the reason that the customer gives."""
        try:
            proforma = self._document_check_access(
                "progress.billing.proforma", proforma_id, access_token=access_token
            )
        except (AccessError, MissingError):
            return request.redirect("/my")
        query = "&message=cant_decline"
        if proforma._has_to_be_signed() and decline_message:
            query = "&message=declined"
            proforma._decline(decline_message)
            proforma.message_post(
                body=decline_message,
                author_id=self._get_customer(proforma).id,
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
            )
        return request.redirect(proforma.get_portal_url(query_string=query))

    def _get_customer(self, proforma):
        """Return the contact who answers: the visitor, known by login or by token."""
        user = request.env.user
        return proforma.partner_id if user._is_public() else user.partner_id

    def _get_signed_attachment(self, proforma):
        """Return name and content of the signed PDF."""
        report = request.env["ir.actions.report"].sudo()
        content = report._render_qweb_pdf(
            "progress_billing.action_report_proforma", proforma.ids
        )[0]
        return (f"{proforma._get_report_base_filename()}.pdf", content)


class StatementPortal(CustomerPortal):
    """Progress statements of invoices and pro formas, as page, PDF and workbook."""

    @http.route(
        "/my/invoices/<int:invoice_id>/statement",
        type="http",
        auth="public",
        website=True,
    )
    def portal_invoice_statement(
        self, invoice_id, access_token=None, report_type=None, **kwargs
    ):
        """Show the statement of an invoice; the PDF is what was sent, if it was."""
        return self._show_statement(
            "account.move", invoice_id, access_token, report_type
        )

    @http.route(
        "/my/pro_formas/<int:proforma_id>/statement",
        type="http",
        auth="public",
        website=True,
    )
    def portal_proforma_statement(
        self, proforma_id, access_token=None, report_type=None, **kwargs
    ):
        """Show the statement that a pro forma will have."""
        return self._show_statement(
            "progress.billing.proforma", proforma_id, access_token, report_type
        )

    def _show_statement(self, model, document_id, access_token, report_type):
        """Return the page, the PDF or the workbook of a document's statement."""
        try:
            document = self._document_check_access(model, document_id, access_token)
        except (AccessError, MissingError):
            return request.redirect("/my")
        if not document._has_progress_statement():
            return request.redirect(document.get_portal_url())
        if report_type == "pdf":
            return self._make_statement_file(
                document, "pdf", document._get_progress_statement_pdf()
            )
        if report_type == "xlsx":
            return self._make_statement_file(
                document, "xlsx", document._get_progress_statement_workbook()
            )
        return request.render(
            "progress_billing.portal_progress_statement",
            {
                "statement": document._make_progress_statement(),
                "layout": document._get_progress_statement_paper_layout(),
                "changes": document._get_progress_statement_changes(),
                "number": document._get_progress_number(),
                "url": document.get_portal_url(),
                "pdf_url": document.get_portal_url(
                    suffix="/statement", report_type="pdf"
                ),
                "xlsx_url": document.get_portal_url(
                    suffix="/statement", report_type="xlsx"
                ),
                "page_name": "statement",
            },
        )

    def _make_statement_file(self, document, extension, content):
        """Return the answer by which a browser downloads a statement."""
        kinds = {
            "pdf": "application/pdf",
            "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
        name = document._get_progress_statement_filename(extension)
        return request.make_response(
            content,
            [
                ("Content-Type", kinds[extension]),
                ("Content-Disposition", content_disposition(name)),
            ],
        )

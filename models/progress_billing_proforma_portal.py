import base64
import binascii

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import plaintext2html
from odoo.tools.image import ImageProcess


class ProgressBillingProforma(models.Model):
    """Sending a pro forma, and its approval by the customer."""

    _inherit = "progress.billing.proforma"

    order_ids = fields.Many2many(
        comodel_name="sale.order",
        string="Sales Orders",
        compute="_compute_order_ids",
    )

    @api.depends("line_ids.sale_line_id")
    def _compute_order_ids(self):
        for proforma in self:
            proforma.order_ids = proforma.line_ids.sale_line_id.order_id

    def action_send(self):
        """Open the composer with the pro forma as PDF."""
        self.ensure_one()
        template = self.env.ref(
            "progress_billing.mail_template_proforma", raise_if_not_found=False
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send Pro Forma"),
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_template_id": template.id if template else False,
                "default_composition_mode": "comment",
                "default_email_layout_xmlid": (
                    "mail.mail_notification_layout_with_responsible_signature"
                ),
                "mark_proforma_as_sent": True,
                "force_email": True,
            },
        }

    def message_post(self, **kwargs):
        is_internal = self.env.user._is_internal()
        if is_internal and self.env.context.get("mark_proforma_as_sent"):
            states = ("draft", "declined")
            self.filtered(lambda proforma: proforma.state in states)._set_state(
                "sent", states
            )
        return super().message_post(**kwargs)

    def action_preview(self):
        """Open the page that the customer sees."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "target": "self",
            "url": self.get_portal_url(),
        }

    def action_view_invoices(self):
        """Open the invoices made of the pro forma."""
        return self.move_ids._get_records_action(name=self.env._("Invoices"))

    def _has_to_be_signed(self):
        """Return whether the customer may approve the pro forma."""
        return self.state == "sent" and not self.signature

    def _sign(self, name, signature):
        """Approve on the customer's behalf, with their signature.

        :param str name: who signs.
        :param signature: the picture of the signature, in base64.
        :raise UserError: when nobody can tell who signed, or nothing is drawn.
        """
        self.ensure_one()
        self._check_signature(name, signature)
        self.write(
            {
                "signed_by": name.strip(),
                "signed_on": fields.Datetime.now(),
                "signature": signature,
            }
        )
        self._set_state("approved", ("sent",))

    def _check_signature(self, name, signature):
        """Refuse a signature without a name or without a picture."""
        if not any(letter.isalnum() for letter in name or ""):
            raise UserError(
                self.env._(
                    "You cannot sign %(name)s because your name is missing. Enter it.",
                    name=self.name,
                )
            )
        try:
            content = base64.b64decode(signature or "", validate=True)
        except binascii.Error:
            content = b""
        if not content or not ImageProcess(content).image:
            raise UserError(
                self.env._(
                    "You cannot sign %(name)s because the signature is no picture. "
                    "Draw your signature.",
                    name=self.name,
                )
            )

    def _decline(self, reason):
        """Decline on the customer's behalf, and ask the responsible to see to it.

        The amounts stay billed on the pro forma: it can be changed and sent again,
        or cancelled.

        :param str reason: the customer's words, plain text.
        """
        self.ensure_one()
        self._set_state("declined", ("sent",))
        user = self.user_id or self.order_ids.user_id[:1]
        self.activity_schedule(
            "progress_billing.mail_activity_proforma_declined",
            note=plaintext2html(reason),
            user_id=(user or self.create_uid).id,
        )

    def _withdraw_approval(self):
        """Take back an answer that the customer gave to other amounts."""
        for proforma in self.filtered(lambda proforma: proforma.state == "approved"):
            proforma.message_post(
                body=self.env._(
                    "The amounts changed: the approval of %(name)s no longer holds.",
                    name=proforma.signed_by or proforma.partner_id.name,
                )
            )
        answered = self.filtered(
            lambda proforma: proforma.state in ("approved", "declined")
        )
        answered.action_draft()

    def _notify_get_recipients_groups(self, message, model_description, msg_vals=False):
        # The customer's mail gets a button that opens the page without a login.
        groups = super()._notify_get_recipients_groups(
            message, model_description, msg_vals=msg_vals
        )
        if not self:
            return groups
        self.ensure_one()
        for name, _is_member, options in groups:
            if name == "portal_customer":
                options["has_button_access"] = True
                options["active"] = True
                options["button_access"] = {
                    "url": self.get_portal_url(),
                    "title": self.env._("View Pro Forma"),
                }
        return groups

    def _get_report_base_filename(self):
        self.ensure_one()
        return self.name.replace("/", "-")

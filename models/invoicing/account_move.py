from markupsafe import Markup

from odoo import models

#: The host's text of where a document comes from.
ORIGIN = "mail.message_origin_link"


class AccountMove(models.Model):
    """Says on new invoices what the host says on them, in one batch."""

    _inherit = "account.move"

    def _post_progress_creation(self):
        """Say that the invoices were created, to whom it tells of that."""
        context = self.env.context
        if context.get("mail_create_nolog") or context.get("tracking_disable"):
            return
        # As the host hides such a note.
        hidden = Markup('<div summary="o_mail_notification"><p>%s</p></div>')
        bodies = {move: hidden % move._creation_message() for move in self.sudo()}
        self._post_progress_notes(bodies, "account.mt_invoice_created")

    def _post_progress_origin(self):
        """Say on the invoices where they come from."""
        bodies = {
            move: self.env["ir.qweb"]._render(
                ORIGIN,
                {"self": move, "origin": move.line_ids.sale_line_ids.order_id},
                minimal_qcontext=True,
            )
            for move in self.sudo()
        }
        self._post_progress_notes(bodies, "mail.mt_note")

    def _post_progress_notes(self, bodies, subtype):
        """Post what the host's `message_post` would post on one after the other.

        :param bodies: invoice -> text.
        :param subtype: XML id of the messages' subtype.
        """
        moves = self.sudo()._fallback_lang()
        subtype_id = self.env["ir.model.data"]._xmlid_to_res_id(subtype)
        vals_list = moves._prepare_progress_notes(bodies, subtype_id)
        messages = moves._message_create(vals_list)
        recipients = (
            self.env["mail.followers"]
            .sudo()
            ._get_recipient_data(moves, "notification", subtype_id)
        )
        for move, message, vals in zip(moves, messages, vals_list, strict=True):
            move._message_post_after_hook(message, vals)
            if recipients[move.id].keys() - {vals["author_id"]}:
                move._notify_thread(message, vals)

    def _prepare_progress_notes(self, bodies, subtype_id):
        """Return the values of messages as the host's `message_post` prepares them."""
        author_id, email_from = self._message_compute_author()
        companies = self._mail_get_companies(default=self.env.company)
        domains = self._mail_get_alias_domains(default_company=self.env.company)
        replies = self._notify_get_reply_to(default=email_from, author_id=author_id)
        earlier = self.env["mail.message"].search_fetch(
            [("model", "=", self._name), ("res_id", "in", self.ids)],
            ["res_id"],
            order="id",
        )
        parents = {message.res_id: message.id for message in earlier}
        return [
            {
                "author_id": author_id,
                "author_guest_id": False,
                "email_from": email_from,
                "email_add_signature": True,
                "model": self._name,
                "res_id": move.id,
                "body": bodies[move],
                "message_type": "notification",
                "subtype_id": subtype_id,
                "subject": False,
                "parent_id": parents.get(move.id, False),
                "partner_ids": [],
                "attachment_ids": [],
                "record_alias_domain_id": domains[move.id].id,
                "record_company_id": companies[move.id].id,
                "reply_to": replies[move.id],
            }
            for move in self
        ]

from odoo import api, fields, models


class ProjectProject(models.Model):
    """Tells at the head of a project's budget what there is to bill, and to answer."""

    _inherit = "project.project"

    @api.readonly
    def get_progress_summary(self):
        """Return what the screen of the project's revenue budget shows above it."""
        self.ensure_one()
        self.check_access("read")
        lines = self.env["sale.order.line"].search(
            [("progress_project_id", "=", self.id), ("state", "=", "sale")]
        )
        return {
            "id": self.id,
            # In sudo mode because whoever sees the project may know its currency.
            "currency_id": self.sudo().currency_id.id,
            "figures": self._get_progress_figures(lines),
            "period": self._get_progress_period(),
            "error": self.progress_error_message or "",
            "makes_proforma": self.progress_create_proforma,
            "can_bill": self.progress_create_proforma or self._may_create_invoices(),
            "may_see_invoices": self.env["account.move"].has_access("read"),
            "questions": self._get_progress_questions(lines),
            "declined": self._get_progress_declined(),
        }

    def _get_progress_figures(self, lines):
        """Return what lines are worth, and how far billed: key, label and amount.

        The first is the sum of the others, in the currency of the project.
        """
        amounts = dict.fromkeys(("contract", "posted", "draft", "pending", "rest"), 0.0)
        closed = lines._get_closed_budget()
        final = closed.order_id.filtered(lambda x: x._get_progress_finals_in_effect())
        for line in lines:
            convert = self._get_progress_converter(line)
            posted, draft = line.actual_amount, line.draft_amount
            if line.order_id in final:
                posted, draft = line.budget_amount, 0.0
            elif line in closed:
                # Its final invoice is a draft.
                draft = line.budget_amount - posted
            amounts["contract"] += convert(line.budget_amount)
            amounts["posted"] += convert(posted)
            amounts["draft"] += convert(draft)
            amounts["pending"] += convert(line.pending_amount)
        amounts["rest"] = self.sudo().currency_id.round(
            amounts["contract"] - sum(list(amounts.values())[1:])
        )
        labels = {
            "contract": self.env._("Contract"),
            "posted": self.env._("Posted"),
            "draft": self.env._("In drafts"),
            "pending": self.env._("To bill"),
            "rest": self.env._("Not completed"),
        }
        return [
            {"key": key, "label": labels[key], "amount": amount}
            for key, amount in amounts.items()
        ]

    def _get_progress_converter(self, line):
        """Return what brings an amount of a line to the currency of the project."""
        today = fields.Date.context_today(self)
        currency = self.sudo().currency_id
        return lambda amount: line.currency_id._convert(
            amount, currency, line.company_id, today
        )

    def _get_progress_period(self):
        """Return in words when the project is billed."""
        periods = dict(self._fields["progress_period"]._description_selection(self.env))
        return {
            "label": periods[self.progress_period],
            "next": fields.Date.to_string(self.progress_next_date) or "",
            "last": fields.Date.to_string(self.progress_last_date) or "",
        }

    def _get_progress_questions(self, lines):
        """Return what pro formas left pending, by pro forma."""
        left = lines._get_left_pending()
        return [
            {
                "proforma": name,
                "line_ids": group.ids,
                "amount": sum(
                    self._get_progress_converter(line)(line.pending_amount)
                    for line in group
                ),
            }
            for name, group in left.grouped("progress_left_by").items()
        ]

    def _get_progress_declined(self):
        """Return the pro formas that their customers declined, and why."""
        proformas = self.env["progress.billing.proforma"].search(
            [("project_id", "=", self.id), ("state", "=", "declined")]
        )
        return [
            {
                "id": proforma.id,
                "name": proforma.name,
                "reason": proforma.decline_reason or "",
            }
            for proforma in proformas
        ]

    def action_copy_last(self):
        """Make pending once more what was billed of each budget line last."""
        self.budget_line_ids._copy_last_billed()

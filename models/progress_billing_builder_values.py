from odoo import models
from odoo.fields import Command

from .claim import DEPOSIT


class ProgressBillingBuilder(models.AbstractModel):
    """The values of the invoices that the builder creates. Reads only."""

    _inherit = "progress.billing.builder"

    def _prepare_move(self, group):
        """Return the invoice values of some built claims that share an invoice."""
        orders = self.env["sale.order"].browse(
            dict.fromkeys(values["order"].id for values in group)
        )
        vals = self._prepare_invoice_values(
            orders[0], [values["claim"] for values in group]
        )
        if len(orders) > 1:
            vals.update(orders._get_progress_common_values())
        commands = []
        for order in orders:
            if len(orders) > 1:
                commands.append(
                    Command.create(order._prepare_progress_section(len(commands)))
                )
            for values in group:
                if values["order"] == order:
                    for line in values["lines"]:
                        commands.append(
                            Command.create(
                                self._prepare_line(values["claim"], *line)
                                | {"sequence": len(commands)}
                            )
                        )
        vals["invoice_line_ids"] = commands
        return vals

    def _prepare_invoice_values(self, order, claims):
        """Return the invoice's header values, without lines.

        Override to add values of your own; call super.

        :param order: the (first) order it bills.
        :param claims: the claims that share the invoice.
        """
        order = order.with_company(order.company_id)
        narration = "\n".join(
            dict.fromkeys(claim.narration for claim in claims if claim.narration)
        )
        date = self._get_invoice_date(order, claims)
        values = {**order._prepare_invoice(), **order._get_progress_dates(date)}
        if narration:
            values["narration"] = narration
        return values

    def _get_invoice_date(self, order, claims):
        """Return the date of the invoice of some claims: never one before today."""
        today = order.company_id._get_progress_today()
        dates = [claim.invoice_date for claim in claims if claim.invoice_date]
        return max([today, *dates])

    def _prepare_line(self, claim, part, base_line, order_line):
        """Return the values of one invoice line.

        :param order_line: the down payment line of a deposit, or the line billed.
        """
        lang = order_line.order_id._get_lang()
        values = order_line.with_context(lang=lang)._prepare_invoice_line(
            name=self.with_context(lang=lang)._get_line_name(claim, part, order_line),
            quantity=1.0,
            price_unit=base_line["price_unit"],
            discount=0.0,
            extra_tax_data=self.env["account.tax"]._export_base_line_extra_tax_data(
                base_line
            ),
        )
        if claim.booking == DEPOSIT:
            values["account_id"] = base_line["account_id"].id
        elif part.account_id:
            values["account_id"] = part.account_id
        if part.analytic:
            values["analytic_distribution"] = dict(part.analytic)
        values["progress_line_id"] = claim.progress_line_id
        if "_progress_deposit_id" in base_line:
            items = order_line.sudo().invoice_lines
            values["progress_line_id"] = items.progress_line_id[:1].id
        if claim.is_budget:
            values["progress_budget_line_id"] = part.line_id
        return values

    def _get_line_name(self, claim, part, order_line):
        """Return the text of an invoice line, in the customer's language."""
        if part.name:
            return part.name
        if claim.booking != DEPOSIT:
            return ": ".join(filter(None, [order_line.name, claim.title, claim.label]))
        name = self.env._(
            "Deposit of %(share)s: %(title)s", share=claim.label, title=claim.title
        )
        return "\n".join(filter(None, [name, claim.item_description]))

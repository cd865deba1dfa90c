from odoo import models
from odoo.fields import Command
from odoo.tools.misc import format_date

from ..arithmetic.amounts import total_base
from ..invoicing.request import get_request

#: Tells the host that a line has analytics, where a batch knows that it has none.
NO_ANALYTICS = {"none": 0}


class SaleOrderLine(models.Model):
    """Says how an invoice takes a deposit back, and what else it says of a line."""

    _inherit = "sale.order.line"

    def _is_progress_deposit_kept(self, vals):
        """Return whether a deposit has the price or taxes already that are written.

        The host writes both whenever an invoice of the deposit is posted, by which all
        amounts of its order would be worked out anew.
        """
        if not vals or vals.keys() - {"price_unit", "tax_ids"} or len(self) != 1:
            return False
        if not self.is_downpayment:
            return False
        self.check_access("write")
        return not any(self._is_field_changed(*item) for item in vals.items())

    # === HOW AN INVOICE TAKES A DEPOSIT BACK === #

    def _get_progress_deposit_name(self):
        """Return a deposit's text: number and date of its invoice, and its title."""
        self.ensure_one()
        moves = self._get_progress_deposit_moves()
        titles = self.sudo().invoice_lines.progress_line_id.mapped("name")
        numbers = ", ".join(
            self.env._(
                "%(number)s of %(date)s",
                number=move.name,
                date=format_date(self.env, move.invoice_date),
            )
            for move in moves
        )
        return ": ".join(filter(None, [numbers, *titles])) or self.name

    def _get_progress_recall_name(self):
        """Return the text of the line that takes the deposit back."""
        return self.env._(
            "Less deposit %(deposit)s", deposit=self._get_progress_deposit_name()
        )

    def _get_progress_final_values(self, amount):
        """Return the row of the line in the preview of a final invoice.

        :param float amount: untaxed amount on the invoice, negative for a deposit.
        """
        self.ensure_one()
        values = {
            "order_id": self.order_id.id,
            "sequence": self.sequence,
            "name": self.name,
            "amount": self.price_subtotal,
            "amount_open": amount,
            "amount_final": amount,
        }
        if not self.is_downpayment:
            return values
        move = self._get_progress_deposit_moves()[:1]
        items = self._get_progress_own(move.sudo().line_ids)
        return {
            **values,
            "name": self._get_progress_recall_name(),
            "is_deposit": True,
            "move_id": move.id,
            "date": move.invoice_date,
            "amount": self.order_id._sum_progress_items(items),
            "amount_open": -amount,
        }

    def _get_progress_exact_recalls(self, recalls):
        """Return what is taken back of deposits, item by item where a sum would not do.

        The host spreads a tax over its accounts on each invoice line by itself, and a
        part without an account is on the deposit's: what closes a deposit of several
        items (billed, credited, taken back) leaves a cent of it there unless it is
        spread as they were.

        :param recalls: down payment line -> {(taxes, account): `amounts.Share`}.
        :return: the same; what is taken back item by item has the item in its key.
        """
        closing = self.filtered(
            lambda line: (
                any(line._is_tax_on_deposit(taxes) for taxes, _account in recalls[line])
                and line.currency_id.is_zero(
                    line._get_progress_direction() * line._get_progress_open()
                    - total_base(recalls[line])
                )
            )
        )
        if not closing:
            return recalls
        items = closing._get_progress_posted_items()
        return {**recalls, **closing._sum_progress_shares(items, is_by_item=True)}

    def _is_tax_on_deposit(self, taxes):
        """Return whether taxes are spread, and a part is on the invoice line's account.

        A tax that is there as a whole comes to the same, item by item or not.
        """
        parts = taxes.flatten_taxes_hierarchy().invoice_repartition_line_ids.filtered(
            lambda part: part.repartition_type == "tax" and part.factor_percent
        )
        return any(
            len(of_tax) > 1 and not all(part.account_id for part in of_tax)
            for of_tax in parts.grouped("tax_id").values()
        )

    def _prepare_progress_recalls(self, **optional_values):
        """Return the values of the invoice lines that take the deposit back."""
        recalls = get_request(self).recalls
        if recalls is None:
            groups = self._get_progress_open_shares()[self]
        else:
            groups = recalls.get(self.id, {})
        return [
            self._prepare_progress_recall(taxes, account, share, **optional_values)
            for (taxes, account, *_item), share in groups.items()
        ]

    def _prepare_progress_recall(self, taxes, account, share, **optional_values):
        """Return the values of one invoice line that takes the deposit back.

        In the revenue budget it counts against the order line of the deposit: a final
        invoice bills a line completely and takes its deposits back.

        :param share: what to take back, positive; taxes are kept to the cent.
        """
        self.ensure_one()
        allocator = self.env["progress.billing.allocator"]
        group = (frozenset(taxes.ids), account.id, 0)
        base_line = allocator._fix_amounts(self.order_id, group, share, None)
        AccountTax = self.env["account.tax"]
        extra = AccountTax._export_base_line_extra_tax_data(base_line)
        lang = self.order_id._get_lang()
        values = self.with_context(lang=lang)._prepare_invoice_line(**optional_values)
        return {
            **values,
            "name": self.with_context(lang=lang)._get_progress_recall_name(),
            "quantity": -1.0,
            "price_unit": base_line["price_unit"],
            "discount": 0.0,
            "tax_ids": [Command.set(taxes.ids)],
            "account_id": account.id,
            "extra_tax_data": AccountTax._reverse_quantity_base_line_extra_tax_data(
                extra
            ),
            "progress_line_id": self.sudo().invoice_lines.progress_line_id[:1].id,
            "progress_budget_line_id": self.progress_sale_line_id.id,
            "progress_by_amount": True,
            "is_progress_recall": True,
        }

    def _spare_progress_search(self, optional_values):
        """Return invoice line options that spare the host's search for a project.

        The host asks line by line which project has it, unless it has analytics; a
        batch knows that none has.
        """
        if (
            get_request(self).is_without_project
            and not self.analytic_distribution
            and not self.project_id
            and not self.task_id
        ):
            return {"analytic_distribution": NO_ANALYTICS, **optional_values}
        return optional_values

    def _complete_progress_line(self, values):
        """Complete the values of an invoice line: rest, budget, analytics, section.

        :param dict values: as the host prepared them, changed in place.
        """
        if values.get("analytic_distribution") == NO_ANALYTICS:
            del values["analytic_distribution"]
        request = get_request(self)
        is_product = not self.is_downpayment and not self.display_type
        if request.is_final and is_product:
            values["quantity"] = self._get_progress_rest_quantity()
            values["progress_budget_line_id"] = self.id
        if request.is_plain_analytic:
            # What the host's compute would come to, without its search per line.
            values.setdefault("analytic_distribution", self.analytic_distribution)
        is_section = self.display_type == "line_section"
        if is_section and self.order_id._has_progress_section():
            values["display_type"] = "line_subsection"

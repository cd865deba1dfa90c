from odoo import models
from odoo.exceptions import UserError

from .amounts import Share, add, fraction_of, recoup, total_base

RECOUPMENT_MODES = [
    ("proportional", "In proportion to what is invoiced"),
    ("fit", "As much as fits"),
    ("none", "Not now"),
]


class SaleOrder(models.Model):
    """Regular invoices before the final one, and what they take back of deposits."""

    _inherit = "sale.order"

    def action_create_interim_invoice(self):
        """Open the host's *Create Invoice* wizard for a regular invoice."""
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "sale.action_view_sale_advance_payment_inv"
            ),
            "context": {
                "active_model": "sale.order",
                "active_ids": self.ids,
                "default_sale_order_ids": self.ids,
                "default_advance_payment_method": "delivered",
            },
        }

    def _create_interim_invoices(self, recoupment="proportional", consolidated=False):
        """Invoice what is to invoice now, as the host does, and take deposits back.

        :param str recoupment: `proportional`, `fit` or `none`.
        :param bool consolidated: one invoice for all orders of the same customer,
            delivery address, currency and company.
        :return: the draft `account.move` records.
        :raise UserError: when there is nothing to invoice.
        """
        moves = self.with_context(progress_recoupment=recoupment)._create_invoices(
            grouped=not consolidated, final=True
        )
        return moves.with_env(moves.env(context=self.env.context))

    # === HOW MUCH === #

    def _get_progress_interim_shares(self, lines):
        """Return what a regular invoice of some order lines takes back.

        The mode is the context's `progress_recoupment`, by default in proportion: it
        has to reach code of the host and of third parties that knows nothing of it.

        :return: dict of down payment line -> {(taxes, account): `amounts.Share`}.
        """
        self.ensure_one()
        mode = self.env.context.get("progress_recoupment") or "proportional"
        deposits = self.order_line.filtered(lambda line: line._is_progress_deposit())
        open_shares = {
            (line, group): share
            for line, groups in deposits._get_progress_available_shares().items()
            for group, share in groups.items()
        }
        if not open_shares or mode == "none":
            return {}
        invoiced = self._get_progress_quantity_shares(
            lines.filtered(lambda line: not line.display_type),
            lambda line: line.qty_to_invoice,
        )
        fractions = self._get_progress_interim_fractions(open_shares, invoiced)
        total = Share()
        for share in invoiced.values():
            total = add(total, share, self.currency_id)
        taken = recoup(open_shares, fractions, total, mode, self.currency_id)
        result = {}
        for (line, group), share in taken.items():
            result.setdefault(line, {})[group] = share
        return result

    def _get_progress_interim_fractions(self, open_shares, invoiced):
        """Return how much of what is left the invoice bills, for each deposit.

        A deposit on one order line goes back as that line is invoiced, a deposit on the
        order as the order is.
        """
        rest = self._get_progress_quantity_shares(
            self._get_progress_contract_lines(),
            lambda line: line._get_progress_rest_quantity(),
        )

        def get_fraction(pool):
            now, left = (
                total_base(
                    {
                        line: share
                        for line, share in shares.items()
                        if not pool or line == pool
                    }
                )
                for shares in (invoiced, rest)
            )
            if self.currency_id.compare_amounts(now, left) >= 0:
                return 1.0 if now > 0 else 0.0
            return max(fraction_of(now, left, self.currency_id), 0.0)

        pools = {key: key[0].progress_sale_line_id for key in open_shares}
        by_pool = {pool: get_fraction(pool) for pool in set(pools.values())}
        return {key: by_pool[pool] for key, pool in pools.items()}

    def _get_progress_quantity_shares(self, lines, get_quantity):
        """Return order line -> Share of a quantity of it, in the order's currency.

        What completes a line is what earlier invoices left of it.
        """
        AccountTax = self.env["account.tax"]
        allocator = self.env["progress.billing.allocator"]
        base_lines = [
            line._prepare_base_line_for_taxes_computation(quantity=get_quantity(line))
            for line in lines
        ]
        AccountTax._add_tax_details_in_base_lines(base_lines, self.company_id)
        AccountTax._round_base_lines_tax_details(base_lines, self.company_id)
        rest = self._get_progress_rest_shares()
        return {
            line: rest[line]
            if line in rest and line._is_progress_completed_by(base_line["quantity"])
            else allocator._get_share(base_line)
            for line, base_line in zip(lines, base_lines, strict=True)
        }

    def _check_progress_draft_recalls(self):
        """Refuse a final invoice beside a draft that takes back the same deposits."""
        self.ensure_one()
        moves = self._get_progress_items().move_id.filtered(
            lambda move: move.state == "draft" and not move.is_progress_final
        )
        moves = moves.filtered("line_ids.is_progress_recall")
        if moves:
            raise UserError(
                self.env._(
                    "You cannot create the final invoice of %(order)s because draft "
                    "%(invoices)s takes back deposits. Post or delete it first.",
                    order=self.display_name,
                    invoices=", ".join(moves.mapped("display_name")),
                )
            )

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

from ..arithmetic.amounts import Share, add, is_empty, part_of, total_base
from .request import get_request


class SaleOrderLine(models.Model):
    """Knows what an order line has billed and has left, and a deposit has open."""

    _inherit = "sale.order.line"

    progress_billing_line_ids = fields.One2many(
        comodel_name="progress.billing.line",
        inverse_name="sale_line_id",
        string="Progress Billing Lines",
    )
    progress_sale_line_id = fields.Many2one(
        comodel_name="sale.order.line",
        string="Deposit on Line",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The order line that this deposit is a share of. Empty: the whole order.",
    )
    progress_deposit_line_ids = fields.One2many(
        comodel_name="sale.order.line",
        inverse_name="progress_sale_line_id",
        string="Deposits",
        readonly=True,
    )
    progress_billed_amount = fields.Monetary(
        string="Billed to Date",
        compute="_compute_progress_line_amounts",
        help="Untaxed amount billed of this line alone, less credit notes: regular "
        "invoices and open deposits, drafts included.",
    )
    progress_draft_credit_amount = fields.Monetary(
        string="Draft Credit Notes", compute="_compute_progress_line_amounts"
    )
    progress_planned_amount = fields.Monetary(
        string="Planned", compute="_compute_progress_line_rest"
    )
    progress_remaining_amount = fields.Monetary(
        string="Remaining", compute="_compute_progress_line_rest"
    )

    def _has_progress_taxes(self, items):
        """Return whether those of `items` that bill the line do so as it is taxed."""
        self.ensure_one()
        return all(
            item.currency_id == self.currency_id and item.tax_ids == self.tax_ids
            for item in self.sudo().invoice_lines & items
        )

    def _has_progress_price(self, items):
        """Return whether those of `items` that bill the line do so as it is priced."""
        self.ensure_one()
        digits = self.env["decimal.precision"].precision_get("Product Price")
        return all(
            not float_compare(item.price_unit, self.price_unit, precision_digits=digits)
            and not float_compare(item.discount, self.discount, precision_digits=2)
            for item in self.sudo().invoice_lines & items
        )

    def _prepare_progress_amount(self, share):
        """Return the values of an invoice line that bills the line by amount.

        :param share: `amounts.Share` to bill.
        """
        self.ensure_one()
        allocator = self.env["progress.billing.allocator"]
        group = (frozenset(self.tax_ids.ids), 0, self.id)
        base_line = allocator._fix_amounts(self.order_id, group, share, None)
        return {
            "quantity": 1.0,
            "price_unit": base_line["price_unit"],
            "discount": 0.0,
            "extra_tax_data": self.env["account.tax"]._export_base_line_extra_tax_data(
                base_line
            ),
            "progress_by_amount": True,
        }

    @api.depends(
        "price_subtotal",
        "invoice_lines.amount_currency",
        "invoice_lines.parent_state",
        "progress_deposit_line_ids.invoice_lines.amount_currency",
        "progress_deposit_line_ids.invoice_lines.parent_state",
    )
    def _compute_progress_line_amounts(self):
        for line in self:
            items = line._get_progress_items()
            billed = line.order_id._sum_progress_items(
                items.filtered(lambda item: item.parent_state in ("draft", "posted"))
            )
            line.progress_billed_amount = billed
            credits_ = line.order_id._sum_progress_draft_credits(
                items, line.price_subtotal
            )
            line.progress_draft_credit_amount = credits_

    # Apart, as what guards billing asks only for what is billed, line by line.
    @api.depends(
        "price_subtotal",
        "progress_billed_amount",
        "progress_billing_line_ids.state",
        "progress_billing_line_ids.amount_untaxed",
    )
    def _compute_progress_line_rest(self):
        for line in self:
            planned = line.progress_billing_line_ids.filtered(
                lambda plan: plan.state == "planned"
            )
            line.progress_planned_amount = sum(planned.mapped("amount_untaxed"))
            billed = line.progress_billed_amount
            line.progress_remaining_amount = line.price_subtotal - billed

    def _get_progress_contract(self):
        """Return what may be billed of the line, untaxed and without tolerance."""
        self.ensure_one()
        return self.price_subtotal

    def _get_progress_items(self):
        """Return the invoice lines that bill the line, or are deposits on it.

        In sudo mode because salespeople see the totals of their orders, whoever made
        the invoices.
        """
        return (self | self.progress_deposit_line_ids).sudo().invoice_lines

    # === A DEPOSIT: ITS ITEMS, AND WHAT OF IT IS OPEN === #

    def _is_progress_deposit(self):
        """Return whether this is a deposit on a progress-billed order.

        A final invoice takes back those that the host billed alone, too.
        """
        self.ensure_one()
        return (
            self.is_downpayment
            and not self.display_type
            and (get_request(self).is_final or self.order_id._uses_progress_billing())
        )

    def _get_progress_deposits(self):
        """Return those of the lines that are deposits on progress-billed orders."""
        return self.filtered(lambda line: line._is_progress_deposit())

    def _get_progress_own(self, items):
        """Return those of some items, in memory or not, that are on these deposits."""
        if not self:
            return items.browse()
        return items.filtered(lambda item: item.sale_line_ids._origin & self)

    def _get_progress_posted_items(self):
        """Return the posted items of deposits: what billed, credited and recalled."""
        return self.sudo().invoice_lines.filtered(
            lambda item: item.parent_state == "posted"
        )

    def _get_progress_direction(self):
        """Return 1, or -1 for a deposit that was billed below zero.

        Such is the part of a deposit that a voucher is, or the deposit on an order
        that pays out.
        """
        self.ensure_one()
        billed = self.sudo().invoice_lines.filtered(
            lambda item: not item.is_progress_recall and item.amount_currency
        )
        return -1 if billed.sorted("id")[:1].amount_currency > 0.0 else 1

    def _get_progress_open(self, plus=None, less=None):
        """Return the untaxed amount of a deposit that is posted and not taken back.

        :param plus: items to count as if they were posted.
        :param less: items to leave out, as if they were not.
        :return: in the order's currency and the deposit's direction: what is below
            zero was taken back beyond the deposit.
        """
        self.ensure_one()
        none = self.env["account.move.line"]
        items = (self._get_progress_posted_items() | (plus or none)) - (less or none)
        return self._get_progress_direction() * self.order_id._sum_progress_items(items)

    def _get_progress_recalled(self, plus):
        """Return the untaxed amount of a deposit that posted items took back.

        :param plus: items to count as if they were posted.
        """
        self.ensure_one()
        items = self._get_progress_posted_items() | plus
        recalls = items.filtered("is_progress_recall")
        direction = self._get_progress_direction()
        return -direction * self.order_id._sum_progress_items(recalls)

    def _get_progress_open_shares(self, is_available=False):
        """Return what deposits have open, with their taxes, from posted items alone.

        :param bool is_available: less what drafts credit and take back already.
        :return: dict of down payment line -> {(taxes, account): `amounts.Share`}.
        """
        items = self._get_progress_posted_items()
        for line in self if is_available else ():
            direction = line._get_progress_direction()
            items |= line.sudo().invoice_lines.filtered(
                lambda item, direction=direction: (
                    item.parent_state == "draft"
                    and (
                        item.is_progress_recall or direction * item.amount_currency > 0
                    )
                )
            )
        return self._sum_progress_shares(items)

    def _get_progress_credits(self, amount):
        """Return what an amount less of progress credits of deposits, newest first.

        :param float amount: untaxed, in the order's currency, below zero where
            deposits above zero are credited.
        :return: list of (down payment line, {(taxes, account): `amounts.Share`}); they
            come to less than the amount where less is available.
        """
        result = []
        available = self._get_progress_open_shares(is_available=True)
        for line in self.sorted("id", reverse=True):
            wanted = line.currency_id.round(amount)
            groups = part_of(available[line], -wanted, line.currency_id)
            credited = {
                key: add(Share(), share, line.currency_id, -1)
                for key, share in groups.items()
            }
            amount -= total_base(credited)
            if credited:
                result.append((line, credited))
        return result

    def _sum_progress_shares(self, items, is_by_item=False):
        """Return what items on down payment lines come to, without empty groups.

        :param bool is_by_item: the keys have the item, too.
        :return: dict of down payment line -> {(taxes, account): `amounts.Share`}.
        """
        shares = self.env["progress.billing.allocator"]._get_billed_shares(items)
        items.fetch(["sale_line_ids"])
        result = {line: {} for line in self}
        for item, share in shares.items():
            for line in item.sale_line_ids & self:
                key = (item.tax_ids, item.account_id)
                key += (item,) if is_by_item else ()
                result[line][key] = add(
                    result[line].get(key, Share()), share, line.currency_id
                )
        return {
            line: {
                key: share
                for key, share in groups.items()
                if not is_empty(share, line.currency_id)
            }
            for line, groups in result.items()
        }

    def _get_progress_deposit_moves(self):
        """Return the posted invoices that billed deposits, oldest first."""
        items = self.env["account.move.line"].sudo()
        for line in self:
            direction = line._get_progress_direction()
            items |= line._get_progress_posted_items().filtered(
                lambda item, direction=direction: (
                    not item.is_progress_recall and direction * item.amount_currency < 0
                )
            )
        return items.move_id.sorted(lambda move: (move.invoice_date, move.id))

    def _get_progress_origin_move(self):
        """Return the invoice that a deposit was first billed with."""
        self.ensure_one()
        items = self.sudo().invoice_lines.filtered(
            lambda item: not item.is_progress_recall and item.parent_state != "cancel"
        )
        return items.move_id.sorted("id")[:1]

    @api.ondelete(at_uninstall=False)
    def _unlink_except_planned(self):
        for line in self:
            plan = line.progress_billing_line_ids.filtered(
                lambda plan: plan.state != "cancel"
            )
            if plan:
                raise UserError(
                    self.env._(
                        "You cannot delete %(line)s because %(plan)s bills it. Delete "
                        "or cancel that billing line first.",
                        line=line.name,
                        plan=", ".join(plan.mapped("name")),
                    )
                )

    def _get_progress_rest_quantity(self):
        """Return the ordered quantity that no invoice bills yet, delivered or not."""
        self.ensure_one()
        return self.product_uom_qty - self.qty_invoiced

from odoo import fields, models
from odoo.fields import Command
from odoo.tools.misc import format_date

from ..arithmetic.amounts import Share, add, is_empty, part_of, total_base
from ..invoicing.request import get_request

#: Tells the host that a line has analytics, where a batch knows that it has none.
NO_ANALYTICS = {"none": 0}


class SaleOrderLine(models.Model):
    """Knows what a deposit has open, and how an invoice takes it back."""

    _inherit = "sale.order.line"

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

    def _sum_progress_shares(self, items):
        """Return what items on down payment lines come to, without empty groups.

        :return: dict of down payment line -> {(taxes, account): `amounts.Share`}.
        """
        shares = self.env["progress.billing.allocator"]._get_billed_shares(items)
        items.fetch(["sale_line_ids"])
        result = {line: {} for line in self}
        for item, share in shares.items():
            for line in item.sale_line_ids & self:
                key = (item.tax_ids, item.account_id)
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

    def _prepare_progress_recalls(self, **optional_values):
        """Return the values of the invoice lines that take the deposit back."""
        recalls = get_request(self).recalls
        if recalls is None:
            groups = self._get_progress_open_shares()[self]
        else:
            groups = recalls.get(self.id, {})
        return [
            self._prepare_progress_recall(taxes, account, share, **optional_values)
            for (taxes, account), share in groups.items()
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

"""What one order is worth, what was billed of it, and what its next part is."""

from collections import defaultdict
from dataclasses import dataclass, replace

from odoo.tools import float_compare

from ..arithmetic.amounts import (
    Share,
    add,
    add_groups,
    fraction_of,
    is_empty,
    next_part,
    portion,
    set_base,
    set_total,
    share_out,
    total_base,
)
from ..arithmetic.claim import DEPOSIT, REVENUE


@dataclass(frozen=True)
class Bill:
    """What the next part of an order comes to, before anything is written.

    :ivar pool: what it is a part of: id of an order line, 0 for the whole order.
    :ivar booking: `deposit` or `revenue`.
    :ivar groups: group -> `amounts.Share`, see `OrderLedger`.
    :ivar carry: untaxed amount it came to before rounding, less what it bills.
    :ivar deposit_id: id of the down payment line that it credits, 0 for a new one.
    """

    pool: int
    booking: str
    groups: dict
    carry: float = 0.0
    deposit_id: int = 0

    @property
    def untaxed(self):
        """Return the untaxed amount."""
        return total_base(self.groups)

    @property
    def tax(self):
        """Return the taxes."""
        return sum(share.tax for share in self.groups.values())

    @property
    def by_line(self):
        """Return id of an order line -> untaxed amount billed of it alone."""
        if self.booking == DEPOSIT:
            return {self.pool: self.untaxed} if self.pool else {}
        amounts = defaultdict(float)
        for (_taxes, _account, line_id), share in self.groups.items():
            amounts[line_id] += share.base
        return amounts


@dataclass(frozen=True)
class BillLine:
    """One line of the invoice that a bill becomes.

    :ivar base_line: the tax engine's, of fixed amounts.
    :ivar line_id: id of the order line that it bills, 0 for a deposit.
    :ivar deposit_id: id of the down payment line that it credits, 0 for a new one.
    """

    base_line: dict
    line_id: int = 0
    deposit_id: int = 0


class OrderLedger:
    """The amounts of one order, read once and moved on bill by bill.

    A *pool* is what percentages are taken of: the whole order (key 0) or one order
    line (its id). Parts of one pool are cumulative, so that together they are exactly
    the whole. A *group* is what is billed alike: (taxes, deposit account, 0), or
    (taxes, 0, order line) for revenue.

    Amounts, not quantities, say what is left of a line of which anything was billed by
    amount.

    :param order: the sale order, in whose environment the amounts are read.
    :param bool is_plan: only previews amounts, which needs no deposit account.
    """

    def __init__(self, order, is_plan=False):
        self.order = order
        self.currency = order.currency_id
        self.is_plan = is_plan
        self.engine = order.env["progress.billing.allocator"]
        self.lines = order._get_progress_contract_lines()
        self.templates = {}
        self._fixed_taxes = None
        self._items = self._get_live_items(self.lines)
        self._digits = order.env["decimal.precision"].precision_get("Product Unit")
        self._worth = {}
        self._base_lines = {}
        self._billed = {}
        # Worth less billed, by booking: kept along, not added up for every part.
        self._left = {}
        self._carry = defaultdict(float)
        for line in order.progress_line_ids:
            if line.state in ("draft", "posted"):
                pool = line.sale_line_id._origin.id or 0
                self._carry[pool] += line.rounding_carry
        self._carried = sum(self._carry.values())

    # === WHAT IT IS WORTH === #

    def get_contract(self, pool):
        """Return the approved value of a pool: untaxed, and with taxes."""
        shares = self._get_pool_shares(pool)
        return (
            self.currency.round(sum(share.base for share in shares)),
            self.currency.round(sum(share.total for share in shares)),
        )

    def get_bound(self, pool, contract):
        """Return the most that a pool may bill untaxed, without tolerance.

        With prices that include taxes, or rounded as a whole, a line can be worth the
        cent that its subtotal lacks. Deposits contain fixed taxes as untaxed amounts.
        What was delivered beyond the order is billed on top.

        :param float contract: its value by the subtotals.
        """
        exact = self.get_contract(pool)[0]
        worths = [contract, exact, self._get_delivered(pool)]
        if self.order.progress_method == DEPOSIT or any(
            line.is_downpayment for line in self.order.order_line
        ):
            worths.append(exact + self.get_fixed_taxes(pool))
        return min(worths) if contract < 0.0 else max(worths)

    def _get_delivered(self, pool):
        """Return the untaxed amount of a pool with what was delivered on top of it."""
        delivered = {
            line: line.qty_delivered
            for line in self.lines
            if line.product_id.invoice_policy == "delivery"
            and line.qty_delivered > line.product_uom_qty
        }
        shares = self._get_shares(self.lines, delivered) if delivered else {}
        by_id = {line.id: share.base for line, share in shares.items()}
        return self.currency.round(sum(self._choose(by_id, pool)))

    def get_fixed_taxes(self, pool):
        """Return the taxes of a pool that are no share: so much a unit, whatever.

        The host bills them as untaxed base on a down payment.
        """
        return self._sum_fixed_taxes(self._get_pool_shares(pool))

    def _sum_fixed_taxes(self, shares):
        if self._fixed_taxes is None:
            taxes = self.lines.tax_ids.flatten_taxes_hierarchy()
            self._fixed_taxes = {
                str(tax.id) for tax in taxes if not tax._can_be_discounted()
            }
        return sum(
            amount
            for share in (shares if self._fixed_taxes else ())
            for tax, (amount, _base) in share.taxes.items()
            if tax in self._fixed_taxes
        )

    def _get_pool_shares(self, pool):
        """Return the Shares of the order lines of a pool, invoiced or not."""
        base_lines = self._get_base_lines(is_rest=False)
        return [
            self.engine._get_share(base_line)
            for base_line in self._choose(base_lines, pool)
        ]

    def _choose(self, by_line, pool):
        """Return those values of a mapping of order line id -> value in a pool."""
        if not pool:
            return list(by_line.values())
        return [by_line[pool]] if pool in by_line else []

    def _get_base_lines(self, is_rest):
        """Return order line id -> base line of the tax engine, rounded as an order.

        :param bool is_rest: what no regular invoice bills yet, instead of all.
        """
        is_rest = is_rest and bool(self._items)
        if is_rest not in self._base_lines:
            # Always of the whole order: the cent by which its lines would not add up
            # to it is on one of them.
            base_lines = (
                self.engine._get_fixed_base_lines(self.get_rest())
                if is_rest
                else self.engine._get_base_lines(self.lines)
            )
            self._base_lines[is_rest] = {
                line._origin.id or line.id: base_line
                for line, base_line in zip(self.lines, base_lines, strict=True)
            }
        return self._base_lines[is_rest]

    def _get_worth(self, pool, booking):
        """Return group -> Share of a pool as a whole.

        Deposits are taken of what no regular invoice billed, revenue of all.
        """
        key = (pool, booking)
        if key not in self._worth:
            base_lines = self._get_base_lines(is_rest=booking == DEPOSIT)
            base_lines = self._choose(base_lines, pool)
            if booking == DEPOSIT:
                grouping = self._get_account
                models = self.engine._get_down_payment(self.order, base_lines, grouping)
                self.templates.update(models)
            else:
                models = {self._get_revenue_group(line): line for line in base_lines}
            self._worth[key] = {
                group: self.engine._get_share(model) for group, model in models.items()
            }
        return self._worth[key]

    def _get_account(self, base_line):
        """Return what the host groups a down payment by: its deposit account."""
        account = self.order._get_progress_deposit_account(
            base_line["product_id"], is_required=not self.is_plan
        )
        return {"account_id": account}

    @staticmethod
    def _get_revenue_group(base_line):
        return (frozenset(base_line["tax_ids"].ids), 0, base_line["id"])

    # === WHAT WAS BILLED === #

    def _get_billed(self, booking):
        """Return pool -> group -> Share of live deposits, or of live revenue.

        The sum of all is under the key None. Reading the tax details of an invoice is
        dear, so each kind is read when asked.
        """
        if booking not in self._billed:
            self._billed[booking] = self._read_billed(booking == DEPOSIT)
        return self._billed[booking]

    def _read_billed(self, is_deposit):
        lines, items = self.lines, self._items
        if is_deposit:
            lines = self.order.order_line.filtered("is_downpayment")
            items = self._get_live_items(lines)
        pools = defaultdict(dict)
        for item, share in self.engine._get_billed_shares(items).items():
            for line in item.sale_line_ids & lines:
                account = item.account_id.id if is_deposit else 0
                pool = line.progress_sale_line_id.id or 0 if is_deposit else line.id
                group = (
                    frozenset(item.tax_ids.ids),
                    account,
                    0 if is_deposit else line.id,
                )
                for key in (pool, None):
                    pools[key] = add_groups(pools[key], {group: share}, self.currency)
        return pools

    def _get_live_items(self, lines):
        """Return the invoice lines of order lines that count, drafts included."""
        return lines.sudo().invoice_lines.filtered(
            lambda item: item.parent_state in ("draft", "posted")
        )

    def get_rest_amount(self, booking):
        """Return the untaxed amount that completes the order, carries considered."""
        if booking not in self._left:
            base_lines = self._get_base_lines(is_rest=booking == DEPOSIT).values()
            shares = [self.engine._get_share(base_line) for base_line in base_lines]
            worth = self.currency.round(sum(share.base for share in shares))
            if booking == DEPOSIT:
                worth += self._sum_fixed_taxes(shares)
            self._left[booking] = worth - total_base(self._get_billed(booking)[None])
        return self._left[booking] - self._carried

    def sum_items(self, items, get_key):
        """Return key -> untaxed amount that items bill, less what they take back.

        :param items: invoice lines of the order.
        :param get_key: what an item is counted under.
        """
        amounts = defaultdict(float)
        for item in items:
            amounts[get_key(item)] += self.order._sum_progress_items(item)
        return {key: self.currency.round(amount) for key, amount in amounts.items()}

    # === THE NEXT PART === #

    def take(self, part, booking):
        """Return the `Bill`s of the next part of the order, and count them as billed.

        :param part: a `claim.Part`.
        :param str booking: `deposit` or `revenue`.
        :raise UserError: when it credits a deposit that is still a draft.
        """
        bills = []
        if booking == DEPOSIT and part.line_id:
            bills, part = self._take_credits(part)
            if bills and self.currency.is_zero(part.amount):
                return bills
        bill = self.get_next(part, booking)
        self.count(bill)
        return [*bills, bill]

    def _take_credits(self, part):
        """Return the Bills by which less of a line credits its deposits.

        They keep the taxes that the deposit was billed with.

        :return: tuple of (Bills, the part that bills what no deposit covers).
        """
        pool, amount = part.line_id, self._get_amount(part, DEPOSIT)
        if total_base(self._get_billed(DEPOSIT)[pool]) * amount >= 0.0:
            return [], part
        line = self.lines.browse(pool)
        deposits = line.progress_deposit_line_ids
        credited = deposits.filtered(
            lambda deposit: deposit._get_progress_direction() * amount < 0.0
        )
        if deposits and not credited:
            # Draft credit notes left less than nothing, which no deposit has open.
            return [], part
        bills, rest = [], amount
        for deposit, groups in credited._get_progress_credits(amount):
            keyed = {
                (frozenset(taxes.ids), account.id, 0): share
                for (taxes, account), share in groups.items()
            }
            bill = Bill(pool, DEPOSIT, keyed, deposit_id=deposit.id)
            self.count(bill)
            bills.append(bill)
            rest = self.currency.round(rest - bill.untaxed)
        if total_base(self._get_billed(DEPOSIT)[pool]) * rest < 0.0:
            self.order._refuse_progress_draft_credit(credited, rest)
        return bills, replace(part, amount=rest * part.amount / amount)

    def get_next(self, part, booking):
        """Return the `Bill` of the next part of the order; it does not count yet.

        :param part: a `claim.Part`, None for nothing.
        :param str booking: `deposit` or `revenue`.
        """
        if not part:
            return Bill(0, booking, {})
        pool, amount = part.line_id, self._get_amount(part, booking)
        rest = self.get_rest_amount(booking)
        if not part.is_line_only and not self.currency.compare_amounts(amount, rest):
            # It completes the order, whatever pools the earlier parts came from.
            worth = self._get_worth(0, booking)
            billed, fraction, alone = self._get_billed(booking)[None], 1.0, 1.0
        else:
            worth = self._get_worth(pool, booking)
            key = None if booking == REVENUE and not pool else pool
            billed = self._get_billed(booking)[key]
            whole = self.currency.round(total_base(worth))
            cumulative = total_base(billed) + self._carry[pool] + amount
            fraction = fraction_of(cumulative, whole, self.currency)
            alone = fraction_of(amount, whole, self.currency)
        groups = next_part(
            portion(worth, fraction, self.currency),
            billed,
            lambda: (
                share_out(amount, worth, billed, self.currency)
                or portion(worth, alone, self.currency)
            ),
            fraction == 1.0,
            self.currency,
        )
        if fraction != 1.0 and part.is_exact and amount == part.amount:
            groups = self._fit_entered(groups, part)
        return Bill(pool, booking, groups, amount - total_base(groups))

    def _get_amount(self, part, booking):
        """Return the untaxed amount of a part, with the fixed taxes of a deposit.

        Percentages, and what was completed of a line, are measured without them; what
        a person entered is what is billed.
        """
        is_entered = part.is_exact and not part.is_line_only
        if booking != DEPOSIT or is_entered:
            return part.amount
        fixed = self.get_fixed_taxes(part.line_id)
        contract, _taxed = self.get_contract(part.line_id)
        if not fixed or not contract:
            return part.amount
        return part.amount * (contract + fixed) / contract

    def _fit_entered(self, groups, part):
        """Return the groups adding up to the amount that was entered."""
        if part.taxed_amount is not None:
            return set_total(groups, part.taxed_amount, self.currency)
        return set_base(groups, part.amount, self.currency)

    def count(self, bill):
        """Count a bill as billed, for those that follow it."""
        pools = self._get_billed(bill.booking)
        self._left[bill.booking] = (
            self.get_rest_amount(bill.booking) + self._carried - bill.untaxed
        )
        for group, share in bill.groups.items():
            pool = bill.pool if bill.booking == DEPOSIT else group[2]
            for key in (pool, None):
                billed = pools[key].get(group, Share())
                pools[key][group] = add(billed, share, self.currency)
        self._carry[bill.pool] += bill.carry
        self._carried += bill.carry

    def get_bill_lines(self, bill):
        """Return the `BillLine`s that a bill takes."""
        templates = {} if bill.deposit_id else self.templates
        return [
            BillLine(
                self.engine._fix_amounts(
                    self.order, group, share, templates.get(group)
                ),
                group[2],
                bill.deposit_id,
            )
            for group, share in bill.groups.items()
            if not is_empty(share, self.currency)
        ]

    def get_zero_line(self, part, booking):
        """Return the `BillLine` that says that nothing of an order line is billed."""
        line = self.lines.browse(part.line_id)
        account_id = 0
        if booking == DEPOSIT:
            account_id = self.order._get_progress_deposit_account(line.product_id).id
        group = (frozenset(line.tax_ids.ids), account_id, line.id)
        base_line = self.engine._fix_amounts(self.order, group, Share(), None)
        return BillLine(base_line, 0 if booking == DEPOSIT else line.id)

    # === WHAT REGULAR INVOICES BILL === #

    def get_rest(self):
        """Return order line -> Share that no regular invoice bills yet.

        All invoices together come to the order. Only of a line billed by quantity with
        other taxes than the order's, the rest has its own.
        """
        own = [line for line in self.lines if self._is_taxed_anew(line)]
        quantities = {line: line._get_progress_rest_quantity() for line in own}
        rest = self._get_shares(self.lines, quantities)
        for line in self.lines - self.lines.browse().union(*own):
            rest[line] = self._less_billed(line, rest[line])
        return rest

    def get_invoice_shares(self, due):
        """Return what a regular invoice bills of some lines, and what it has to fix.

        What completes a line takes the rest of it. What completes all lines of the same
        taxes takes the rest of these, the cents included by which rounding went astray
        on others.

        :param due: order line -> quantity invoiced in all, earlier invoices included.
        :return: tuple of (order line -> Share, order line -> Share for those of the
            lines that the host would bill otherwise).
        """
        complete = {line for line in due if self._is_complete(line, due[line])}
        if not self._items and complete == set(self.lines):
            return self._get_host_shares(due), {}
        rest, fixed = self.get_rest(), {}
        partial = {}
        for line, quantity in due.items():
            if line in complete and self._is_continued(line):
                fixed[line] = rest[line]
            elif self.is_by_amount(line):
                partial[line] = quantity
        if partial:
            shares = self._get_shares(self.lines, partial)
            fixed.update(
                {line: self._less_billed(line, shares[line]) for line in partial}
            )
        shares = dict(fixed)
        shares.update(
            self._get_host_shares(
                {line: due[line] for line in due if line not in fixed}
            )
        )
        for lines in self.lines.grouped("tax_ids").values():
            self._complete_group(lines, complete, rest, shares, fixed)
        return {line: shares[line] for line in due}, fixed

    def get_rest_lines(self):
        """Return the order lines of which regular invoices have something to bill."""
        by_amount = self.lines.filtered(self.is_rest_amount)
        rest = self.get_rest() if by_amount else {}
        return self.lines.filtered(
            lambda line: (
                not is_empty(rest[line], self.currency)
                if line in by_amount
                else not self._is_complete(line, line.qty_invoiced)
            )
        )

    def get_advanced_lines(self, lines):
        """Return lines billed by amount ahead of what is to be invoiced of them.

        The host would credit the difference, and the next part would bill it again.
        """
        by_amount = lines & self.lines.filtered(self.is_by_amount)
        if not by_amount:
            return by_amount
        shares, _fixed = self.get_invoice_shares(
            {line: line.qty_invoiced + line.qty_to_invoice for line in by_amount}
        )
        return by_amount.filtered(
            lambda line: shares[line].base * line.price_subtotal <= 0.0
        )

    def _complete_group(self, lines, complete, rest, shares, fixed):
        """Bring lines of the same taxes to their worth, if they are completed now.

        :param complete: set of the lines that the invoice completes.
        :param shares: what the invoice bills, changed in place, as `fixed` is.
        """
        lines = [line for line in lines if not self._is_taxed_anew(line)]
        billed = [line for line in lines if line in shares]
        others = [line for line in lines if line not in shares]
        if not billed or not complete.issuperset(billed):
            return
        if not all(self._is_done(line, rest[line]) for line in others):
            return
        left = Share()
        for line in lines:
            left = add(left, rest[line], self.currency)
        for line in billed:
            left = add(left, shares[line], self.currency, -1)
        if not is_empty(left, self.currency):
            largest = max(billed, key=lambda line: abs(shares[line].base))
            fixed[largest] = add(shares[largest], left, self.currency)
            shares[largest] = fixed[largest]

    def is_by_amount(self, line):
        """Return whether anything was billed of an order line by amount."""
        return any(item.progress_by_amount for item in self._get_items(line))

    def is_rest_amount(self, line):
        """Return whether what is left of a line is an amount, whatever the quantity.

        So it is once anything was billed by amount, or at another price: credited in
        part, or before the order's price was changed.
        """
        if self.is_by_amount(line):
            return True
        is_priced = line._has_progress_price(self._get_items(line))
        return not is_priced and not self._is_taxed_anew(line)

    def _is_continued(self, line):
        """Return whether the rest of a line is what earlier invoices left of it."""
        return bool(self._get_items(line)) and not self._is_taxed_anew(line)

    def _is_taxed_anew(self, line):
        """Return whether a line was billed by quantity, but not as it is taxed now."""
        items = self._get_items(line)
        return not line._has_progress_taxes(items) and not self.is_by_amount(line)

    def _is_complete(self, line, quantity):
        """Return whether a quantity invoiced in all is what was ordered."""
        return not float_compare(
            quantity, line.product_uom_qty, precision_digits=self._digits
        )

    def _is_done(self, line, rest):
        """Return whether nothing but roundings is left of a line."""
        if self.is_rest_amount(line):
            return is_empty(rest, self.currency)
        return self._is_complete(line, line.qty_invoiced)

    def _get_items(self, line):
        """Return the live items that bill an order line, deposits not among them."""
        return line.sudo().invoice_lines & self._items

    def _less_billed(self, line, share):
        """Return a Share less what was billed of an order line."""
        for billed in self._get_billed(REVENUE)[line.id].values():
            share = add(share, billed, self.currency, -1)
        return share

    def _get_host_shares(self, due):
        """Return what the host bills of lines, rounded among themselves."""
        lines = self.lines.browse(line.id for line in due)
        return self._get_shares(
            lines,
            {line: quantity - line.qty_invoiced for line, quantity in due.items()},
        )

    def _get_shares(self, lines, quantities):
        """Return order line -> Share, of other quantities than ordered where given."""
        base_lines = self.engine._get_base_lines(lines, quantities)
        return {
            line: self.engine._get_share(base_line)
            for line, base_line in zip(lines, base_lines, strict=True)
        }

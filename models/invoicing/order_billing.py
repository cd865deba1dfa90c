from collections import defaultdict

from ..arithmetic.amounts import add_groups, total_base
from ..arithmetic.claim import DEPOSIT


class OrderBilling:
    """Billed shares of one order by pool, read once and moved on part by part.

    A *pool* is what percentages are taken of: the whole order (key 0) or one order
    line (its id). Parts of one pool are cumulative.

    :ivar order: the sale order.
    :ivar allocator: the `progress.billing.allocator` model, which reads the amounts.
    :ivar is_plan: only foresees amounts, which needs no deposit account.
    """

    def __init__(self, order, allocator, is_plan=False):
        self.order = order
        self.allocator = allocator
        self.is_plan = is_plan
        self.currency = order.currency_id
        self._base_lines = {}
        self._groups_by_kind = {}
        self._carry = defaultdict(float)
        for line in order.progress_line_ids:
            if line.state in ("draft", "posted"):
                pool = line.sale_line_id._origin.id or 0
                self._carry[pool] += line.rounding_carry

    def _get_pools(self, booking):
        """Return pool -> group -> Share of the live deposits, or of the live revenue.

        Reading the tax details of an invoice is dear, so each kind is read when asked.
        """
        is_deposit = booking == DEPOSIT
        if is_deposit not in self._groups_by_kind:
            self._groups_by_kind[is_deposit] = self._read_pools(is_deposit)
        return self._groups_by_kind[is_deposit]

    def _read_pools(self, is_deposit):
        lines = self.order.order_line.filtered(
            lambda line: line.is_downpayment == is_deposit
        )
        items = lines.sudo().invoice_lines.filtered(
            lambda item: item.parent_state in ("draft", "posted")
        )
        pools = defaultdict(dict)
        for item, share in self.allocator._get_billed_shares(items).items():
            for line in item.sale_line_ids & lines:
                pool = line.progress_sale_line_id.id or 0 if is_deposit else line.id
                group = self.get_group(
                    item.tax_ids, item.account_id if is_deposit else False, line
                )
                pools[pool] = add_groups(pools[pool], {group: share}, self.currency)
        return pools

    @staticmethod
    def get_group(taxes, account, line):
        """Return the key of what is billed alike: taxes and account, or order line."""
        if account is not False:
            return (frozenset(taxes.ids), account.id or 0, 0)
        return (frozenset(taxes.ids), 0, line.id)

    def get_base_lines(self, pool, is_rest):
        """Return the tax engine's base lines that a pool is worth.

        :param bool is_rest: only what no regular invoice billed yet. Deposits are taken
            of the rest, revenue of the whole.
        """
        lines = self.order._get_progress_contract_lines()
        is_rest = is_rest and any(line.qty_invoiced for line in lines)
        if is_rest not in self._base_lines:
            # Always of the whole order: the cent by which its lines would not add up
            # to it is on one of them.
            self._base_lines[is_rest] = dict(
                zip(lines, self.allocator._get_base_lines(lines, is_rest), strict=True)
            )
        return [
            base_line
            for line, base_line in self._base_lines[is_rest].items()
            if not pool or (line._origin.id or line.id) == pool
        ]

    def get_worth(self, pool, is_rest):
        """Return the untaxed amount of a pool, in the order's currency."""
        lines = self.get_base_lines(pool, is_rest)
        return self.currency.round(
            sum(self.allocator._get_share(line).base for line in lines)
        )

    def get_contract(self, pool):
        """Return the approved value of a pool: untaxed, and with taxes."""
        lines = self.get_base_lines(pool, is_rest=False)
        shares = [self.allocator._get_share(line) for line in lines]
        return (
            self.currency.round(sum(share.base for share in shares)),
            self.currency.round(sum(share.total for share in shares)),
        )

    def get_groups(self, pool, booking):
        """Return group -> Share billed so far in a pool, drafts included."""
        if booking == DEPOSIT or pool:
            return self._get_pools(booking).get(pool, {})
        return self.get_all_groups(booking)

    def get_all_groups(self, booking):
        """Return group -> Share billed so far of the whole order, whatever the pool."""
        result = {}
        for groups in self._get_pools(booking).values():
            result = add_groups(result, groups, self.currency)
        return result

    def get_carry(self, pool):
        """Return what rounding withheld from the pool's parts so far (unrounded)."""
        return self._carry[pool]

    def get_rest(self, booking):
        """Return the untaxed amount that completes the order, carries considered."""
        return (
            self.get_worth(0, is_rest=booking == DEPOSIT)
            - total_base(self.get_all_groups(booking))
            - sum(self._carry.values())
        )

    def add_part(self, pool, booking, groups, amount):
        """Count a part as billed.

        :param groups: group -> Share that the part bills.
        :param amount: untaxed amount it came to before rounding.
        :return: the part's carry: `amount` less what it bills.
        """
        carry = amount - total_base(groups)
        self._carry[pool] += carry
        pools = self._get_pools(booking)
        for group, share in groups.items():
            key = pool if booking == DEPOSIT else group[2]
            pools[key] = add_groups(pools.get(key, {}), {group: share}, self.currency)
        return carry

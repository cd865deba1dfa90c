from collections import defaultdict
from dataclasses import dataclass

from odoo import models
from odoo.fields import Domain

from .amounts import total_base
from .order_billing import OrderBilling


@dataclass(frozen=True)
class Foreseen:
    """What a run does with a planned line.

    :ivar obstacle: why it leaves the line, a key of `OBSTACLES`; False: it bills it.
    :ivar untaxed: what it bills, untaxed, in the order's currency.
    :ivar tax: the taxes on it.
    """

    obstacle: str | bool = False
    untaxed: float = 0.0
    tax: float = 0.0


class ProgressBillingLine(models.Model):
    """What a run will bill, before it does: for the wizard's preview.

    Everything here reads in sets: an order book of thousands of lines costs as many
    queries as one of ten.
    """

    _inherit = "progress.billing.line"

    def _foresee_run(self, date=None, automatic=False, within=(), is_exact=False):
        """Return what a run does with each planned line: bill it, or leave it and why.

        Lines of an order are billed one after the other, and each uses up the contract
        for those behind it. Only lines that the run takes do that, `self` or not.

        :param date: the day of the run, None for each company's today.
        :param bool automatic: only what the scheduled job takes.
        :param within: domain of the lines among which the run chooses, by default all.
        :param bool is_exact: work out amounts to the cent where the run leaves earlier
            lines. For the few lines that are looked at: it is dear. Obstacles are the
            same without.
        :return: dict of line id -> `Foreseen`.
        """
        self._fetch_for_run()
        taken = self.search_fetch(
            Domain("order_id", "in", self.order_id.ids)
            & self._get_run_domain(date, automatic)
            & Domain(within),
            self._get_run_fields(),
        )
        foreseen = {
            line.id: Foreseen(line._get_obstacle(automatic)) for line in self - taken
        }
        without_account = taken._get_lines_without_account()
        foreseen.update((line.id, Foreseen("account")) for line in without_account)
        foreseen.update((taken - without_account)._foresee_amounts(is_exact))
        return foreseen

    def _get_run_fields(self):
        """Return the names of the fields by which lines are foreseen."""
        return [
            *("invoice_flag", "date", "sequence", "order_id", "sale_line_id"),
            *("state", "amount_untaxed", "amount_tax", "company_id", "currency_id"),
        ]

    def _fetch_for_run(self):
        """Read what foreseeing asks of the lines, in sets, whatever their number."""
        self.fetch(self._get_run_fields())
        self.order_id.fetch(
            ["state", "progress_method", "company_id", "currency_id"]
            + ["progress_billed_amount", "progress_contract_amount"]
        )
        self.sale_line_id._fetch_progress_amounts()

    def _get_obstacle(self, automatic):
        """Return why a line is none of those that a run takes."""
        self.ensure_one()
        if self.invoice_flag == "no":
            return "hold"
        if self.invoice_flag == "yes" and automatic:
            return "manual"
        return "unconfirmed" if self.order_id.state != "sale" else "not_due"

    def _get_lines_without_account(self):
        """Return the lines whose deposits have no account to go to."""
        orders = self.order_id.filtered(
            lambda order: order.progress_method == "deposit"
        )
        # A company's account settles it for all its orders; else their products do.
        by_product = orders.filtered(
            lambda order: not order.company_id.sudo().downpayment_account_id
        )
        keys = {
            order: order if order in by_product else order.company_id
            for order in orders
        }
        first = {key: order for order, key in keys.items()}
        product_ids = orders.browse().union(*first.values())._fetch_progress_products()
        usable = {
            key: order._has_progress_deposit_account(product_ids)
            for key, order in first.items()
        }
        lacking = {order for order, key in keys.items() if not usable[key]}
        return self.filtered(lambda line: line.order_id in lacking)

    # === AMOUNTS === #

    def _foresee_amounts(self, is_exact):
        """Return line id -> `Foreseen` of lines that a run bills, or finds too much.

        What an order's lines are planned to bill holds when they are billed in order.
        Where a run leaves an earlier one, rounding falls elsewhere: those amounts are
        worked out anew, where somebody looks or the contract is near.
        """
        credited = self.order_id._get_progress_draft_credited()
        disturbed = self._get_disturbed_orders()
        foreseen = {}
        for order, lines in self.grouped("order_id").items():
            lines = lines.sorted(lambda line: line._get_billing_order())
            has_credits = order in credited
            is_anew = order in disturbed and (is_exact or lines._is_near_contract())
            result = lines._foresee_order(has_credits, is_anew)
            if not is_anew and any(f.obstacle == "contract" for f in result.values()):
                result = lines._foresee_order(has_credits, is_anew=True)
            foreseen.update(result)
        return foreseen

    def _get_disturbed_orders(self):
        """Return the orders with a planned line, not among these, before one of these.

        :return: set of orders.
        """
        planned = self.search_fetch(
            [("order_id", "in", self.order_id.ids), ("state", "=", "planned")],
            self._get_run_fields(),
        )
        last = {
            order: max(line._get_billing_order() for line in lines)
            for order, lines in self.grouped("order_id").items()
        }
        return {
            line.order_id
            for line in planned - self
            if line._get_billing_order() < last[line.order_id]
        }

    def _is_near_contract(self):
        """Return whether rounding could decide if lines of one order are too much.

        It moves less than a unit for each tax or order line.
        """
        order, margin = self.order_id, 100 * self.currency_id.rounding
        pools = [(order.progress_contract_amount, order.progress_billed_amount, self)]
        pools += [
            (item.price_subtotal, item.progress_billed_amount, lines)
            for item, lines in self.grouped("sale_line_id").items()
            if item
        ]
        return any(
            abs(billed + sum(lines.mapped("amount_untaxed")))
            > 0.99 * abs(contract) - margin
            for contract, billed, lines in pools
        )

    def _foresee_order(self, has_credits, is_anew):
        """Return line id -> `Foreseen` of one order's lines, billed as they come.

        :param bool has_credits: whether draft credit notes count as billed.
        :param bool is_anew: whether the planned amounts do not hold.
        """
        order = self.order_id
        unlimited = self.env.user.has_group("progress_billing.group_exceed_contract")
        allocator = self.env["progress.billing.allocator"]
        billing = OrderBilling(order, allocator, is_plan=True) if is_anew else None
        added = defaultdict(float)
        foreseen = {}
        for line in self:
            bill, count = line._foresee_line(billing)
            pools = {None, line.sale_line_id or None}
            if order.currency_id.is_zero(bill.untaxed + bill.tax):
                bill = Foreseen("nothing")
            elif not unlimited and any(
                order._is_progress_beyond(added[pool] + bill.untaxed, pool, has_credits)
                for pool in pools
            ):
                bill = Foreseen("contract")
            else:
                count()
                for pool in pools:
                    added[pool] += bill.untaxed
            foreseen[line.id] = bill
        return foreseen

    def _foresee_line(self, billing):
        """Return what the line bills next, and a function that counts it as billed.

        :param billing: the `OrderBilling` to work it out from, None for as planned.
        """
        if not billing:
            return Foreseen(False, self.amount_untaxed, self.amount_tax), bool
        groups, count = self._get_planned_groups(billing)
        tax = sum(share.tax for share in groups.values())
        return Foreseen(False, total_base(groups), tax), count

from collections import Counter, namedtuple

from odoo import models
from odoo.fields import Domain

OBSTACLES = [
    ("unconfirmed", "Order not confirmed"),
    ("nothing", "Nothing pending"),
    ("left", "Left by a pro forma"),
    ("rights", "Needs the right to invoice"),
    ("manual", "Manual run only"),
    ("not_due", "Not due"),
    ("account", "No deposit account"),
    ("contract", "Over the contract value"),
    ("draft", "Deposit to credit is a draft"),
]

#: What a run bills of one order in one project, or why it leaves it.
BudgetBill = namedtuple("BudgetBill", "project order amount obstacle")


class SaleOrderLine(models.Model):
    """Says what a run bills of the revenue budget."""

    _inherit = "sale.order.line"

    def _get_budget_run_domain(self):
        """Return the domain of budget lines that are pending, or may become so."""
        return Domain(
            [
                ("progress_project_id", "!=", False),
                ("state", "!=", "cancel"),
                "|",
                "|",
                ("pending_amount", "!=", 0.0),
                ("pending_quantity", "!=", 0.0),
                "&",
                ("state", "=", "sale"),
                ("invoice_status", "!=", "invoiced"),
            ]
        )

    def _preview_budget_run(self, date, automatic=False, used=(), ledgers=None):
        """Return what a run bills of budget lines, and what it leaves and why.

        :param date: the day of the run.
        :param bool automatic: whether it is the scheduled job's.
        :param used: what planned lines bill before in the same run, and
        :param ledgers: the orders' ledgers then: `progress.billing.line._get_run_uses`.
        :return: list of `BudgetBill`, amounts untaxed in the order's currency.
        """
        self._fetch_progress_amounts()
        added = Counter(dict(used))
        groups = self.grouped(lambda line: (line.progress_project_id, line.order_id))
        bills = []
        for (project, order), lines in groups.items():
            taken = lines._get_lines_to_bill(added)
            amounts = {
                line: line._get_pending_after(added[line])[1] for line in taken or lines
            }
            # In sudo mode because a project may be private to others.
            obstacle = lines._get_run_obstacle(taken) or (
                project.sudo()._get_run_obstacle(date, automatic)
                or order._get_budget_obstacle(project, amounts, added)
                or order._get_budget_credit_obstacle(
                    project, amounts, (ledgers or {}).get(order)
                )
            )
            if obstacle == "finished":
                continue
            amount = sum(amounts.values())
            if not obstacle:
                added[order] += amount
            bills.append(BudgetBill(project, order, amount, obstacle))
        return bills

    def _get_run_obstacle(self, taken):
        """Return why a run leaves lines of one order as they are: a key, or False.

        :param taken: those of the lines that it takes.
        """
        order = self.order_id
        if order.state != "sale":
            return "unconfirmed"
        if taken:
            return False
        if order._has_progress_final():
            return "finished"
        return "left" if self._get_left_pending() else "nothing"

    # === RUNS === #

    def _fetch_progress_amounts(self):
        """Read in sets what the billed amounts of the lines are computed from."""
        names = ["order_id", "currency_id", "price_subtotal", "invoice_lines"]
        names += ["progress_deposit_line_ids", "progress_billing_line_ids"]
        self.fetch(names)
        self.progress_billing_line_ids.fetch(["state", "amount_untaxed"])
        # In sudo mode as they are computed: whoever made the invoices.
        lines = self.sudo()
        lines.progress_deposit_line_ids.fetch(["invoice_lines"])
        lines |= lines.progress_deposit_line_ids
        lines.invoice_lines.fetch(["parent_state", "amount_currency", "currency_id"])

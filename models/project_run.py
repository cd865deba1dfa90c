from collections import namedtuple

from odoo import fields, models
from odoo.fields import Domain

from .progress_billing_line_run import BILLING_ERRORS

OBSTACLES = [
    ("unconfirmed", "Order not confirmed"),
    ("nothing", "Nothing pending"),
    ("manual", "Manual run only"),
    ("not_due", "Not due"),
    ("account", "No deposit account"),
    ("contract", "Over the contract value"),
]

#: What a run bills of one order in one project, or why it leaves it.
BudgetBill = namedtuple("BudgetBill", "project order amount obstacle")


class ProjectProject(models.Model):
    """A billing run over many projects, seen before it is taken."""

    _inherit = "project.project"

    def action_open_billing_run(self):
        """Open the preview of a billing run over the projects.

        Project managers, who may not see invoices, make their pro formas at once.
        """
        if not self._may_create_invoices():
            return self.action_run_billing()
        run = self.env["progress.billing.run"].create(
            {"source": "budget", "project_ids": [fields.Command.set(self.ids)]}
        )
        return run._get_action()

    def _run_billing_each(self, orders):
        """Bill the projects' budgets; one that fails does not stop the others.

        :param orders: the orders to bill, of any of the projects.
        :return: tuple of the pro formas, the invoices, and project -> error as text.
        """
        none = self.env["progress.billing.proforma"], self.env["account.move"]
        if not self:
            return *none, {}
        try:
            with self.env.cr.savepoint():
                proformas, moves = self._run_billing(orders=orders)
                moves._progress_post_and_send()
                return proformas, moves, {}
        except BILLING_ERRORS as error:
            self.env.invalidate_all()
            if len(self) == 1:
                return *none, {self: str(error.args[0])}
        proformas, moves = none
        errors = {}
        for project in self:
            made, invoices, failed = project._run_billing_each(orders)
            proformas, moves = proformas | made, moves | invoices
            errors |= failed
        return proformas, moves, errors

    def _get_run_obstacle(self, date, automatic):
        """Return why a run leaves the project, whatever is pending: a key, or False.

        :param date: the day of the run.
        :param bool automatic: whether it is the scheduled job's.
        """
        self.ensure_one()
        if automatic and self.progress_period == "on_demand":
            return "manual"
        if automatic and not self.filtered_domain(self._get_due_billing_domain(date)):
            return "not_due"
        return False


class SaleOrderLine(models.Model):
    """What a run bills of the revenue budget, read in sets."""

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

    def _foresee_budget_run(self, date, automatic=False, planned=None):
        """Return what a run bills of budget lines, and what it leaves and why.

        :param date: the day of the run.
        :param bool automatic: whether it is the scheduled job's.
        :param planned: order id -> untaxed amount of planned lines that the same run
            bills before.
        :return: list of `BudgetBill`, amounts untaxed in the order's currency.
        """
        added = dict(planned or {})
        groups = self.grouped(lambda line: (line.progress_project_id, line.order_id))
        bills = []
        for (project, order), lines in groups.items():
            taken = lines._get_lines_to_bill()
            pending = taken or lines.filtered("pending_amount")
            amount = sum(pending.mapped("pending_amount"))
            obstacle = (
                lines._get_run_obstacle(taken)
                # In sudo mode because a project may be private to others.
                or project.sudo()._get_run_obstacle(date, automatic)
                or order._get_budget_obstacle(
                    project, amount, added.setdefault(order.id, 0.0)
                )
            )
            if obstacle == "finished":
                continue
            if not obstacle:
                added[order.id] += amount
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
        return "finished" if order._is_progress_finished() else "nothing"


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _get_budget_obstacle(self, project, amount, added):
        """Return why an invoice of a project's budget fails: a key, or False.

        :param amount: what it bills of the order, untaxed.
        :param added: what the same run bills of the order before, untaxed.
        """
        self.ensure_one()
        if project.sudo().progress_create_proforma:
            return False
        if self.progress_method == "deposit":
            if not self._has_progress_deposit_account():
                return "account"
        if self.env.user.has_group("progress_billing.group_exceed_contract"):
            return False
        currency, billed = self.currency_id, self.progress_billed_amount
        billed += added + amount
        # The ceiling is dear to ask for: only what is beyond the contract is held
        # against it.
        if (
            currency.compare_amounts(amount, 0.0) > 0
            and currency.compare_amounts(billed, self.progress_contract_amount) > 0
            and currency.compare_amounts(billed, self._get_progress_ceiling()) > 0
        ):
            return "contract"
        return False

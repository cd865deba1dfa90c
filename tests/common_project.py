from odoo.fields import Command

from .common import ProgressBillingCommon

#: A signature.
PIXEL = (
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    b"awAAAABJRU5ErkJggg=="
)


class ProjectBillingCommon(ProgressBillingCommon):
    """A service sold by the hour whose order makes a project with tasks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids |= cls.env.ref("project.group_project_manager")
        cls.revenue_account = cls.company_data["default_account_revenue"]
        cls.hourly = cls._service("Planning", service_tracking="task_in_project")

    @classmethod
    def _service(cls, name, **values):
        return cls.env["product.product"].create(
            {
                "name": name,
                "type": "service",
                "invoice_policy": "order",
                "taxes_id": [Command.set(cls.tax.ids)],
                "property_account_income_id": cls.revenue_account.id,
                **values,
            }
        )

    @classmethod
    def _project_order(cls, *lines, method="revenue", **values):
        """Return a confirmed order with a project, and lines as in `_order`.

        Lines are (price, quantity, basis) or a price; the basis is `amount` if untold.
        """
        rows = []
        for line in lines or ((4800.0, 1.0, "amount"),):
            price, quantity, basis, extra = (
                (*line, *(1.0, "amount", {})[len(line) - 1 :])
                if isinstance(line, tuple)
                else (line, 1.0, "amount", {})
            )
            # The host makes a project for each order of `hourly`, unless it has one.
            product = cls.service if "project_id" in values else cls.hourly
            extra = {"product_id": product.id, "progress_basis": basis, **extra}
            rows.append((price, quantity, extra))
        return cls._order(*rows, progress_method=method, **values)

    @classmethod
    def _complete(cls, lines, *percents):
        """Set the completed percentages of lines, one by one."""
        for line, percent in zip(lines, percents, strict=True):
            line.completed_percent = percent

    @classmethod
    def _run(cls, project, post=False):
        """Run the billing of projects; return the pair of pro formas and invoices."""
        proformas, moves = project._run_billing()
        if post:
            moves.action_post()
        return proformas, moves

    @classmethod
    def _proforma(cls, order, *percents):
        """Return the pro forma of an order's lines completed by some percentages."""
        order.project_id.progress_create_proforma = True
        cls._complete(order.order_line, *percents)
        return cls._run(order.project_id)[0]

    @classmethod
    def _rule(cls, **values):
        return cls.env["progress.billing.rule"].create({"name": "Progress", **values})

    @classmethod
    def _analytic(cls, name, plan):
        plan = cls.env["account.analytic.plan"].create({"name": plan})
        return cls.env["account.analytic.account"].create(
            {"name": name, "plan_id": plan.id}
        )

    def assertBudget(self, lines, *rows):
        """Assert (pending, draft, actual) amounts of budget lines, and the formula."""
        names = ("pending_amount", "draft_amount", "actual_amount")
        values = [dict(zip(names, row, strict=True)) for row in rows]
        self.assertRecordValues(lines, values)
        for line in lines:
            self.assertFormula(line)

    def assertFormula(self, line):
        """Assert the design's formulas, and that only live items count."""
        currency = line.currency_id
        if line.progress_basis == "amount":
            expected = currency.round(
                currency.round(line.budget_amount * line.completed_percent / 100)
                - line.draft_amount
                - line.actual_amount
            )
            self.assertAlmostEqual(line.pending_amount, expected, 9)
            self.assertEqual(
                (line.pending_quantity, line.draft_quantity, line.actual_quantity),
                (0.0, 0.0, 0.0),
            )
        else:
            expected = (
                line.budget_quantity * line.completed_percent / 100
                - line.draft_quantity
                - line.actual_quantity
            )
            self.assertAlmostEqual(line.pending_quantity, expected, delta=0.0051)
        live = line.progress_item_ids.filtered(
            lambda item: item.parent_state in ("draft", "posted")
        )
        open_lines = line.progress_proforma_line_ids.filtered(
            lambda line: line.state in ("draft", "sent", "approved", "declined")
        )
        # A deposit bills fixed taxes, too, as an untaxed amount not of the line.
        deposits = live.filtered("is_downpayment")
        self.assertAlmostEqual(
            line.draft_amount + line.actual_amount,
            sum(open_lines.mapped("amount_to_invoice"))
            - sum((live - deposits).mapped("amount_currency"))
            + line._get_deposit_share(-sum(deposits.mapped("amount_currency"))),
        )

    @staticmethod
    def _commands(records, **values):
        return [Command.update(record.id, values) for record in records]

    def _step_move(self, name, move):
        """Post, undo or credit an invoice: a step of a random sequence."""
        if name == "post":
            move.filtered(lambda move: move.state == "draft").action_post()
        elif name == "reset":
            move.button_draft()
        elif name == "cancel":
            move.button_cancel()
        elif name == "delete":
            move.filtered(lambda move: move.state == "draft").unlink()
        elif move.state == "posted" and move.move_type == "out_invoice":
            self._credit(move)

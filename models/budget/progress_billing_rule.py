from string import Formatter

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..arithmetic import budget

#: What the texts of a rule may contain, in braces.
PLACEHOLDERS = (
    "project",
    "task",
    "order",
    "reference",
    "customer",
    "date",
    "percent",
    "quantity",
    "unit",
    "line",
    "amount",
)

DEFAULT_LINE_TEXT = "{line}\n{percent} completed"


class ProgressBillingRule(models.Model):
    """How a project's progress is billed: texts, accounts, branch and grouping."""

    _name = "progress.billing.rule"
    _description = "Progress Billing Rule"
    _inherit = ["analytic.mixin", "progress.billing.guard"]
    _order = "sequence, name, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        default=lambda self: self.env.company,
    )
    default_basis = fields.Selection(
        selection=[("amount", "Amount"), ("quantity", "Quantity")],
        string="Default Billing Basis",
        default="amount",
        required=True,
        help="Basis of order lines that have none when their order is confirmed.",
    )
    invoice_description = fields.Text(
        translate=True,
        help="Text of the invoice. Placeholders in braces are filled in: "
        "{project}, {task}, {order}, {reference}, {customer}, {date}, {percent}, "
        "{quantity}, {unit}, {line}.",
    )
    line_description = fields.Text(
        translate=True,
        default=DEFAULT_LINE_TEXT,
        help="Text of each invoice line, with the same placeholders.",
    )
    account_source = fields.Selection(
        selection=[("product", "Product"), ("rule", "Rule"), ("task", "Task")],
        string="Income Account From",
        default="product",
        required=True,
    )
    account_id = fields.Many2one(
        comodel_name="account.account",
        string="Income Account",
        domain="[('account_type', 'in', ('income', 'income_other'))]",
        check_company=True,
    )
    branch_source = fields.Selection(
        selection=[
            ("line", "Order Line"),
            ("project", "Project"),
            ("rule", "Rule"),
            ("task", "Task"),
        ],
        string="Branch From",
        default="line",
        required=True,
        help="Whose analytic accounts the revenue is booked to. They join those of the "
        "order line, and take the place of those of the same plan.",
    )
    create_zero_lines = fields.Boolean(
        string="Create Lines with Zero Amount and Quantity"
    )
    invoice_group = fields.Char(
        help="Order lines of different groups are billed on invoices of their own."
    )

    @api.constrains("invoice_description", "line_description")
    def _check_placeholders(self):
        for rule in self:
            for text in (rule.invoice_description, rule.line_description):
                rule._check_text(text or "")

    def _check_text(self, text):
        """Refuse a text with a placeholder that nobody fills in."""
        try:
            parts = list(Formatter().parse(text))
        except ValueError:
            raise ValidationError(
                self.env._(
                    "You cannot save the rule %(rule)s because a brace in its texts is "
                    "not closed. Write a placeholder as {project} and a brace of the "
                    "text twice, as {{.",
                    rule=self.name,
                )
            ) from None
        for _literal, name, spec, conversion in parts:
            if name is None:
                continue
            if name not in PLACEHOLDERS or spec or conversion:
                raise ValidationError(
                    self.env._(
                        "You cannot save the rule %(rule)s because the placeholder "
                        "%(name)s is unknown. Known are: %(known)s.",
                        rule=self.name,
                        name=f"{{{name}}}",
                        known=", ".join(f"{{{known}}}" for known in PLACEHOLDERS),
                    )
                )

    @api.constrains("account_source", "account_id")
    def _check_account(self):
        for rule in self:
            if rule.account_source == "rule" and not rule.account_id:
                raise ValidationError(
                    self.env._(
                        "You cannot save the rule %(rule)s because it books to an "
                        "account of its own and names none. Set its income account.",
                        rule=rule.name,
                    )
                )

    # === APPLYING THE RULE === #

    @api.model
    def _fill(self, text, values):
        """Return a text with its placeholders filled in.

        :param dict values: placeholder -> function that returns its text; what is
            missing becomes empty.
        """
        parts = []
        # Not str.format: a text can then never reach attributes of the values.
        for literal, name, _spec, _conversion in Formatter().parse(text or ""):
            parts.append(literal)
            if name in values:
                parts.append(str(values[name]() or ""))
        return "".join(parts).strip()

    def _get_account(self, task):
        """Return the income account to book to, empty for the product's."""
        if self.account_source == "task":
            return task.progress_account_id
        if self.account_source == "rule":
            return self.account_id
        return self.env["account.account"]

    def _get_branch(self, project, task):
        """Return the analytic distribution of the branch, empty for the line's own."""
        if self.branch_source == "project":
            return project._get_analytic_distribution()
        if self.branch_source == "rule":
            return self.analytic_distribution or {}
        if self.branch_source == "task" and task.progress_analytic_account_id:
            return {str(task.progress_analytic_account_id.id): 100.0}
        return {}

    def _get_distribution(self, distribution, project, task):
        """Return an order line's analytic distribution with the branch added."""
        branch = self._get_branch(project, task)
        if not branch:
            return distribution
        ids = {
            int(account)
            for key in (*(distribution or {}), *branch)
            for account in key.split(",")
        }
        accounts = self.env["account.analytic.account"].browse(ids)
        plans = {account.id: account.root_plan_id.id for account in accounts}
        return budget.add_branch(distribution, branch, plans)

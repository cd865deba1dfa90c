from collections import namedtuple

from odoo import api, models
from odoo.tools.misc import format_amount, format_date, formatLang

from . import budget
from .claim import Claim, Part
from .progress_billing_rule import DEFAULT_LINE_TEXT

#: One budget line to bill; without a name the line's rule makes the text.
BudgetItem = namedtuple(
    "BudgetItem", "line amount quantity percent name", defaults=("",)
)


class SaleOrderLine(models.Model):
    """From the revenue budget to claims."""

    _inherit = "sale.order.line"

    # === WHAT IS DUE === #

    @api.model
    def _get_budget_domain(self, projects):
        """Return the domain of the lines that make up the budget of some projects."""
        return [
            ("progress_project_id", "in", projects.ids),
            ("state", "!=", "cancel"),
        ]

    def _get_lines_to_bill(self):
        """Return the lines that a billing run takes, zeros if a rule wants them."""
        # What the final invoice took is billed; the budget's completion is history.
        lines = self.filtered(
            lambda line: (
                line.state == "sale" and not line.order_id._is_progress_finished()
            )
        )
        return lines.filtered(
            lambda line: (
                line.pending_amount
                or line.pending_quantity
                or line._get_progress_rule().create_zero_lines
            )
        )

    def _get_budget_items(self):
        """Return what is pending of the lines as items to bill."""
        return [
            BudgetItem(
                line, line.pending_amount, line.pending_quantity, line.completed_percent
            )
            for line in self
        ]

    # === TASK AND RULE === #

    def _get_progress_task(self):
        """Return the task whose rule and grouping the line follows, if any."""
        self.ensure_one()
        # In sudo mode because the task may be private to its assignees.
        line = self.sudo()
        return (
            line.task_id
            or line.progress_project_id.tasks.filtered(
                lambda task: task.sale_line_id == line
            ).sorted("id")[:1]
        )

    def _get_progress_rule(self):
        """Return the billing rule of the line: of its task, else of its project."""
        rule = self._get_progress_task().progress_rule_id
        return rule or self.sudo().progress_project_id.progress_rule_id

    def _get_budget_key(self):
        """Return what lines must have in common to be billed together.

        Customer, delivery address, company and currency come on top, see
        `sale.order._get_progress_grouping_fields`.
        """
        task = self._get_progress_task()
        return (
            self.progress_project_id.id,
            self._get_progress_rule().invoice_group or "",
            task.id if task.bill_separately else 0,
        )

    # === CLAIMS === #

    @api.model
    def _prepare_budget_claims(self, items, key=None, **values):
        """Return the claims for some budget items, one per order and invoice.

        :param items: list of `BudgetItem`.
        :param key: what the invoice is keyed by, None for each line's own key.
        :param values: further values of the claims, such as `proforma_id`.
        """
        groups = {}
        for item in items:
            invoice_key = key or ("budget", *item.line._get_budget_key())
            groups.setdefault((item.line.order_id, invoice_key), []).append(item)
        return [
            Claim(
                order_id=order.id,
                parts=tuple(item.line._prepare_budget_part(item) for item in group),
                booking=order.progress_method,
                is_budget=True,
                invoice_key=invoice_key,
                **{"narration": group[0].line._get_invoice_text(group[0]), **values},
            )
            for (order, invoice_key), group in groups.items()
        ]

    def _prepare_budget_part(self, item):
        """Return the claim part of a budget item of this line."""
        rule, task = self._get_progress_rule(), self._get_progress_task()
        own = self.analytic_distribution or {}
        distribution = rule._get_distribution(own, self.progress_project_id, task)
        return Part(
            line_id=self.id,
            amount=item.amount,
            quantity=item.quantity if self.progress_basis == budget.QUANTITY else None,
            is_exact=True,
            is_line_only=True,
            name=item.name or self._get_line_text(item),
            account_id=rule._get_account(task).id or 0,
            analytic=tuple(sorted((distribution or {}).items())),
        )

    # === TEXTS === #

    def _get_invoice_text(self, item):
        """Return the text of the invoice that bills an item."""
        line = self.with_context(lang=self.order_id._get_lang())
        rule = line._get_progress_rule()
        return rule._fill(rule.invoice_description, line._get_text_values(item))

    def _get_line_text(self, item):
        """Return the text of the invoice line of an item."""
        line = self.with_context(lang=self.order_id._get_lang())
        rule = line._get_progress_rule()
        text = rule.line_description or DEFAULT_LINE_TEXT
        return rule._fill(text, line._get_text_values(item))

    def _get_text_values(self, item):
        """Return the texts of a rule's placeholders for an item to bill."""
        order = self.order_id
        quantity = formatLang(self.env, item.quantity, dp="Product Unit")
        return {
            "project": self.sudo().progress_project_id.name,
            "task": self._get_progress_task().name,
            "order": order.name,
            "reference": order.client_order_ref,
            "customer": order.partner_id.name,
            "date": format_date(self.env, order.company_id._get_progress_today()),
            "percent": f"{formatLang(self.env, item.percent, digits=2)} %",
            "quantity": quantity,
            "unit": self.product_uom_id.name,
            "line": self.name,
            "amount": format_amount(self.env, item.amount, self.currency_id),
        }

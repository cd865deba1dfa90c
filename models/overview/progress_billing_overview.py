from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools.misc import format_date

#: How far ahead the morning screen looks.
DAYS_AHEAD = 90

GROUPS = (
    "sales_team.group_sale_salesman",
    "account.group_account_invoice",
    "account.group_account_readonly",
    "project.group_project_manager",
)


class ProgressBillingOverview(models.AbstractModel):
    """Adds up planned lines, invoices and pro formas for the morning screen.

    Whatever their number, each figure is one query; amounts are in the currency of the
    current company, converted before they are added. Each figure knows the action that
    opens what it counts.
    """

    _name = "progress.billing.overview"
    _description = "Progress Billing Overview"

    @api.model
    def get_overview(self):
        """Return all figures of the morning screen, for the web client.

        :raise AccessError: for people who have nothing to do with billing.
        """
        self._check_audience()
        return {
            "currency_id": self.env.company.currency_id.id,
            "cards": self._get_cards(),
            "months": self._get_months(),
            "finals": self._get_finals(),
            "deposits": self._get_deposits(),
            "steps": self._get_steps(),
        }

    @api.model
    def get_to_bill(self):
        """Return the chips over the list *To Bill*, and the budgets beside it."""
        self._check_audience()
        return {
            "currency_id": self.env.company.currency_id.id,
            "chips": [
                {"filter": name, "label": label, "count": self._count_lines(domain)}
                for name, label, domain in self._get_chips()
            ],
            "budgets": self._get_budgets(),
        }

    def _check_audience(self):
        if not any(self.env.user.has_group(group) for group in GROUPS):
            raise AccessError(
                self.env._(
                    "You cannot see the overview because you neither sell, invoice nor "
                    "manage projects. Ask an administrator for one of these roles."
                )
            )

    # === DOMAINS === #

    def _get_planned_domain(self):
        """Return the domain of planned lines with something to bill.

        Of a cancelled order nothing is.
        """
        return (
            Domain("state", "=", "planned")
            & Domain("amount_total", "!=", 0.0)
            & Domain("order_id.state", "!=", "cancel")
            & Domain("company_id", "in", self.env.companies.ids)
        )

    def _get_due_domain(self):
        """Return the domain of the lines that a run would take now."""
        lines = self.env["progress.billing.line"]
        return self._get_planned_domain() & lines._get_run_domain()

    def _get_failed_domain(self):
        """Return the domain of the lines that the scheduled job could not bill."""
        return self._get_planned_domain() & Domain("error_message", "!=", False)

    def _get_ahead_domain(self, days, first=0):
        """Return the domain of the lines planned for the days to come."""
        today = self.env.company._get_progress_today()
        return (
            self._get_planned_domain()
            & Domain("date", ">", fields.Date.add(today, days=first))
            & Domain("date", "<=", fields.Date.add(today, days=days))
        )

    def _get_invoice_domain(self):
        """Return the domain of the invoices and credit notes of progress billing."""
        return Domain("move_type", "in", ("out_invoice", "out_refund")) & (
            Domain("progress_line_ids", "!=", False)
            | Domain("is_progress_final", "=", True)
            | Domain("invoice_line_ids.progress_budget_line_id", "!=", False)
            | Domain("invoice_line_ids.progress_line_id", "!=", False)
        )

    def _get_chips(self):
        """Return (search filter, label, domain) of each chip over *To Bill*."""
        held = self._get_planned_domain() & Domain("invoice_flag", "=", "no")
        return [
            ("due", self.env._("Due"), self._get_due_domain()),
            ("failed", self.env._("Failed"), self._get_failed_domain()),
            ("next_days", self.env._("Next 30 days"), self._get_ahead_domain(30)),
            ("hold", self.env._("On hold"), held),
        ]

    def _count_lines(self, domain):
        """Return the number of planned lines in a domain."""
        return self.env["progress.billing.line"].search_count(domain)

    # === SUMS === #

    def _convert(self, amount, currency, company):
        """Return an amount in the currency of the current company, at today's rate."""
        return currency._convert(
            amount,
            self.env.company.currency_id,
            company or self.env.company,
            fields.Date.context_today(self),
        )

    def _sum(self, model, domain, field):
        """Return (number of records, their sum in the current company's currency)."""
        groups = self.env[model]._read_group(
            domain, ["currency_id", "company_id"], ["__count", f"{field}:sum"]
        )
        return (
            sum(count for _currency, _company, count, _amount in groups),
            sum(
                self._convert(amount, currency, company)
                for currency, company, _count, amount in groups
            ),
        )

    def _sum_moves(self, domain, field):
        """Return (number of invoices, their sum), of a field in company currency."""
        groups = self.env["account.move"]._read_group(
            domain, ["company_id"], ["__count", f"{field}:sum"]
        )
        return (
            sum(count for _company, count, _amount in groups),
            sum(
                self._convert(amount, company.currency_id, company)
                for company, _count, amount in groups
            ),
        )

    # === CARDS === #

    def _get_cards(self):
        """Return the cards: what is due, failed, a draft, awaited or overdue."""
        cards = [
            self._get_line_card("due", self.env._("Due now"), self._get_due_domain()),
            self._get_line_card(
                "failed", self.env._("Failed"), self._get_failed_domain()
            ),
        ]
        if self.env["account.move"].has_access("read"):
            cards.append(self._get_draft_card())
        cards.append(self._get_proforma_card())
        if self.env["account.move"].has_access("read"):
            cards.append(self._get_overdue_card())
            cards += self._get_retention_cards()
        return cards

    def _get_retention_cards(self):
        """Return the cards of what customers hold back, and of what is due of it.

        None where nothing is held.
        """
        held = Domain("retention_order_id", "!=", False)
        held &= Domain("parent_state", "=", "posted")
        held &= Domain("company_id", "in", self.env.companies.ids)
        # In sudo mode because the orders, not their items, say who may see them.
        groups = (
            self.env["account.move.line"]
            .sudo()
            ._read_group(
                held,
                ["retention_order_id"],
                having=[("amount_currency:sum", ">", 0.0)],
            )
        )
        orders = self.env["sale.order"].browse(order.id for (order,) in groups)
        orders = orders._filtered_access("read")
        due = orders.filtered(lambda order: order._is_retention_due())
        return [
            self._get_retention_card(*card)
            for card in (
                ("retention", self.env._("Retention held"), orders),
                ("retention_due", self.env._("Retention to release"), due),
            )
            if card[2]
        ]

    def _get_retention_card(self, key, label, orders):
        """Return a card of orders of which retention is held."""
        amount = sum(
            self._convert(
                order.retention_held_amount, order.currency_id, order.company_id
            )
            for order in orders
        )
        action = self._get_action(
            "progress_billing.progress_billing_order_action",
            label,
            Domain("id", "in", orders.ids),
        )
        return self._get_card(key, label, len(orders), amount, action)

    def _get_line_card(self, key, label, domain):
        """Return a card of planned lines."""
        count, amount = self._sum("progress.billing.line", domain, "amount_untaxed")
        action = self._get_action(
            "progress_billing.progress_billing_line_action", label, domain
        )
        return self._get_card(key, label, count, amount, action)

    def _get_draft_card(self):
        """Return the card of draft invoices of progress billing."""
        domain = self._get_invoice_domain() & Domain("state", "=", "draft")
        count, amount = self._sum_moves(domain, "amount_untaxed_signed")
        label = self.env._("Drafts to post")
        action = self._get_move_action(label, domain)
        return self._get_card("drafts", label, count, amount, action)

    def _get_overdue_card(self):
        """Return the card of posted invoices whose customers are late."""
        today = fields.Date.context_today(self)
        domain = (
            self._get_invoice_domain()
            & Domain("state", "=", "posted")
            & Domain("payment_state", "in", ("not_paid", "partial"))
            & Domain("invoice_date_due", "<", today)
        )
        count, amount = self._sum_moves(domain, "amount_residual_signed")
        label = self.env._("Overdue")
        action = self._get_move_action(label, domain)
        return self._get_card("overdue", label, count, amount, action)

    def _get_proforma_card(self):
        """Return the card of pro formas that customers have yet to approve."""
        domain = Domain("state", "=", "sent")
        count, amount = self._sum("progress.billing.proforma", domain, "amount_untaxed")
        label = self.env._("Awaiting approval")
        action = self._get_action(
            "progress_billing.progress_billing_proforma_action", label, domain
        )
        return self._get_card("approval", label, count, amount, action)

    def _get_card(self, key, label, count, amount, action):
        """Return a figure with the action that opens what it counts."""
        return {
            "key": key,
            "label": label,
            "count": count,
            "amount": amount,
            "action": action,
        }

    # === THE MONTHS AHEAD === #

    def _get_months(self):
        """Return what is planned for the next days, by month and who bills it."""
        groups = self.env["progress.billing.line"]._read_group(
            self._get_ahead_domain(DAYS_AHEAD, first=-1),
            ["date:month", "invoice_flag", "currency_id", "company_id"],
            ["amount_untaxed:sum"],
        )
        today = self.env.company._get_progress_today()
        last = fields.Date.add(today, days=DAYS_AHEAD)
        month, months = today.replace(day=1), {}
        while month <= last:
            months[month] = self._get_month(month)
            month += relativedelta(months=1)
        for start, flag, currency, company, amount in groups:
            months[start]["amounts"][flag] += self._convert(amount, currency, company)
        return list(months.values())

    def _get_month(self, month):
        """Return a month without amounts, with the action that opens its lines."""
        label = format_date(self.env, month, date_format="MMM yyyy")
        domain = (
            self._get_ahead_domain(DAYS_AHEAD, first=-1)
            & Domain("date", ">=", month)
            & Domain("date", "<", month + relativedelta(months=1))
        )
        return {
            "label": label,
            "amounts": {"auto": 0.0, "yes": 0.0, "no": 0.0},
            "action": self._get_action(
                "progress_billing.progress_billing_line_action", label, domain
            ),
        }

    # === ORDERS AND DEPOSITS === #

    def _get_finals(self):
        """Return how many orders are ready for their final invoice."""
        domain = Domain("is_progress_final_ready", "=", True)
        label = self.env._("Ready for final invoice")
        return {
            "count": self.env["sale.order"].search_count(domain),
            "action": self._get_action(
                "progress_billing.progress_billing_order_action", label, domain
            ),
        }

    def _get_deposits(self):
        """Return per company what deposits are open, and what their accounts hold."""
        user = self.env.user
        if not user.has_group("account.group_account_readonly") and not user.has_group(
            "account.group_account_invoice"
        ):
            return []
        deposits = map(self._get_company_deposits, self.env.companies)
        return [each for each in deposits if each]

    def _get_company_deposits(self, company):
        """Return what deposits of a company are open, and what their accounts hold.

        What is open is what the reconciliation of the deposits' own items leaves; the
        account holds no more and no less unless somebody else booked on it.
        """
        Item = self.env["account.move.line"]
        posted = Domain("parent_state", "=", "posted")
        posted &= Domain("company_id", "=", company.id)
        deposits = Domain("sale_line_ids.is_downpayment", "=", True)
        liability = Domain("account_id.account_type", "=", "liability_current")
        groups = Item._read_group(
            posted & deposits & liability, ["account_id"], ["amount_residual:sum"]
        )
        # In sudo mode because not everybody reads what a company is set to.
        accounts = company.sudo().downpayment_account_id.sudo(self.env.su)
        accounts = accounts.union(*(account for account, _amount in groups))
        accounts = accounts.with_company(company)
        if not accounts:
            return None
        booked = posted & Domain("account_id", "in", accounts.ids)
        held = Item._read_group(booked, [], ["balance:sum"])[0][0]
        opened = sum(amount for _account, amount in groups)
        is_equal = company.currency_id.compare_amounts(held, opened) == 0
        others = booked & Domain("amount_residual", "!=", 0.0) & ~deposits
        return {
            "company": company.name,
            "currency_id": company.currency_id.id,
            "open": -opened or 0.0,
            "held": -held or 0.0,
            "accounts": ", ".join(account.code or account.name for account in accounts),
            "is_equal": is_equal,
            "orders_action": self._get_deposit_orders_action(company),
            "items_action": self._get_items_action(booked if is_equal else others),
        }

    def _get_deposit_orders_action(self, company):
        """Return the action that opens a company's orders with open deposits."""
        return self._get_action(
            "progress_billing.progress_billing_order_action",
            self.env._("Open Deposits"),
            Domain("progress_deposit_balance", "!=", 0.0)
            & Domain("company_id", "=", company.id),
        )

    # === PROJECT BUDGETS === #

    def _get_budgets(self):
        """Return the projects with something pending, and what that is."""
        lines = self.env["sale.order.line"]
        groups = lines._read_group(
            Domain("progress_project_id", "!=", False)
            & Domain("state", "=", "sale")
            & Domain("pending_amount", "!=", 0.0)
            & Domain("company_id", "in", self.env.companies.ids),
            ["progress_project_id", "currency_id", "company_id"],
            ["pending_amount:sum"],
        )
        budgets = {}
        for project, currency, company, amount in groups:
            # In sudo mode because a project may be private to others.
            values = {"id": project.id, "name": project.sudo().name, "amount": 0.0}
            budget = budgets.setdefault(project.id, values)
            budget["amount"] += self._convert(amount, currency, company)
        return sorted(budgets.values(), key=lambda budget: -abs(budget["amount"]))

    # === SET-UP === #

    def _get_steps(self):
        """Return the steps of the set-up; none when all is done."""
        company = self.env.company
        # In sudo mode because it matters that there is one, whoever sees it.
        templates = self.env["progress.billing.template"].sudo()
        has_line = bool(self.env["progress.billing.line"].sudo().search([], limit=1))
        steps = [
            self._get_step(
                "account",
                self.env._("Deposit account"),
                bool(company.sudo().downpayment_account_id)
                or company.progress_method != "deposit",
                "account.group_account_manager",
                self._get_account_action(),
            ),
            self._get_step(
                "template",
                self.env._("A template of instalments"),
                bool(templates.search([], limit=1)),
                "sales_team.group_sale_manager",
                self._get_action("progress_billing.progress_billing_template_action"),
            ),
            self._get_step(
                "plan",
                self.env._("A first plan, on the Billing tab of an order"),
                has_line,
                "sales_team.group_sale_salesman",
                self._get_action("sale.action_quotations_with_onboarding"),
            ),
        ]
        return [] if all(step["is_done"] for step in steps) else steps

    def _get_step(self, key, label, is_done, group, action):
        """Return a step of the set-up, with its action for those who may do it."""
        is_allowed = self.env.user.has_group(group)
        return {
            "key": key,
            "label": label,
            "is_done": is_done,
            "action": action if is_allowed else False,
        }

    # === ACTIONS === #

    def _get_action(self, xml_id, name=None, domain=None):
        """Return an action, on the records of a domain alone."""
        action = self.env["ir.actions.act_window"]._for_xml_id(xml_id)
        if name:
            action["name"] = action["display_name"] = name
        if domain is not None:
            action["domain"] = list(domain)
            action["context"] = {}
        return action

    def _get_move_action(self, name, domain):
        """Return the action that opens invoices and credit notes."""
        action = self._get_action("account.action_move_out_invoice_type", name, domain)
        return {**action, "context": {"create": False}}

    def _get_items_action(self, domain):
        """Return the action that opens journal items."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Journal Items"),
            "res_model": "account.move.line",
            "views": [(False, "list"), (False, "form")],
            "domain": list(domain),
            "context": {"create": False},
        }

    def _get_account_action(self):
        """Return the action that chooses or makes the deposit account."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Deposit Account"),
            "res_model": "progress.billing.account",
            "views": [(False, "form")],
            "target": "new",
        }

from odoo import fields, models
from odoo.exceptions import AccessError

#: Where a chart of accounts keeps what customers paid in advance on orders, for charts
#: that do not tell the host themselves.
DEPOSIT_ACCOUNTS = {
    "de_skr03": "account_1710",
    "de_skr04": "chart_skr04_3250",
    "it": "2530",
    "nl": "1405",
}
SPANISH_DEPOSIT_ACCOUNT = "account_common_438"


class ResCompany(models.Model):
    """Keeps how the company bills progress."""

    _name = "res.company"
    _inherit = ["res.company", "progress.billing.guard"]

    progress_method = fields.Selection(
        selection=[
            ("deposit", "Deposits"),
            ("revenue", "Revenue"),
        ],
        string="Progress Billing Method",
        default="deposit",
        required=True,
        help="Default for new orders.",
    )
    progress_statement_layout = fields.Selection(
        selection=[
            ("none", "No"),
            ("simple", "Simple"),
            ("construction", "Construction"),
        ],
        string="Statement with Invoices",
        default="none",
        required=True,
        help="Default for new orders: the progress statement that goes along with "
        "their invoices.",
    )
    progress_auto_post = fields.Boolean(
        string="Post Progress Invoices",
        help="Post progress invoices as soon as they are created.",
    )
    progress_auto_send = fields.Boolean(
        string="Send Progress Invoices",
        help="Send progress invoices by e-mail once they are posted.",
    )
    progress_amount_tax_included = fields.Boolean(
        string="Amounts Include Taxes",
        help="Amounts of planned lines are entered with taxes included.",
    )
    progress_overbilling_tolerance = fields.Float(
        string="Over-Billing Tolerance (%)",
        help="How far billing may exceed the contract value, in percent of it.",
    )
    progress_fx_policy = fields.Selection(
        selection=[
            ("final_rate", "Rate of the final invoice"),
            ("historical", "Historical rates (IFRIC 22)"),
        ],
        string="Deposits in Foreign Currency",
        default="final_rate",
        required=True,
        help="Rate of the final invoice: the difference is an exchange gain or loss. "
        "Historical rates: deposits keep their rate, the difference goes to revenue.",
    )
    progress_adjust_tax = fields.Boolean(
        string="Adjust Taxes of Deposits",
        default=True,
        help="Bring the taxes of deposits to the rate of the final invoice too.",
    )
    _progress_overbilling_tolerance_positive = models.Constraint(
        "CHECK(progress_overbilling_tolerance >= 0)",
        "The over-billing tolerance cannot be negative.",
    )
    progress_milestone_completion = fields.Boolean(
        string="Milestones Complete the Revenue Budget",
        help="A reached milestone sets the completed percentage of its order line.",
    )

    def _get_progress_tz(self):
        """Return the time zone that decides what day it is for the company."""
        self.ensure_one()
        return self.partner_id.tz or self.env.user.tz or "UTC"

    def _get_progress_today(self):
        """Return today's date, in the company's day."""
        self.ensure_one()
        return fields.Date.context_today(self.with_context(tz=self._get_progress_tz()))

    # === SET-UP === #

    def action_set_up_progress_billing(self):
        """Give the companies a deposit account and the scheduled job, by one click.

        A usable account stays. Else it is the chart's for advances of customers; one
        without it gets a current liability beside those that it has.

        :return: an action that tells what was chosen.
        :raise AccessError: for all but accounting managers of these companies.
        """
        user = self.env.user
        theirs = user.has_group("account.group_account_manager")
        if not theirs or self - user.company_ids:
            raise AccessError(
                self.env._(
                    "You cannot set up progress billing of %(companies)s because that "
                    "is for its administrators of Invoicing. Ask one of them.",
                    companies=", ".join(self.sudo().mapped("name")),
                )
            )
        for company in self:
            company._set_up_progress_deposit_account()
        # The job is the system's; who may set the company up may have it run.
        self.env.ref("progress_billing.ir_cron_generate").sudo().active = True
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "Deposits are booked on %(accounts)s. Planned lines are billed "
                    "every night.",
                    accounts=", ".join(
                        self.sudo().downpayment_account_id.mapped("display_name")
                    ),
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _set_up_progress_deposit_account(self):
        """Set the company's deposit account, unless it has a usable one; return it."""
        self.ensure_one()
        # Accounting managers may not write companies; this is theirs to decide.
        company = self.sudo().with_company(self)
        if not company.downpayment_account_id._is_progress_deposit_account():
            account = company._get_progress_chart_account()
            if account:
                account.reconcile = True
            else:
                account = company._create_progress_deposit_account()
            company.downpayment_account_id = account
        return company.downpayment_account_id

    def _get_progress_chart_account(self):
        """Return the chart's account for advances of customers, if it has a fit one."""
        self.ensure_one()
        chart = self.env["account.chart.template"]
        code = self.root_id.chart_template or ""
        name = DEPOSIT_ACCOUNTS.get(code)
        if code.startswith("es_"):
            name = SPANISH_DEPOSIT_ACCOUNT
        elif code and not name:
            data = chart._get_chart_template_data(code)["template_data"]
            name = data.get("downpayment_account_id")
        account = name and chart.ref(name, raise_if_not_found=False)
        if account and account.account_type == "liability_current":
            return account
        return self.env["account.account"]

    def _create_progress_deposit_account(self):
        self.ensure_one()
        accounts = self.env["account.account"]
        beside = accounts.search(
            [
                *accounts._check_company_domain(self),
                ("account_type", "=", "liability_current"),
            ],
            limit=1,
        )
        return accounts.create(
            {
                "name": self.env._("Customer Deposits"),
                "code": accounts._search_new_account_code(beside.code or "252100"),
                "account_type": "liability_current",
                "reconcile": True,
            }
        )

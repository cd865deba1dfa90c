from odoo import fields, models


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

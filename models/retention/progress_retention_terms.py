from odoo import api, fields, models
from odoo.exceptions import ValidationError

#: The terms that have defaults.
TERM_NAMES = (
    "retention_percent",
    "retention_base",
    "retention_tax",
    "retention_step_method",
    "retention_cap_percent",
    "retention_release",
    "retention_months",
)


class ProgressRetentionTerms(models.AbstractModel):
    """The terms of retention that have defaults: template, customer, company."""

    _name = "progress.retention.terms"
    _description = "Terms of Retention"

    retention_percent = fields.Float(
        string="Retention (%)",
        help="What the customer holds back of each invoice, in percent.",
    )
    retention_base = fields.Selection(
        selection=[
            ("total", "Total, taxes included"),
            ("untaxed", "Untaxed amount"),
        ],
        help="What the percentages of retention are of.",
    )
    retention_tax = fields.Selection(
        selection=[
            ("invoice", "With the invoice"),
            ("release", "With the release"),
        ],
        string="Taxes of Retention",
        help="Whether the taxes of what is held are due with the invoice, or when it "
        "is released. Then the percentages are of the untaxed amount.",
    )
    retention_step_method = fields.Selection(
        selection=[
            ("marginal", "Each rate on its part"),
            ("to_date", "The rate reached on all that is billed"),
        ],
        string="Retention Steps",
        help="Whether the rate of a step is of what is billed within it, or of all "
        "that is billed, so that a lower rate gives back.",
    )
    retention_cap_percent = fields.Float(
        string="Most Held (%)",
        help="The most that is held, in percent of the contract value. 0: no limit.",
    )
    retention_release = fields.Selection(
        selection=[
            ("manual", "By hand"),
            ("months", "Months after the final invoice"),
            ("milestone", "When a milestone is reached"),
        ],
        string="Release of Retention",
        help="When what is held falls due.",
    )
    retention_months = fields.Integer(
        string="Months until Release",
        help="Months from the final invoice, or from the invoice that completes the "
        "order.",
    )

    @api.constrains("retention_percent", "retention_cap_percent", "retention_months")
    def _check_retention_range(self):
        for record in self:
            percents = (record.retention_percent, record.retention_cap_percent)
            if not all(0.0 <= percent <= 100.0 for percent in percents):
                raise ValidationError(
                    self.env._("Percentages of retention must be between 0 and 100.")
                )
            if not 0 <= record.retention_months <= 1200:
                raise ValidationError(
                    self.env._(
                        "The months until retention is released must be between 0 and "
                        "1200."
                    )
                )

    def _get_retention_terms(self, company):
        """Return the terms as values for an order.

        :param company: says what is left open.
        """
        self.ensure_one()
        return {
            name: self[name]
            or (self._fields[name].type == "selection" and company[name])
            for name in TERM_NAMES
        }

from odoo import api, fields, models

from ..models.arithmetic.instalments import UNITS, get_dates


class ProgressBillingPostpone(models.TransientModel):
    """Bill planned lines later, each by as much."""

    _name = "progress.billing.postpone"
    _inherit = "progress.billing.guard"
    _description = "Postpone"

    line_ids = fields.Many2many(
        comodel_name="progress.billing.line",
        string="Lines",
        default=lambda self: self._default_line_ids(),
    )
    line_count = fields.Integer(compute="_compute_line_count")
    every = fields.Integer(string="By", default=1, required=True)
    unit = fields.Selection(
        selection=[("day", "Days"), ("week", "Weeks"), ("month", "Months")],
        required=True,
        default=UNITS[-1],
    )

    @api.model
    def _default_line_ids(self):
        """Return the ticked lines that are still planned."""
        lines = self.env["progress.billing.line"].browse(
            self.env.context.get("active_ids")
        )
        return lines.filtered(lambda line: line.state == "planned")

    @api.depends("line_ids")
    def _compute_line_count(self):
        for wizard in self:
            wizard.line_count = len(wizard.line_ids)

    def action_postpone(self):
        """Move the dates of the lines."""
        self.ensure_one()
        today = fields.Date.context_today(self)
        for date, lines in self.line_ids.grouped("date").items():
            lines.date = get_dates(date or today, 2, self.every, self.unit)[1]
        return {"type": "ir.actions.client", "tag": "soft_reload"}

from odoo import api, fields, models


class ProgressRetentionStep(models.Model):
    """A step of retention: up to which completion, which rate.

    It is an order's; or of the terms that new orders take from their template, customer
    or company.
    """

    _name = "progress.retention.step"
    _inherit = "progress.billing.guard"
    _description = "Retention Step"
    _order = "order_id, until_percent, id"

    order_id = fields.Many2one(
        comodel_name="sale.order",
        ondelete="cascade",
        index=True,
    )
    template_id = fields.Many2one(
        comodel_name="sale.order.template", ondelete="cascade", index="btree_not_null"
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner", ondelete="cascade", index="btree_not_null"
    )
    terms_company_id = fields.Many2one(
        comodel_name="res.company", ondelete="cascade", index="btree_not_null"
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        compute="_compute_company_id",
        store=True,
        precompute=True,
    )
    user_id = fields.Many2one(related="order_id.user_id", store=True)
    until_percent = fields.Float(
        string="Until Completed (%)",
        required=True,
        help="The rate holds until so much of the contract is billed.",
    )
    percent = fields.Float(string="Retention (%)")
    _until_percent_range = models.Constraint(
        "CHECK(until_percent > 0 AND until_percent <= 100)",
        "A step of retention must end between 0 and 100 % completed.",
    )
    _percent_range = models.Constraint(
        "CHECK(percent >= 0 AND percent <= 100)",
        "The retention must be between 0 and 100 %.",
    )
    _until_percent_unique = models.Constraint(
        "UNIQUE(order_id, until_percent)",
        "Two steps of retention cannot end at the same percentage.",
    )
    _terms_until_percent_unique = models.UniqueIndex(
        "(COALESCE(template_id, 0), COALESCE(partner_id, 0), COALESCE(company_id, 0), "
        "until_percent) WHERE order_id IS NULL",
        "Two steps of retention cannot end at the same percentage.",
    )
    _owner_required = models.Constraint(
        "CHECK(num_nonnulls(order_id, template_id, partner_id, terms_company_id) = 1)",
        "A step of retention is of one order, or of one template, customer or company.",
    )

    @api.depends("order_id.company_id", "template_id", "partner_id", "terms_company_id")
    def _compute_company_id(self):
        """Those of a customer are of the company in which they were agreed."""
        for step in self:
            step.company_id = (
                step.order_id.company_id
                or step.terms_company_id
                or (not step.template_id and (step.company_id or self.env.company))
            )

    @api.model_create_multi
    def create(self, vals_list):
        steps = super().create(vals_list)
        steps._check_retention_owners()
        return steps

    def write(self, vals):
        self._check_retention_owners()
        result = super().write(vals)
        self._check_retention_owners()
        return result

    def unlink(self):
        self._check_retention_owners()
        return super().unlink()

    def _check_retention_owners(self):
        """Refuse steps of what one may not write, and of orders that hold already."""
        self.order_id._check_retention_editable()
        for owners in (self.template_id, self.partner_id, self.terms_company_id):
            owners.check_access("write")

    def _prepare_retention_steps(self):
        """Return the values of equal steps of an order."""
        return [
            {"until_percent": step.until_percent, "percent": step.percent}
            for step in self
        ]

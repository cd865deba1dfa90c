from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..arithmetic.instalments import scale_percents, split_amount


class SaleOrder(models.Model):
    """Holds an order's planned lines, and writes whole plans of them."""

    _inherit = "sale.order"

    progress_method = fields.Selection(
        selection=[
            ("deposit", "Deposits"),
            ("revenue", "Revenue"),
        ],
        string="Progress Billing Method",
        compute="_compute_progress_method",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        help="Where a progress invoice is booked: on the deposit account until the "
        "final invoice takes it back, or straight to income.",
    )
    progress_line_ids = fields.One2many(
        comodel_name="progress.billing.line",
        inverse_name="order_id",
        string="Progress Billing Lines",
    )

    def action_generate_progress(self):
        """Open the wizard that plans the billing of the orders."""
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Generate Progress Billing"),
            "res_model": "progress.billing.generate",
            "view_mode": "form",
            "target": "new",
            "context": {"default_order_ids": self.ids},
        }

    def action_set_up_account(self):
        """Open the wizard that chooses or makes the company's deposit account."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Deposit Account"),
            "res_model": "progress.billing.account",
            "view_mode": "form",
            "target": "new",
            "context": {"default_company_id": self.company_id.id},
        }

    def action_plan_30_40_30(self):
        """Plan 30, 40 and 30 %, as the shipped template of that name has it."""
        return self._plan_by_template("progress_billing.template_30_40_30")

    def action_plan_instalments(self):
        """Plan three instalments, as the shipped template has them."""
        return self._plan_by_template("progress_billing.template_thirds")

    def action_plan_milestones(self):
        """Open the wizard that plans an instalment for each milestone."""
        action = self.action_generate_progress()
        action["context"].update(default_plan="equal", default_schedule="milestone")
        return action

    def _plan_by_template(self, xml_id):
        """Plan the instalments of a template from today on.

        Where somebody deleted it, the wizard opens in which plans are made.
        """
        self.check_access("write")
        template = self.env.ref(xml_id, raise_if_not_found=False)
        if not template:
            return self.action_generate_progress()
        today = fields.Date.context_today(self)
        self.env["progress.billing.line"].create(
            [
                {
                    **line._prepare_progress_line_values(order, today),
                    "order_id": order.id,
                }
                for order in self
                for line in template.with_context(lang=order.partner_id.lang).line_ids
            ]
        )
        return True

    def _copy_progress_plan(self, copies):
        """Plan the planned lines of the orders on their copies, too."""
        for order, copy in zip(self, copies, strict=True):
            if order.progress_line_ids:
                own = order._get_copiable_order_lines(), copy.order_line
                sale_lines = {line: new.id for line, new in zip(*own, strict=False)}
                order.progress_line_ids._copy_to_order(copy, sale_lines)

    def _prepare_progress_plan(self, target, parts, of_remaining=False):
        """Return the values of planned lines, and `amount_untaxed` for the preview.

        A single order line is planned as a share of that line, the whole order as a
        share of it. Several lines of an order have no share in common: they are planned
        as amounts.

        :param target: order lines, empty for the whole order.
        :param parts: dicts of planned line values with a `percent`.
        :param bool of_remaining: the percentages are of what is not billed yet.
        """
        self.ensure_one()
        contract, billed = self.progress_contract_amount, self.progress_billed_amount
        if target:
            contract = sum(target.mapped("price_subtotal"))
            billed = sum(target.mapped("progress_billed_amount"))
        percents = [part["percent"] for part in parts]
        if of_remaining:
            left = 100.0 * (contract - billed) / contract if contract else 0.0
            percents = scale_percents(percents, max(round(left, 6), 0.0))
        amounts = split_amount(contract, percents, self.currency_id)
        shares = [{"amount_type": "percent", "percent": each} for each in percents]
        if len(target) > 1:
            shares = [
                {"amount_type": "amount", "amount": each, "percent": 0.0}
                for each in self._get_progress_entered(target, percents, amounts)
            ]
        return [
            {
                **part,
                "order_id": self.id,
                "sale_line_id": target.id if len(target) == 1 else False,
                "amount_untaxed": amount,
                **share,
            }
            for part, percent, amount, share in zip(
                parts, percents, amounts, shares, strict=True
            )
            if percent > 0
        ]

    def _get_progress_entered(self, target, percents, amounts):
        """Return untaxed amounts as they are entered: with taxes if the company does.

        :param target: the order lines that are billed together.
        :param amounts: the untaxed amounts, by percentage.
        """
        if not self.company_id.progress_amount_tax_included:
            return amounts
        total = sum(target.mapped("price_total"))
        return split_amount(total, percents, self.currency_id)

    def _get_progress_milestones(self):
        """Return the milestones that the order is billed by, in their order.

        :raise UserError: when its project has none.
        """
        self.ensure_one()
        # In sudo mode because salespeople plan by milestones of projects they only see
        # through the order.
        milestones = self.sudo().project_ids.milestone_ids
        milestones = milestones.filtered(
            lambda milestone: (
                not milestone.sale_line_id
                or milestone.sale_line_id.order_id.id in self.ids
            )
        )
        if not milestones:
            raise UserError(
                self.env._(
                    "You cannot plan %(order)s by milestones because its project has "
                    "none. Add milestones to the project, or plan by date.",
                    order=self.display_name,
                )
            )
        return milestones.sorted(
            lambda milestone: (
                not milestone.deadline,
                milestone.deadline or self.date_order.date(),
                milestone.sequence,
                milestone.id,
            )
        ).sudo(self.env.su)

    @api.depends("company_id", "sale_order_template_id")
    def _compute_progress_method(self):
        for order in self:
            order.progress_method = (
                order.sale_order_template_id.progress_method
                or order.progress_method
                or order.company_id.progress_method
                or "deposit"
            )

    def _plan_from_template(self):
        """Replace the planned lines by those of the quotation template, if any."""
        template = self.sale_order_template_id.with_context(lang=self.partner_id.lang)
        if not template.progress_template_line_ids:
            return
        planned = self.progress_line_ids.filtered(lambda line: line.state == "planned")
        self.progress_line_ids = [
            *(Command.delete(line.id) for line in planned),
            *(
                Command.create(line._prepare_progress_line_values(self))
                for line in template.progress_template_line_ids
            ),
        ]

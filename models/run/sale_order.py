from odoo import models

from .batches import bill_in_parts, explain


class SaleOrder(models.Model):
    """Makes regular invoices in a run, and tells of what failed on an order."""

    _inherit = "sale.order"

    def _update_billing_error(self, told):
        """Keep one activity per order whose lines failed to be billed.

        The salesperson is told once, until all lines are billed or gone.

        :param told: the orders of which a line had failed before.
        """
        activity_type = "progress_billing.mail_activity_type_billing_error"
        failed = self.filtered("progress_line_ids.error_message")
        for order in failed - told:
            order.activity_schedule(
                activity_type,
                user_id=(order.user_id or order.create_uid).id,
                note=order.env._(
                    "The scheduled job could not bill all progress billing lines. "
                    "The Billing tab says why."
                ),
            )
        (self - failed).activity_unlink([activity_type])

    # === MANY PROJECTS === #

    def _get_budget_obstacle(self, project, amount, added):
        """Return why an invoice of a project's budget fails: a key, or False.

        :param amount: what it bills of the order, untaxed.
        :param added: what the same run bills of the order before, untaxed.
        """
        self.ensure_one()
        if project.sudo().progress_create_proforma:
            return False
        if self.progress_method == "deposit":
            if not self._has_progress_deposit_account():
                return "account"
        if self.env.user.has_group("progress_billing.group_exceed_contract"):
            return False
        currency, billed = self.currency_id, self.progress_billed_amount
        billed += added + amount
        # The ceiling is dear to ask for: only what is beyond the contract is held
        # against it.
        if (
            currency.compare_amounts(amount, 0.0) > 0
            and currency.compare_amounts(billed, self.progress_contract_amount) > 0
            and currency.compare_amounts(billed, self._get_progress_ceiling()) > 0
        ):
            return "contract"
        return False

    # === RUNS === #

    def _is_progress_beyond(self, amount, line=None, has_credits=True):
        """Return whether billing an untaxed amount more would be refused.

        The exact answer is dear, so it is asked only of what is beyond the plain
        contract value.

        :param line: the order line it is billed on, empty for the order.
        :param bool has_credits: whether draft credit notes may count as billed.
        """
        self.ensure_one()
        contract = line.price_subtotal if line else self.progress_contract_amount
        total = (line or self).progress_billed_amount + amount
        is_plain = contract >= 0.0 and not has_credits
        if is_plain and self.currency_id.compare_amounts(total, contract) <= 0:
            return False
        return bool(self._get_progress_excess(amount, line))

    def _get_progress_draft_credited(self):
        """Return the orders among these that draft credit notes belong to."""
        # In sudo mode as all reading of what was billed: whoever made the invoices.
        items = (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("parent_state", "=", "draft"),
                    ("move_id.move_type", "=", "out_refund"),
                    ("sale_line_ids.order_id", "in", self.ids),
                ]
            )
        )
        return items.sale_line_ids.order_id.with_env(self.env) & self

    def _fetch_progress_products(self):
        """Read in sets which products decide on deposit accounts; return their ids."""
        self.fetch(["order_line", "fiscal_position_id"])
        self.order_line.fetch(["display_type", "is_downpayment", "product_id"])
        self.order_line.product_id.fetch(["product_tmpl_id"])
        return self.order_line.product_id.ids

    def _run_regular_invoices(self, consolidated=False):
        """Create the regular invoices of orders; one that fails does not stop the rest.

        :param bool consolidated: one invoice for all orders of the same customer,
            delivery address, currency and company.
        :return: tuple of (the created `account.move` records, the errors as text).
        """
        made, failures = bill_in_parts(
            self,
            lambda orders: orders._create_invoices(
                grouped=not consolidated, final=True
            ),
            share=SaleOrder._get_consolidation_key if consolidated else None,
        )
        texts = [
            f"{order.display_name}: {text}" for order, text in explain(failures).items()
        ]
        return self.env["account.move"].union(*made), "\n".join(texts)

    def _get_consolidation_key(self):
        """Return what orders have in common that may share an invoice."""
        return tuple(self[name].id for name in self._get_progress_grouping_fields())

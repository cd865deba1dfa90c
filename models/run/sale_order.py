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

    def _get_budget_obstacle(self, project, lines, added):
        """Return why an invoice of a project's budget fails: a key, or False.

        :param lines: the order lines whose pending amounts it bills.
        :param added: what the same run bills of the order before, untaxed.
        """
        self.ensure_one()
        if project.sudo().progress_create_proforma:
            ProformaLine = self.env["progress.billing.proforma.line"]
            is_refused = any(
                ProformaLine._get_excess(line, line.pending_amount) for line in lines
            )
            return is_refused and "contract"
        if self.progress_method == "deposit":
            if not self._has_progress_deposit_account():
                return "account"
        amount = sum(lines.mapped("pending_amount"))
        if self._is_progress_refused(amount, added=added) or any(
            self._is_progress_refused(line.pending_amount, line) for line in lines
        ):
            return "contract"
        return False

    # === RUNS === #

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

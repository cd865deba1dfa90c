from contextlib import closing

from odoo import models

from .progress_billing_line import BILLING_ERRORS


class SaleOrder(models.Model):
    """Makes regular invoices in a run, and tells of what failed on an order."""

    _inherit = "sale.order"

    def _update_billing_error(self):
        """Keep one activity per order while any of its lines failed to be billed."""
        activity_type = "progress_billing.mail_activity_type_billing_error"
        for order in self:
            failed = order.progress_line_ids.filtered("error_message")
            has_activity = order.activity_search([activity_type])
            if failed and not has_activity:
                order.activity_schedule(
                    activity_type,
                    user_id=(order.user_id or order.create_uid).id,
                    note=order.env._(
                        "The scheduled job could not bill all progress billing lines. "
                        "The Billing tab says why."
                    ),
                )
            elif not failed and has_activity:
                order.activity_unlink([activity_type])

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
        moves, error = self._try_regular_invoices(consolidated)
        if not error:
            return moves, ""
        if len(self) == 1:
            return moves, f"{self.display_name}: {error.args[0]}"
        errors = []
        for part in self._get_regular_parts(consolidated):
            created, message = part._run_regular_invoices(consolidated)
            moves |= created
            errors.append(message)
        return moves, "\n".join(filter(None, errors))

    def _get_regular_parts(self, consolidated):
        """Return what to invoice instead of all at once, as a list of recordsets.

        Of the orders that share an invoice, those that fail are left alone and the rest
        still shares one.
        """
        if not consolidated:
            return list(self)
        names = self._get_progress_grouping_fields()
        groups = self.grouped(lambda order: tuple(order[name].id for name in names))
        if len(groups) > 1:
            return list(groups.values())
        with closing(self.env.cr.savepoint()):
            good = self.filtered(lambda order: not order._try_regular_invoices()[1])
        return list(self) if not good or good == self else [good, *(self - good)]

    def _try_regular_invoices(self, consolidated=False):
        """Create the regular invoices of the orders together, or undo it all.

        :return: tuple of (the created `account.move` records, the exception or None).
        """
        moves = self.env["account.move"]
        if not self:
            return moves, None
        try:
            with self.env.cr.savepoint():
                created = self._create_invoices(grouped=not consolidated, final=True)
            return created, None
        except BILLING_ERRORS as error:
            self.env.invalidate_all()
            return moves, error

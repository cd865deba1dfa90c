from odoo import api, models
from odoo.fields import Command

from ..invoicing.invoice_values import InvoiceValues
from ..invoicing.request import InvoicesPrepared, get_request, with_request


class SaleOrder(models.Model):
    """The moments of an order: copied, confirmed, invoiced, locked, cancelled."""

    _name = "sale.order"
    _inherit = ["sale.order", "progress.billing.guard"]

    @api.onchange("sale_order_template_id")
    def _onchange_sale_order_template_id(self):
        result = super()._onchange_sale_order_template_id()
        self._plan_from_template()
        return result

    @api.depends("order_line.product_id", "order_line.project_id")
    def _compute_project_ids(self):
        if self.env.su or self.env.user.has_group("sales_team.group_sale_salesman"):
            super()._compute_project_ids()
            return
        # In sudo mode because the host searches by a field that only salespeople may
        # read: invoicing people could not open any order.
        super(SaleOrder, self.sudo())._compute_project_ids()
        for order in self:
            projects = order.sudo().project_ids.sudo(False)._filtered_access("read")
            order.project_ids = projects
            order.project_count = len(projects.filtered("active"))

    def write(self, vals):
        self._check_retention_write(vals)
        guaranteed = self._get_retention_guaranteed(vals)
        result = super().write(vals)
        guaranteed._release_to_guarantee()
        return result

    def _action_confirm(self):
        result = super()._action_confirm()
        # After the host generated projects and tasks, whose rules tell the basis.
        self.order_line._set_default_basis()
        self._set_original_budget()
        return result

    def copy(self, default=None):
        copies = super().copy(default)
        self._copy_progress_plan(copies)
        return copies

    def action_lock(self):
        self._check_progress_lockable()
        return super().action_lock()

    def _action_cancel(self):
        self._check_progress_cancellable()
        result = super()._action_cancel()
        self.progress_line_ids._forget_failure()
        return result

    def _get_invoiced(self):
        # In sudo mode, then only what one may read: the host finds invoices on lines of
        # which it reads whatever was read before, as others may read it.
        result = super(SaleOrder, self.sudo())._get_invoiced()
        readable = self.invoice_ids.sudo(self.env.su)._filtered_access("read")
        for order in self:
            order.invoice_ids = order.invoice_ids & readable
            order.invoice_count = len(order.invoice_ids)
        return result

    @api.depends(
        "progress_deposit_balance",
        "progress_line_ids.state",
        "order_line.draft_amount",
        "order_line.actual_amount",
        "order_line.invoice_lines.move_id.is_progress_final",
        "order_line.invoice_lines.parent_state",
        "order_line.invoice_lines.amount_currency",
    )
    def _compute_invoice_status(self):
        result = super()._compute_invoice_status()
        self._hold_progress_invoice_status()
        return result

    # === INVOICING === #

    def _create_invoices(self, grouped=False, final=False, date=None):
        progress = self.filtered(lambda order: order._uses_progress_billing())
        if not progress:
            return super()._create_invoices(grouped=grouped, final=final, date=date)
        if not get_request(self).is_preview:
            # Interim invoices too take back deposits that must not change meanwhile.
            progress._lock_progress()
            self._refuse_progress(
                order._get_progress_draft_credit_obstacle() for order in progress
            )
        orders = self
        if not grouped:
            # The host prepares order by order and merges afterwards; which of them will
            # share an invoice has to be known before.
            sharing = frozenset(self._get_progress_sharing().ids)
            orders = with_request(self, section_order_ids=sharing)
        moves = super(SaleOrder, orders)._create_invoices(
            grouped=grouped, final=final, date=date
        )
        moves = moves.with_env(moves.env(context=self.env.context))
        if get_request(self).is_batch:
            moves._post_progress_origin()
        moves._check_progress_ceilings()
        return moves

    def _get_invoiceable_lines(self, final=False):
        lines = super()._get_invoiceable_lines(final)
        if get_request(self).is_final or self._uses_progress_billing():
            return self._get_progress_invoiceable_lines(lines)
        return lines

    def _prepare_invoice(self):
        values = super()._prepare_invoice()
        if get_request(self).is_final:
            values.update(self._prepare_progress_final())
        if self._has_progress_section():
            section = Command.create(self._prepare_progress_section(0))
            values["invoice_line_ids"] = [section, *values["invoice_line_ids"]]
        return values

    def _prepare_down_payment_section_line(self, **optional_values):
        values = super()._prepare_down_payment_section_line(**optional_values)
        if self._has_progress_section():
            values["display_type"] = "line_subsection"
        return values

    def _create_account_invoices(self, invoice_vals_list, final):
        request = get_request(self)
        invoices = [InvoiceValues(self.env, values) for values in invoice_vals_list]
        for invoice in invoices:
            invoice.complete()
            if request.section_order_ids:
                invoice.round_orders_apart()
        self._add_retention_lines(invoice_vals_list)
        if request.is_preview:
            # The host has no method for the values alone.
            raise InvoicesPrepared(invoice_vals_list)
        if not request.is_batch:
            moves = super()._create_account_invoices(invoice_vals_list, final)
        else:
            for invoice in invoices:
                invoice.add_balances()
            # The host says one by one that they were created.
            orders = self.with_context(mail_create_nolog=True)
            moves = super(SaleOrder, orders)._create_account_invoices(
                invoice_vals_list, final
            )
            asked = self.env.context.get("mail_create_nolog", False)
            moves = moves.with_context(mail_create_nolog=asked)
            moves._post_progress_creation()
        moves._get_progress_closed_orders().order_line._refresh_pending()
        return moves

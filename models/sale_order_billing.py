from odoo import models
from odoo.exceptions import LockError, RedirectWarning, UserError
from odoo.fields import Domain
from odoo.tools.misc import formatLang

from .amounts import ceiling


class SaleOrder(models.Model):
    """What the builder and the posting gate ask of an order."""

    _inherit = "sale.order"

    # === WHAT MAY BE BILLED === #

    def _lock_progress(self):
        """Keep anybody else from billing or settling the orders meanwhile."""
        try:
            # In sudo mode because locking a row is no change that needs a right.
            self.sudo().lock_for_update(allow_referencing=True)
        except LockError:
            raise UserError(
                self.env._(
                    "You cannot bill %(orders)s because somebody else is billing or "
                    "changing it right now. Try again in a moment.",
                    orders=", ".join(self.mapped("display_name")),
                )
            ) from None

    def _get_progress_ceiling(self):
        """Return the most that may be billed, untaxed, with the tolerance.

        Whoever may exceed the contract has no ceiling; they are warned all the same.
        """
        self.ensure_one()
        contract = self.progress_contract_amount + self._get_progress_fixed_taxes()
        tolerance = self.company_id.progress_overbilling_tolerance
        return ceiling(contract, tolerance, self.currency_id)

    def _get_progress_fixed_taxes(self):
        """Return the taxes that the host bills as untaxed base on a down payment.

        A fixed tax (so much per unit) has no share: deposits contain it as an amount.
        """
        self.ensure_one()
        lines = self._get_progress_contract_lines()
        taxes = lines.tax_ids.flatten_taxes_hierarchy()
        if all(tax._can_be_discounted() for tax in taxes):
            return 0.0
        base_lines = self.env["progress.billing.allocator"]._get_base_lines(
            lines, is_rest=False
        )
        return sum(
            data["tax_amount_currency"]
            for line in base_lines
            for data in line["tax_details"]["taxes_data"]
            if not data["tax"]._can_be_discounted()
        )

    def _check_progress_billable(self):
        """Refuse to bill orders that are not confirmed."""
        for order in self:
            if order.state != "sale":
                raise UserError(
                    self.env._(
                        "You cannot bill %(order)s because it is not a confirmed "
                        "order. Confirm it first.",
                        order=order.display_name,
                    )
                )

    def _check_progress_ceiling(self, amount=0.0, line=None):
        """Refuse to bill beyond the contract.

        :param float amount: untaxed amount to bill on top of what is billed already.
        :param line: the order line it is billed on, empty for the order.
        :raise UserError: with the figures.
        """
        figures = self._get_progress_excess(amount, line)
        if not figures:
            return
        raise UserError(
            self.env._(
                "You cannot bill %(amount)s of %(record)s because %(billed)s of its "
                "%(contract)s are billed already, drafts included. Bill at most "
                "%(rest)s, or change the order first.",
                record=line.name if line else self.display_name,
                **{
                    name: self._format_progress(figure)
                    for name, figure in figures.items()
                },
            )
        )

    def _get_progress_excess(self, amount, line=None):
        """Return why no such amount may be billed, in figures; empty where it may.

        :param float amount: untaxed amount to bill on top of what is billed already.
        :param line: the order line it is billed on, empty for the order.
        :return: dict of `amount`, `billed`, `contract` and `rest`, untaxed.
        """
        self.ensure_one()
        may_exceed = self.env.user.has_group("progress_billing.group_exceed_contract")
        if may_exceed or self.currency_id.compare_amounts(amount, 0.0) < 0:
            return {}
        if line:
            contract, billed = line.price_subtotal, line.progress_billed_amount
            limit = line._get_progress_ceiling(billed + amount)
        else:
            contract = self.progress_contract_amount
            billed = self.progress_billed_amount
            limit = self._get_progress_ceiling()
        billed += self._get_progress_draft_credits(line)
        # What lowers the billed amount is welcome; a discount line is billed downwards.
        sign = -1 if contract < 0.0 else 1
        total, limit_total = sign * (billed + amount), sign * limit
        compared = self.currency_id.compare_amounts(total, limit_total)
        if sign * amount < 0.0 or compared <= 0:
            return {}
        return {
            "amount": amount or billed,
            "billed": billed,
            "contract": contract,
            "rest": max(limit - billed, 0.0),
        }

    def _get_progress_draft_credits(self, line=None):
        """Return the untaxed amount of draft credit notes, which make no room yet.

        :param line: of one order line and its deposits, empty for the order.
        """
        items = self._get_progress_items()
        if line:
            items = (line | line.progress_deposit_line_ids).sudo().invoice_lines
        drafts = items.filtered(
            lambda item: (
                item.parent_state == "draft"
                and item.move_id.move_type == "out_refund"
                and not item.move_id.is_progress_final
            )
        )
        return -self._sum_progress_items(drafts)

    def _format_progress(self, amount):
        return formatLang(self.env, amount, currency_obj=self.currency_id)

    # === DEPOSIT ACCOUNT === #

    def _get_progress_deposit_account(self, product=None, is_required=True):
        """Return the deposit account: the company's, else the product category's.

        :param bool is_required: raise without a usable one; else return what is set.
        :raise RedirectWarning: when there is none, or one that is not a reconcilable
            current liability; it opens the setting.
        """
        self.ensure_one()
        account = self.company_id.sudo().downpayment_account_id
        if not account and product:
            accounts = product.product_tmpl_id.with_company(
                self.company_id
            ).get_product_accounts(fiscal_pos=self.fiscal_position_id)
            account = accounts.get("downpayment") or account
        if not is_required or self._is_progress_account_usable(account):
            return account
        message = self.env._(
            "You cannot plan or create deposits for %(order)s because company "
            "%(company)s has no deposit account. Choose one under Sales > "
            "Configuration > Settings > Progress Billing > Deposit Account: a current "
            "liability that allows reconciliation.",
            order=self.display_name,
            company=self.company_id.display_name,
        )
        if account:
            message = self.env._(
                "You cannot plan or create deposits for %(order)s because the deposit "
                "account %(account)s is not a current liability that allows "
                "reconciliation. Change it under Sales > Configuration > Settings "
                "> Progress Billing > Deposit Account.",
                order=self.display_name,
                account=account.display_name,
            )
        raise RedirectWarning(
            message,
            self.env.ref("progress_billing.action_progress_billing_settings").id,
            self.env._("Open the settings"),
        )

    def _is_progress_account_usable(self, account):
        """Return whether deposits can be booked on an account, and taken back."""
        return account.account_type == "liability_current" and account.reconcile

    def _has_progress_deposit_account(self, prefetch_ids=()):
        """Return whether deposits on the order would find their account.

        :param prefetch_ids: products of other orders, read in one go with its own.
        """
        self.ensure_one()
        products = self._get_progress_contract_lines().product_id
        return all(
            self._is_progress_account_usable(
                self._get_progress_deposit_account(product, is_required=False)
            )
            for product in products.with_prefetch(prefetch_ids or None) or [None]
        )

    def _check_progress_deposit_account(self):
        """Refuse to plan deposits without an account to book them on."""
        for order in self.filtered(lambda order: order.progress_method == "deposit"):
            products = order._get_progress_contract_lines().product_id
            for product in products or [None]:
                order._get_progress_deposit_account(product)

    # === FOR THE BUILDER === #

    def _get_progress_dates(self, date):
        """Return the dates of an invoice of the order, for its values.

        Dated here and not when it is posted: the host would date (and recompute)
        invoice by invoice. Without payment terms it would be due on the day it is made,
        so perhaps before its own date.
        """
        self.ensure_one()
        dates = {"invoice_date": date}
        return dates if self.payment_term_id else {**dates, "invoice_date_due": date}

    def _get_progress_section_values(self):
        """Return values of the *Down Payments* section, None if the order has it."""
        self.ensure_one()
        if any(line.display_type and line.is_downpayment for line in self.order_line):
            return None
        return self._prepare_down_payment_line_section_values()

    def _get_progress_grouping_fields(self):
        """Return the fields in which orders on one invoice must agree."""
        return [
            "company_id",
            "partner_invoice_id",
            "partner_shipping_id",
            "currency_id",
            "fiscal_position_id",
        ]

    def _get_progress_common_values(self):
        """Return header values of an invoice that bills several orders."""
        references = dict.fromkeys(
            order.client_order_ref or order.name for order in self
        )
        return {
            "ref": ", ".join(references)[:2000],
            "invoice_origin": ", ".join(self.mapped("name")),
            "payment_reference": False,
        }

    def _prepare_progress_section(self, sequence):
        """Return the section line that heads an order on a consolidated invoice."""
        self.ensure_one()
        name = self.env._("Order %(order)s", order=self.name)
        if self.client_order_ref:
            # The customer's own number, by which they check the invoice.
            name = f"{name} ({self.client_order_ref})"
        return {
            "display_type": "line_section",
            "name": name,
            "sequence": sequence,
        }

    def _with_progress_batch(self):
        """Return the orders in a context that spares searches which find nothing."""
        models = self.env["account.analytic.distribution.model"].sudo()
        line_ids = self.order_line.ids
        # In sudo mode because an unseen project gives its account, too.
        projects = self.env["project.project"].sudo()
        linked = projects.search_count(
            Domain("account_id", "!=", False)
            & (
                Domain("sale_line_id", "in", line_ids)
                | Domain("tasks.sale_line_id", "in", line_ids)
            ),
            limit=1,
        )
        return self.with_context(
            progress_billing_plain_analytic=not models.search_count([], limit=1),
            progress_billing_no_project=not linked,
        )

    def _create_progress_moves(self, vals_list):
        """Create invoices in one batch, through the host's own method."""
        return self._create_account_invoices(vals_list, False).sudo(self.env.su)

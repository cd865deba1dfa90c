from odoo import models
from odoo.exceptions import RedirectWarning


class SaleOrder(models.Model):
    """Knows the account that its deposits are booked on."""

    _inherit = "sale.order"

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
        if not is_required or account._is_progress_deposit_account():
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

    def _has_progress_deposit_account(self, prefetch_ids=()):
        """Return whether deposits on the order would find their account.

        :param prefetch_ids: products of other orders, read in one go with its own.
        """
        self.ensure_one()
        products = self._get_progress_contract_lines().product_id
        return all(
            self._get_progress_deposit_account(
                product, is_required=False
            )._is_progress_deposit_account()
            for product in products.with_prefetch(prefetch_ids or None) or [None]
        )

    def _check_progress_deposit_account(self):
        """Refuse to plan deposits without an account to book them on."""
        for order in self.filtered(lambda order: order.progress_method == "deposit"):
            products = order._get_progress_contract_lines().product_id
            for product in products or [None]:
                order._get_progress_deposit_account(product)

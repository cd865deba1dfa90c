from odoo import models


class PaymentTransaction(models.Model):
    """The moment an online payment arrives."""

    _inherit = "payment.transaction"

    def _create_payment(self, **extra_create_values):
        payment = super()._create_payment(**extra_create_values)
        self.invoice_ids._reconcile_retention_payment(payment)
        return payment

from odoo import api, models

from ..exchange.entry import get_exchange
from ..invoicing.request import get_request


class AccountMoveLine(models.Model):
    """The moments of a journal item: copied, reconciled."""

    _name = "account.move.line"
    _inherit = ["account.move.line", "progress.billing.guard"]

    def _keep_given_values(self, vals_list):
        if get_request(self).is_batch:
            pairs = zip(self, vals_list, strict=True)
            given = [item.id for item, vals in pairs if "price_total" in vals]
            self.browse(given)._forget_progress_prices()
        return super()._keep_given_values(vals_list)

    def _copy_data_extend_business_fields(self, values):
        # A credit note belongs to what its invoice bills, and the reversal of an
        # adjustment to the same deposit, so that a sum over both is what stands.
        result = super()._copy_data_extend_business_fields(values)
        values.update(
            {
                "progress_line_id": self.progress_line_id.id,
                "progress_budget_line_id": self.progress_budget_line_id.id,
                "progress_by_amount": self.progress_by_amount,
                "is_progress_recall": self.is_progress_recall,
                "progress_adjusted_move_id": self.progress_adjusted_move_id.id,
                "progress_adjusted_line_id": self.progress_adjusted_line_id.id,
                **self._prepare_retention_copy(),
            }
        )
        return result

    def _compute_epd_needed(self):
        result = super()._compute_epd_needed()
        self._set_progress_discounts()
        return result

    @api.model
    def _prepare_reconciliation_single_partial(
        self, debit_values, credit_values, shadowed_aml_values=None
    ):
        partial = super()._prepare_reconciliation_single_partial(
            debit_values, credit_values, shadowed_aml_values
        )
        exchange = get_exchange(self)
        if exchange and exchange.books(debit_values["aml"], credit_values["aml"]):
            # It is part of an entry that is made along with the partials.
            partial.pop("exchange_values", None)
        return partial

    @api.model
    def _reconcile_plan(self, reconciliation_plan):
        if get_exchange(self):
            return super()._reconcile_plan(reconciliation_plan)
        moves = self._get_progress_recalls(reconciliation_plan).move_id
        if not moves:
            return super()._reconcile_plan(reconciliation_plan)
        # By whatever reconciles a deposit: its taxes belong to it.
        return moves._reconcile_progress_plan(reconciliation_plan, self)

    def _check_amls_exigibility_for_reconciliation(self, shadowed_aml_values=None):
        exchange = get_exchange(self)
        if exchange and exchange.is_preview:
            # Of what posting will have reopened, so not refused for being reconciled.
            return None
        return super()._check_amls_exigibility_for_reconciliation(shadowed_aml_values)

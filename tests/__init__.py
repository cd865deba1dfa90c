from . import (
    test_access,
    test_guards,
    test_house,
    test_languages,
    test_rooms,
    test_rpc,
    test_tour_main,
)
from .arithmetic import (
    test_amounts,
    test_fx,
    test_instalments,
)
from .budget import (
    test_budget,
    test_budget_mix_properties,
    test_budget_properties,
    test_project_template,
    test_rule,
)
from .customer import (
    test_history,
    test_invoices,
    test_paper,
    test_schedule,
)
from .exchange import (
    test_currency,
    test_currency_batch,
    test_currency_edges,
    test_currency_preview,
    test_currency_properties,
    test_currency_siblings,
    test_currency_tax_accounts,
    test_currency_taxes,
    test_currency_wizard,
)
from .invoicing import (
    test_as_by_hand,
    test_chatter,
    test_deposit,
    test_deposit_account,
    test_draft_credits,
    test_fixed_taxes,
    test_host_gaps,
    test_never_below_zero,
    test_overbilling,
    test_properties,
    test_small_bills,
    test_totals,
)
from .overview import (
    test_cash_forecast,
    test_overview,
    test_overview_retention,
    test_tour_screens,
)
from .ledger import (
    test_deposit_ledger,
    test_earned_report,
)
from .plan import (
    test_generate,
    test_habits,
    test_planning,
    test_project_lines,
    test_quotation_template,
)
from .proforma import (
    test_left_pending,
    test_proforma,
    test_proforma_portal,
)
from .properties import (
    test_any_actions,
    test_bare_host,
)
from .retention import (
    test_booking,
    test_electronic,
    test_job,
    test_ledger,
    test_paths,
    test_payment,
    test_retention_properties,
    test_release,
    test_tax_at_release,
    test_terms,
    test_tour_retention,
)
from .run import (
    test_batches,
    test_cron,
    test_cron_job,
    test_hours_and_fees,
    test_project_billing,
    test_project_run,
    test_run,
    test_run_preview,
    test_screen_queries,
    test_to_bill,
    test_tour_run,
)
from .statement import (
    test_statement,
    test_statement_properties,
    test_statement_retention,
    test_statement_sent,
)
from .settlement import (
    test_branches,
    test_consolidated,
    test_final,
    test_final_preview,
    test_interim,
    test_interim_rest,
    test_invoice_status,
    test_mixed_parts,
    test_order_changes,
    test_recalls,
    test_recalls_mixed,
    test_rest,
    test_spread_taxes,
    test_undo,
    test_undo_final,
)

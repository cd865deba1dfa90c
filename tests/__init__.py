from . import (
    test_currency,
    test_deposit,
    test_deposit_account,
    test_final,
    test_host_gaps,
    test_house,
    test_invoice_status,
    test_order_changes,
    test_overbilling,
    test_undo,
)

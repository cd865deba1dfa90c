{
    "name": "Progress Billing",
    "summary": "Bill long work in parts and take back exactly what was billed",
    "version": "19.0.1.2.0",
    "category": "Sales/Sales",
    "license": "LGPL-3",
    "author": "Progress Billing maintainers",
    "development_status": "Beta",
    "images": ["static/description/order.png"],
    "depends": ["sale_project"],
    "data": [
        # Security.
        "security/res_groups.xml",
        "security/ir.model.access.csv",
        "security/ir_rule.xml",
        # Records.
        "data/mail_activity_type_data.xml",
        "data/ir_cron_data.xml",
        "data/progress_billing_template_data.xml",
        # The mail template attaches the report.
        "report/progress_billing_proforma_templates.xml",
        "report/progress_billing_proforma_report.xml",
        "data/progress_billing_proforma_data.xml",
        "data/mail_template_data.xml",
        # A button of the lists opens it.
        "wizards/progress_billing_postpone_views.xml",
        # Views.
        "views/res_config_settings_views.xml",
        "views/progress_billing_line_views.xml",
        "views/account_move_views.xml",
        "views/sale_order_views.xml",
        # Views of plans and runs.
        "views/progress_billing_template_views.xml",
        # Views of projects billed by progress.
        "views/sale_order_line_views.xml",
        "views/progress_billing_rule_views.xml",
        "views/progress_billing_proforma_views.xml",
        "views/progress_billing_proforma_portal.xml",
        "views/project_project_views.xml",
        "views/project_task_views.xml",
        "views/sale_order_template_views.xml",
        # Retention: on orders, invoices, and where terms come from.
        "views/progress_retention_views.xml",
        # Reports; the invoice form shows a table of theirs.
        "report/progress_invoice_transactions.xml",
        "report/progress_retention_templates.xml",
        "report/progress_statement_templates.xml",
        "report/progress_report_templates.xml",
        "report/progress_invoice_templates.xml",
        "views/progress_statement_portal.xml",
        "views/progress_schedule_templates.xml",
        # Wizards.
        "wizards/progress_billing_account_views.xml",
        "wizards/progress_billing_final_views.xml",
        "wizards/sale_advance_payment_inv_views.xml",
        "wizards/progress_billing_run_views.xml",
        "wizards/progress_billing_run_project_views.xml",
        "wizards/progress_billing_generate_views.xml",
        "wizards/progress_retention_release_views.xml",
        "views/progress_billing_overview_views.xml",
        "wizards/progress_retention_ledger_views.xml",
        "wizards/progress_deposit_ledger_views.xml",
        "wizards/progress_earned_report_views.xml",
        "wizards/progress_cash_forecast_views.xml",
        "wizards/progress_billing_history_views.xml",
        # They open all of the above.
        "views/progress_billing_menus.xml",
    ],
    "demo": [
        "demo/progress_billing_demo.xml",
        "demo/progress_billing_project_demo.xml",
        "demo/progress_billing_currency_demo.xml",
        "demo/progress_billing_book_demo.xml",
        "demo/progress_retention_demo.xml",
    ],
    "application": True,
    "post_init_hook": "post_init_hook",
    "assets": {
        "web.assets_backend": [
            "progress_billing/static/src/**/*",
        ],
        "web.assets_tests": [
            "progress_billing/static/tests/tours/**/*",
        ],
    },
}

import { registry } from "@web/core/registry";

/** On an order with one due line planned by the wizard: run billing, then settle. */
registry.category("web_tour.tours").add("progress_billing_run", {
    steps: () => [
        {
            content: "Open the Billing tab",
            trigger: ".o_notebook .nav-link[name='progress_billing']",
            run: "click",
        },
        {
            content: "Open the wizard that generates a plan",
            trigger: "button[name='action_generate_progress']",
            run: "click",
        },
        {
            trigger: ".modal div[name='percent'] input",
            run: "edit 40 && press Tab",
        },
        {
            content: "The preview follows, in the order's currency",
            trigger: ".modal div[name='line_ids'] td[name='amount_untaxed']:contains('4,000.00')",
        },
        {
            trigger: ".modal button[name='action_generate']",
            run: "click",
        },
        {
            content: "The line is planned",
            trigger:
                "body:not(:has(.modal)) div[name='progress_line_ids'] td[name='amount_untaxed']:contains('4,000.00')",
        },
        {
            trigger: "button[data-menu-xmlid='sale.menu_sale_invoicing']",
            run: "click",
        },
        {
            trigger: "[data-menu-xmlid='progress_billing.progress_billing_run_menu']",
            run: "click",
        },
        {
            content: "The run shows what it will bill before it does",
            trigger: ".modal div[name='line_ids'] td[name='run_amount_untaxed']:contains('4,000.00')",
        },
        {
            content: "And what it leaves, with the reason",
            trigger: ".modal .nav-link[name='left']",
            run: "click",
        },
        {
            trigger: ".modal td[name='run_obstacle']:contains('On hold')",
        },
        {
            trigger: ".modal button[name='action_run']",
            run: "click",
        },
        {
            content: "The result names the invoices",
            trigger: ".modal div[name='move_ids'] td[name='invoice_origin']",
        },
        {
            trigger: ".modal button[name='action_view_invoices']",
            run: "click",
        },
        {
            content: "The deposit was posted, as the company wants it",
            trigger:
                "body:not(:has(.modal)) .o_form_view:has(div[name='amount_total'], div[name='tax_totals']) .o_arrow_button_current:contains('Posted')",
        },
    ],
});

registry.category("web_tour.tours").add("progress_billing_run_final", {
    steps: () => [
        {
            trigger: ".o_notebook .nav-link[name='progress_billing']",
            run: "click",
        },
        {
            trigger: "button[name='action_create_final_invoice']",
            run: "click",
        },
        {
            content: "The preview takes the deposit back",
            trigger:
                ".modal div[name='preview_line_ids'] td[name='amount_final']:contains('-4,000.00'), .modal div[name='preview_line_ids'] td[name='amount_final']:contains('4,000.00')",
        },
        {
            trigger: ".modal button[name='action_create']",
            run: "click",
        },
        {
            trigger:
                "body:not(:has(.modal)) .o_form_view button[name='action_post']:visible",
            run: "click",
        },
        {
            content: "The final invoice is posted",
            trigger: ".o_arrow_button_current:contains('Posted')",
        },
    ],
});

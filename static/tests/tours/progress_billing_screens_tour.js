import { registry } from "@web/core/registry";

// A step after an invoice was made: a busy machine takes its time.
const PATIENT = { timeout: 60000 };
const LIST = "div[name='progress_line_ids']";

/** Count a newcomer's clicks: from the start page to the first posted deposit. */
function countClicks(steps, most) {
    const clicks = steps.filter((step) => step.run === "click").length;
    if (clicks > most) {
        throw new Error(`${clicks} clicks instead of at most ${most}`);
    }
    return steps;
}

registry.category("web_tour.tours").add("progress_billing_newcomer", {
    steps: () =>
        countClicks(
            [
                { trigger: ".o_navbar_apps_menu button", run: "click" },
                { trigger: ".o_app[data-menu-xmlid='sale.sale_menu_root']", run: "click" },
                { trigger: ".o_data_row td:contains('NEWCOMER')", run: "click" },
                { trigger: ".o_notebook .nav-link[name='progress_billing']", run: "click" },
                {
                    content: "An empty plan says how to begin",
                    trigger: "div[name='progress_empty'] button[name='action_plan_30_40_30']",
                    run: "click",
                },
                { trigger: `${LIST} .o_data_row:nth-child(3)`, ...PATIENT },
                {
                    content: "The next step is the order's first button",
                    trigger: "button.btn-primary[name='action_bill_next']:contains('3,000.00')",
                    run: "click",
                    ...PATIENT,
                },
                { trigger: "button[name='action_post']", run: "click", ...PATIENT },
                { trigger: ".o_arrow_button_current[data-value='posted']", ...PATIENT },
            ],
            7
        ),
});

registry.category("web_tour.tours").add("progress_billing_basis", {
    steps: () => [
        { trigger: ".o_notebook .nav-link[name='progress_billing']", run: "click" },
        { trigger: `${LIST} .o_field_x2many_list_row_add a`, run: "click" },
        { trigger: `${LIST} .o_selected_row div[name='name'] input`, run: "edit By amount" },
        {
            content: "A share becomes an amount by the button beside it",
            trigger: `${LIST} .o_selected_row button[name='switch_basis']`,
            run: "click",
        },
        {
            trigger: `${LIST} .o_selected_row button[name='switch_basis']:not(:contains('%'))`,
        },
        { trigger: `${LIST} .o_selected_row div[name='percent'] input`, run: "edit 2,500 && press Tab" },
        { trigger: "div[name='progress_planned_amount']:contains('2,500.00')" },
        {
            content: "A typed sign says the same",
            trigger: `${LIST} .o_data_row:first-child td[name='percent']`,
            run: "click",
        },
        { trigger: `${LIST} .o_selected_row div[name='percent'] input`, run: "edit 40% && press Tab" },
        { trigger: "div[name='progress_planned_amount']:contains('4,000.00')" },
        { trigger: ".o_form_button_save", run: "click" },
        { trigger: `.o_form_saved ${LIST} td[name='percent']:contains('40')` },
    ],
});

registry.category("web_tour.tours").add("progress_billing_to_bill", {
    steps: () => [
        {
            content: "The morning screen says what is due",
            trigger: "button[name='card_due']:contains('2'):contains('3,000.00')",
            run: "click",
        },
        { trigger: ".o_list_view .o_data_row:nth-child(2)" },
        { trigger: "thead .o_list_record_selector input", run: "click" },
        {
            content: "The foot adds up what is ticked",
            trigger: "tfoot:contains('3,000.00')",
        },
        { trigger: "button[name='action_bill']", run: "click" },
        {
            content: "The drafts lead back",
            trigger: ".o_data_row:nth-child(2):contains('Draft')",
            ...PATIENT,
        },
        { trigger: ".breadcrumb-item:contains('Due now') a", run: "click" },
        { trigger: "button[name='chip_hold']:contains('1')", ...PATIENT },
        { trigger: "[data-menu-xmlid='progress_billing.menu_progress_to_bill']", run: "click" },
        { trigger: ".o_facet_values:contains('Planned')", ...PATIENT },
        { trigger: "button[name='chip_hold']", run: "click" },
        { trigger: ".o_facet_values:contains('On Hold')" },
        { trigger: ".o_data_row td[name='billing_status']:contains('On Hold')" },
        {
            content: "Nothing is ticked: the run takes all that is due",
            trigger: ".o_control_panel button:contains('Run Billing')",
            run: "click",
        },
        {
            content: "Lines are taken out of a run, and none is added",
            trigger: ".modal [name='line_ids']:not(:has(.o_field_x2many_list_row_add)) thead",
        },
        { trigger: ".modal footer button:contains('Close')", run: "click" },
        { trigger: "body:not(:has(.modal)) .o_list_view" },
    ],
});

registry.category("web_tour.tours").add("progress_billing_phone", {
    steps: () => [
        {
            content: "Orders are cards: what they are worth, and what is billed of it",
            trigger: ".o_kanban_record:contains('PHONE'):contains('10,000.00'):contains('3,000.00')",
            run: "click",
            ...PATIENT,
        },
        { trigger: ".o_form_view .o_notebook a[name='progress_billing']", run: "click" },
        {
            content: "So are their planned lines, with what can be done",
            trigger: `${LIST} .o_kanban_record:contains('Part 2'):contains('2,000.00') button`,
        },
    ],
});

registry.category("web_tour.tours").add("progress_billing_phone_projects", {
    steps: () => [
        {
            content: "Projects are cards with what is to bill; they lead to the budget",
            trigger: ".o_kanban_record:contains('PHONE'):contains('600.00')",
            run: "click",
            ...PATIENT,
        },
        { trigger: ".o_list_view, .o_kanban_view .o_kanban_record:contains('600.00')", ...PATIENT },
    ],
});

const ROWS = "div[name='line_ids'] .o_data_row";

/** Open a report of the app. */
function openReport(name) {
    return [
        {
            trigger: "button[data-menu-xmlid='progress_billing.menu_progress_reports']",
            run: "click",
        },
        { trigger: `[data-menu-xmlid='progress_billing.menu_progress_${name}']`, run: "click" },
    ];
}

registry.category("web_tour.tours").add("progress_billing_reports", {
    steps: () => [
        ...openReport("deposit_ledger"),
        { trigger: ".text-success:contains('The ledger ties to the account')", ...PATIENT },
        {
            content: "A deposit opens what it adds up",
            trigger: `${ROWS}:has(td[name='balance_closing']:contains('3,000.00')) button[name='action_view_items']`,
            run: "click",
        },
        { trigger: ".o_list_view .o_data_row:contains('3,000.00')", ...PATIENT },
        ...openReport("earned_report"),
        {
            content: "Work ahead of billing is under",
            trigger: `${ROWS} td[name='balance_difference']:contains('-600.00')`,
            ...PATIENT,
        },
        ...openReport("cash_forecast"),
        { trigger: `${ROWS}:contains('Open Invoice'):contains('2,450.00')`, ...PATIENT },
        { trigger: "div[name='with_quotations'] input", run: "click" },
        {
            content: "Quotations by their probability",
            trigger: `${ROWS}:contains('Quotation'):contains('1,150.00')`,
            ...PATIENT,
        },
        { trigger: "button[name='action_view_months']", run: "click" },
        { trigger: ".o_pivot td:contains('2,450.00'), .o_pivot td:contains('1,150.00')", ...PATIENT },
    ],
});

registry.category("web_tour.tours").add("progress_billing_history", {
    steps: () => [
        { trigger: "button[name='action_open_billing_history']", run: "click" },
        {
            content: "The balance runs, with its currency",
            trigger: `${ROWS}:contains('Payment') td[name='amount_open']:contains('$ 2,450.00')`,
            ...PATIENT,
        },
        { trigger: "button[name='action_view_documents']", run: "click" },
        { trigger: ".o_list_view .o_data_row:contains('Payment')", ...PATIENT },
        { trigger: ".breadcrumb-item:contains('Billing History') a", run: "click" },
        { trigger: `${ROWS}:contains('Deposit') td[name='amount_open']:contains('3,450.00')`, ...PATIENT },
    ],
});

const BUDGET = [
    { trigger: "button[name='action_view_revenue_budget']:visible", run: "click" },
    { trigger: ".o_progress_budget_bar div[name='pending']", ...PATIENT },
];

registry.category("web_tour.tours").add("progress_billing_copy_last", {
    steps: () => [
        ...BUDGET,
        { trigger: "button[name='preview_and_bill']:disabled" },
        { trigger: "button[name='copy_last']", run: "click" },
        { trigger: "td[name='pending_amount']:contains('400.00')", ...PATIENT },
        { trigger: "button[name='preview_and_bill']:enabled", run: "click" },
        {
            content: "Nothing is billed unseen",
            trigger: ".modal div[name='budget_ids'] .o_data_row:contains('400.00')",
            ...PATIENT,
        },
        { trigger: ".modal button[name='action_run']", run: "click" },
        { trigger: ".modal div[name='move_ids'] .o_data_row, .o_form_view button[name='action_post']", ...PATIENT },
    ],
});

for (const answer of ["accept", "keep"]) {
    const button = answer === "accept" ? "accept_billed" : "keep_pending";
    registry.category("web_tour.tours").add(`progress_billing_${answer}`, {
        steps: () => [
            ...BUDGET,
            {
                content: "What is left is asked about",
                trigger: `div[name='question']:contains('200.00') button[name='${button}']`,
                run: "click",
            },
            {
                content: "And answered",
                trigger: ".o_progress_budget_bar:not(:has(div[name='question']))",
                ...PATIENT,
            },
        ],
    });
}

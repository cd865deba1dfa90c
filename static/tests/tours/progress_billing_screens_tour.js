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
    ],
});

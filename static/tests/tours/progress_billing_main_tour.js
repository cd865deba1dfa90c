import { registry } from "@web/core/registry";

const LIST = "div[name='progress_line_ids']";
const ROW = `${LIST} .o_selected_row`;

/** Open the order's Billing tab. */
function openBilling() {
    return [
        {
            content: "Open the Billing tab",
            trigger: ".o_notebook .nav-link[name='progress_billing']",
            run: "click",
        },
    ];
}

/** Add a planned line; the planned total must follow before anything is saved. */
function planLine({ date, title, percent, planned }) {
    return [
        {
            content: `Add the line ${title}`,
            trigger: `${LIST} .o_field_x2many_list_row_add a`,
            run: "click",
        },
        {
            trigger: `${ROW} div[name='date'] input, ${ROW} div[name='date'] button`,
            run: "click",
        },
        {
            trigger: `${ROW} div[name='date'] input`,
            run: `edit ${date}`,
        },
        {
            trigger: `${ROW} div[name='name'] input`,
            run: `edit ${title}`,
        },
        {
            trigger: `${ROW} div[name='percent'] input`,
            run: `edit ${percent} && press Tab`,
        },
        {
            content: "The planned total moves while one types",
            trigger: `div[name='progress_planned_amount']:contains('${planned}')`,
        },
    ];
}

registry.category("web_tour.tours").add("progress_billing_plan", {
    steps: () => [
        ...openBilling(),
        ...planLine({
            date: "03/01/2026",
            title: "With the order",
            percent: "30",
            planned: "3,000.00",
        }),
        ...planLine({
            date: "03/15/2026",
            title: "Half way",
            percent: "20",
            planned: "5,000.00",
        }),
        ...planLine({
            date: "03/01/2027",
            title: "Before the end",
            percent: "60",
            planned: "11,000.00",
        }),
        {
            content: "Planning too much warns at once",
            trigger: ".alert-warning:contains('1,000.00')",
        },
        {
            trigger: `${LIST} .o_data_row:nth-child(3) td[name='percent']`,
            run: "click",
        },
        {
            trigger: `${ROW} div[name='percent'] input`,
            run: "edit 40 && press Tab",
        },
        {
            trigger: "div[name='progress_planned_amount']:contains('9,000.00')",
        },
        {
            content: "Save the plan",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "Create the first invoice",
            trigger: `.o_form_saved ${LIST} .o_data_row:first button[name='action_create_invoice']`,
            run: "click",
        },
        {
            content: "The deposit invoice opens, with its way back",
            trigger: "button[name='action_view_progress_lines']:visible",
            timeout: 60000,
        },
        {
            trigger: "button[name='action_post']",
            run: "click",
        },
        {
            trigger: ".o_arrow_button_current[data-value='posted']",
        },
    ],
});

registry.category("web_tour.tours").add("progress_billing_finish", {
    steps: () => [
        ...openBilling(),
        {
            content: "The job billed the line that was due, not the later one",
            trigger: `${LIST} .o_data_row:nth-child(2) td[name='billing_status']:contains('Posted')`,
        },
        {
            trigger: `${LIST} .o_data_row:nth-child(3) td[name='billing_status']:contains('Planned')`,
        },
        {
            content: "Finish the order",
            trigger: "button[name='action_create_final_invoice']",
            run: "click",
        },
        {
            content: "The preview takes back both deposits",
            trigger: ".modal div[name='preview_line_ids'] .o_data_row:contains('-3,000.00')",
        },
        {
            trigger: ".modal div[name='preview_line_ids'] .o_data_row:contains('-2,000.00')",
        },
        {
            trigger: ".modal div[name='amount_untaxed']:contains('5,000.00')",
        },
        {
            trigger: ".modal button[name='action_create']",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) button[name='action_post']",
            run: "click",
        },
        {
            trigger: ".o_arrow_button_current[data-value='posted']",
        },
    ],
});

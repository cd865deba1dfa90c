import { registry } from "@web/core/registry";

/** Open a page of the order. */
function openPage(name) {
    return [
        {
            content: `Open the page ${name}`,
            trigger: `.o_notebook .nav-link[name='${name}']`,
            run: "click",
        },
    ];
}

/** Bill a planned line of the order, post the invoice, and read its statement. */
function billLine(position, toPay, toDate) {
    return [
        ...openPage("progress_billing"),
        {
            trigger: `div[name='progress_line_ids'] .o_data_row:nth-child(${position}) button[name='action_create_invoice']`,
            run: "click",
        },
        {
            content: "The draft says what is to pay, before it is posted",
            trigger: `div[name='retention_payable_amount']:contains('${toPay}')`,
        },
        {
            trigger: "button[name='action_post']",
            run: "click",
        },
        {
            trigger: ".o_arrow_button_current[data-value='posted']",
        },
        {
            content: "Exactly that is due",
            trigger: `div[name='amount_residual']:contains('${toPay}')`,
        },
        ...openPage("progress_statement"),
        {
            content: "The statement says what was done before, now and in all",
            trigger: `div[name='progress_statement_preview']:contains('${toDate}')`,
        },
        {
            content: "Back to the order",
            trigger: ".o_breadcrumb .breadcrumb-item:last a, .o_back_button a",
            run: "click",
        },
    ];
}

registry.category("web_tour.tours").add("progress_retention", {
    steps: () => [
        ...openPage("progress_retention"),
        {
            content: "Hold back 5 %",
            trigger: "div[name='retention_percent'] input",
            run: "edit 5 && press Tab",
        },
        {
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            trigger: ".o_form_saved",
        },
        ...billLine(1, "22,800.00", "20,000.00"),
        ...billLine(2, "19,950.00", "37,500.00"),
        ...openPage("progress_retention"),
        {
            trigger: "div[name='retention_held_amount']:contains('2,250.00')",
        },
        {
            trigger: "button[name='action_release_retention']",
            run: "click",
        },
        {
            trigger: ".modal div[name='line_ids'] .o_data_row:contains('2,250.00')",
        },
        {
            trigger: ".modal button[name='action_release']",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) button[name='action_post']",
            run: "click",
        },
        {
            trigger: ".o_arrow_button_current[data-value='posted']",
        },
        {
            content: "The release is paid like any invoice",
            trigger: "button[name='action_register_payment']",
            run: "click",
        },
        {
            trigger: ".modal button[name='action_create_payments']",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) .ribbon",
        },
    ],
});

import { readColumn, readNumber } from "@progress_billing/budget_list/entered_number";

import { registry } from "@web/core/registry";

const cell = (row, field) =>
    `.o_list_view tr.o_data_row:nth-child(${row}) td[name=${field}]`;

const type = (row, field, value, expected) => [
    {
        content: `Open ${field} of line ${row}`,
        trigger: cell(row, field),
        run: "click",
    },
    {
        content: `Type ${value}`,
        trigger: `${cell(row, field)} input`,
        run: `edit ${value} && press Tab`,
    },
    {
        content: `The pending amount follows`,
        trigger: `${cell(row, "pending_amount")}:contains(${expected}), ${cell(row, "pending_amount")} input:value(${expected})`,
    },
];

const paste = (content, row, text) => ({
    content,
    trigger: `${cell(row, "completed_percent")} input`,
    run() {
        const clipboardData = new DataTransfer();
        clipboardData.setData("text/plain", text);
        this.anchor.dispatchEvent(
            new ClipboardEvent("paste", {
                clipboardData,
                bubbles: true,
                cancelable: true,
            })
        );
    },
});

registry.category("web_tour.tours").add("progress_billing_hours_and_fees", {
    steps: () => [
        {
            content: "Open the revenue budget",
            trigger: "button[name=action_view_revenue_budget]",
            run: "click",
        },
        ...type(1, "pending_amount", "2400", "2,400.00"),
        ...type(2, "pending_quantity", "240", "5,280.00"),
        ...type(3, "pending_quantity", "24", "6,000.00"),
        {
            content: "Save",
            trigger: ".o_list_button_save:enabled",
            run: "click",
        },
        {
            content: "The total follows",
            trigger: ".o_progress_budget_bar [name=pending]:contains(13,680.00)",
        },
        {
            content: "See what is billed",
            trigger: "button[name=preview_and_bill]:enabled",
            run: "click",
        },
        {
            content: "It is what was typed, and nothing else",
            trigger: ".modal div[name=budget_ids] td[name=amount]:contains(13,680.00)",
        },
        {
            content: "Bill it",
            trigger: ".modal button[name=action_run]",
            run: "click",
        },
        {
            content: "Open what that made",
            trigger: ".modal button[name=action_view_invoices]:visible",
            run: "click",
        },
        {
            content: "Post the invoice",
            trigger: "body:not(:has(.modal)) .o_form_view button[name=action_post]:enabled",
            run: "click",
        },
        {
            content: "It is posted",
            trigger: ".o_arrow_button_current:contains(Posted)",
        },
    ],
});

registry.category("web_tour.tours").add("progress_billing_budget_paste", {
    steps: () => [
        {
            content: "Open the revenue budget",
            trigger: "button[name=action_view_revenue_budget]",
            run: "click",
        },
        {
            content: "Open the first percentage",
            trigger: cell(1, "completed_percent"),
            run: "click",
        },
        paste("Paste a column copied from a spreadsheet", 1, "10\r\n25.5 %\r\n100\r\n"),
        {
            content: "The last row is filled",
            trigger: `${cell(3, "completed_percent")}:contains(100.00)`,
        },
        {
            content: "The second too, and its pending amount",
            trigger: `${cell(2, "pending_amount")}:contains(2,692.80)`,
        },
        {
            content: "Nothing is left to save",
            trigger: ".o_list_view:not(:has(.o_list_button_save))",
        },
    ],
});

const ENGLISH = { decimalPoint: ".", thousandsSep: "," };
const GERMAN = { decimalPoint: ",", thousandsSep: "." };
const FRENCH = { decimalPoint: ",", thousandsSep: "\u202f" };

/** Texts, and what they are in English, German and French sessions. */
const PASTED = [
    ["", null, null, null],
    ["abc", NaN, NaN, NaN],
    ["1-2", NaN, NaN, NaN],
    ["5", 5, 5, 5],
    ["-5 %", -5, -5, -5],
    ["5,5", 5.5, 5.5, 5.5],
    ["5.5", 5.5, 5.5, 5.5],
    [",5", 0.5, 0.5, 0.5],
    ["33,33", 33.33, 33.33, 33.33],
    ["2,400", 2400, 2.4, 2.4],
    ["2.400", 2.4, 2400, 2400],
    ["1,234.56", 1234.56, 1234.56, 1234.56],
    ["1.234,56", 1234.56, 1234.56, 1234.56],
    ["1\u202f234,56", 1234.56, 1234.56, 1234.56],
    ["1,2,3", NaN, NaN, NaN],
];

/** Columns pasted in an English session, and what they are. */
const COLUMNS = [
    [
        ["55,5", "55.5"],
        [55.5, 55.5],
    ],
    [
        ["1,234", "2,500"],
        [1234, 2500],
    ],
    [
        ["1,234", "55,5"],
        [NaN, 55.5],
    ],
    [
        ["", "7", "5,5"],
        [null, 7, 5.5],
    ],
];

registry.category("web_tour.tours").add("progress_billing_budget_paste_decimals", {
    steps: () => [
        {
            content: "Numbers are read, never ten times as much as they were",
            trigger: "button[name=action_view_revenue_budget]",
            run: (helpers) => {
                for (const [text, ...expected] of PASTED) {
                    for (const [index, language] of [ENGLISH, GERMAN, FRENCH].entries()) {
                        const value = readNumber(text, language);
                        if (!Object.is(value, expected[index])) {
                            throw new Error(`${text} is ${value}, not ${expected[index]}`);
                        }
                    }
                }
                for (const [texts, expected] of COLUMNS) {
                    const values = readColumn(texts, ENGLISH);
                    if (!values.every((value, index) => Object.is(value, expected[index]))) {
                        throw new Error(`${texts} are ${values}, not ${expected}`);
                    }
                }
                return helpers.click();
            },
        },
        {
            content: "Open the first percentage",
            trigger: cell(1, "completed_percent"),
            run: "click",
        },
        paste("Paste a column of another language", 1, "5,5\nabout half\n33,25 %\n"),
        {
            content: "What is no number is told",
            trigger: ".o_notification:contains(about half)",
        },
        {
            content: "The rest is pasted",
            trigger: `${cell(3, "completed_percent")}:contains(33.25)`,
        },
        {
            content: "Open the second percentage",
            trigger: cell(2, "completed_percent"),
            run: "click",
        },
        paste("Paste one number", 2, "7,5"),
        {
            content: "It is written in the user's language",
            trigger: `${cell(2, "completed_percent")} input:value(7.5)`,
        },
        {
            content: "Type a percentage as another language writes it",
            trigger: `${cell(2, "completed_percent")} input`,
            run: "edit 12,5 && press Tab",
        },
        {
            content: "It is no ten times as much",
            trigger: `${cell(2, "completed_percent")} input:value(12.50)`,
        },
        {
            content: "Type an amount so",
            trigger: `${cell(2, "pending_amount")} input`,
            run: "edit 1.161,60 && press Tab",
        },
        {
            content: "It is that amount",
            trigger: `${cell(2, "pending_amount")} input:value(1,161.60)`,
        },
        {
            content: "Type the percentage again",
            trigger: `${cell(2, "completed_percent")} input`,
            run: "edit 7,5 && press Tab",
        },
        {
            content: "It is that percentage",
            trigger: `${cell(2, "completed_percent")} input:value(7.50)`,
        },
        {
            content: "Save",
            trigger: ".o_list_button_save:enabled",
            run: "click",
        },
        {
            content: "It is saved",
            trigger: ".o_list_view:not(:has(.o_list_button_save))",
        },
    ],
});

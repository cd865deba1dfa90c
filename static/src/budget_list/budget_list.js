import { useExternalListener } from "@odoo/owl";

import { localization } from "@web/core/l10n/localization";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { X2ManyField, x2ManyField } from "@web/views/fields/x2many/x2many_field";
import { ListRenderer } from "@web/views/list/list_renderer";

import { readNumber } from "./entered_number";

const PASTED_FIELDS = ["completed_percent", "pending_quantity", "pending_amount"];

/** The revenue budget as a spreadsheet: a pasted column fills the rows downwards. */
export class BudgetListRenderer extends ListRenderer {
    setup() {
        super.setup();
        this.notification = useService("notification");
        useExternalListener(window, "paste", this.onPaste, { capture: true });
    }

    async onPaste(ev) {
        const cell = ev.target.closest?.("td[name]");
        const field = cell?.getAttribute("name");
        const record = this.props.list.editedRecord;
        const texts = this.getPastedTexts(ev);
        if (
            !record ||
            !this.rootRef.el?.contains(cell) ||
            !PASTED_FIELDS.includes(field) ||
            !texts.some((text) => /\d/.test(text))
        ) {
            return;
        }
        ev.preventDefault();
        ev.stopPropagation();
        const values = texts.map((text) => readNumber(text, localization));
        const unread = texts.filter((text, index) => Number.isNaN(values[index]));
        if (unread.length) {
            this.notification.add(
                _t("Not pasted, because these are no numbers: %s", unread.join("; ")),
                { type: "warning" }
            );
        }
        if (values.length > 1) {
            await this.pasteColumn(record, field, values);
        } else if (!unread.length) {
            const [value] = values;
            const text = String(value).replace(".", localization.decimalPoint);
            document.execCommand("insertText", false, text);
        }
    }

    async pasteColumn(record, field, values) {
        const { records } = this.props.list;
        const start = records.indexOf(record);
        await this.props.list.leaveEditMode();
        for (const [offset, value] of values.entries()) {
            const target = records[start + offset];
            const isNumber = value !== null && !Number.isNaN(value);
            if (target && isNumber && this.isWritable(target, field)) {
                await target.update({ [field]: value });
            }
        }
    }

    isWritable(record, field) {
        return field !== "pending_quantity" || record.data.progress_basis === "quantity";
    }

    /** Return the first cell of each pasted row. */
    getPastedTexts(ev) {
        const text = ev.clipboardData?.getData("text/plain") || "";
        return text
            .replace(/\r/g, "")
            .replace(/\n+$/, "")
            .split("\n")
            .map((line) => line.split("\t")[0]);
    }
}

export class BudgetX2ManyField extends X2ManyField {
    static components = { ...X2ManyField.components, ListRenderer: BudgetListRenderer };
}

registry.category("fields").add("progress_budget_one2many", {
    ...x2ManyField,
    component: BudgetX2ManyField,
});

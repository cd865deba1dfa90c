import { useExternalListener } from "@odoo/owl";

import { registry } from "@web/core/registry";
import { parseFloat } from "@web/views/fields/parsers";
import { X2ManyField, x2ManyField } from "@web/views/fields/x2many/x2many_field";
import { ListRenderer } from "@web/views/list/list_renderer";

const PASTED_FIELDS = ["completed_percent", "pending_quantity", "pending_amount"];

/** The revenue budget as a spreadsheet: a pasted column fills the rows downwards. */
export class BudgetListRenderer extends ListRenderer {
    setup() {
        super.setup();
        useExternalListener(window, "paste", this.onPaste, { capture: true });
    }

    async onPaste(ev) {
        const cell = ev.target.closest?.("td[name]");
        const field = cell?.getAttribute("name");
        const record = this.props.list.editedRecord;
        const values = this.getPastedValues(ev);
        if (
            !record ||
            !this.rootRef.el?.contains(cell) ||
            !PASTED_FIELDS.includes(field) ||
            values.length < 2
        ) {
            return;
        }
        ev.preventDefault();
        ev.stopPropagation();
        const { records } = this.props.list;
        const start = records.indexOf(record);
        await this.props.list.leaveEditMode();
        for (const [offset, value] of values.entries()) {
            const target = records[start + offset];
            if (target && value !== null && this.isWritable(target, field)) {
                await target.update({ [field]: value });
            }
        }
    }

    isWritable(record, field) {
        return field !== "pending_quantity" || record.data.progress_basis === "quantity";
    }

    /** Return one number per pasted line, null where a line is none. */
    getPastedValues(ev) {
        const text = ev.clipboardData?.getData("text/plain") || "";
        return text
            .replace(/\r/g, "")
            .replace(/\n+$/, "")
            .split("\n")
            .map((line) => {
                try {
                    return parseFloat(line.split("\t")[0].replace("%", "").trim());
                } catch {
                    return null;
                }
            });
    }
}

export class BudgetX2ManyField extends X2ManyField {
    static components = { ...X2ManyField.components, ListRenderer: BudgetListRenderer };
}

registry.category("fields").add("progress_budget_one2many", {
    ...x2ManyField,
    component: BudgetX2ManyField,
});

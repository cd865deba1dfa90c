import { Component, onWillStart, status, useExternalListener, useState } from "@odoo/owl";

import { localization } from "@web/core/l10n/localization";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useBus, useService } from "@web/core/utils/hooks";
import { formatMonetary } from "@web/views/fields/formatters";
import { ListController } from "@web/views/list/list_controller";
import { ListRenderer } from "@web/views/list/list_renderer";
import { listView } from "@web/views/list/list_view";

import { readColumn } from "./entered_number";

const PASTED_FIELDS = ["completed_percent", "pending_quantity", "pending_amount"];
const SAVED = "PROGRESS-BUDGET:SAVED";

/** Over a project's budget: when it is billed, its figures, and what is to be answered. */
export class BudgetBar extends Component {
    static template = "progress_billing.BudgetBar";
    static props = { list: { type: Object } };

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.state = useState({ summary: null });
        onWillStart(() => this.load());
        useBus(this.env.bus, SAVED, () => this.load());
    }

    get projectId() {
        const { active_model, active_id } = this.props.list.context;
        return active_model === "project.project" ? active_id : false;
    }

    get summary() {
        return this.state.summary;
    }

    async load() {
        if (this.projectId) {
            this.state.summary = await this.orm.call(
                "project.project",
                "get_progress_summary",
                [[this.projectId]]
            );
        }
    }

    format(amount) {
        return formatMonetary(amount, { currencyId: this.summary.currency_id });
    }

    get pending() {
        return this.summary.figures.find((figure) => figure.key === "pending").amount;
    }

    get period() {
        const { label, next, last } = this.summary.period;
        const parts = [label];
        if (last) {
            parts.push(_t("last billed on %s", formatDate(deserializeDate(last))));
        }
        if (next) {
            parts.push(_t("next on %s", formatDate(deserializeDate(next))));
        }
        return parts.join(", ");
    }

    getQuestion(question) {
        return _t(
            "%(proforma)s left %(amount)s pending. No run bills it until you say what becomes of it.",
            { proforma: question.proforma, amount: this.format(question.amount) }
        );
    }

    /** Save what is being typed, do something on the server, and show what came of it. */
    async call(model, method, ids) {
        if (!(await this.props.list.leaveEditMode())) {
            return;
        }
        const action = await this.orm.call(model, method, [ids]);
        if (action) {
            await this.action.doAction(action, {
                onClose: () => {
                    // Not waited for: what was made may be shown instead of the list.
                    if (status(this) === "mounted") {
                        this.reload();
                    }
                },
            });
        } else {
            await this.reload();
        }
    }

    async reload() {
        await this.props.list.load();
        await this.load();
    }

    onBill() {
        return this.call("project.project", "action_open_billing_run", [this.projectId]);
    }

    onCopyLast() {
        return this.call("project.project", "action_copy_last", [this.projectId]);
    }

    onHistory() {
        return this.call("project.project", "action_open_billing_history", [this.projectId]);
    }

    onAccept(question) {
        return this.call("sale.order.line", "action_accept_billed", question.line_ids);
    }

    onKeep(question) {
        return this.call("sale.order.line", "action_keep_pending", question.line_ids);
    }

    onProforma(proforma) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "progress.billing.proforma",
            res_id: proforma.id,
            views: [[false, "form"]],
        });
    }
}

/** The revenue budget as a spreadsheet: a pasted column fills the rows downwards. */
export class BudgetListRenderer extends ListRenderer {
    static template = "progress_billing.BudgetListRenderer";
    static components = { ...ListRenderer.components, BudgetBar };

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
        const values = readColumn(texts, localization);
        const unread = texts.filter((text, index) => Number.isNaN(values[index]));
        if (unread.length) {
            this.notification.add(
                _t(
                    "Not pasted, because these are no numbers, or several: %s",
                    unread.join("; ")
                ),
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
                await target.update({ [field]: value }, { save: true });
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

export class BudgetListController extends ListController {
    async onRecordSaved(record) {
        await super.onRecordSaved(record);
        this.env.bus.trigger(SAVED);
    }
}

registry.category("views").add("progress_budget_list", {
    ...listView,
    Controller: BudgetListController,
    Renderer: BudgetListRenderer,
});

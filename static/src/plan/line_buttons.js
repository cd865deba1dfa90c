import { Component } from "@odoo/owl";

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { ViewButton } from "@web/views/view_button/view_button";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** What can be done with a planned line; each button names its line. */
export class LineButtons extends Component {
    static template = "progress_billing.LineButtons";
    static components = { ViewButton };
    static props = { ...standardWidgetProps };

    get buttons() {
        const { billing_status: status, is_billable, name } = this.props.record.data;
        if (!this.props.record.resId) {
            return [];
        }
        const isPlanned = ["planned", "due", "failed"].includes(status);
        const all = [
            {
                name: "action_create_invoice",
                label: _t("Create"),
                isShown: is_billable,
            },
            {
                name: "action_hold",
                label: _t("Hold"),
                icon: "fa-pause",
                isShown: isPlanned,
            },
            {
                name: "action_release",
                label: _t("Release"),
                isShown: status === "hold",
            },
            {
                name: "action_cancel",
                label: _t("Cancel"),
                icon: "fa-ban",
                isShown: isPlanned || status === "hold",
                confirm: _t("Take “%s” out of the plan? It stays in the list, and can be planned again.", name),
            },
            {
                name: "action_replan",
                label: _t("Plan again"),
                isShown: status === "cancel",
            },
        ];
        return all
            .filter((button) => button.isShown)
            .map((button) => ({ ...button, title: _t("%(action)s: %(line)s", { action: button.label, line: name || "" }) }));
    }
}

registry.category("view_widgets").add("progress_line_buttons", {
    component: LineButtons,
    listViewWidth: [105, 140],
    fieldDependencies: [
        { name: "billing_status", type: "selection", readonly: true },
        { name: "is_billable", type: "boolean", readonly: true },
        { name: "name", type: "char" },
    ],
});

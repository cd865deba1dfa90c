import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { BadgeField, badgeField } from "@web/views/fields/badge/badge_field";

/** A line's status as a badge; why it failed is its tooltip, so that rows stay low. */
export class StatusField extends BadgeField {
    static template = "progress_billing.StatusField";

    get reason() {
        return this.props.record.data.error_message || "";
    }
}

registry.category("fields").add("progress_status", {
    ...badgeField,
    component: StatusField,
    displayName: _t("Billing status"),
    fieldDependencies: [{ name: "error_message", type: "text", readonly: true }],
});

import { Component } from "@odoo/owl";

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** The invoice of a planned line with how far it is paid; opens it. */
export class InvoiceField extends Component {
    static template = "progress_billing.InvoiceField";
    static props = { ...standardFieldProps };

    get data() {
        return this.props.record.data;
    }

    get name() {
        // Without the reference that the host adds in brackets: the payment stands there.
        const [name] = this.data[this.props.name].display_name.split(" (");
        return this.data.state === "draft" ? _t("Draft") : name;
    }

    get payment() {
        const { state, payment_state } = this.data;
        if (!payment_state || !["posted", "settled"].includes(state)) {
            return "";
        }
        const { selection } = this.props.record.fields.payment_state;
        return selection.find(([key]) => key === payment_state)?.[1] || "";
    }

    get paymentClass() {
        const state = this.data.payment_state;
        const isPaid = ["paid", "in_payment", "reversed"].includes(state);
        return isPaid ? "text-success" : "text-muted";
    }

    onOpen() {
        return this.env.onClickViewButton({
            clickParams: { name: "action_view_invoice", type: "object" },
            getResParams: () => {
                const { context, evalContext, resModel, resId, resIds } = this.props.record;
                return { context, evalContext, resModel, resId, resIds };
            },
        });
    }
}

registry.category("fields").add("progress_invoice", {
    component: InvoiceField,
    displayName: _t("Invoice and payment"),
    supportedTypes: ["many2one"],
    fieldDependencies: [
        { name: "state", type: "selection", readonly: true },
        { name: "payment_state", type: "selection", readonly: true },
    ],
});

import { Component } from "@odoo/owl";

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { formatMonetary } from "@web/views/fields/formatters";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** Where an order stands: a stacked bar of its contract value, and the same in figures. */
export class ProgressStrip extends Component {
    static template = "progress_billing.Strip";
    static props = { ...standardWidgetProps };

    get data() {
        return this.props.record.data;
    }

    get parts() {
        const { data } = this;
        return [
            { name: "progress_paid_amount", label: _t("Paid"), color: "bg-success" },
            { name: "progress_posted_amount", label: _t("Posted, unpaid"), color: "bg-primary" },
            { name: "progress_draft_amount", label: _t("Draft"), color: "bg-info" },
            { name: "progress_planned_amount", label: _t("Planned"), color: "o_progress_planned" },
            { name: "progress_unplanned_amount", label: _t("Unplanned"), color: "o_progress_unplanned" },
        ].map((part) => ({
            ...part,
            value: data[part.name] || 0,
            text: this.format(data[part.name]),
            share: this.getShare(data[part.name]),
        }));
    }

    get figures() {
        const figures = this.parts;
        if (this.data.progress_method === "deposit" || this.data.progress_deposit_balance) {
            figures.push({
                name: "progress_deposit_balance",
                label: _t("Open deposits"),
                text: this.format(this.data.progress_deposit_balance),
            });
        }
        return figures;
    }

    /** Return a part's share of the bar in percent; what is over the contract too. */
    getShare(value) {
        const names = ["paid", "posted", "draft", "planned", "unplanned"];
        const whole = names.reduce(
            (sum, name) => sum + Math.abs(this.data[`progress_${name}_amount`] || 0),
            0
        );
        return whole ? Math.round((1000 * Math.abs(value || 0)) / whole) / 10 : 0;
    }

    get summary() {
        return this.parts.map((part) => `${part.label} ${part.text}`).join(", ");
    }

    format(value) {
        return formatMonetary(value || 0, { currencyId: this.data.currency_id?.id });
    }
}

registry.category("view_widgets").add("progress_strip", {
    component: ProgressStrip,
    fieldDependencies: [
        ...["paid", "posted", "draft", "planned", "unplanned"].map((name) => ({
            name: `progress_${name}_amount`,
            type: "monetary",
            readonly: true,
        })),
        { name: "progress_deposit_balance", type: "monetary", readonly: true },
        { name: "progress_method", type: "selection" },
        { name: "currency_id", type: "many2one", relation: "res.currency" },
    ],
});

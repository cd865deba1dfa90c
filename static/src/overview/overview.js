import { Component, onWillStart, useState } from "@odoo/owl";

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { formatMonetary } from "@web/views/fields/formatters";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

/** The morning screen: figures of the whole book of work, each opens its list. */
export class ProgressOverview extends Component {
    static template = "progress_billing.Overview";
    static components = { Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.display = { controlPanel: {} };
        this.flags = [
            { key: "auto", label: _t("Automatic"), color: "bg-primary" },
            { key: "yes", label: _t("Manual"), color: "bg-info" },
            { key: "no", label: _t("On hold"), color: "bg-warning" },
        ];
        this.state = useState({});
        onWillStart(async () => {
            Object.assign(
                this.state,
                await this.orm.call("progress.billing.overview", "get_overview", [])
            );
        });
    }

    format(amount, currencyId = this.state.currency_id) {
        return formatMonetary(amount || 0, { currencyId });
    }

    get highest() {
        return Math.max(...this.state.months.map((month) => this.getTotal(month)), 1);
    }

    getTotal(month) {
        return Object.values(month.amounts).reduce((sum, amount) => sum + amount, 0);
    }

    getShare(amount) {
        return Math.round((1000 * Math.max(amount, 0)) / this.highest) / 10;
    }

    getSummary(month) {
        const parts = this.flags.map(
            ({ key, label }) => `${label} ${this.format(month.amounts[key])}`
        );
        return `${month.label}: ${parts.join(", ")}`;
    }

    getCardClass(card) {
        const isBad = ["failed", "overdue"].includes(card.key);
        return card.count ? (isBad ? "text-danger" : "text-primary") : "text-muted";
    }

    open(action) {
        return action && this.action.doAction(action);
    }
}

registry.category("actions").add("progress_billing_overview", ProgressOverview);

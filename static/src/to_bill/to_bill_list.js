import { Component, onWillStart, onWillUpdateProps, status, useState } from "@odoo/owl";

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatMonetary } from "@web/views/fields/formatters";
import { ListRenderer } from "@web/views/list/list_renderer";
import { listView } from "@web/views/list/list_view";

/** Chips over the list, each a filter with its count, and the budgets to be billed. */
export class ToBillBar extends Component {
    static template = "progress_billing.ToBillBar";
    static props = { list: { type: Object } };

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.state = useState({ chips: [], budgets: [] });
        onWillStart(() => this.load());
        onWillUpdateProps(() => this.load());
    }

    async load() {
        Object.assign(
            this.state,
            await this.orm.call("progress.billing.overview", "get_to_bill", [])
        );
    }

    format(amount) {
        return formatMonetary(amount, { currencyId: this.state.currency_id });
    }

    get more() {
        return _t("and %s more", this.state.budgets.length - 4);
    }

    get searchItems() {
        return this.env.searchModel.getSearchItems((item) => item.type === "filter");
    }

    isActive(chip) {
        return this.searchItems.some((item) => item.name === chip.filter && item.isActive);
    }

    /** Show what the chip counts, or all that is planned again. */
    onChip(chip) {
        const wasActive = this.isActive(chip);
        const names = [...this.state.chips.map((each) => each.filter), "planned"];
        const items = this.searchItems;
        for (const item of items) {
            if (names.includes(item.name) && item.isActive) {
                this.env.searchModel.toggleSearchItem(item.id);
            }
        }
        const wanted = wasActive ? "planned" : chip.filter;
        this.env.searchModel.toggleSearchItem(items.find((item) => item.name === wanted).id);
    }

    async onBudget(budget) {
        const action = await this.orm.call("project.project", "action_open_billing_run", [
            [budget.id],
        ]);
        this.action.doAction(action, {
            onClose: () => {
                // Not waited for: what was made may be shown instead of the list.
                if (status(this) === "mounted") {
                    this.props.list.load();
                }
            },
        });
    }
}

export class ToBillListRenderer extends ListRenderer {
    static template = "progress_billing.ToBillListRenderer";
    static components = { ...ListRenderer.components, ToBillBar };
}

registry.category("views").add("progress_to_bill_list", {
    ...listView,
    Renderer: ToBillListRenderer,
});

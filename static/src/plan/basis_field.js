import { Component } from "@odoo/owl";

import { getCurrency } from "@web/core/currency";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { formatFloat, formatMonetary } from "@web/views/fields/formatters";
import { useInputField } from "@web/views/fields/input_field_hook";
import { useNumpadDecimal } from "@web/views/fields/numpad_decimal_hook";
import { parseFloat } from "@web/views/fields/parsers";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** The number of a share or an amount; made anew when it becomes the other one. */
class BasisInput extends Component {
    static template = "progress_billing.BasisInput";
    static props = { ...standardFieldProps, getText: Function, parse: Function };

    setup() {
        useInputField({
            getValue: () => this.props.getText(),
            refName: "numpadDecimal",
            parse: (text) => this.props.parse(text),
        });
        useNumpadDecimal();
    }
}

/**
 * What a planned line bills, in one cell: "30 %" is a share, "3,500.00" with the
 * currency's button an amount. A typed "%" or currency sign chooses between them.
 */
export class BasisField extends Component {
    static template = "progress_billing.BasisField";
    static components = { BasisInput };
    static props = { ...standardFieldProps };

    get data() {
        return this.props.record.data;
    }

    get isPercent() {
        return this.data.amount_type !== "amount";
    }

    get fieldName() {
        return this.isPercent ? "percent" : "amount";
    }

    get currency() {
        return getCurrency(this.data.currency_id?.id)?.symbol || "";
    }

    getNumber() {
        const value = this.data[this.fieldName];
        if (this.isPercent) {
            return formatFloat(value, { digits: [16, 6], trailingZeros: false });
        }
        return formatMonetary(value, {
            currencyId: this.data.currency_id?.id,
            noSymbol: true,
        });
    }

    get text() {
        if (this.isPercent) {
            return `${this.getNumber()}\u00a0%`;
        }
        return formatMonetary(this.data.amount, { currencyId: this.data.currency_id?.id });
    }

    get unit() {
        return this.isPercent ? "%" : this.currency || "#";
    }

    get switchLabel() {
        return this.isPercent
            ? _t("A percentage. Switch to an amount")
            : _t("An amount. Switch to a percentage");
    }

    /** Return the number of a text; a typed sign says what the number is. */
    parse(text) {
        const number = text.replace(/[%\u00a0]/g, "").replace(this.currency, "").trim();
        const value = number ? parseFloat(number) : 0;
        const kind = this.getTypedKind(text);
        if (kind && kind !== this.fieldName) {
            Promise.resolve().then(() => this.choose(kind, value));
        }
        return value;
    }

    getTypedKind(text) {
        if (text.includes("%")) {
            return "percent";
        }
        return this.currency && text.includes(this.currency) ? "amount" : "";
    }

    choose(kind, value) {
        return this.props.record.update({ amount_type: kind, [kind]: value });
    }

    onSwitch() {
        const kind = this.isPercent ? "amount" : "percent";
        // What the line bills now, as the other kind says it.
        const value = kind === "amount" ? this.data.amount_untaxed || 0 : this.data.percent || 0;
        return this.choose(kind, value);
    }
}

export const basisField = {
    component: BasisField,
    displayName: _t("Basis"),
    supportedTypes: ["float"],
    fieldDependencies: [
        { name: "amount_type", type: "selection" },
        { name: "amount", type: "monetary" },
        { name: "amount_untaxed", type: "monetary" },
        { name: "currency_id", type: "many2one", relation: "res.currency" },
    ],
};

registry.category("fields").add("progress_basis", basisField);

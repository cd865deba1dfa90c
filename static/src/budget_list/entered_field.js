import { localization } from "@web/core/l10n/localization";
import { registry } from "@web/core/registry";
import { FloatField, floatField } from "@web/views/fields/float/float_field";
import { MonetaryField, monetaryField } from "@web/views/fields/monetary/monetary_field";

import { readNumber } from "./entered_number";

/** Read what is typed as what is pasted; what is no plain number, as the host does. */
function parseEntered(text, parse) {
    const value = readNumber(text, localization);
    return value === null || Number.isNaN(value) ? parse(text) : value;
}

/** A number, typed in whatever language: the host takes "5,5" in English for 55. */
export class EnteredFloatField extends FloatField {
    parse(text) {
        return parseEntered(text, (other) => super.parse(other));
    }
}

export class EnteredMonetaryField extends MonetaryField {
    get inputOptions() {
        const options = super.inputOptions;
        return { ...options, parse: (text) => parseEntered(text, options.parse) };
    }
}

registry.category("fields").add("progress_float", {
    ...floatField,
    component: EnteredFloatField,
    listViewWidth: 93,
});
registry.category("fields").add("progress_monetary", {
    ...monetaryField,
    component: EnteredMonetaryField,
    listViewWidth: 105,
});

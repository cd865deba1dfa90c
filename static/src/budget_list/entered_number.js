import { escapeRegExp } from "@web/core/utils/strings";

/** Return a pattern of whole texts that are numbers written with these separators. */
function getPattern(decimalPoint, thousandsSep) {
    const point = escapeRegExp(decimalPoint);
    const separator = /\s/.test(thousandsSep) ? "\\s" : escapeRegExp(thousandsSep);
    const whole = thousandsSep ? `\\d{1,3}(?:${separator}\\d{3})+|\\d+` : "\\d+";
    return new RegExp(`^([-+]?)(${whole}|(?=${point}\\d))(?:${point}(\\d*))?$`);
}

/**
 * Read a number that was typed or copied, never ten times as much as it was.
 *
 * As the user's language writes numbers; where that makes no sense ("5,5" in English,
 * whose commas part thousands), as others write them.
 *
 * @param {string} text maybe with a percent sign
 * @param {{decimalPoint: string, thousandsSep: string}} localization
 * @returns {number|null} null for no text, NaN for one that is no number
 */
export function readNumber(text, localization) {
    const value = text.replace("%", "").trim();
    if (!value) {
        return null;
    }
    const ways = [
        [localization.decimalPoint, localization.thousandsSep || ""],
        [",", "."],
        [".", ","],
        [",", " "],
        [".", " "],
    ];
    for (const [decimalPoint, thousandsSep] of ways) {
        const match = value.match(getPattern(decimalPoint, thousandsSep));
        if (match) {
            const [sign, whole, decimals] = match.slice(1);
            return Number(`${sign}${whole.replace(/\D/g, "") || 0}.${decimals || 0}`);
        }
    }
    return NaN;
}

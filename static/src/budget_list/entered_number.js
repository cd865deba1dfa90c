import { escapeRegExp } from "@web/core/utils/strings";

/** Return a pattern of whole texts that are numbers written with these separators. */
function getPattern(decimalPoint, thousandsSep) {
    const point = escapeRegExp(decimalPoint);
    const separator = /\s/.test(thousandsSep) ? "\\s" : escapeRegExp(thousandsSep);
    const whole = thousandsSep ? `\\d{1,3}(?:${separator}\\d{3})+|\\d+` : "\\d+";
    return new RegExp(`^([-+]?)(${whole}|(?=${point}\\d))(?:${point}(\\d*))?$`);
}

/** Return the ways in which numbers are written, the user's own first. */
function getWays(localization) {
    return [
        [localization.decimalPoint, localization.thousandsSep || ""],
        [",", "."],
        [".", ","],
        [",", " "],
        [".", " "],
    ];
}

/** Return the text as a number written in one way, NaN where it is none. */
function readWay(text, [decimalPoint, thousandsSep]) {
    const match = text.match(getPattern(decimalPoint, thousandsSep));
    if (!match) {
        return NaN;
    }
    const [sign, whole, decimals] = match.slice(1);
    return Number(`${sign}${whole.replace(/\D/g, "") || 0}.${decimals || 0}`);
}

const clean = (text) => text.replace("%", "").trim();

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
    const value = clean(text);
    if (!value) {
        return null;
    }
    const numbers = getWays(localization).map((way) => readWay(value, way));
    return numbers.find((number) => !Number.isNaN(number)) ?? NaN;
}

/**
 * Read a column of numbers that belong together.
 *
 * Where the user's own way reads all of them, they are written so. Where it does not,
 * another hand wrote them: a text that could be several numbers ("1,234" beside "55,5")
 * is refused.
 *
 * @param {string[]} texts
 * @param {{decimalPoint: string, thousandsSep: string}} localization
 * @returns {(number|null)[]} as `readNumber`
 */
export function readColumn(texts, localization) {
    const [own, ...others] = getWays(localization);
    const values = texts.map(clean);
    const isOwn = values.every(
        (value) =>
            !value ||
            !Number.isNaN(readWay(value, own)) ||
            others.every((way) => Number.isNaN(readWay(value, way)))
    );
    return values.map((value, index) => {
        if (isOwn || !value) {
            return readNumber(texts[index], localization);
        }
        const numbers = [own, ...others].map((way) => readWay(value, way));
        const different = new Set(numbers.filter((number) => !Number.isNaN(number)));
        return different.size === 1 ? [...different][0] : NaN;
    });
}

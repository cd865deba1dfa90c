"""What invoices say of the taxes on their lines, in both currencies."""

from dataclasses import dataclass, replace

from ..arithmetic import fx


@dataclass(frozen=True)
class TaxPart:
    """What one repartition line of a tax comes to on an invoice line."""

    amount: fx.Amount
    repartition_line: object
    account: object
    tags: object
    #: The taxes that it is a base of.
    taxes: object


@dataclass(frozen=True)
class TaxedLine:
    """The base of an invoice line and the parts of its taxes, as in the ledger."""

    base: fx.Amount
    #: Key of `TaxReader.get_key` -> `TaxPart`.
    parts: dict

    def add(self, discount):
        """Return the line with what an early payment discount reduces of it."""
        parts = dict(self.parts)
        for key, part in discount.parts.items():
            amount = self.parts[key].amount + part.amount
            parts[key] = replace(part, amount=amount)
        return TaxedLine(self.base + discount.base, parts)


class TaxReader:
    """Reads taxes line by line from the journal items of invoices."""

    def __init__(self, env):
        self.env = env
        self._keys = {}

    def get_key(self, repartition_line):
        """Return tax and position: the same on an invoice and on a credit note."""
        key = self._keys.get(repartition_line)
        if not key:
            tax = repartition_line.tax_id
            lines = tax[f"{repartition_line.document_type}_repartition_line_ids"]
            lines = lines.filtered(lambda line: line.repartition_type == "tax")
            key = self._keys[repartition_line] = (
                tax,
                lines.ids.index(repartition_line.id),
            )
        return key

    def read_taxes(self, items):
        """Return item -> `TaxedLine` of all lines of the invoices of some items."""
        lines = {}
        for move in items.move_id:
            line = self._get_only_line(move)
            lines |= {line: self._read_only_line(line)} if line else self._read(move)
        return lines

    def _get_only_line(self, move):
        """Return the item that all taxes of an invoice are of, empty for several.

        Then its tax items are the line's. Those of taxes due on payment are elsewhere.
        """
        items = move.line_ids.filtered("account_id")
        kinds = items.grouped("display_type")
        line = kinds.pop("product", items.browse())
        kinds.pop("payment_term", None)
        taxes = kinds.pop("tax", items.browse())
        on_payment = taxes.tax_line_id.filtered(
            lambda tax: tax.tax_exigibility == "on_payment"
        )
        return line if len(line) == 1 and not kinds and not on_payment else items[:0]

    def _read_only_line(self, line):
        """Return the `TaxedLine` of an invoice's only line, from its tax items."""
        parts = {}
        for item in line.move_id.line_ids.filtered("tax_repartition_line_id"):
            key = self.get_key(item.tax_repartition_line_id)
            amount = fx.Amount(item.amount_currency, item.balance)
            if key in parts:
                amount += parts[key].amount
            parts[key] = TaxPart(
                amount,
                item.tax_repartition_line_id,
                item.account_id,
                item.tax_tag_ids,
                item.tax_ids,
            )
        return TaxedLine(fx.Amount(line.amount_currency, line.balance), parts)

    def _read(self, move):
        """Return item -> `TaxedLine` of an invoice.

        The tax engine shares its tax items out over its lines, to the cent and in both
        currencies. Doing it move by move is its interface; it reads only the cache.
        """
        base_lines, _tax_lines = move._get_rounded_base_and_tax_lines()
        self.env["account.tax"]._add_accounting_data_in_base_lines_tax_details(
            base_lines, move.company_id, include_caba_tags=True
        )
        lines, discounts = {}, {}
        for base_line in base_lines:
            line = self._prepare_line(base_line, move.direction_sign)
            if base_line["special_type"] != "early_payment":
                lines[base_line["record"]] = line
            elif base_line["tax_ids"]:
                discounts[base_line["computation_key"]] = line
        for item in lines if discounts else ():
            discount = discounts.get(item._get_progress_discount_key())
            if discount:
                lines[item] = lines[item].add(discount)
        return lines

    def _prepare_line(self, base_line, sign):
        """Return the `TaxedLine` of one of the tax engine's base lines."""
        record = base_line["record"]
        return TaxedLine(
            fx.Amount(record["amount_currency"], record["balance"]),
            {
                self.get_key(rep["tax_rep"]): TaxPart(
                    fx.Amount(
                        sign * rep["tax_amount_currency"], sign * rep["tax_amount"]
                    ),
                    rep["tax_rep"],
                    rep["account"],
                    rep["tax_tags"],
                    rep["taxes"],
                )
                for data in base_line["tax_details"]["taxes_data"]
                for rep in data["tax_reps_data"]
            },
        )

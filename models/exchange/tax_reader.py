"""Taxes of invoices line by line, in both currencies, as the ledger has them."""

from dataclasses import dataclass, replace

from ..arithmetic import fx


@dataclass(frozen=True)
class TaxPart:
    """One repartition line of a tax on an invoice line, or the base of some taxes.

    A base has neither a repartition line nor an account: it changes none.
    """

    amount: fx.Amount
    repartition_line: object
    account: object
    #: The taxes that it is a base of.
    taxes: object
    tags: object

    def add(self, amount):
        """Return the part with an amount more."""
        return replace(self, amount=self.amount + amount)


class TaxReader:
    """Reads the tax parts of invoice lines, each under a key.

    The key is the same on an invoice and on its credit note: tax and position of a
    repartition line, or the taxes of a base and None.
    """

    def __init__(self, env):
        self.env = env
        self._keys = {}

    def read_taxes(self, items):
        """Return item -> {key: `TaxPart`}, of all lines of some items' invoices."""
        lines = {}
        for move in items.move_id:
            line = self._get_only_line(move)
            lines |= {line: self._read_only_line(line)} if line else self._read(move)
        return lines

    def read_item(self, item):
        """Return key and `TaxPart` of a journal item of a tax, or of a tax base."""
        rep = item.tax_repartition_line_id
        part = TaxPart(
            fx.Amount(item.amount_currency, item.balance),
            rep,
            item.account_id if rep else item.account_id.browse(),
            item.tax_ids,
            item.tax_tag_ids,
        )
        return self._get_key(rep) if rep else (item.tax_ids, None), part

    def _get_key(self, repartition_line):
        key = self._keys.get(repartition_line)
        if not key:
            tax = repartition_line.tax_id
            lines = tax[f"{repartition_line.document_type}_repartition_line_ids"]
            lines = lines.filtered(lambda line: line.repartition_type == "tax")
            key = (tax, lines.ids.index(repartition_line.id))
            self._keys[repartition_line] = key
        return key

    def _get_only_line(self, move):
        """Return the item that all taxes of an invoice are of, empty for several.

        Then its tax items are the line's. Those of taxes due on payment are elsewhere.
        """
        items = move.line_ids.filtered("account_id")
        kinds = items.grouped("display_type")
        line = kinds.pop("product", items.browse())
        kinds.pop("payment_term", None)
        taxes = kinds.pop("tax", items.browse()).tax_line_id
        if len(line) > 1 or kinds or "on_payment" in taxes.mapped("tax_exigibility"):
            return items.browse()
        return line

    def _read_only_line(self, line):
        """Return the parts of an invoice's only line, from its tax items."""
        amount = fx.Amount(line.amount_currency, line.balance)
        parts = self._prepare_bases(line, line.is_refund, amount)
        for item in line.move_id.line_ids.filtered("tax_repartition_line_id"):
            key, part = self.read_item(item)
            parts[key] = part.add(parts[key].amount) if key in parts else part
        return parts

    def _read(self, move):
        """Return item -> {key: `TaxPart`} of an invoice.

        The tax engine shares its tax items out over its lines, to the cent and in both
        currencies. Doing it move by move is its interface; it reads only the cache.
        """
        base_lines, _tax_lines = move._get_rounded_base_and_tax_lines()
        self.env["account.tax"]._add_accounting_data_in_base_lines_tax_details(
            base_lines, move.company_id, include_caba_tags=True
        )
        lines, discounts = {}, {}
        for base_line in base_lines:
            parts = self._read_base_line(base_line, move.direction_sign)
            if base_line["special_type"] != "early_payment":
                lines[base_line["record"]] = parts
            elif base_line["tax_ids"]:
                discounts[base_line["computation_key"]] = parts
        for item in lines if discounts else ():
            discount = discounts.get(item._get_progress_discount_key(), {})
            lines[item] = {
                key: part.add(discount[key].amount) if key in discount else part
                for key, part in lines[item].items()
            }
        return lines

    def _read_base_line(self, base_line, sign):
        """Return the parts of one of the tax engine's base lines."""
        record = base_line["record"]
        parts = self._prepare_bases(
            base_line,
            base_line["is_refund"],
            fx.Amount(record["amount_currency"], record["balance"]),
        )
        for data in base_line["tax_details"]["taxes_data"]:
            for rep in data["tax_reps_data"]:
                parts[self._get_key(rep["tax_rep"])] = TaxPart(
                    fx.Amount(
                        sign * rep["tax_amount_currency"], sign * rep["tax_amount"]
                    ),
                    rep["tax_rep"],
                    rep["account"],
                    rep["taxes"],
                    rep["tax_tags"],
                )
        return parts

    def _prepare_bases(self, line, is_refund, amount):
        """Return the base of a line's taxes, apart by when these are due."""
        taxes = line["tax_ids"]._origin.flatten_taxes_hierarchy()
        return {
            (some, None): TaxPart(
                amount,
                some.repartition_line_ids.browse(),
                self.env["account.account"],
                some,
                some.get_tax_tags(is_refund, "base"),
            )
            for some in taxes.grouped("tax_exigibility").values()
        }

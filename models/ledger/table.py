"""A table of a report: what a PDF and a workbook show."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Column:
    """What one column shows.

    :ivar name: the field of a row.
    :ivar title: what stands above it.
    :ivar kind: the field's type.
    :ivar currency: the field of a row with the currency, of amounts.
    :ivar total: what the amounts of all rows come to; None where they do not add up.
    """

    name: str
    title: str
    kind: str
    currency: str = ""
    total: Any = None

    @property
    def is_number(self):
        """Return whether it is written on the right."""
        return self.kind in ("monetary", "float", "integer")

    def get_value(self, row):
        """Return the value of a row, text for records."""
        value = row[self.name]
        if self.kind == "many2one":
            return value.display_name or ""
        if self.kind == "selection" and value:
            selection = row._fields[self.name]._description_selection(row.env)
            return dict(selection)[value]
        return value if value or self.is_number else ""


@dataclass(frozen=True)
class Table:
    """A title, what is above the columns, the columns, the rows.

    :ivar title: text.
    :ivar facts: pairs of text: what is told, and what it is.
    :ivar columns: `Column`s.
    :ivar rows: records.
    :ivar currency: the currency of the totals.
    """

    title: str
    facts: tuple
    columns: tuple
    rows: Any
    currency: Any

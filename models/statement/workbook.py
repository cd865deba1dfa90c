"""A progress statement as a workbook: the same rows and sums, as numbers."""

import io

import xlsxwriter

from ..ledger.workbook import OPTIONS


def get_workbook(statement, title, layout):
    """Return the content of an XLSX file with rows, summary and totals.

    :param statement: `statement.Statement`.
    :param str title: what stands above it.
    :param str layout: a key of `statement.COLUMNS`.
    """
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, OPTIONS) as book:
        sheet = book.add_worksheet()
        formats = _get_formats(book, statement.currency)
        columns = statement.get_columns(layout)
        sheet.set_column(0, 0, 48)
        sheet.set_column(1, len(columns), 14)
        sheet.write(0, 0, title, formats["bold"])
        sheet.write(1, 0, statement.currency.name)
        row = _write_rows(sheet, 3, statement, columns, formats)
        for number, text, amount in statement.get_summary_lines():
            sheet.write(row, 0, f"{number}  {text}")
            sheet.write_number(row, 1, amount, formats["amount"])
            row += 1
        for text, amount, _is_bold in statement.get_totals():
            sheet.write(row, 0, text)
            sheet.write_number(row, 1, amount, formats["amount"])
            row += 1
        sheet.freeze_panes(4, 1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(3)
    return output.getvalue()


def _get_formats(book, currency):
    decimals = "." + "0" * currency.decimal_places if currency.decimal_places else ""
    amount = f"#,##0{decimals}"
    return {
        "amount": book.add_format({"num_format": amount}),
        "percent": book.add_format({"num_format": "0.00"}),
        "bold": book.add_format({"bold": True}),
        "head": book.add_format({"bold": True, "align": "right", "bottom": 1}),
        "plain": book.add_format(),
        "text": book.add_format({"bold": True, "bottom": 1}),
        "total": book.add_format({"bold": True, "top": 1, "num_format": amount}),
    }


def _write_rows(sheet, first, statement, columns, formats):
    """Write head, rows and total; return the number of the row after a gap."""
    sheet.write(first, 0, statement.get_title("label"), formats["text"])
    for column, (_name, title) in enumerate(columns, 1):
        sheet.write(first, column, title, formats["head"])
    last = first + len(statement.rows) + 1
    for number, row in enumerate([*statement.rows, statement.total], first + 1):
        is_total = number == last
        label = statement.get_title("total") if is_total else statement.get_label(row)
        sheet.write_string(number, 0, label, formats["total" if is_total else "plain"])
        for column, (name, _title) in enumerate(columns, 1):
            kind = "percent" if name == "percent" else "amount"
            kind = "total" if is_total else kind
            sheet.write_number(number, column, getattr(row, name), formats[kind])
    return last + 2

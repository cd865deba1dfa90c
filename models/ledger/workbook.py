"""A table of a report as a workbook: the same rows and sums, as numbers."""

import io

import xlsxwriter

HEAD_ROWS = 2
#: A name is a name, whatever it begins with: no formula, no link.
OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def get_workbook(table):
    """Return the content of an XLSX file with facts, rows and totals.

    :param table: `table.Table`.
    """
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, OPTIONS) as book:
        _write_sheet(book, book.add_worksheet(), table)
    return output.getvalue()


def _write_sheet(book, sheet, table):
    bold = book.add_format({"bold": True})
    sheet.write(0, 0, table.title, bold)
    for row, (label, text) in enumerate(table.facts, 1):
        sheet.write(row, 0, label)
        sheet.write(row, 1, text)
    head = len(table.facts) + HEAD_ROWS
    heads = {
        number: book.add_format({"bold": True, "bottom": 1, "align": align})
        for number, align in ((True, "right"), (False, "left"))
    }
    for column, each in enumerate(table.columns):
        sheet.set_column(column, column, 14 if each.is_number else 22)
        sheet.write(head, column, each.title, heads[each.is_number])
    _write_rows(book, sheet, table, head + 1)
    sheet.freeze_panes(head + 1, 0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(head)


def _write_rows(book, sheet, table, first):
    formats = {}
    last = first + len(table.rows)
    for column, each in enumerate(table.columns):
        for number, row in enumerate(table.rows, first):
            value = each.get_value(row)
            style = _get_format(book, formats, each, row)
            if each.kind == "date" and value:
                sheet.write_datetime(number, column, value, style)
            else:
                sheet.write(number, column, value, style)
        if each.total is not None:
            style = _get_format(book, formats, each, None, table.currency)
            sheet.write_number(last, column, each.total, style)


def _get_format(book, formats, column, row, currency=None):
    """Return the format of a cell, made once a kind; bold in the row of totals."""
    pattern = {"date": "yyyy-mm-dd", "float": "0.00"}.get(column.kind, "General")
    if column.kind == "monetary":
        places = (currency or row[column.currency]).decimal_places
        pattern = "#,##0" + ("." + "0" * places if places else "")
    key = (pattern, row is None)
    if key not in formats:
        style = {"num_format": pattern}
        formats[key] = book.add_format(
            style if row is not None else {**style, "bold": True, "top": 1}
        )
    return formats[key]

"""The main job on the demo order, for real, told as a table."""

from . import places, steps

ORDER = "progress_billing.sale_order_demo_company"
CRON = "progress_billing.ir_cron_generate"
AMOUNTS = {"untaxed", "tax", "total", "debit", "credit"}


def run(odoo, name):
    """Do the main job in a demo database, unless it is done; return the table."""
    path = f"import sys; sys.path.insert(0, {str(places.SCRIPTS)!r})"
    code = f"{path}\nfrom house import demo\ndemo.main(env)"
    with steps.step("running the scheduled job and the final invoice"):
        return odoo.script(name, code, what="run the demo")


# === WITHIN ODOO'S SHELL === #


def main(env):
    """Bill the demo order's due lines, finish it, and print what happened."""
    order = env.ref(ORDER)
    if not order.progress_final_invoice_ids:
        env.ref(CRON).method_direct_trigger()
        # The job has a transaction of its own: leave ours, to see what it wrote.
        env.cr.commit()
        env.invalidate_all()
        order.invoice_ids.filtered(lambda move: move.state == "draft").action_post()
        order._create_final_invoices().action_post()
        env.cr.commit()
    _tell(order)


def _tell(order):
    """Print the order, its deposits, its final invoice and the deposit account."""

    def money(amount):
        return order.currency_id.format(amount)

    print(f"\nOrder {order.name} · {order.partner_id.display_name}")
    print(f"  contract value {money(order.progress_contract_amount)} untaxed,")
    print(f"  {money(order.amount_total)} with tax\n")
    head = ("billing line", "date", "state", "invoice", "untaxed", "tax", "total")
    _table(head, [_deposit(line, money) for line in order.progress_line_ids])
    for move in order.progress_final_invoice_ids:
        print(f"\nFinal invoice {move.name}, {move.invoice_date}")
        print(f"  untaxed {money(move.amount_untaxed)}, tax {money(move.amount_tax)},")
        print(f"  to pay {money(move.amount_total)}\n")
        items = move.line_ids.filtered("account_id")
        _table(("account", "name", "item", "debit", "credit"), map(_item, items))
    account = order.company_id.downpayment_account_id
    moves = order.invoice_ids | order.invoice_ids.progress_adjustment_move_ids
    items = moves.filtered(lambda move: move.state == "posted").line_ids.filtered(
        lambda item: item.account_id == account
    )
    balance = money(-sum(items.mapped("balance")) + 0.0)
    print(f"\nDeposit account {account.code} {account.name}: {balance} for this order")
    print(f"Still to bill: {money(order.progress_remaining_amount)}\n")


def _deposit(line, money):
    """Return the cells of one billing line."""
    date = str(line.date or line.move_id.invoice_date or "")
    amounts = map(money, (line.amount_untaxed, line.amount_tax, line.amount_total))
    return line.name, date, line.state, line.move_id.name or "", *amounts


def _item(item):
    """Return the cells of one journal item."""
    label = (item.name or "").split("\n")[0][:60]
    amounts = (f"{x:,.2f}" if x else "" for x in (item.debit, item.credit))
    return item.account_id.code, item.account_id.name, label, *amounts


def _table(head, rows):
    """Print ``rows`` under ``head``, amounts to the right."""
    rows = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    for row in rows:
        cells = (
            f"{cell:{'>' if title in AMOUNTS else '<'}{width}}"
            for title, cell, width in zip(head, row, widths, strict=True)
        )
        print(" ", "  ".join(cells).rstrip())

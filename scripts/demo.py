"""The main job on the demo order, told as a table; runs inside ``odoo shell``."""

from odoo.tools import formatLang

ORDER = "progress_billing.sale_order_demo_company"
CRON = "progress_billing.ir_cron_generate"


def main(env):
    """Bill the demo order's due lines, finish it, and print what happened."""
    order = env.ref(ORDER)
    if not order.progress_final_invoice_ids:
        run(env, order)
    tell(order)


def run(env, order):
    """Let the scheduled job bill what is due, then post it and the final invoice."""
    env.ref(CRON).method_direct_trigger()
    # The job has a transaction of its own: leave ours, to see what it wrote.
    env.cr.commit()
    env.invalidate_all()
    drafts = order.invoice_ids.filtered(lambda move: move.state == "draft")
    drafts.action_post()
    order._create_final_invoices().action_post()
    env.cr.commit()


def tell(order):
    """Print the order, its deposits, its final invoice and the deposit account."""

    def money(amount):
        return formatLang(order.env, amount, currency_obj=order.currency_id)

    finals = order.progress_final_invoice_ids
    print(f"\nOrder {order.name} · {order.partner_id.display_name}")
    print(f"  contract value {money(order.progress_contract_amount)} untaxed,")
    print(f"  {money(order.amount_total)} with tax\n")
    table(
        ("billing line", "date", "state", "invoice", "untaxed", "tax", "total"),
        [deposit_row(line, money) for line in order.progress_line_ids],
    )
    for move in finals:
        print(f"\nFinal invoice {move.name}, {move.invoice_date}")
        print(f"  untaxed {money(move.amount_untaxed)}, tax {money(move.amount_tax)},")
        print(f"  to pay {money(move.amount_total)}\n")
        table(
            ("account", "name", "item", "debit", "credit"),
            [item_row(item) for item in move.line_ids if item.account_id],
        )
    account, balance = deposit_balance(order)
    name = f"{account.code} {account.name}"
    print(f"\nDeposit account {name}: {money(balance)} for this order")
    print(f"Still to bill: {money(order.progress_remaining_amount)}\n")


def deposit_row(line, money):
    """Return the cells of one billing line."""
    amounts = line.amount_untaxed, line.amount_tax, line.amount_total
    return (
        line.name,
        str(line.date or line.move_id.invoice_date or ""),
        line.state,
        line.move_id.name or "",
        *map(money, amounts),
    )


def item_row(item):
    """Return the cells of one journal item."""
    label = (item.name or "").split("\n")[0]
    debit, credit = (
        f"{value:,.2f}" if value else "" for value in (item.debit, item.credit)
    )
    return item.account_id.code, item.account_id.name, label[:60], debit, credit


def deposit_balance(order):
    """Return the deposit account and what this order's posted entries leave on it."""
    account = order.company_id.downpayment_account_id
    moves = order.invoice_ids | order.invoice_ids.progress_adjustment_move_ids
    items = moves.line_ids.filtered(
        lambda item: item.account_id == account and item.parent_state == "posted"
    )
    return account, -sum(items.mapped("balance")) + 0.0


def table(head, rows):
    """Print ``rows`` under ``head``, amounts to the right."""
    rows = [tuple(str(cell) for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    numbers = {"untaxed", "tax", "total", "debit", "credit"}
    for row in (head, tuple("-" * width for width in widths), *rows):
        cells = (
            cell.rjust(width) if title in numbers else cell.ljust(width)
            for title, cell, width in zip(head, row, widths, strict=True)
        )
        print(" ", "  ".join(cells).rstrip())

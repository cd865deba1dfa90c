"""The main job on the demo order, for real, told as a table."""

from . import places, steps

ORDER = "progress_billing.sale_order_demo_company"
CRON = "progress_billing.ir_cron_generate"


def run(odoo, name, final=True):
    """Do the main job in a demo database, unless it is done; return the table."""
    path = f"import sys; sys.path.insert(0, {str(places.SCRIPTS)!r})"
    code = f"{path}\nfrom house import demo\ndemo.main(env, {final})"
    with steps.step("running the scheduled job, posting what it made"):
        return odoo.script(name, code, what="run the demo")


def main(env, final):
    """Bill the demo order's due lines, finish it if told, and print what happened.

    This runs within Odoo's shell.
    """
    order = env.ref(ORDER)
    if not order.progress_final_invoice_ids:
        env.ref(CRON).method_direct_trigger()
        # The job has a transaction of its own: leave ours, to see what it wrote.
        env.cr.commit()
        env.invalidate_all()
        order.invoice_ids.filtered(lambda move: move.state == "draft").action_post()
        if final:
            order._create_final_invoices().action_post()
        env.cr.commit()
    _tell(order)


def _tell(order):
    """Print the order, its deposits, its final invoice and the deposit account."""
    money = order.currency_id.format
    print(f"\nOrder {order.name} · {order.partner_id.display_name}")
    print(f"  contract value {money(order.progress_contract_amount)} untaxed,")
    print(f"  {money(order.amount_total)} with tax\n")
    row = "  {:<20}{:<12}{:<9}{:<16}{:>12}{:>12}{:>12}"
    print(row.format("billing line", *"date state invoice untaxed tax total".split()))
    for line in order.progress_line_ids:
        amounts = map(money, (line.amount_untaxed, line.amount_tax, line.amount_total))
        date, number = line.date or line.move_id.invoice_date, line.move_id.name or ""
        print(row.format(line.name[:19], f"{date or ''}", line.state, number, *amounts))
    row = "  {:<9}{:<20}{:<54}{:>11}{:>11}"
    for move in order.progress_final_invoice_ids:
        print(f"\nFinal invoice {move.name}, {move.invoice_date}")
        print(f"  untaxed {money(move.amount_untaxed)}, tax {money(move.amount_tax)},")
        print(f"  to pay {money(move.amount_total)}\n")
        print(row.format(*"account name item debit credit".split()))
        for item in move.line_ids.filtered("account_id"):
            account, label = item.account_id, (item.name or "").split("\n")[0][:53]
            amounts = (f"{x:,.2f}" if x else "" for x in (item.debit, item.credit))
            print(row.format(account.code, account.name[:19], label, *amounts))
    account = order.company_id.downpayment_account_id
    moves = order.invoice_ids | order.invoice_ids.progress_adjustment_move_ids
    items = moves.filtered(lambda move: move.state == "posted").line_ids
    items = items.filtered(lambda item: item.account_id == account)
    balance = money(-sum(items.mapped("balance")) + 0.0)
    print(f"\nDeposit account {account.code} {account.name}: {balance} for this order")
    print(f"Still to bill: {money(order.progress_remaining_amount)}\n")

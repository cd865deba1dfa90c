"""What is done in a database that is updated: this runs within Odoo's shell.

It works with the first version of the addon, the present one, and without it.
"""

from odoo.fields import Command


def fill(env):
    """Bring orders and pro formas into every state; return what is there then."""
    company = env.ref("base.main_company")
    env = env(context={**env.context, "allowed_company_ids": company.ids})
    _fill_planned(env)
    _fill_finals(env)
    _fill_projects(env)
    env.cr.commit()
    return read(env)


def _make_order(env, *prices, product=None, **values):
    product = product or env["product.product"].search(
        [("name", "=", "Upgraded")], limit=1
    )
    product = product or env["product.product"].create(
        {"name": "Upgraded", "type": "service", "invoice_policy": "order"}
    )
    partner = env.ref("base.res_partner_2")
    line = {"product_id": product.id}
    order = env["sale.order"].create(
        {
            "partner_id": partner.id,
            "order_line": [
                Command.create({**line, "price_unit": price}) for price in prices
            ],
            **values,
        }
    )
    order.action_confirm()
    return order


def _plan(order, *percents, **values):
    return order.env["progress.billing.line"].create(
        [
            {
                "order_id": order.id,
                "name": f"Part {percent}",
                "percent": percent,
                "date": "2026-01-01",
                **values,
            }
            for percent in percents
        ]
    )


def _bill(lines):
    moves = lines._create_progress_invoices()
    moves.action_post()
    return moves


def _fill_planned(env):
    """Lines that are planned, on hold, cancelled, drafts, posted, credited, failed."""
    for method in ("deposit", "revenue"):
        order = _make_order(env, 1000.0, 333.33, progress_method=method)
        _plan(order, 10.0, date="2030-01-01")
        _plan(order, 10.0, invoice_flag="no")
        _plan(order, 5.0).action_cancel()
        _plan(order, 12.5)._create_progress_invoices()
        _bill(_plan(order, 33.333333))
        credited = _bill(_plan(order, 7.0))
        credited._reverse_moves(cancel=True)
        _bill(_plan(order, 25.0, sale_line_id=order.order_line[0].id))
    failed = _plan(_make_order(env, 500.0), 50.0)
    env.flush_all()
    env.cr.execute(
        "UPDATE progress_billing_line SET amount_type = 'amount', amount = 999 "
        "WHERE id = %s",
        [failed.id],
    )
    env.invalidate_all()
    failed._generate_batch()


def _fill_finals(env):
    """Orders with a final invoice, draft and posted, and with an interim one."""
    for is_posted in (False, True):
        order = _make_order(env, 12870.59)
        _bill(_plan(order, 50.0))
        final = order._create_final_invoices()
        if is_posted:
            final.action_post()
    product = order.order_line[:1].product_id.copy({"invoice_policy": "delivery"})
    delivered = _make_order(env, 1000.0, product=product)
    _bill(_plan(delivered, 50.0))
    delivered.order_line.filtered(lambda line: not line.is_downpayment).write(
        {"qty_delivered": 0.4}
    )
    delivered._create_interim_invoices().action_post()


def _fill_projects(env):
    """Budgets that are pending, and pro formas in every state."""
    product = env["product.product"].create(
        {
            "name": "Planned work",
            "type": "service",
            "service_tracking": "task_in_project",
        }
    )
    for state in ("pending", "draft", "sent", "approved", "cancel", "released"):
        order = _make_order(env, 4800.0, product=product, progress_method="revenue")
        order.project_id.progress_create_proforma = True
        order.order_line.completed_percent = 30.0
        if state == "pending":
            continue
        proforma, _moves = order.project_id._run_billing()
        if state == "released":
            proforma.action_release()
        elif state == "cancel":
            proforma.action_cancel()
        elif state != "draft":
            proforma._set_state(state, ("draft",))


#: Model -> fields that both versions have, and that nobody's update may change.
FIGURES = {
    "sale.order": [
        *("progress_method", "progress_contract_amount", "progress_planned_amount"),
        *("progress_billed_amount", "progress_remaining_amount", "invoice_status"),
        *("progress_deposit_balance", "progress_payment_state", "state"),
    ],
    "sale.order.line": [
        *("budget_quantity", "budget_amount", "completed_percent", "pending_amount"),
        *("draft_amount", "actual_amount", "pending_quantity", "qty_invoiced"),
    ],
    "progress.billing.line": [
        *("state", "amount_untaxed", "amount_tax", "amount_total", "invoice_flag"),
        *("payment_state", "percent", "error_message", "name"),
    ],
    "progress.billing.proforma": ["state", "name", "amount_untaxed", "amount_total"],
    "progress.billing.proforma.line": ["amount_to_invoice", "total_completed_percent"],
    "progress.billing.rule": ["name"],
    "progress.billing.template": ["name"],
}
BOOKS = {
    "account.move": [
        *("state", "name", "amount_untaxed", "amount_tax", "amount_total"),
        *("amount_residual", "payment_state", "move_type"),
    ],
    "account.move.line": ["balance", "amount_currency", "amount_residual", "name"],
    "sale.order": ["state", "amount_total", "name"],
    "project.project": ["name"],
}


def _read(env, figures):
    """Return what is read of each record, by its model and id, as texts."""
    env.invalidate_all()
    return {
        f"{model},{record.id}": [
            str(round(value, 6) if isinstance(value, float) else value or "")
            for value in (record[name] for name in names)
        ]
        for model, names in figures.items()
        if model in env
        for record in env[model].with_context(active_test=False).search([], order="id")
    }


def read(env):
    """Return the amounts and states of all that is ours, and of the books."""
    return {**_read(env, FIGURES), **read_books(env)}


def read_books(env):
    """Return what the host has: invoices, their items, orders, projects."""
    # Demo records are the addon's own: Odoo removes them along with it.
    demo = env["ir.model.data"].search([("module", "=", "progress_billing")])
    ours = {f"{data.model},{data.res_id}" for data in demo}
    return {
        f"books,{key}": values
        for key, values in _read(env, BOOKS).items()
        if key not in ours
    }


def finish(env):
    """Finish one order after the other; none may leave anything on deposits."""
    company = env.ref("base.main_company")
    env = env(context={**env.context, "allowed_company_ids": company.ids})
    left = {}
    orders = env["sale.order"].search(
        [("state", "=", "sale"), ("progress_method", "=", "deposit")]
    )
    for order in orders.filtered("progress_line_ids.move_id"):
        drafts = order.invoice_ids.filtered(lambda move: move.state == "draft")
        drafts.action_post()
        if not order._has_progress_final():
            order._create_final_invoices().action_post()
        items = order.invoice_ids.line_ids | (
            order.invoice_ids.progress_adjustment_move_ids.line_ids
        )
        deposits = items.filtered(
            lambda item: (
                item.account_id == company.downpayment_account_id
                and item.parent_state == "posted"
            )
        )
        balance = round(sum(deposits.mapped("balance")), 2)
        if balance:
            left[order.name] = balance
    env.cr.commit()
    if left:
        raise AssertionError(f"Left on deposits: {left}")
    return len(orders)


def leave_open(env):
    """Make two orders with a posted deposit, for the time after."""
    company = env.ref("base.main_company")
    env = env(context={**env.context, "allowed_company_ids": company.ids})
    for name in ("for the host", "for us"):
        order = _make_order(env, 1000.0, client_order_ref=name)
        _bill(_plan(order, 30.0))
    env.cr.commit()
    return 2


def _get_open(env, name):
    return env["sale.order"].search([("client_order_ref", "=", name)])


def _check_finished(order):
    """Raise unless an order of 1,000 is invoiced, and no deposit is left of it."""
    items = order.invoice_ids.line_ids.filtered(
        lambda item: item.account_id == order.company_id.downpayment_account_id
    )
    total = sum(order.invoice_ids.mapped("amount_untaxed_signed"))
    found = round(total, 2), round(sum(items.mapped("balance")), 2)
    if found != (1000.0, 0.0):
        raise AssertionError(f"Invoiced, and left on deposits: {found}")


def finish_open(env):
    """Finish the order whose deposit the addon made before it was removed."""
    order = _get_open(env, "for us")
    order._create_final_invoices().action_post()
    _check_finished(order)
    env.cr.commit()
    return order.name


def uninstall(env):
    """Remove the addon, as an administrator does."""
    module = env["ir.module.module"].search([("name", "=", "progress_billing")])
    module.button_immediate_uninstall()
    return module.state


def use_host(env):
    """Open the host's forms and have it invoice an order with a down payment."""
    left = env["ir.model.fields"].search([("name", "like", "progress%")])
    left = left.filtered(lambda field: "progress_billing" in field.modules)
    if left:
        raise AssertionError(f"Left behind: {left.mapped('name')}")
    for model in ("sale.order", "account.move", "project.project", "res.partner"):
        env[model].get_views([(False, "form"), (False, "list"), (False, "search")])
    order = _make_order(env, 1000.0)
    _invoice_by_hand(order, advance_payment_method="percentage", amount=30.0)
    for each in (order, _get_open(env, "for the host")):
        _invoice_by_hand(each, advance_payment_method="delivered")
        _check_finished(each)
    env.cr.commit()
    return order.name


def _invoice_by_hand(order, **values):
    wizard = order.env["sale.advance.payment.inv"].with_context(
        active_model="sale.order", active_ids=order.ids
    )
    wizard.create(values)._create_invoices(order).action_post()

from collections import defaultdict

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..arithmetic.claim import DEPOSIT, REVENUE


class ProgressBillingBuilder(models.AbstractModel):
    """Makes draft invoices of claims, in one batch. The only place that does.

    Sources never create invoices themselves. A deposit is the host's down payment, with
    its order lines, so that e-invoicing, portal, reports and profitability know it.
    """

    _name = "progress.billing.builder"
    _description = "Progress Billing Builder"

    def _create_invoices(self, claims, ledgers=None):
        """Create the invoices of some claims and link them to their planned lines.

        :param claims: list of `claim.Claim`, billed in this order.
        :param ledgers: order id -> `OrderLedger` that the claims were made with, in
            this transaction; what was billed is counted in it.
        :return: the draft `account.move` records; a negative total makes a credit note.
        :raise UserError: when an order is not confirmed, is being billed by somebody
            else, has no deposit account, or would be billed beyond its value. Nothing
            is written then.
        """
        orders = self.env["sale.order"].browse(
            dict.fromkeys(claim.order_id for claim in claims)
        )
        moves = self.with_env(orders._with_progress_batch().env)._create_batch(
            claims, orders, ledgers
        )
        return moves.with_env(self.env)

    def _create_batch(self, claims, orders, ledgers):
        """Do the work of `_create_invoices` on the claims' orders."""
        orders = orders.with_env(self.env)
        orders.check_access("write")
        orders._lock_progress()
        orders._check_progress_billable()
        built = self._get_built_claims(claims, orders, ledgers)
        self._check_bills(built)
        self._check_ceiling(built, orders)
        self._create_deposit_lines(built)
        moves = self._create_moves(built)
        self._link_progress_lines(built)
        moves._post_progress_origin()
        return moves

    def _get_built_claims(self, claims, orders, ledgers):
        """Return one dict per claim: `claim`, `order`, `bills`, `lines` and `carry`.

        `bills` are pairs of (part, `Bill`), `lines` of (part, `BillLine`); nothing is
        written yet.
        """
        ledgers = ledgers or orders._get_progress_ledgers()
        by_id = {order.id: order for order in orders}
        built = []
        for claim in claims:
            ledger = ledgers[claim.order_id]
            bills, lines = [], []
            for part in claim.parts:
                taken = ledger.take(part, claim.booking)
                bills += [(part, bill) for bill in taken]
                lines += self._get_part_lines(ledger, claim, part, taken)
            built.append(
                {
                    "claim": claim,
                    "order": by_id[claim.order_id],
                    "bills": bills,
                    "lines": lines,
                    "carry": sum(bill.carry for _part, bill in bills),
                }
            )
        return built

    def _get_part_lines(self, ledger, claim, part, bills):
        """Return the pairs of (part, `BillLine`) that bill a part of a claim."""
        lines = [line for bill in bills for line in ledger.get_bill_lines(bill)]
        if not lines and claim.is_budget and not part.amount:
            # A rule may want lines of nothing; a planned line has nothing to say.
            lines = [ledger.get_zero_line(part, claim.booking)]
        return [(part, line) for line in lines]

    def _check_ceiling(self, built, orders):
        """Refuse to bill more than an order, or an order line, is worth."""
        parts = [
            (values["order"], part.line_id, bill.untaxed)
            for values in built
            for part, bill in values["bills"]
        ]
        # Browsed together, so that their amounts are read together.
        line_ids = {line_id for _order, line_id, _amount in parts}
        lines = self.env["sale.order.line"].browse(line_ids - {0})
        by_id = {line.id: line for line in lines}
        amounts = {order: defaultdict(float) for order in orders}
        for order, line_id, amount in parts:
            amounts[order][order] += amount
            if line_id:
                amounts[order][by_id[line_id]] += amount
        for order, untaxed in amounts.items():
            order._check_progress_amounts(untaxed)

    def _check_bills(self, built):
        """Refuse planned lines of which nothing is left to bill."""
        for values in built:
            if not values["lines"] and not values["claim"].is_budget:
                raise UserError(
                    self.env._(
                        "You cannot bill %(title)s of %(order)s because nothing is "
                        "left to bill. Change its amount, or delete it.",
                        title=values["claim"].title,
                        order=values["order"].display_name,
                    )
                )

    # === DEPOSITS ON THE ORDER === #

    def _create_deposit_lines(self, built):
        """Create the host's down payment order lines of all deposit claims at once.

        Each pair of (part, `BillLine`) becomes (part, `BillLine`, order line).
        """
        orders = self.env["sale.order"].browse(values["order"].id for values in built)
        vals_list = self._prepare_deposit_lines(built)
        # In sudo mode because invoicing people may write orders but not add lines; the
        # right to bill the orders was checked when they were locked.
        lines = (
            self.env["sale.order.line"]
            .sudo()
            .with_context(sale_no_log_for_new_lines=True)
        )
        with orders._keeping_progress_worth(vals_list):
            lines = lines.create(vals_list)
        created = iter(
            lines.sudo(self.env.su).filtered(lambda line: not line.display_type)
        )
        OrderLine = self.env["sale.order.line"]
        for values in built:
            values["lines"] = [
                (
                    part,
                    line,
                    OrderLine.browse(line.deposit_id or line.line_id) or next(created),
                )
                for part, line in values["lines"]
            ]

    def _prepare_deposit_lines(self, built):
        """Return the values of down payment lines, each order's section before them."""
        vals_list = []
        sequences = {}
        for values in built:
            lines = [
                (part, line.base_line)
                for part, line in values["lines"]
                if not line.deposit_id and not line.line_id
            ]
            if not lines:
                continue
            order = values["order"]
            if order not in sequences:
                sequences[order] = max(order.order_line.mapped("sequence") or [10])
                section = order._get_progress_section_values()
                if section:
                    sequences[order] += 1
                    vals_list.append({**section, "sequence": sequences[order]})
            for part, base_line in lines:
                sequences[order] += 1
                vals_list.append(
                    {
                        **order._prepare_down_payment_line_values_from_base_line(
                            base_line
                        ),
                        "progress_sale_line_id": part.line_id or False,
                        "sequence": sequences[order],
                    }
                )
        return vals_list

    # === INVOICES === #

    def _create_moves(self, built):
        """Create one invoice per invoice key in one batch; note it in `built`."""
        groups = defaultdict(list)
        for number, values in enumerate(built):
            for credited, lines in self._get_lines_by_credited(values).items():
                key = (self._get_invoice_key(values, number), credited)
                groups[key].append({**values, "built": values, "lines": lines})
        vals_list = [self._prepare_move(group) for group in groups.values()]
        if not vals_list:
            return self.env["account.move"]
        orders = built[0]["order"].browse(values["order"].id for values in built)
        moves = orders._create_progress_moves(vals_list)
        for group, move in zip(groups.values(), moves, strict=True):
            for values in group:
                values["built"]["move"] = move
        moves.sudo().filtered(
            lambda move: move.currency_id.compare_amounts(move.amount_total, 0.0) < 0
        ).action_switch_move_type()
        for (_key, credited), move in zip(groups, moves.sudo(), strict=True):
            if credited:
                move.write(self._prepare_credit(credited, move))
        return moves

    def _get_lines_by_credited(self, values):
        """Return the lines of a claim by the deposit invoice they credit, if any."""
        groups = {}
        for part, line, order_line in values["lines"]:
            credited = self.env["account.move"]
            if line.deposit_id:
                credited = order_line._get_progress_deposit_moves()[-1:]
            groups.setdefault(credited, []).append((part, line, order_line))
        return groups

    def _prepare_credit(self, credited, move):
        """Return the values that make an invoice the credit of a deposit invoice.

        At the rate of the deposit: what is credited was never anything else.
        """
        values = {"invoice_currency_rate": credited.invoice_currency_rate}
        if credited.move_type != move.move_type:
            values["reversed_entry_id"] = credited.id
        return values

    def _get_invoice_key(self, values, number):
        """Return what claims must have in common to share an invoice.

        :param int number: position of the claim; alone in its key it gets an invoice of
            its own.
        """
        claim, order = values["claim"], values["order"]
        if claim.invoice_key is None:
            return number
        return (
            claim.invoice_key,
            claim.booking,
            self._get_invoice_date(order, [claim]),
            *(order[key].id for key in order._get_progress_grouping_fields()),
        )

    # === AFTERWARDS === #

    def _link_progress_lines(self, built):
        """Tell the planned lines which invoice bills them, and their orders."""
        billed = self.env["progress.billing.line"]
        for values in built:
            line_id = values["claim"].progress_line_id
            if line_id and "move" in values:
                # In sudo mode because issued lines are read-only for everybody.
                line = billed.browse(line_id)
                line.sudo().write(
                    {
                        "move_id": values["move"].id,
                        "rounding_carry": values["carry"],
                        "error_message": False,
                    }
                )
                billed |= line
        billed._log_plan(self.env._("Billed"))

    # === VALUES === #

    def _prepare_move(self, group):
        """Return the invoice values of some built claims that share an invoice."""
        orders = self.env["sale.order"].browse(
            dict.fromkeys(values["order"].id for values in group)
        )
        # The order of the claims, with which those of other invoices are read, too.
        vals = self._prepare_invoice_values(
            group[0]["order"], [values["claim"] for values in group]
        )
        if len(orders) > 1:
            vals.update(orders._get_progress_common_values())
        commands = []
        for order in orders:
            if len(orders) > 1:
                commands.append(
                    Command.create(order._prepare_progress_section(len(commands)))
                )
            for values in group:
                if values["order"] == order:
                    for line in values["lines"]:
                        commands.append(
                            Command.create(
                                self._prepare_line(values["claim"], *line)
                                | {"sequence": len(commands)}
                            )
                        )
        vals["invoice_line_ids"] = commands
        return vals

    def _get_invoice_date(self, order, claims):
        """Return the date of the invoice of some claims: never one before today."""
        today = order.company_id._get_progress_today()
        dates = [claim.invoice_date for claim in claims if claim.invoice_date]
        return max([today, *dates])

    def _get_line_name(self, claim, part, order_line):
        """Return the text of an invoice line, in the customer's language."""
        if part.name:
            return part.name
        if claim.booking != DEPOSIT:
            return ": ".join(filter(None, [order_line.name, claim.title, claim.label]))
        name = self.env._(
            "Deposit of %(share)s: %(title)s", share=claim.label, title=claim.title
        )
        return "\n".join(filter(None, [name, claim.item_description]))

    # === THE REVENUE BUDGET === #

    def _prepare_quantity(self, part, base_line, order_line):
        """Return the values of a line with quantity, unit price and discount.

        The amount stays that of the claim, to the cent; the taxes are the builder's.
        """
        values = {
            "quantity": part.quantity,
            "price_unit": order_line.price_unit,
            "discount": order_line.discount,
        }
        fixed = {**base_line, **values}
        extra = self.env["account.tax"]._export_base_line_extra_tax_data(fixed)
        factor = part.quantity * (1.0 - order_line.discount / 100.0)
        if not base_line["manual_tax_amounts"] and factor:
            # Only amounts with taxes can be fixed; without, the price takes the cent.
            amount = order_line.currency_id.round(factor * order_line.price_unit)
            if order_line.currency_id.compare_amounts(amount, base_line["price_unit"]):
                values["price_unit"] = base_line["price_unit"] / factor
        return {**values, "extra_tax_data": extra}

    def _prepare_invoice_values(self, order, claims):
        """Return the invoice's header values, without lines.

        Override to add values of your own; call super.

        :param order: the (first) order it bills.
        :param claims: the claims that share the invoice.
        """
        order = order.with_company(order.company_id)
        narration = "\n".join(
            dict.fromkeys(claim.narration for claim in claims if claim.narration)
        )
        date = self._get_invoice_date(order, claims)
        values = {**order._prepare_invoice(), **order._get_progress_dates(date)}
        if narration:
            values["narration"] = narration
        proforma_id = next((claim.proforma_id for claim in claims), 0)
        if proforma_id:
            values["progress_proforma_id"] = proforma_id
        return values

    def _prepare_line(self, claim, part, line, order_line):
        """Return the values of one invoice line.

        :param line: `order_ledger.BillLine`.
        :param order_line: the down payment line of a deposit, or the line billed.
        """
        base_line = line.base_line
        lang = order_line.order_id._get_lang()
        values = order_line.with_context(lang=lang)._prepare_invoice_line(
            name=self.with_context(lang=lang)._get_line_name(claim, part, order_line),
            quantity=1.0,
            price_unit=base_line["price_unit"],
            discount=0.0,
            extra_tax_data=self.env["account.tax"]._export_base_line_extra_tax_data(
                base_line
            ),
        )
        if claim.booking == DEPOSIT:
            values["account_id"] = base_line["account_id"].id
        elif part.account_id:
            values["account_id"] = part.account_id
        if part.analytic:
            values["analytic_distribution"] = dict(part.analytic)
        values.update(self._prepare_line_links(claim, part, order_line))
        if line.deposit_id:
            items = order_line.sudo().invoice_lines
            values["progress_line_id"] = items.progress_line_id[:1].id
        if not values["progress_by_amount"]:
            values.update(self._prepare_quantity(part, base_line, order_line))
        return values

    def _prepare_line_links(self, claim, part, order_line):
        """Return what an invoice line bills, as the values of its links."""
        return {
            "progress_line_id": claim.progress_line_id or False,
            # Planned lines use up the budget of an order line too, where they bill one.
            "progress_budget_line_id": part.line_id
            or (claim.booking != DEPOSIT and order_line.id),
            "progress_by_amount": part.quantity is None or claim.booking != REVENUE,
        }

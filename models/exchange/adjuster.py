import json
from collections import defaultdict

from odoo import models
from odoo.fields import Command

from ..arithmetic import fx


class ProgressBillingAdjuster(models.AbstractModel):
    """What brings the taxes of deposits to the rate of the final invoice.

    Amounts are read from posted journal items through the host's tax engine, deposit by
    deposit and tax by tax. Nothing is written here.
    """

    _name = "progress.billing.adjuster"
    _description = "Progress Billing Adjuster"

    # === WHAT IS WANTED === #

    def _get_tax_lines(self, move, credits_):
        """Return what the taxes of deposits that an invoice takes back ask for.

        :param move: the invoice, draft or posted.
        :param credits_: the credit notes, posted or about to be, that give some back.
        :return: list of item values, signed in `balance` and without counterparts. Tax
            bases have no account: a base changes none.
        """
        company = move.company_id
        if move.currency_id == company.currency_id:
            return []
        family = move | credits_
        recalls = family._get_progress_deposit_items().filtered("is_progress_recall")
        deposits = recalls._get_progress_deposits()
        others = {
            deposit: deposit._get_progress_posted_items().filtered(
                lambda item: item.move_id not in family
            )
            for deposit in deposits
        }
        items = recalls.browse().union(recalls, *others.values())
        if not self._adjusts_taxes(company) and not self._has_tax_on_deposit_account(
            items
        ):
            return []
        details = self._read_details(items)
        prior = self._read_prior(move, deposits)
        lines = []
        for deposit in deposits:
            own = deposit._get_progress_own(recalls)
            arguments = (deposit, others[deposit], own, details, prior)
            lines += self._get_deposit_lines(move, deposit, arguments)
        return lines

    def _adjusts_taxes(self, company):
        """Return whether a company brings all taxes, and their reports, to the rate."""
        is_final_rate = company.progress_fx_policy == "final_rate"
        return is_final_rate and company.progress_adjust_tax

    def _get_deposit_lines(self, move, deposit, arguments):
        """Return what the taxes and the tax bases of one deposit ask for."""
        label = move._get_progress_adjustment_label(deposit)
        wanted, own = self._get_amount_lines(*arguments), arguments[2]
        if self._adjusts_taxes(move.company_id):
            base_label = self.env._("%(label)s, tax base", label=label)
            bases = [
                {"name": base_label, "account_id": False, **values}
                for values in self._get_base_lines(*arguments)
            ]
        else:
            bases = []
            wanted = [
                # Tax reports stay as they are: no grids.
                {**values, "tax_tag_ids": [Command.clear()]}
                for values in wanted
                if values["account_id"] in own.account_id.ids
            ]
        return [
            {
                "name": label,
                "progress_adjusted_move_id": move.id,
                "progress_adjusted_line_id": deposit.id,
                **values,
            }
            for values in [*wanted, *bases]
        ]

    # === TAXES === #

    def _get_amount_lines(self, deposit, others, own, details, prior):
        """Return what the tax accounts of a deposit want, by repartition line."""
        company = own.company_id.currency_id
        document = own.currency_id
        lines = []
        for key in self._get_tax_keys(others, details):
            tax = key[0]
            recalled = self._sum_taxes(own, key, details)
            still_open = self._sum_taxes(others, key, details)
            if tax.tax_exigibility == "on_payment":
                adjustment = fx.get_exigible_adjustment(
                    self._sum_exigible(others, key, details),
                    self._sum_taxes(self._get_deposited(others), key, details),
                    recalled,
                    document,
                    company,
                )
            else:
                still_open += fx.Amount(0.0, prior[deposit, key])
                adjustment = fx.get_adjustment(still_open, recalled, document, company)
            if not company.is_zero(adjustment):
                lines += self._split_repartition(key, adjustment, others, details)
        return lines

    def _get_tax_keys(self, items, details):
        """Return the (tax, is reverse charge) of some items, each once, in order."""
        return list(
            dict.fromkeys(
                (data["tax"], data["is_reverse_charge"])
                for item in items
                for data in details[item]["tax_details"]["taxes_data"]
            )
        )

    def _split_repartition(self, key, adjustment, items, details):
        """Return the adjustment of a tax on the accounts and grids it was booked on."""
        item, data = next(
            (item, data)
            for item in items
            for data in details[item]["tax_details"]["taxes_data"]
            if (data["tax"], data["is_reverse_charge"]) == key
        )
        reps = data["tax_reps_data"]
        parts = fx.split(
            adjustment,
            [rep["tax_amount_currency"] for rep in reps],
            item.company_id.currency_id,
        )
        return [
            {
                "account_id": self._get_tax_account(item, rep).id,
                "tax_repartition_line_id": rep["tax_rep"].id,
                "tax_tag_ids": [Command.set(rep["tax_tags"].ids)],
                "tax_ids": [Command.set(rep["taxes"].ids)],
                "balance": part,
            }
            for rep, part in zip(reps, parts, strict=True)
            if not item.company_id.currency_id.is_zero(part)
        ]

    def _get_tax_account(self, item, rep):
        """Return the account of a tax: its item's own, unless due on payment."""
        if rep["tax_rep"].tax_id.tax_exigibility == "on_payment":
            return rep["account"]
        own = item.move_id.line_ids.filtered(
            lambda line: line.tax_repartition_line_id == rep["tax_rep"]
        )
        if item.account_id in own.account_id:
            # Without an account of its own, a tax follows each base to its account.
            return item.account_id
        return own.account_id[:1] or rep["account"]

    # === BASES === #

    def _get_base_lines(self, deposit, others, own, details, prior):
        """Return what the tax grids of one deposit's base want.

        The host moves the deposit account without grids: the report's base would
        stay at the deposit's rate while its tax does not.
        """
        company = own.company_id.currency_id
        document = own.currency_id
        lines = []
        for taxes in others.grouped("tax_ids"):
            same = others.filtered(lambda item, taxes=taxes: item.tax_ids == taxes)
            back = own.filtered(lambda item, taxes=taxes: item.tax_ids._origin == taxes)
            flat = taxes.flatten_taxes_hierarchy()
            recalled = self._sum_items(back)
            on_payment = flat.filtered(lambda tax: tax.tax_exigibility == "on_payment")
            on_invoice = flat - on_payment
            if on_invoice:
                still_open = self._sum_items(same)
                still_open += fx.Amount(0.0, prior[deposit, on_invoice])
                adjustment = fx.get_adjustment(still_open, recalled, document, company)
                tags = on_invoice.get_tax_tags(same[0].is_refund, "base")
                lines += self._prepare_base(adjustment, on_invoice, tags, company)
            if on_payment:
                adjustment = fx.get_exigible_adjustment(
                    self._sum_exigible_base(same, on_payment, details),
                    self._sum_items(self._get_deposited(same)),
                    recalled,
                    document,
                    company,
                )
                tags = on_payment.get_tax_tags(same[0].is_refund, "base")
                lines += self._prepare_base(adjustment, on_payment, tags, company)
        return lines

    def _prepare_base(self, adjustment, taxes, tags, currency):
        """Return the base item's particular values, in a list; empty for nothing."""
        if currency.is_zero(adjustment):
            return []
        return [
            {
                "tax_ids": [Command.set(taxes.ids)],
                "tax_tag_ids": [Command.set(tags.ids)],
                "balance": adjustment,
            }
        ]

    # === INVOICE LINES === #

    def _sum_taxes(self, items, key, details):
        """Return the `fx.Amount` of a tax on some items, signed as in the ledger."""
        total = fx.Amount()
        for item in items:
            sign = item.move_id.direction_sign
            for data in details[item]["tax_details"]["taxes_data"]:
                if (data["tax"], data["is_reverse_charge"]) == key:
                    total += fx.Amount(
                        sign * data["tax_amount_currency"], sign * data["tax_amount"]
                    )
        return total

    def _sum_items(self, items):
        """Return the `fx.Amount` of journal items."""
        return fx.Amount(
            sum(items.mapped("amount_currency")), sum(items.mapped("balance"))
        )

    def _get_deposited(self, items):
        """Return deposits and their credit notes, without what took them back."""
        return items.filtered(lambda item: not item.is_progress_recall)

    # === READING === #

    def _has_tax_on_deposit_account(self, items):
        """Return whether a tax stands where the deposits themselves do.

        The host books a tax without an account of its own on that of its base. There it
        is part of the deposit: nothing of it may stay, whatever happens to taxes.
        """
        taxes = items.move_id.line_ids.filtered("tax_repartition_line_id")
        return bool(taxes.account_id & items.account_id)

    def _read_details(self, items):
        """Return item -> the tax engine's base line, with its repartition lines.

        The engine shares an invoice's tax items out over its lines, to the cent and in
        both currencies.
        """
        AccountTax = self.env["account.tax"]
        details = {}
        for move in items.move_id:
            line = self._get_only_line(move)
            if line:
                details[line] = self._read_only_details(move)
                continue
            # Doing it move by move is the host's interface; it reads only the cache.
            base_lines, _tax_lines = move._get_rounded_base_and_tax_lines()
            AccountTax._add_accounting_data_in_base_lines_tax_details(
                base_lines, move.company_id, include_caba_tags=True
            )
            details.update({line["record"]: line for line in base_lines})
        return details

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

    def _read_only_details(self, move):
        """Return the taxes of an invoice of one line, as the tax engine's base line."""
        sign = move.direction_sign
        taxes_data = {}
        for item in move.line_ids.filtered("tax_repartition_line_id"):
            rep = item.tax_repartition_line_id
            key = rep.tax_id, rep.factor < 0.0
            data = taxes_data.setdefault(
                key,
                {
                    "tax": rep.tax_id,
                    "is_reverse_charge": key[1],
                    "tax_amount_currency": 0.0,
                    "tax_amount": 0.0,
                    "tax_reps_data": [],
                },
            )
            data["tax_amount_currency"] += sign * item.amount_currency
            data["tax_amount"] += sign * item.balance
            data["tax_reps_data"].append(
                {
                    "tax_rep": rep,
                    "tax_tags": item.tax_tag_ids,
                    "taxes": item.tax_ids,
                    "tax_amount_currency": sign * item.amount_currency,
                    "account": item.account_id,
                }
            )
        return {"tax_details": {"taxes_data": list(taxes_data.values())}}

    def _read_prior(self, move, deposits):
        """Return what other invoices' posting adjusted, reversals counted.

        :return: dict of (deposit, tax key) or (deposit, taxes of a base) -> balance.
        """
        prior = defaultdict(float)
        # In sudo mode because whoever posts need not read the exchange journal.
        items = (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("progress_adjusted_line_id", "in", deposits.ids),
                    ("progress_adjusted_move_id", "!=", move._origin.id),
                    ("parent_state", "=", "posted"),
                    "|",
                    ("tax_repartition_line_id", "!=", False),
                    ("tax_ids", "!=", False),
                ]
            )
        )
        for item in items:
            rep = item.tax_repartition_line_id
            key = (rep.tax_id, rep.factor < 0.0) if rep else item.tax_ids
            prior[item.progress_adjusted_line_id, key] += item.balance
        return prior

    def _get_exigible_items(self, items):
        """Return the cash basis items of the invoices that `items` are on."""
        # In sudo mode because whoever posts need not read the cash basis journal.
        return (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    (
                        "move_id.tax_cash_basis_origin_move_id",
                        "in",
                        items.move_id.ids,
                    ),
                    ("parent_state", "=", "posted"),
                ]
            )
        )

    def _sum_exigible(self, items, key, details):
        """Return the `fx.Amount` of a deposit's tax that payments made exigible."""
        tax, is_reverse_charge = key
        items = self._get_deposited(items)
        exigible = self._get_exigible_items(items).filtered(
            lambda item: (
                item.tax_repartition_line_id.tax_id == tax
                and (item.tax_repartition_line_id.factor < 0.0) == is_reverse_charge
            )
        )
        return self._share_exigible(
            exigible, items, details, lambda some: self._sum_taxes(some, key, details)
        )

    def _sum_exigible_base(self, items, taxes, details):
        """Return the `fx.Amount` of a deposit's base that payments made exigible."""
        items = self._get_deposited(items)
        exigible = self._get_exigible_items(items).filtered(
            lambda item: item.tax_ids == taxes and not item.tax_repartition_line_id
        )
        return self._share_exigible(exigible, items, details, self._sum_items)

    def _share_exigible(self, exigible, items, details, measure):
        """Return the part of cash basis items that belongs to one deposit.

        They are not by invoice line: each line has its share of its invoice.

        :param measure: callable returning the `fx.Amount` of some invoice lines.
        """
        total = fx.Amount()
        for move in items.move_id:
            mine = items.filtered(lambda item, move=move: item.move_id == move)
            same = [
                item
                for item in details
                if item.move_id == move and item.tax_ids == mine[:1].tax_ids
            ]
            whole = measure(mine.browse().union(*same)).document
            share = measure(mine).document / whole if whole else 0.0
            booked = self._sum_items(
                exigible.filtered(
                    lambda item, move=move: (
                        item.move_id.tax_cash_basis_origin_move_id == move
                    )
                )
            )
            total += fx.Amount(booked.document * share, booked.company * share)
        return total

    # === ENTRIES === #

    def _prepare_entry(self, move):
        """Return values of an entry without items, dated as the host dates exchanges.

        With taxes, their lock date counts too.
        """
        values = self.env["account.move.line"]._prepare_exchange_difference_move_vals(
            [],
            company=move.company_id.with_context(has_tax=True),
            exchange_date=move.date,
        )
        values["to_post"] = True
        values["move_values"]["date"] = max(values["move_values"]["date"], move.date)
        return values

    def _get_tax_entries(self, missing):
        """Return the entries of taxes that no exchange entry took along.

        :param missing: as `_get_missing`.
        :return: list of dicts as `_create_exchange_difference_moves` takes.
        """
        return [
            self._complete_entry(
                values, self.env["account.move"].browse([move_id]), [], lines
            )
            for move_id, (values, lines) in missing.items()
            if lines
        ]

    def _merge_exchanges(self, values_list, missing):
        """Return one entry an invoice and date of the host's exchange entries.

        :param values_list: as `_create_exchange_difference_moves` takes; the entries of
            other things than deposits are left as they are.
        :param missing: as `_get_missing`; what is taken along is taken from it.
        """
        groups = defaultdict(list)
        for number, values in enumerate(values_list):
            key = number
            if "progress_pair" in values:
                move_values = values["move_values"]
                _code, _id, line = move_values["line_ids"][0]
                key = (
                    line["progress_adjusted_move_id"],
                    move_values["journal_id"],
                    move_values["date"],
                )
            groups[key].append(values)
        return [
            self._merge(group, missing) if "progress_pair" in group[0] else group[0]
            for group in groups.values()
        ]

    def _merge(self, group, missing):
        """Return one entry of the host's exchange entries for an invoice."""
        items = [
            line
            for values in group
            for _code, _id, line in values["move_values"]["line_ids"]
        ]
        deposits = {line["progress_adjusted_line_id"] for line in items}
        # In a list, as the id of an invoice in memory counts as none.
        move = self.env["account.move"].browse([items[0]["progress_adjusted_move_id"]])
        owner = move if move.id in missing else move.reversed_entry_id
        values, lines = missing.get(owner.id, (group[0], []))
        fits = all(
            values["move_values"][name] == group[0]["move_values"][name]
            for name in ("date", "journal_id")
        )
        taken, rest = [], []
        for line in lines:
            is_taken = fits and line["progress_adjusted_line_id"] in deposits
            (taken if is_taken else rest).append(line)
        lines[:] = rest
        entry = {
            "move_values": group[0]["move_values"],
            "to_reconcile": [],
            "to_post": all(values["to_post"] for values in group),
            "progress_pairs": [values["progress_pair"] for values in group],
        }
        if owner == move:
            taken = self._fold_bases(taken, items, move)
        return self._complete_entry(entry, owner if taken else move, items, taken)

    def _complete_entry(self, entry, move, items, lines):
        """Return an entry with all its items: what it adjusts first, then gain or loss.

        :param items: item values of the host's exchange entries.
        :param lines: item values of taxes and tax bases, as `_get_tax_lines`.
        """
        adjusting = [item for item in items if item.get("reconciled_lines_ids")]
        losses = [item for item in items if not item.get("reconciled_lines_ids")]
        deposits = {line["progress_adjusted_line_id"] for line in [*items, *lines]}
        deposit = self.env["sale.order.line"].browse(
            deposits if len(deposits) == 1 else ()
        )
        label = self._get_entry_label(move, deposit, items)
        taxes = [line for line in lines if line["account_id"]]
        bases = [line for line in lines if not line["account_id"]]
        adjusting += [self._prepare_item(move, **line) for line in taxes]
        losses += self._get_losses(move, taxes)
        moved, counterparts = self._book_bases(move, bases)
        numbered = [
            *adjusting,
            *moved,
            *self._merge_items(losses, label, deposit, move),
            *counterparts,
        ]
        return {
            **entry,
            "move_values": {
                **entry["move_values"],
                "ref": label,
                "line_ids": [
                    Command.create({**values, "sequence": number})
                    for number, values in enumerate(numbered)
                ],
            },
        }

    def _get_entry_label(self, move, deposit, items):
        """Return what an entry says of itself: its deposit's label if it is one's."""
        if deposit:
            return move._get_progress_adjustment_label(deposit)
        number = move._get_progress_number()
        if items:
            return self.env._("Deposits at the rate of %(invoice)s", invoice=number)
        return self.env._(
            "Taxes of deposits at the rate of %(invoice)s", invoice=number
        )

    def _fold_bases(self, lines, items, move):
        """Let the host's items on the deposit account adjust the tax base as well.

        That is where the base stands. They do where they are just what it lacks.

        :return: the lines that are still to be booked.
        """
        rest = []
        for line in lines:
            same = [
                item
                for item in items
                if item.get("reconciled_lines_ids")
                and "tax_ids" not in item
                and item["progress_adjusted_line_id"]
                == line["progress_adjusted_line_id"]
            ]
            balance = sum(item["debit"] - item["credit"] for item in same)
            if line["account_id"] or move.company_currency_id.compare_amounts(
                balance, line["balance"]
            ):
                rest.append(line)
                continue
            for item in same:
                item.update(tax_ids=line["tax_ids"], tax_tag_ids=line["tax_tag_ids"])
        return rest

    def _book_bases(self, move, bases):
        """Return items of tax bases, on the exchange account, and their counterparts.

        A base changes no account, so both are on the same.
        """
        moved, balances = [], defaultdict(float)
        for line in bases:
            account = self._get_exchange_account(move, -line["balance"])
            balances[account] -= line["balance"]
            moved.append(self._prepare_item(move, **{**line, "account_id": account.id}))
        counterparts = [
            self._prepare_item(
                move,
                balance=balance,
                account_id=account.id,
                name=self.env._("Tax base of deposits"),
            )
            for account, balance in balances.items()
        ]
        return moved, counterparts

    def _get_losses(self, move, taxes):
        """Return the gains and losses of taxes, deposit by deposit."""
        losses = defaultdict(float)
        for line in taxes:
            losses[line["progress_adjusted_line_id"]] -= line["balance"]
        items = []
        for deposit_id, balance in losses.items():
            values = self._prepare_item(
                move,
                balance=balance,
                account_id=self._get_exchange_account(move, balance).id,
                progress_adjusted_line_id=deposit_id,
            )
            if move.company_id.progress_fx_policy != "historical":
                items.append(values)
                continue
            deposit = self.env["sale.order.line"].browse(deposit_id)
            recalls = deposit._get_progress_own(move._get_progress_deposit_items())
            items += recalls[:1]._split_progress_revenue(values, deposit)
        return items

    def _merge_items(self, items, label, deposit, move):
        """Return gains and losses, one an account and analytic distribution."""
        merged = {}
        for item in items:
            analytic = json.dumps(item.get("analytic_distribution"), sort_keys=True)
            merged.setdefault((item["account_id"], analytic), []).append(item)
        currency = move.company_currency_id
        result = []
        for same in merged.values():
            balance = currency.round(
                sum(item["debit"] - item["credit"] for item in same)
            )
            if currency.is_zero(balance):
                continue
            result.append(
                {
                    **same[0],
                    "name": label,
                    "progress_adjusted_line_id": deposit.id,
                    "debit": max(balance, 0.0),
                    "credit": max(-balance, 0.0),
                    "amount_currency": sum(item["amount_currency"] for item in same),
                }
            )
        return result

    def _get_exchange_account(self, move, balance):
        """Return the account of the company's exchange losses, or gains."""
        return self.env["account.move.line"]._get_exchange_account(
            move.company_id, balance
        )

    def _prepare_item(self, move, *, balance, **values):
        """Return the values of one journal item."""
        balance = move.company_currency_id.round(balance)
        return {
            "partner_id": move.commercial_partner_id.id,
            "currency_id": move.currency_id.id,
            "amount_currency": 0.0,
            "debit": max(balance, 0.0),
            "credit": max(-balance, 0.0),
            "progress_adjusted_move_id": move.id,
            "progress_adjusted_line_id": False,
            **values,
        }

    # === WHAT IS NOT BOOKED YET === #

    def _get_missing(self, wanted, undone):
        """Return what is wanted and not booked yet.

        :param dict wanted: invoice -> item values, as `_get_tax_lines`.
        :param undone: entries that no longer count: about to be reversed.
        :return: dict of invoice id -> (entry values as the host's exchange entries,
            without items; list of item values as wanted).
        """
        standing = self._read_standing(wanted, undone)
        missing = {}
        for move, lines in wanted.items():
            lines = self._subtract(lines, standing[move.id], move.company_currency_id)
            if lines:
                missing[move.id] = (self._prepare_entry(move), lines)
        return missing

    def _read_standing(self, wanted, undone):
        """Return the posted tax items that adjust invoices: dict of id -> key -> items.

        Reversals are among them, so that their sum is what stands.
        """
        # In sudo mode because whoever posts need not read the exchange journal.
        AccountMoveLine = self.env["account.move.line"].sudo()
        standing = defaultdict(lambda: defaultdict(AccountMoveLine.browse))
        ids = [move._origin.id for move in wanted if move._origin]
        domain = [
            ("progress_adjusted_move_id", "in", ids),
            ("parent_state", "=", "posted"),
            ("move_id", "not in", undone.ids),
            "|",
            ("tax_repartition_line_id", "!=", False),
            ("tax_ids", "!=", False),
        ]
        for item in AccountMoveLine.search(domain) if ids else ():
            rep = item.tax_repartition_line_id
            key = self._get_key(
                item.progress_adjusted_line_id.id,
                rep.id,
                item.account_id.id if rep else item.tax_ids.ids,
            )
            standing[item.progress_adjusted_move_id.id][key] |= item
        return standing

    def _get_key(self, deposit_id, rep_id, rest):
        """Return what makes tax items the same: a base is so on any account."""
        return deposit_id, rep_id, rest if rep_id else tuple(sorted(rest))

    def _subtract(self, lines, standing, currency):
        """Return wanted item values less what stands; what is wanted no more goes."""
        standing = dict(standing)
        result = []
        for values in lines:
            rep_id = values.get("tax_repartition_line_id", False)
            _code, _id, tax_ids = values["tax_ids"][0]
            key = self._get_key(
                values["progress_adjusted_line_id"],
                rep_id,
                values["account_id"] if rep_id else tax_ids,
            )
            items = standing.pop(key, None)
            balance = values["balance"] - sum(items.mapped("balance") if items else ())
            result.append({**values, "balance": balance})
        result += [
            {
                "name": items[0].name,
                "progress_adjusted_move_id": items[0].progress_adjusted_move_id.id,
                "progress_adjusted_line_id": items[0].progress_adjusted_line_id.id,
                "account_id": items[0].tax_repartition_line_id
                and items[0].account_id.id,
                "tax_repartition_line_id": items[0].tax_repartition_line_id.id,
                "tax_ids": [Command.set(items[0].tax_ids.ids)],
                "tax_tag_ids": [Command.set(items[0].tax_tag_ids.ids)],
                "balance": -sum(items.mapped("balance")),
            }
            for items in standing.values()
        ]
        return [line for line in result if not currency.is_zero(line["balance"])]

"""What is held is released by invoices of its own."""

from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.fields import Command
from odoo.tests import Form, HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..common_retention import RetentionCommon


@tagged("post_install", "-at_install")
class TestRelease(RetentionCommon):
    def _release(self, orders, *args, post=True, **values):
        moves = orders._create_retention_releases(*args, **values)
        if post:
            moves.action_post()
        return moves

    def test_release_bills_what_is_held_invoice_by_invoice(self):
        order = self._retained()
        first, second = self._progress(order, 40.0, 35.0)
        release = self._release(order)
        self.assertRecordValues(
            release,
            [
                {
                    "is_retention_release": True,
                    "journal_id": self.retention_journal.id,
                    "amount_total": 2250.0,
                    "amount_residual": 2250.0,
                    "partner_id": order.partner_invoice_id.id,
                }
            ],
        )
        self.assertRecordValues(
            release.invoice_line_ids,
            [
                {
                    "price_total": amount,
                    "account_id": self.retention_account.id,
                    "retention_move_id": move.id,
                    "reconciled": True,
                    "tax_ids": [],
                }
                for move, amount in ((first, 1200.0), (second, 1050.0))
            ],
        )
        self.assertEqual(self._held(order), 0.0)
        self.assertEqual(order.retention_held_amount, 0.0)
        self.assertEqual(order.retention_released_amount, 2250.0)
        self.assertEqual(order.order_line.qty_invoiced, 0.75)
        self.assertEqual(order.progress_billed_amount, 37500.0)

    def test_release_in_parts_takes_the_oldest_first(self):
        order = self._retained()
        first, second = self._progress(order, 40.0, 35.0)
        release = self._release(order, {order: 1500.0})
        self.assertEqual(
            [
                (line.retention_move_id, line.price_total)
                for line in release.invoice_line_ids
            ],
            [(first, 1200.0), (second, 300.0)],
        )
        self.assertEqual(order.retention_held_amount, 750.0)
        self.assertEqual(self._release(order).amount_total, 750.0)

    def test_never_more_than_is_held_drafts_counted(self):
        order = self._retained()
        self._progress(order, 40.0)
        with self.assertRaisesRegex(UserError, "You cannot release"):
            self._release(order, {order: 1200.01})
        draft = self._release(order, {order: 1000.0}, post=False)
        with self.assertRaisesRegex(UserError, "You cannot release"):
            self._release(order, {order: 200.01})
        draft.invoice_line_ids.price_unit = 1300.0
        with self.assertRaisesRegex(UserError, "You cannot post"):
            draft.action_post()

    def test_credit_note_undoes_a_release(self):
        order = self._retained()
        self._progress(order, 40.0)
        release = self._release(order)
        self._credit(release)
        self.assertEqual(release.payment_state, "reversed")
        self.assertEqual(order.retention_held_amount, 1200.0)
        self.assertEqual(order.retention_released_amount, 0.0)
        self.assertEqual(self._held(order), 1200.0)
        again = self._release(order)
        self.assertEqual(again.amount_total, 1200.0)
        self.assertEqual(self._held(order), 0.0)
        items = self.env["account.move.line"].search(
            [("account_id", "=", self.retention_account.id)]
        )
        self.assertTrue(all(items.mapped("reconciled")))

    def test_release_reset_is_held_again(self):
        order = self._retained()
        self._progress(order, 40.0)
        release = self._release(order)
        release.button_draft()
        self.assertEqual(order.retention_held_amount, 1200.0)
        release.action_post()
        self.assertEqual(order.retention_held_amount, 0.0)

    def test_released_invoice_cannot_be_reset_and_its_credit_gives_the_rest(self):
        order = self._retained()
        move = self._progress(order, 40.0)
        self._release(order, {order: 500.0})
        with self.assertRaisesRegex(UserError, "You cannot reset"):
            move.button_draft()
        credit = self._credit(move)
        self.assertEqual(credit.retention_amount, -700.0)
        self.assertEqual(order.retention_held_amount, 0.0)
        # What the customer paid for the release is owed to them.
        self.assertEqual(credit.amount_residual, 500.0)

    def test_further_invoices_hold_on_after_a_release(self):
        order = self._retained()
        self._progress(order, 40.0)
        self._release(order)
        second = self._progress(order, 35.0)
        self.assertEqual(second.retention_amount, 1050.0)

    def test_one_invoice_a_customer_or_one_an_order(self):
        orders = self._retained() | self._retained()
        for order in orders:
            self._progress(order, 40.0)
        other = self._retained(partner_id=self.partner_b.id)
        self._progress(other, 40.0)
        self.assertEqual(
            self._release(orders | other, consolidated=True, post=False).mapped(
                "amount_total"
            ),
            [2400.0, 1200.0],
        )

    def test_a_delivery_address_or_currency_of_its_own_has_its_own_release(self):
        site = self.env["res.partner"].create({"name": "Site"})
        euro = self.env.ref("base.EUR")
        euro.active = True
        pricelist = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": euro.id}
        )
        orders = self._retained() | self._retained()
        orders |= self._retained(partner_shipping_id=site.id)
        orders |= self._retained(pricelist_id=pricelist.id)
        for order in orders:
            self._progress(order, 40.0)
        releases = self._release(orders, consolidated=True)
        self.assertEqual(
            [(move.currency_id, move.amount_total) for move in releases],
            [
                (self.company.currency_id, 2400.0),
                (self.company.currency_id, 1200.0),
                (euro, 1200.0),
            ],
        )
        self.assertEqual(self._held(), 0.0)

    def test_releases_have_numbers_of_their_own(self):
        order = self._retained()
        move = self._progress(order, 40.0)
        releases = self._release(order, {order: 500.0}) | self._release(order)
        numbers = [release.name.rpartition("/") for release in releases]
        self.assertTrue(all(prefix.startswith("RET/") for prefix, _, _ in numbers))
        self.assertEqual([int(number) for _, _, number in numbers], [1, 2])
        second = self._progress(order, 35.0)
        self.assertEqual(second.sequence_number, move.sequence_number + 1)

    def test_release_says_so_on_paper(self):
        order = self._retained()
        self._progress(order, 40.0)
        release = order._create_retention_releases()
        release.action_post()
        report = self.env["ir.actions.report"]
        page = report._render_qweb_html("account.report_invoice", release.ids)[0]
        title = page.decode().partition("<h2")[2].partition("</h2>")[0]
        self.assertIn("Retention release", title)
        self.assertIn(release.name, title)

    def test_e_mails_say_what_is_retained_to_pay_and_released(self):
        order = self._retained()
        move = self._progress(order, 40.0)
        template = move._get_mail_template()
        body = template._render_field("body_html", move.ids)[move.id]
        for amount in ("24,000.00", "1,200.00", "22,800.00"):
            self.assertIn(amount, body)
        release = order._create_retention_releases()
        release.action_post()
        template = release._get_mail_template()
        subject = template._render_field("subject", release.ids)[release.id]
        self.assertIn("Retention release", subject)
        body = template._render_field("body_html", release.ids)[release.id]
        self.assertIn("1,200.00", body)
        self.assertNotIn("what remains", body)

    def test_wizard_releases_an_amount_each_and_shows_what_it_will_release(self):
        orders = self._retained() | self._retained()
        for order in orders:
            self._progress(order, 40.0)
        action = orders.action_release_retention()
        form = Form(
            self.env["progress.retention.release"].with_context(**action["context"])
        )
        for number, (held, shown) in enumerate(((1200.0, 1200.0), (1200.0, 1200.0))):
            with form.line_ids.edit(number) as line:
                self.assertEqual((line.amount_held, line.amount), (held, shown))
        form.amount_type = "percent"
        form.percent = 10.0
        with form.line_ids.edit(0) as line:
            self.assertEqual(line.amount, 120.0)
        form.amount_type = "amount"
        for number, amount in enumerate((700.0, 0.0)):
            with form.line_ids.edit(number) as line:
                line.amount = amount
        form.save().action_release()
        [release] = orders.retention_item_ids.move_id.filtered("is_retention_release")
        self.assertEqual(release.amount_total, 700.0)
        self.assertEqual(release.line_ids.retention_order_id, orders[0])

    def test_all_of_a_project_is_released_from_its_form_or_the_list(self):
        order = self._retained()
        self._progress(order, 40.0)
        project = (
            self.env["project.project"]
            .sudo()
            .create(
                {
                    "name": "Site",
                    "allow_billable": True,
                    "partner_id": self.partner_a.id,
                    "sale_line_id": order.order_line[0].id,
                }
            )
            .sudo(False)
        )
        # Another that chose the project itself.
        orders = order | self._retained(project_id=project.id)
        self._progress(orders - order, 40.0)
        action = project.action_release_retention()
        self.assertEqual(set(action["context"]["default_order_ids"]), set(orders.ids))
        self.assertIn("2,400.00", project._get_retention_stat_buttons()[0]["number"])
        self._release(orders)
        with self.assertRaisesRegex(UserError, "retention of Site because nothing"):
            project.action_release_retention()

    def test_ledger_releases_what_it_shows(self):
        order = self._retained()
        self._progress(order, 40.0)
        ledger = self.env["progress.retention.ledger"].create({"date": "2100-01-01"})
        action = ledger.action_release()
        self.assertEqual(action["context"]["default_order_ids"], order.ids)

    def test_wizard_releases_a_percentage(self):
        order = self._retained()
        self._progress(order, 40.0)
        form = Form(
            self.env["progress.retention.release"].with_context(
                default_order_ids=order.ids
            )
        )
        form.amount_type = "percent"
        form.percent = 25.0
        form.date = "2026-12-01"
        form.due_date = "2026-12-31"
        wizard = form.save()
        self.assertEqual(wizard.line_ids.amount_held, 1200.0)
        release = self.env["account.move"].browse(wizard.action_release()["res_id"])
        self.assertRecordValues(
            release,
            [
                {
                    "amount_total": 300.0,
                    "invoice_date_due": release.invoice_date_due.replace(day=31),
                    "state": "draft",
                }
            ],
        )

    def test_wizard_says_what_draft_releases_take_already(self):
        order = self._retained()
        self._progress(order, 40.0)
        wizard = self.env["progress.retention.release"].with_context(
            default_order_ids=order.ids
        )
        form = Form(wizard)
        self.assertFalse(form.has_drafts)
        self._release(order, {order: 500.0}, post=False)
        self.env.invalidate_all()
        form = Form(wizard)
        self.assertTrue(form.has_drafts)
        self.assertRecordValues(
            form.save().line_ids,
            [{"amount_held": 1200.0, "amount_draft": 500.0, "amount": 700.0}],
        )

    def test_nothing_held_and_no_journal_are_told(self):
        order = self._retained()
        with self.assertRaisesRegex(UserError, "nothing is held"):
            self._release(order)
        self._progress(order, 40.0)
        self.company.retention_journal_id = False
        with self.assertRaisesRegex(RedirectWarning, "no journal"):
            self._release(order)

    # === WHO MAY === #

    def _user(self, login, groups):
        return new_test_user(
            self.env(su=True), login=login, groups=groups, company_id=self.company.id
        )

    def test_salespeople_set_terms_until_something_is_held(self):
        seller = self._user("ret_seller", "sales_team.group_sale_salesman")
        manager = self._user(
            "ret_manager",
            "account.group_account_manager,sales_team.group_sale_manager",
        )
        order = self._retained(user_id=seller.id)
        order.with_user(seller).retention_percent = 6.0
        self._progress(order, 40.0)
        for values in (
            {"retention_percent": 5.0},
            {"retention_cap_percent": 3.0},
            {"retention_guarantee_reference": "G1"},
            {"order_line": [(1, order.order_line[0].id, {"retention_percent": 1.0})]},
            {"retention_step_ids": [(0, 0, {"until_percent": 50.0, "percent": 1.0})]},
        ):
            with (
                self.subTest(values),
                self.assertRaisesRegex(AccessError, "Ask an accounting manager"),
                self.cr.savepoint(),
            ):
                order.with_user(seller).write(values)
        order.with_user(manager).retention_percent = 5.0
        self.assertEqual(order.retention_percent, 5.0)

    def test_invoicing_people_release_and_salespeople_do_not(self):
        seller = self._user("ret_seller", "sales_team.group_sale_salesman")
        biller = self._user("ret_biller", "account.group_account_invoice")
        order = self._retained(user_id=seller.id)
        self._progress(order, 40.0)
        with self.assertRaisesRegex(AccessError, "only invoicing people"):
            order.with_user(seller)._create_retention_releases()
        self.assertEqual(order.with_user(seller).retention_held_amount, 1200.0)
        release = order.with_user(biller)._create_retention_releases()
        release.with_user(biller).action_post()
        self.assertEqual(order.retention_held_amount, 0.0)

    def test_auditors_read_and_neither_write_nor_release(self):
        auditor = self._user("ret_auditor", "account.group_account_readonly")
        order = self._retained(
            retention_step_ids=[Command.create({"until_percent": 9.0, "percent": 5.0})]
        )
        move = self._progress(order, 40.0)
        mine = order.with_user(auditor)
        self.assertEqual(mine.retention_held_amount, 1200.0)
        self.assertEqual(mine.retention_step_ids.percent, 5.0)
        self.assertEqual(move.with_user(auditor).retention_amount, 1200.0)
        self.assertIn("1,200.00", str(move.with_user(auditor).retention_preview))
        ledger = self.env["progress.retention.ledger"].with_user(auditor).create({})
        self.assertEqual(ledger.line_ids.amount_open, 1200.0)
        items = self.env["account.move.line"].with_user(auditor)
        found = items.search(mine.action_view_retention()["domain"])
        self.assertEqual(sum(found.mapped("balance")), 1200.0)
        for act in (
            lambda: mine.write({"retention_percent": 1.0}),
            lambda: mine.retention_step_ids.write({"percent": 1.0}),
            lambda: mine.retention_step_ids.unlink(),
            lambda: mine._create_retention_releases(),
            lambda: (
                self.env["progress.retention.release"].with_user(auditor).create({})
            ),
            lambda: self.company.with_user(auditor).write({"retention_percent": 1.0}),
        ):
            with (
                self.assertRaises(AccessError),
                self.cr.savepoint(),
                mute_logger("odoo.addons.base.models.ir_model"),
            ):
                act()

    def test_biller_posts_and_resets_what_holds(self):
        biller = self._user("ret_biller", "account.group_account_invoice")
        order = self._retained()
        move = self._bill(self._plan(order, 40.0), post=False).with_user(biller)
        move.action_post()
        self.assertEqual(move.retention_amount, 1200.0)
        move.button_draft()
        self.assertEqual(self._held(order), 0.0)

    def test_all_of_a_customer_is_released_from_its_form_or_the_list(self):
        orders = self._retained() | self._retained()
        other = self._retained(partner_id=self.partner_b.id)
        for order in orders | other:
            self._progress(order, 40.0)
        contact = self.env["res.partner"].create(
            {"name": "Site office", "parent_id": self.partner_a.id}
        )
        action = contact.action_release_retention()
        wizard = (
            self.env["progress.retention.release"]
            .with_context(**action["context"])
            .create({})
        )
        self.assertEqual(wizard.order_ids, orders)
        wizard.action_release()
        release = orders.retention_item_ids.move_id.filtered("is_retention_release")
        self.assertEqual(len(release), 1)
        self.assertEqual(release.amount_total, 2400.0)
        both = (self.partner_a | self.partner_b).action_release_retention()
        self.assertEqual(both["context"]["default_order_ids"], other.ids)
        with self.assertRaisesRegex(UserError, "nothing is held"):
            self.partner_a.action_release_retention()


@tagged("post_install", "-at_install")
class TestReleaseSent(RetentionCommon, HttpCase):
    def test_release_is_sent_by_e_mail_and_shown_on_the_portal(self):
        self.partner_a.email = "customer@example.com"
        self.partner_a.invoice_sending_method = "email"
        order = self._retained()
        invoice = self._progress(order, 40.0)
        release = order._create_retention_releases()
        release.action_post()
        wizard = self.env["account.move.send.wizard"].with_context(
            active_model="account.move", active_ids=release.ids
        )
        wizard = wizard.create({})
        self.assertIn("email", wizard.sending_methods)
        wizard.action_send_and_print()
        self.assertTrue(release.is_move_sent)
        self.assertTrue(release.invoice_pdf_report_id)
        [mail] = release.message_ids.filtered("partner_ids")
        self.assertIn(self.partner_a, mail.partner_ids)
        self.assertIn(release.name, mail.subject)
        release._portal_ensure_token()
        page = self.url_open(release.get_portal_url()).text
        self.assertIn("1,200.00", page.replace("\N{NO-BREAK SPACE}", " "))
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.report_invoice_with_payments", release.ids
        )
        for words in (f"retention of {invoice.name}", "1,200.00"):
            self.assertIn(words, html.decode())
        user = new_test_user(self.env(su=True), "ret_portal", "base.group_portal")
        user.partner_id.parent_id = self.partner_a.id
        self.authenticate(user.login, user.login)
        self.assertIn(release.name, self.url_open("/my/invoices").text)

    # === WHEN IT IS DUE === #

    def test_drafts_complete_no_order(self):
        order = self._retained(retention_release="months", retention_months=0)
        first, second = self._plan(order, 50.0, 50.0)
        self._bill(first)
        draft = self._bill(second, post=False)
        self.assertFalse(order._is_retention_due())
        self.assertFalse(order._get_retention_date())
        draft.action_post()
        self.assertEqual(order._get_retention_date(), draft.invoice_date)

    def test_order_billed_beyond_its_contract_is_complete(self):
        self.company.progress_overbilling_tolerance = 10.0
        order = self._retained(retention_release="months", retention_months=0)
        move = self._bill(self._plan(order, ("amount", 51000.0)))
        self.assertEqual(order._get_retention_date(), move.invoice_date)

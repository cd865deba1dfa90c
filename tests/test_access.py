"""Who may do what: design 5."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import ProgressBillingCommon

ACCESS_LOGGERS = (
    "odoo.models",
    "odoo.addons.base.models.ir_rule",
    "odoo.addons.base.models.ir_model",
)


@tagged("post_install", "-at_install")
class TestAccess(ProgressBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.salesman = cls._user("pb_sales", "sales_team.group_sale_salesman")
        cls.colleague = cls._user("pb_other", "sales_team.group_sale_salesman")
        cls.biller = cls._user("pb_biller", "account.group_account_invoice")
        cls.auditor = cls._user("pb_auditor", "account.group_account_readonly")
        cls.portal = cls._user("pb_portal", "base.group_portal")
        cls.order = cls._order(10000.0, user_id=cls.salesman.id)

    @classmethod
    def _user(cls, login, groups):
        # In sudo mode because accountants do not make users.
        env = cls.env(su=True)
        return new_test_user(
            env,
            login=login,
            groups=groups,
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def _plan_as(self, user, order=None, **values):
        order = order or self.order
        return (
            self.env["progress.billing.line"]
            .with_user(user)
            .create({"order_id": order.id, "name": "Part", "percent": 30.0, **values})
        )

    # === SALESPEOPLE === #

    def test_salesperson_plans_and_bills_own_orders(self):
        line = self._plan_as(self.salesman)
        line.percent = 40.0
        action = line.action_create_invoice()
        self.assertEqual(action["res_id"], line.move_id.id)
        self.assertEqual(line.state, "draft")
        self.assertAlmostEqual(line.order_id.progress_billed_amount, 4000.0)

    def test_salesperson_deletes_own_plan(self):
        self._plan_as(self.salesman).unlink()
        self.assertFalse(self.order.progress_line_ids)

    @mute_logger(*ACCESS_LOGGERS)
    def test_salesperson_cannot_touch_the_orders_of_others(self):
        line = self._plan_as(self.salesman)
        mine = line.with_user(self.colleague)
        for act in (
            lambda: mine.name,
            lambda: mine.write({"percent": 50.0}),
            lambda: mine._create_progress_invoices(),
            lambda: mine.action_cancel(),
            lambda: mine.unlink(),
            lambda: self._plan_as(self.colleague),
            lambda: self.order.with_user(self.colleague)._create_final_invoices(),
        ):
            self.env.invalidate_all()
            with self.assertRaises(AccessError), self.cr.savepoint():
                act()
        self.assertFalse(
            self.env["progress.billing.line"]
            .with_user(self.colleague)
            .search([("order_id", "=", self.order.id)])
        )

    @mute_logger(*ACCESS_LOGGERS)
    def test_salesperson_cannot_move_a_line_to_the_order_of_another(self):
        line = self._plan_as(self.salesman)
        other = self._order(500.0, user_id=self.colleague.id)
        with self.assertRaises(AccessError):
            line.order_id = other.id

    @mute_logger(*ACCESS_LOGGERS)
    def test_salesperson_cannot_post(self):
        line = self._plan_as(self.salesman)
        move = line._create_progress_invoices()
        with self.assertRaises(AccessError):
            move.with_user(self.salesman).action_post()

    def test_salesperson_bills_in_a_company_that_posts_by_itself(self):
        self.company.progress_auto_post = True
        line = self._plan_as(self.salesman)
        line.action_create_invoice()
        self.assertEqual(line.state, "posted")

    @mute_logger(*ACCESS_LOGGERS)
    def test_salesperson_cannot_forge_what_was_billed(self):
        line = self._plan_as(self.salesman)
        line._create_progress_invoices()
        with self.assertRaises(UserError), self.cr.savepoint():
            line.percent = 50.0
        with self.assertRaises(UserError), self.cr.savepoint():
            line.move_id = False
        with self.assertRaises(UserError), self.cr.savepoint():
            line.copy({"move_id": line.move_id.id})

    def test_salesperson_reads_the_history_of_own_orders(self):
        line = self._plan_as(self.salesman)
        line._create_progress_invoices().sudo().action_post()
        self.assertTrue(line.action_view_documents()["domain"])
        self.assertTrue(
            self.order.with_user(self.salesman).action_view_progress_history()["domain"]
        )

    def test_salesperson_opens_an_order_with_invoices_of_a_colleague(self):
        line = self._plan_as(self.salesman)
        line._create_progress_invoices().sudo().action_post()
        taker = self.salesman.sudo().copy({"login": "taker", "name": "Taker"})
        self.order.sudo().user_id = taker
        self.env.flush_all()
        self.env.invalidate_all()
        form = Form(self.order.with_user(taker))
        self.assertEqual(form.progress_billed_amount, line.sudo().amount_untaxed)
        self.assertFalse(form.invoice_count)
        action = self.order.with_user(taker).action_open_billing_history()
        history = (
            self.env[action["res_model"]].with_user(taker).browse(action["res_id"])
        )
        self.assertEqual(history.line_ids.amount_billed, line.sudo().amount_total)

    # === INVOICING PEOPLE, AUDITORS, PORTAL === #

    def test_invoicing_people_bill_and_finish_orders(self):
        line = self._plan_as(self.salesman)
        line.with_user(self.biller)._create_progress_invoices().action_post()
        order = self.order.with_user(self.biller)
        action = order.action_create_final_invoice()
        wizard = (
            self.env["progress.billing.final"]
            .with_user(self.biller)
            .with_context(**action["context"])
            .create({})
        )
        self.assertEqual(len(wizard.preview_line_ids), 2)
        wizard.action_create()
        order.progress_final_invoice_ids.action_post()
        self.assertSettled(self.order)

    @mute_logger(*ACCESS_LOGGERS)
    def test_auditors_read_and_nothing_more(self):
        line = self._plan_as(self.salesman).with_user(self.auditor)
        self.assertAlmostEqual(line.amount_untaxed, 3000.0)
        for act in (
            lambda: line.write({"percent": 50.0}),
            lambda: line.unlink(),
            lambda: line.action_cancel(),
            lambda: line._create_progress_invoices(),
            lambda: self._plan_as(self.auditor),
        ):
            with self.assertRaises(AccessError), self.cr.savepoint():
                act()

    @mute_logger(*ACCESS_LOGGERS)
    def test_portal_users_see_no_lines(self):
        self.order.partner_id = self.portal.partner_id
        line = self._plan_as(self.salesman)
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            line.with_user(self.portal).read(["name"])
        with self.assertRaises(AccessError):
            line.with_user(self.portal)._create_progress_invoices()

    # === COMPANIES === #

    @mute_logger(*ACCESS_LOGGERS)
    def test_other_companies_never_show(self):
        line = self._plan_as(self.salesman)
        other = self.setup_other_company(name="Elsewhere")["company"]
        stranger = new_test_user(
            self.env(su=True),
            login="pb_stranger",
            groups="sales_team.group_sale_manager,account.group_account_manager",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        lines = self.env["progress.billing.line"].with_user(stranger)
        self.assertFalse(lines.search([]))
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            lines.browse(line.id).read(["name"])

    # === LOCKED ORDERS === #

    def test_locked_order_is_billed_and_finished(self):
        first = self._plan_as(self.salesman)
        self.order.action_lock()
        second = self._plan_as(self.salesman, percent=20.0)
        first._create_progress_invoices()
        move = second._create_progress_invoices().sudo()
        move.invoice_line_ids.price_unit = 1500.0
        (first | second).sudo().move_id.action_post()
        final = self._final(self.order)
        self.assertAlmostEqual(final.amount_untaxed, 5500.0)
        self.assertSettled(self.order)

"""A branch, which books on its parent's accounts, and its people."""

from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..common_currency import DEPOSIT_DAY, FINAL_DAY, ProgressCurrencyCommon
from ..common_retention import RetentionCommon

GROUPS = "sales_team.group_sale_manager,account.group_account_manager"
GROUPS += ",account.group_account_user,project.group_project_manager"


class BranchCase(ProgressCurrencyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.head = cls.company
        cls.branch = cls._create_company(name="Branch", parent_id=cls.head.id)
        user = new_test_user(
            cls.env(su=True),
            login="branch",
            groups=GROUPS,
            company_id=cls.branch.id,
            company_ids=[Command.set(cls.branch.ids)],
        )
        context = {"allowed_company_ids": cls.branch.ids}
        cls.env = cls.env(user=user, context=context)
        cls.company = cls.branch = cls.branch.with_env(cls.env)
        for name in ("partner_a", "service", "tax", "deposit_account"):
            setattr(cls, name, getattr(cls, name).with_env(cls.env))


@tagged("post_install", "-at_install")
class TestBranches(BranchCase):
    def test_deposits_of_a_branch_come_back_from_its_parents_account(self):
        self.branch.sudo().downpayment_account_id = self.deposit_account
        order = self._euro_order(10000.0)
        self.assertEqual(order.company_id, self.branch)
        deposit = self._deposit_on(DEPOSIT_DAY, order, 30.0)
        final = self._final_on(FINAL_DAY, order)
        self.assertEqual((deposit | final).company_id, self.branch)
        self.assertNoDeposit(order)
        entries = final.progress_adjustment_move_ids
        self.assertEqual(entries.company_id, self.branch)
        self.assertEqual(
            self._get_rows(entries.line_ids),
            {
                self.deposit_account: -300.0,
                self.tax_account.with_env(self.env): -45.0,
                self.loss.with_env(self.env): 345.0,
            },
        )
        with self._on(FINAL_DAY):
            ledger = self.env["progress.deposit.ledger"].create({"date": FINAL_DAY})
        self.assertEqual(ledger.company_id, self.branch)
        self.assertTrue(ledger.is_tied)
        self.assertEqual(ledger.line_ids.move_id, deposit)
        # The parent has nothing of it.
        both = (self.branch | self.head).ids
        ledgers = ledger.sudo().with_context(allowed_company_ids=both).browse()
        ledger = ledgers.create({"date": FINAL_DAY, "company_id": self.head.id})
        self.assertFalse(ledger.line_ids)
        self.assertTrue(ledger.is_tied)

    def test_branch_is_set_up_by_one_click_on_accounts_of_its_parent(self):
        self.head.sudo().downpayment_account_id = False
        self.branch.sudo().downpayment_account_id = False
        self.branch.action_set_up_progress_billing()
        account = self.branch.sudo().downpayment_account_id
        self.assertTrue(account._is_progress_deposit_account())
        order = self._order(10000.0)
        self._bill(self._plan(order, 30.0))
        self.assertAlmostEqual(self._balance(account, order), -3000.0)
        self._final(order)
        self.assertAlmostEqual(self._balance(account, order), 0.0, 9)

    def test_run_of_a_branch_bills_its_lines_alone(self):
        self.branch.sudo().downpayment_account_id = self.deposit_account
        order = self._order(10000.0)
        line = self._plan(order, 30.0)
        run = self.env["progress.billing.run"].create({})
        run.action_run()
        self.assertEqual(line.move_id.company_id, self.branch)
        overview = self.env["progress.billing.overview"].get_overview()
        self.assertEqual([x["company"] for x in overview["deposits"]], ["Branch"])


@tagged("post_install", "-at_install")
class TestBranchRetention(BranchCase, RetentionCommon):
    def test_retention_of_a_branch_is_held_and_released(self):
        self.branch.sudo().retention_account_id = self.retention_account
        self.branch.sudo().retention_journal_id = self.retention_journal
        order = self._retained()
        self._progress(order, 40.0)
        self.assertEqual(self._held(order), 1200.0)
        release = order._create_retention_releases()
        release.action_post()
        self.assertEqual(release.company_id, self.branch)
        self.assertEqual(self._held(order), 0.0)
        ledger = self.env["progress.retention.ledger"].create({"date": "2100-01-01"})
        self.assertTrue(ledger.is_tied)

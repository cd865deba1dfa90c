"""What is derived nobody writes; what a workflow sets, only the workflow."""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.models import MAGIC_COLUMNS
from odoo.tests import Form, freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from .common_project import PIXEL, ProjectBillingCommon


@tagged("post_install", "-at_install")
class TestDerivedFields(ProjectBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.salesman = cls._user("guard_sales", "sales_team.group_sale_salesman")
        cls.biller = cls._user("guard_biller", "account.group_account_invoice")
        cls.manager = cls._user("guard_manager", "project.group_project_manager")

    @classmethod
    def _user(cls, login, groups):
        return new_test_user(
            cls.env(su=True),
            login=login,
            groups=groups,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def assertGuarded(self, records, **values):
        """Assert that none of the values can be written, one by one."""
        for name, value in values.items():
            with (
                self.subTest(model=records._name, field=name),
                self.assertRaisesRegex(AccessError, "works that out|only its progress"),
                self.cr.savepoint(),
            ):
                records.write({name: value})

    def _get_guarded_values(self, model):
        """Return a value other than nothing for each field that is guarded."""
        values = {
            "char": "forged",
            "text": "forged",
            "date": "2020-01-31",
            "datetime": "2020-01-31 00:00:00",
            "integer": 12345,
            "float": 12345.5,
            "monetary": 12345.5,
            "binary": PIXEL.decode(),
            "json": {"forged": True},
        }
        result = {}
        for name in model._get_guarded_fields():
            field = model._fields[name]
            if field.type == "selection":
                result[name] = field.get_values(self.env)[-1]
            elif field.type == "many2one":
                others = self.env[field.comodel_name].sudo().search([], limit=20)
                result[name] = (others - model.sudo()[name])[:1].id or 999999
            elif field.type == "boolean":
                result[name] = not model.sudo()[:1][name]
            else:
                result[name] = values[field.type]
        return result

    # === EVERY FIELD, AS THE REGISTRY HAS IT === #

    def test_every_readonly_field_of_every_model_is_guarded(self):
        order = self._project_order(1000.0, user_id=self.salesman.id)
        line = self._plan(self._order(1000.0, user_id=self.salesman.id), 30.0)
        move = self._bill(line)
        proforma = self._proforma(order, 50.0)
        for records in (
            line,
            order,
            order.order_line,
            order.project_id,
            proforma,
            proforma.line_ids,
            move,
            move.invoice_line_ids,
        ):
            for user in (self.salesman, self.biller, self.manager):
                mine = records.with_user(user)
                if mine.has_access("write"):
                    self.assertGuarded(mine, **self._get_guarded_values(mine))

    def test_every_model_with_derived_fields_has_the_guard(self):
        for name, model in self.env.items():
            if model._abstract or model._transient or not model._auto:
                continue
            derived = [
                field
                for field, value in model._fields.items()
                if "progress_billing" in value._modules
                and value.store
                and value.readonly
                and field not in MAGIC_COLUMNS
                and value.type != "one2many"
            ]
            guard = self.env.registry["progress.billing.guard"]
            if derived:
                with self.subTest(model=name, fields=derived):
                    self.assertTrue(issubclass(type(model), guard))

    # === WHAT WOULD COME OF IT === #

    def test_posted_line_cannot_be_planned_again_by_its_state(self):
        line = self._plan(self._order(1000.0, user_id=self.salesman.id), 30.0)
        self._bill(line)
        mine = line.with_user(self.salesman)
        self.assertGuarded(mine, state="planned", amount_untaxed=0.0, amount_open=0.0)
        self.assertRecordValues(line, [{"state": "posted", "amount_untaxed": 300.0}])
        with self.assertRaises(UserError):
            mine.unlink()

    def test_new_line_begins_planned_whatever_is_said(self):
        order = self._order(1000.0, user_id=self.salesman.id)
        Line = self.env["progress.billing.line"].with_user(self.salesman)
        values = {"order_id": order.id, "name": "Part", "percent": 30.0}
        with self.assertRaises(AccessError), self.cr.savepoint():
            Line.create({**values, "state": "posted"})
        forged = Line.with_context(
            default_state="posted",
            default_amount_untaxed=5.0,
            default_partner_id=self.partner_b.id,
        )
        line = forged.create({**values, "state": "planned"})
        self.assertRecordValues(
            line,
            [
                {
                    "state": "planned",
                    "amount_untaxed": 300.0,
                    "partner_id": self.partner_a.id,
                }
            ],
        )
        self.env["ir.default"].with_user(self.salesman).sudo().set(
            "progress.billing.line", "state", "posted", user_id=self.salesman.id
        )
        for model in (Line, forged):
            self.assertEqual(model.create(values).state, "planned")

    def test_totals_of_an_order_cannot_be_written(self):
        order = self._order(1000.0, user_id=self.salesman.id)
        self._bill(self._plan(order, 30.0))
        self.assertGuarded(
            order.with_user(self.salesman),
            progress_billed_amount=0.0,
            progress_deposit_balance=0.0,
        )
        with self.assertRaises(AccessError), self.cr.savepoint():
            self.env["sale.order"].with_user(self.salesman).create(
                {"partner_id": self.partner_a.id, "progress_billed_amount": 5.0}
            )
        self.assertEqual(order.progress_billed_amount, 300.0)

    def test_pro_forma_is_signed_and_addressed_by_the_workflow_only(self):
        order = self._project_order(1000.0, user_id=self.salesman.id)
        proforma = self._proforma(order, 50.0)
        for user in (self.salesman, self.manager):
            self.assertGuarded(
                proforma.with_user(user),
                state="approved",
                signature=PIXEL.decode(),
                signed_by="Marco",
                signed_on="2026-01-01 10:00:00",
                partner_id=self.partner_b.id,
                currency_id=self.env.ref("base.EUR").id,
            )
        with self.assertRaises(AccessError), self.cr.savepoint():
            self.env["progress.billing.proforma"].with_user(self.salesman).create(
                {
                    "partner_id": self.partner_b.id,
                    "currency_id": self.company.currency_id.id,
                }
            )
        proforma.with_user(self.manager).action_approve()
        self.assertEqual(proforma.state, "approved")

    def test_project_manager_makes_pro_formas(self):
        order = self._project_order(1000.0)
        order.project_id.progress_create_proforma = True
        self._complete(order.order_line, 50.0)
        proformas, _moves = order.project_id.with_user(self.manager)._run_billing()
        self.assertRecordValues(
            proformas,
            [{"amount_untaxed": 500.0, "create_uid": self.manager.id}],
        )

    def test_links_of_posted_items_cannot_be_moved(self):
        order = self._order(1000.0)
        first, second = self._plan(order, 30.0, 20.0)
        move = self._bill(first).with_user(self.biller)
        self._bill(second)
        self.assertGuarded(move, is_progress_final=True)
        self.assertGuarded(
            move.invoice_line_ids,
            progress_line_id=second.id,
            is_progress_recall=True,
            progress_budget_line_id=order.order_line[0].id,
        )
        self.assertEqual(first.amount_open, 300.0)

    # === THE HOST'S OWN WAYS KEEP WORKING === #

    def test_same_value_is_no_change(self):
        line = self._plan(self._order(1000.0, user_id=self.salesman.id), 30.0)
        move = self._bill(line)
        mine = line.with_user(self.salesman)
        mine.write(
            {
                "state": "posted",
                "amount_untaxed": 300.0,
                "move_id": move.id,
                "company_id": self.company.id,
            }
        )
        move.with_user(self.biller).is_progress_final = False
        for item in move.with_user(self.biller).line_ids:
            item.write({"progress_line_id": item.progress_line_id.id})
        self.assertEqual(line.state, "posted")

    def test_issued_line_takes_the_values_that_it_has(self):
        """Over RPC dates come as text, and forms send what nobody changed."""
        line = self._plan(self._order(1000.0, user_id=self.salesman.id), 30.0)
        self._bill(line)
        mine = line.with_user(self.salesman)
        mine.write(
            {
                "date": "2026-03-01",
                "percent": 30,
                "amount": 0,
                "order_id": line.order_id.id,
                "description": False,
                "sale_line_id": False,
            }
        )
        mine.web_save({"date": "2026-03-01", "name": line.name}, {"name": {}})
        for values in ({"date": "2026-03-02"}, {"percent": 30.5}):
            with self.assertRaises(UserError), self.cr.savepoint():
                mine.write(values)

    @freeze_time("2026-03-01")
    def test_invoicing_person_credits_and_corrects_invoices(self):
        line = self._plan(self._order(1000.0), 30.0)
        move = self._bill(line).with_user(self.biller)
        Wizard = self.env["account.move.reversal"].with_user(self.biller)
        wizard = Wizard.with_context(
            active_model="account.move", active_ids=move.ids
        ).create({"journal_id": move.journal_id.id, "date": "2026-03-01"})
        wizard.modify_moves()
        correction = wizard.new_move_ids
        self.assertEqual(correction.create_uid, self.biller)
        self.assertEqual(line.move_id, correction)
        self.assertEqual(line.state, "draft")
        correction.with_user(self.biller).action_post()
        self.assertRecordValues(line, [{"state": "posted", "amount_open": 300.0}])
        wizard = Wizard.with_context(
            active_model="account.move", active_ids=correction.ids
        ).create({"journal_id": move.journal_id.id, "date": "2026-03-01"})
        wizard.refund_moves()
        wizard.new_move_ids.with_user(self.biller).action_post()
        self.assertRecordValues(line, [{"state": "cancel", "amount_open": 0.0}])

    def test_invoicing_person_copies_an_invoice(self):
        """Even a copy that claims to be a business copy bills no line again."""
        line = self._plan(self._order(1000.0), 30.0)
        move = self._bill(line).with_user(self.biller)
        copy = move.copy()
        self.assertFalse(copy.line_ids.progress_line_id)
        with self.assertRaises(AccessError):
            move.with_context(include_business_fields=True).copy()

    def test_invoicing_person_finishes_in_another_currency(self):
        rate = self.env["res.currency.rate"]
        euro = self.env.ref("base.EUR")
        euro.active = True
        rate.search([("currency_id", "=", euro.id)]).unlink()
        for day, value in (("2026-01-01", 1 / 1.1), ("2026-03-01", 1 / 1.2)):
            rate.create(
                {
                    "name": day,
                    "rate": value,
                    "currency_id": euro.id,
                    "company_id": self.company.id,
                }
            )
        pricelist = self.env["product.pricelist"].create(
            {"name": "Euro", "currency_id": euro.id}
        )
        order = self._order(10000.0, pricelist_id=pricelist.id)
        with freeze_time("2026-01-10"):
            lines = self._plan(order, 30.0, date="2026-01-10").with_user(self.biller)
            self._bill(lines)
        with freeze_time("2026-03-10"):
            final = self._final(order.with_user(self.biller))
            self.assertAlmostEqual(self._balance(self.deposit_account), 0.0)
            entries = final.sudo().progress_adjustment_move_ids
            self.assertTrue(entries)
            final.button_draft()
            self.assertAlmostEqual(self._balance(self.deposit_account), -3300.0)

    def test_salesperson_confirms_and_saves_an_order_in_the_form(self):
        order = self._order(1000.0, confirm=False, user_id=self.salesman.id)
        mine = order.with_user(self.salesman)
        mine.action_confirm()
        self.assertEqual(order.order_line.budget_original_amount, 1000.0)
        self._bill(self._plan(order, 30.0))
        with Form(mine) as form:
            form.client_order_ref = "A-1"
        self.assertEqual(order.client_order_ref, "A-1")

    @mute_logger("odoo.models")
    def test_salesperson_replans_a_failed_line(self):
        line = self._plan(self._order(1000.0, user_id=self.salesman.id), 30.0)
        line.sudo().error_message = "Failed"
        line.action_cancel()
        line.with_user(self.salesman).action_replan()
        self.assertRecordValues(line, [{"state": "planned", "error_message": False}])

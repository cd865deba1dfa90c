"""Every public method and stored field of the addon, over RPC, as every role.

The methods and fields come from the registry: a new one is in the table by itself, and
fails until `RIGHTS` says who may use it.
"""

from collections import defaultdict

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, MissingError, UserError
from odoo.fields import Command
from odoo.models import MAGIC_COLUMNS
from odoo.service.model import call_kw
from odoo.tests import HttpCase, JsonRpcException, new_test_user, tagged
from odoo.tools import mute_logger

from .common_project import ProjectBillingCommon

MODULE = "progress_billing"

#: Roles that bill, each what is theirs.
INVOICING = ("seller", "colleague", "biller", "stranger")
#: Who may call a method: whoever may read or write the record, or the roles named.
RIGHTS = {
    "account.move": {
        "action_export_progress_statement": "read",
        "action_force_register_payment": "read",
        "action_print_progress_statement": "read",
        "action_view_proforma": "read",
        "action_view_progress_lines": "read",
        "button_cancel": ("biller",),
        "button_draft": ("biller",),
    },
    "account.move.reversal": {"reverse_moves": ("biller",)},
    "progress.billing.account": {
        "action_choose": ("stranger",),
        "action_create_account": ("stranger",),
    },
    "progress.billing.final": {
        "action_create": ("seller", "biller"),
        "action_view_drafts": ("seller", "biller"),
    },
    "progress.billing.generate": {"action_generate": ("seller", "biller")},
    "progress.billing.line": {
        "action_bill": "write",
        "action_cancel": "write",
        "action_create_invoice": "write",
        "action_hold": "write",
        "action_release": "write",
        "action_replan": "write",
        "action_view_documents": "read",
        "action_view_invoice": "read",
    },
    "progress.billing.postpone": {"action_postpone": ("seller", "biller")},
    "progress.billing.proforma": {
        "action_approve": "write",
        "action_cancel": "write",
        "action_draft": "write",
        "action_export_progress_statement": "read",
        "action_preview": "read",
        "action_print_progress_statement": "read",
        "action_release": ("seller", "biller"),
        "action_send": "write",
        "action_view_invoices": ("portal", "seller", "biller"),
        "message_post": "write",
    },
    "progress.billing.run": {
        "action_open": (*INVOICING, "manager"),
        "action_open_budgets": (*INVOICING, "manager"),
        "action_run": (*INVOICING, "manager"),
        "action_view_failed": (*INVOICING, "manager"),
        "action_view_invoices": INVOICING,
        "action_view_lines": (*INVOICING, "manager"),
        "action_view_proformas": (*INVOICING, "manager"),
    },
    "progress.billing.history": {
        "action_export": ("seller", "biller"),
        "action_open": ("seller", "biller"),
        "action_print": ("seller", "biller"),
        "action_view_documents": ("seller", "biller"),
    },
    "progress.cash.forecast": {
        "action_export": INVOICING,
        "action_open": INVOICING,
        "action_print": INVOICING,
        "action_view_months": INVOICING,
    },
    "progress.earned.report": {
        "action_export": INVOICING,
        "action_open": INVOICING,
        "action_print": INVOICING,
    },
    "progress.deposit.ledger": {
        "action_export": ("biller", "stranger"),
        "action_open": ("biller", "stranger"),
        "action_print": ("biller", "stranger"),
    },
    "progress.deposit.ledger.line": {"action_view_items": ("biller", "stranger")},
    "progress.retention.ledger": {
        "action_export": ("biller", "stranger"),
        "action_print": ("biller", "stranger"),
        "action_open": ("biller", "stranger"),
        "action_release": ("biller", "stranger"),
    },
    "progress.retention.release": {"action_release": ("biller",)},
    "project.project": {
        "action_copy_last": ("seller", "colleague", "manager", "biller"),
        # Who has nothing of his own to bill sees that.
        "action_open_billing_history": ("seller", "colleague", "biller"),
        "action_open_billing_run": ("seller", "colleague", "manager", "biller"),
        "action_release_retention": ("biller",),
        "action_run_billing": ("seller", "manager", "biller"),
        "action_view_proformas": "read",
        "action_view_progress_lines": "read",
        "action_view_retention": "read",
        "action_view_revenue_budget": "read",
        "get_progress_summary": ("seller", "colleague", "manager", "biller"),
    },
    "res.partner": {"action_release_retention": ("biller",)},
    # For administrators of Invoicing, none of these roles.
    "res.company": {"action_set_up_progress_billing": ()},
    "res.config.settings": {"action_set_up_progress_billing": ()},
    "sale.order.line": {
        "action_accept_billed": ("seller", "manager", "biller"),
        "action_keep_pending": ("seller", "manager", "biller"),
        "action_view_completion": "read",
    },
    "sale.order": {
        "action_bill_next": "write",
        "action_create_final_invoice": "write",
        "action_create_interim_invoice": "write",
        "action_generate_progress": "write",
        "action_lock": "write",
        "action_open_billing_history": ("seller", "biller"),
        "action_release_retention": "read",
        "action_plan_30_40_30": "write",
        "action_plan_instalments": "write",
        "action_plan_milestones": "write",
        "action_set_up_account": "write",
        "action_view_progress_drafts": "read",
        "action_view_progress_history": "read",
        "action_view_retention": "read",
        "action_view_revenue_budget": "read",
    },
}
#: Models whose records are the host's: a test compares what a role reads with it.
HOSTS = (
    *("account.bank.statement.line", "account.move", "account.move.line"),
    *("project.project", "project.task", "res.company", "res.partner", "res.users"),
    *("sale.order", "sale.order.line", "sale.order.template"),
    "sale.order.template.line",
)
LOGGERS = (
    "odoo.models",
    "odoo.addons.base.models.ir_model",
    "odoo.addons.base.models.ir_rule",
)
#: Methods of every model, whose rights are the model's own.
ORM = {
    *("create", "write", "unlink", "copy", "default_get", "onchange"),
    *("get_import_templates", "message_post_with_source"),
}


def get_public_methods(model):
    """Return the names of the methods that the addon gives a model, for RPC to call."""
    names = set()
    for cls in type(model).mro():
        if getattr(cls, "_module", None) == MODULE:
            names |= {
                name
                for name, value in vars(cls).items()
                if callable(value) and not name.startswith("_")
            }
    return sorted(
        name
        for name in names
        if not isinstance(getattr(type(model), name), type)
        and not getattr(getattr(type(model), name), "_api_private", False)
    )


@tagged("post_install", "-at_install")
class TestRpc(ProjectBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.roles = {
            "portal": cls._user("portal", "base.group_portal"),
            "employee": cls._user("employee", "base.group_user"),
            "seller": cls._user("seller", "sales_team.group_sale_salesman"),
            "colleague": cls._user("colleague", "sales_team.group_sale_salesman"),
            "manager": cls._user("manager", "project.group_project_manager"),
            "biller": cls._user("biller", "account.group_account_invoice"),
            "stranger": cls._stranger(),
        }
        cls.partner_a.user_ids = cls.roles["portal"]
        cls.records = cls._records()

    @classmethod
    def _user(cls, name, groups, company=None):
        company = company or cls.company
        return new_test_user(
            cls.env(su=True),
            login=f"rpc_{name}",
            groups=groups,
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    @classmethod
    def _stranger(cls):
        company = cls.setup_other_company(name="Elsewhere")["company"]
        groups = (
            "account.group_account_manager",
            "sales_team.group_sale_manager",
            "project.group_project_manager",
        )
        return cls._user("stranger", ",".join(groups), company)

    @classmethod
    def _records(cls):
        """Return model name -> records in each state that matters."""
        seller = {"user_id": cls.roles["seller"].id}
        order = cls._order(10000.0, **seller)
        planned, draft, posted, cancelled = cls._plan(order, 10.0, 10.0, 10.0, 10.0)
        cls._bill(draft, post=False)
        cls._bill(posted)
        cancelled.action_cancel()
        finished = cls._order(5000.0, **seller)
        cls._bill(cls._plan(finished, 30.0))
        final = cls._final(finished)
        ready = cls._order(7000.0, **seller)
        cls._bill(cls._plan(ready, 30.0))
        proformas = cls.env["progress.billing.proforma"]
        for state in ("draft", "sent", "approved", "cancel", "released"):
            proforma = cls._proforma(cls._project_order(1000.0, **seller), 50.0)
            if state == "released":
                proforma.action_release()
            elif state != "draft":
                proforma._set_state(state, ("draft",))
            proformas |= proforma
        pending = cls._project_order(2000.0, **seller)
        cls._complete(pending.order_line, 50.0)
        direct = cls._project_order(2000.0, **seller)
        cls._complete(direct.order_line, 50.0)
        pending.project_id.progress_create_proforma = True
        retained = cls._retained_order(seller)
        site = cls.env["project.project"].create(
            {
                "name": "Retained",
                "company_id": cls.company.id,
                "allow_billable": True,
                "partner_id": cls.partner_a.id,
                "sale_line_id": retained.order_line[0].id,
            }
        )
        cls.wizards = {
            "account.move.reversal": {
                "move_ids": [Command.set(posted.move_id.ids)],
                "journal_id": posted.move_id.journal_id.id,
            },
            "progress.billing.final": {"order_ids": [Command.set(ready.ids)]},
            "progress.billing.generate": {
                "order_ids": [Command.set(ready.ids)],
                "plan": "flat",
                "percent": 10.0,
            },
            "progress.billing.postpone": {"line_ids": [Command.set(planned.ids)]},
            "progress.billing.run": {"order_from_id": order.id},
            "progress.billing.history": {"order_ids": [Command.set(order.ids)]},
            "progress.cash.forecast": {},
            "progress.earned.report": {"date": "2026-12-31"},
            "progress.deposit.ledger": {"date": "2026-12-31"},
            "progress.retention.ledger": {"date": "2026-12-31"},
            "progress.retention.release": {"order_ids": [Command.set(retained.ids)]},
        }
        orders = order | finished | ready | proformas.order_ids | pending | direct
        template = cls.env["sale.order.template"].create(
            {
                "name": "Package",
                "sale_order_template_line_ids": [
                    Command.create({"name": "x", "display_type": "line_note"})
                ],
            }
        )
        plan = cls.env["progress.billing.template"].create(
            {
                "name": "Halves",
                "line_ids": [Command.create({"name": "Half", "percent": 50.0})],
            }
        )
        moves = draft.move_id | posted.move_id | final | proformas.move_ids
        # What a transaction completes is kept at its end.
        cls.env.cr.precommit.run()
        return {
            "account.move": moves,
            "account.move.line": moves.invoice_line_ids,
            "res.company": cls.company,
            "res.partner": cls.partner_a,
            "progress.retention.step": cls.env["progress.retention.step"].create(
                {"order_id": order.id, "until_percent": 50.0, "percent": 10.0}
            ),
            "sale.order.template": template,
            "sale.order.template.line": template.sale_order_template_line_ids,
            "progress.billing.template": plan,
            "progress.billing.template.line": plan.line_ids,
            "progress.billing.rule": cls._rule(),
            "project.task": (pending | direct).tasks_ids,
            "progress.billing.line": planned | draft | posted | cancelled,
            "progress.billing.proforma": proformas,
            "progress.billing.proforma.line": proformas.line_ids,
            "sale.order": orders,
            "sale.order.line": orders.order_line,
            "progress.billing.completion": pending.order_line.progress_completion_ids,
            "project.project": (pending | direct).project_id | site,
        }

    @classmethod
    def _retained_order(cls, values):
        """Return an order of which a part is held back."""
        cls.company.retention_account_id = cls.env["account.account"].create(
            {
                "name": "Retention",
                "code": "PBRET",
                "account_type": "asset_current",
                "reconcile": True,
            }
        )
        cls.company.retention_journal_id = cls.env["account.journal"].create(
            {"name": "Releases", "code": "RET", "type": "sale"}
        )
        order = cls._order(1000.0, retention_percent=5.0, **values)
        cls._bill(cls._plan(order, 30.0))
        return order

    def _as(self, role, model):
        return self.env[model].with_user(self.roles[role]).sudo(False)

    def _call(self, role, model, method, *args, **kwargs):
        """Return what comes of a call, which is undone: done, refused or denied."""
        self.env.flush_all()
        self.env.invalidate_all()
        try:
            with self.cr.savepoint() as savepoint:
                caller = self._as(role, model)
                call_kw(caller, method, list(args), kwargs)
                caller.env.flush_all()
                savepoint.rollback()
        except (AccessError, MissingError):
            return "denied"
        except (UserError, IntegrityError):
            return "refused"
        finally:
            self.env.invalidate_all()
        return "done"

    # === METHODS === #

    def test_every_public_method_has_its_right(self):
        found = defaultdict(set)
        for name, model in self.env.items():
            methods = set(get_public_methods(model)) - ORM
            if methods and not model._abstract:
                found[name] = methods
        self.assertEqual(
            dict(found), {name: set(methods) for name, methods in RIGHTS.items()}
        )

    def _get_roles(self, right, record):
        """Return the roles that have a right on a record."""
        if not isinstance(right, str):
            return set(right)
        return {
            role
            for role, user in self.roles.items()
            if record.with_user(user).sudo(False).has_access(right)
        }

    @mute_logger(*LOGGERS)
    def test_methods_do_what_the_right_allows(self):
        """Nobody else gets anything done; whoever has the right does, somewhere."""
        for model, methods in RIGHTS.items():
            for method, right in methods.items():
                if model in self.records:
                    self._check_method(model, method, right)

    def _check_method(self, model, method, right):
        worked, allowed = set(), set()
        for record in self.records[model]:
            roles = self._get_roles(right, record)
            allowed |= roles
            for role in self.roles:
                with self.subTest(model=model, method=method, id=record.id, role=role):
                    outcome = self._call(role, model, method, record.ids)
                    if outcome == "done":
                        worked.add(role)
                        self.assertIn(role, roles)
        with self.subTest(model=model, method=method):
            self.assertEqual(worked, allowed)

    @mute_logger(*LOGGERS)
    def test_wizards_serve_only_who_opened_them(self):
        for model, values in self.wizards.items():
            for method, right in RIGHTS[model].items():
                for role in self.roles:
                    with self.subTest(model=model, method=method, role=role):
                        self._check_wizard(role, model, method, right, values)

    def _check_wizard(self, role, model, method, right, values):
        others = self.env[model].with_user(self.roles["biller"]).create(values)
        is_model = getattr(getattr(type(others), method), "_api_model", False)
        is_ours = model.startswith("progress.")
        if role != "biller" and is_ours and not is_model:
            self.assertEqual(self._call(role, model, method, others.ids), "denied")
        try:
            with self.cr.savepoint():
                ids = call_kw(self._as(role, model), "create", [values], {})
        except AccessError:
            self.assertNotIn(role, right)
            return
        outcome = self._call(role, model, method, *([] if is_model else [[ids]]))
        self.assertEqual(outcome, "done" if role in right else "denied")

    def _get_wizards(self):
        """Return model name -> a wizard of the administrator's."""
        return {
            model: self.env[model].create(values)
            for model, values in self.wizards.items()
            if model.startswith("progress.")
        }

    # === FIELDS === #

    def _get_fields(self, model):
        """Return the stored fields of the addon on a model, one2many aside."""
        return [
            (name, field)
            for name, field in sorted(model._fields.items())
            if MODULE in field._modules
            and field.store
            and field.type != "one2many"
            and name not in MAGIC_COLUMNS
        ]

    def test_every_model_with_stored_fields_has_records_here(self):
        names = {
            name
            for name, model in self.env.items()
            if not model._abstract and not model._transient and self._get_fields(model)
        }
        self.assertEqual(names, set(self.records))

    def _get_other_value(self, record, name):
        """Return a value that a record's field has not, as RPC would write it."""
        field, value = record._fields[name], record.sudo()[name]
        if field.type == "selection":
            values = field.get_values(self.env)
            return next(each for each in values if each != value)
        if field.type in ("many2one", "many2many"):
            others = self.env[field.comodel_name].sudo().search([], limit=20) - value
            return others[:1].id if field.type == "many2one" else [others[:1].id]
        if field.type == "boolean":
            return not value
        texts = {"date": "2027-01-31", "datetime": "2027-01-31 10:00:00"}
        numbers = {"integer": 7, "float": 7.5, "monetary": 7.5}
        return {**texts, **numbers}.get(field.type, "forged")

    @mute_logger(*LOGGERS)
    def test_fields_are_written_by_who_may(self):
        """Never a derived one; others by whoever may write the record."""
        for model, records in self.records.items():
            record = records[:1]
            for name, field in self._get_fields(record):
                value = self._get_other_value(record, name)
                for role, user in self.roles.items():
                    mine = record.with_user(user).sudo(False)
                    may = mine.has_access("write") and not field.readonly
                    with self.subTest(model=model, field=name, role=role):
                        outcome = self._call(
                            role, model, "write", record.ids, {name: value}
                        )
                        self.assertIn(
                            outcome,
                            ("done", "refused", "denied") if may else ("denied",),
                        )

    # === READING === #

    def _get_read_records(self):
        """Return model name -> records, of every model with a field of the addon."""
        bank = self.company_data["default_journal_bank"]
        return self.records | {
            # Have the fields of the records that they delegate to.
            "res.users": self.env.user,
            "account.bank.statement.line": self.env[
                "account.bank.statement.line"
            ].create({"journal_id": bank.id, "payment_ref": "x", "amount": 1.0}),
        }

    def _get_our_fields(self, model):
        """Return the names of all fields that the addon gives a model."""
        return [
            name
            for name, field in sorted(model._fields.items())
            if MODULE in field._modules and name not in MAGIC_COLUMNS
        ]

    def _get_shown(self, records, names):
        """Return the names of fields that the groups of who asks show."""
        fields = records._fields
        return [
            name for name in names if records._has_field_access(fields[name], "read")
        ]

    def _read(self, role, records, names=None):
        """Return what a role reads, all fields if untold; None where it is denied."""
        self.env.flush_all()
        self.env.invalidate_all()
        reader, args = self._as(role, records._name), [records.ids, names]
        try:
            return call_kw(reader, "read", args, {"load": None})
        except (AccessError, MissingError) as error:
            self.refusal = str(error)
            return None
        finally:
            self.env.invalidate_all()

    def test_every_model_with_fields_is_read_here(self):
        names = {
            name
            for name, model in self.env.items()
            if not model._abstract
            and not model._transient
            and self._get_our_fields(model)
        }
        self.assertEqual(names, set(self._get_read_records()))

    @mute_logger(*LOGGERS)
    def test_fields_are_read_by_who_may_read_the_record(self):
        """All that a role's groups show it, at once; of other records nothing.

        Of the host's records a role reads no field that shows what it may not see.
        """
        for model, records in self._get_read_records().items():
            for role in self.roles:
                mine = records.with_user(self.roles[role]).sudo(False)
                mine = mine._filtered_access("read")
                names = self._get_our_fields(mine)
                shown = self._get_shown(mine, names)
                with self.subTest(model=model, role=role):
                    if mine < records:
                        self.assertIsNone(self._read(role, records - mine, names[:1]))
                    if mine and shown:
                        self._check_read(role, mine, shown, model in HOSTS)
                for name in set(names) - set(shown) if mine else ():
                    with self.subTest(model=model, role=role, field=name):
                        self.assertIsNone(self._read(role, mine, [name]))

    def _check_read(self, role, records, names, may_fail=False):
        """Assert that a role reads fields, and by them no record that is not its."""
        rows = self._read(role, records, names)
        if rows is None and may_fail:
            names = [name for name in names if self._read(role, records, [name])]
            rows = self._read(role, records, names)
        if rows is None:
            self.assertFalse(
                {
                    name: self.refusal
                    for name in names
                    if self._read(role, records, [name]) is None
                },
                "a whole read fails because of these",
            )
        for name in names:
            field = records._fields[name]
            if field.type in ("one2many", "many2many"):
                linked = records.env[field.comodel_name].browse(
                    {id_ for row in rows for id_ in row[name]}
                )
                self.assertEqual(linked._filtered_access("read"), linked, name)

    @mute_logger(*LOGGERS)
    def test_whole_records_are_read_as_on_the_bare_host(self):
        """No field of ours keeps a role from reading what the host's show it."""
        for model, records in self._get_read_records().items():
            for role in self.roles:
                mine = records.with_user(self.roles[role]).sudo(False)
                mine = mine._filtered_access("read")
                hosts = [
                    name
                    for name in mine.fields_get(attributes=())
                    if MODULE not in mine._fields[name]._modules
                ]
                with self.subTest(model=model, role=role):
                    if mine and self._read(role, mine, hosts) is not None:
                        self.assertIsNotNone(self._read(role, mine))

    def test_sums_of_shared_records_tell_nothing_of_others_orders(self):
        """Projects, customers and companies are seen by all, their orders are not."""
        numbers = ("monetary", "float", "integer")
        for model in ("project.project", "res.partner", "res.company"):
            records = self.records[model].with_user(self.roles["colleague"])
            names = [
                name
                for name in self._get_our_fields(records)
                if records._fields[name].type in numbers
                and not records._fields[name].store
            ]
            # Without a name, all fields would be read.
            for row in self._read("colleague", records, ["id", *names]):
                with self.subTest(model=model):
                    self.assertEqual(row, {"id": row["id"], **dict.fromkeys(names, 0)})

    @mute_logger(*LOGGERS)
    def test_wizards_are_read_by_who_opened_them(self):
        for model, values in self.wizards.items():
            others = self.env[model].with_user(self.roles["biller"]).create(values)
            for role in self.roles:
                with self.subTest(model=model, role=role):
                    self._check_wizard_is_read(role, model, values, others)

    def _check_wizard_is_read(self, role, model, values, others):
        if role != "biller" and model.startswith("progress."):
            self.assertIsNone(self._read(role, others, ["id"]))
        mine = self._as(role, model)
        try:
            with self.cr.savepoint():
                ids = call_kw(mine, "create", [values], {})
                mine.env.flush_all()
        except AccessError:
            return
        names = self._get_our_fields(mine)
        self._check_read(role, mine.browse(ids), self._get_shown(mine, names))

    # === NONSENSE === #

    @mute_logger(*LOGGERS)
    def test_nonsense_is_refused_in_words(self):
        """No number or date that can be entered ends in a traceback, or is kept."""
        nonsense = {
            "integer": (10**9, -(10**9), 10**30),
            "float": (1e308, -1e308, float("nan"), float("inf"), "1e308"),
            "monetary": (1e308, -1e308, float("nan"), float("inf"), "1e308"),
            "date": ("9999-12-31", "0001-01-01", "1899-12-31", "2026-02-31", "soon"),
            "datetime": ("9999-12-31 00:00:00", "0001-01-01 00:00:00"),
        }
        self.roles = {"accountant": self.env.user}
        models = {**self.records, **self._get_wizards()}
        for model, records in models.items():
            record = records[:1]
            for name in (
                record._get_entered_fields()
                if hasattr(record, "_get_entered_fields")
                else ()
            ):
                for value in nonsense[record._fields[name].type]:
                    with self.subTest(model=model, field=name, value=value):
                        outcome = self._call(
                            "accountant", model, "write", record.ids, {name: value}
                        )
                        self.assertEqual(outcome, "refused")


@tagged("post_install", "-at_install")
class TestRpcOverHttp(ProjectBillingCommon, HttpCase):
    """The same over the wire, once: what is refused, and what is allowed."""

    @mute_logger("odoo.http")
    def test_salesperson_bills_and_forges_nothing(self):
        seller = new_test_user(
            self.env(su=True),
            login="rpc_wire",
            groups="sales_team.group_sale_salesman",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        line = self._plan(self._order(1000.0, user_id=seller.id), 30.0)
        self.authenticate("rpc_wire", "rpc_wire")
        for method, args in (
            ("write", [line.ids, {"state": "posted"}]),
            ("write", [line.ids, {"amount_untaxed": 0.0}]),
            ("write", [line.ids, {"percent": 1e308}]),
            ("write", [line.ids, {"date": "9999-12-31"}]),
            ("_create_progress_invoices", [line.ids]),
        ):
            with self.subTest(method=method, args=args):
                with self.assertRaises(JsonRpcException) as caught:
                    self._rpc(line, method, args)
                self.assertRegex(
                    str(caught.exception), "AccessError|ValidationError|UserError"
                )
        self._rpc(line, "action_create_invoice", [line.ids])
        line.invalidate_recordset()
        self.assertRecordValues(line, [{"state": "draft", "amount_untaxed": 300.0}])

    def _rpc(self, records, method, args):
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{records._name}/{method}",
            {"model": records._name, "method": method, "args": args, "kwargs": {}},
        )

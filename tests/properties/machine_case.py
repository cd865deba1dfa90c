"""A company with its people, for the machine of any actions in any order."""

from freezegun import freeze_time
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from odoo.fields import Command
from odoo.tests import new_test_user

from ..common_project import ProjectBillingCommon
from ..property_checks import PropertyChecks
from .machine import DAYS
from .twin_case import TwinCase
from .whole_machine import WholeMachine

RATES = dict(zip(DAYS, (1.10, 1.15, 1.20, 0.95), strict=True))


@freeze_time(f"{DAYS[0]} 10:00:00")
class MachineCase(TwinCase, PropertyChecks, ProjectBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cron = cls.env.ref("progress_billing.ir_cron_generate")
        cls.release_cron = cls.env.ref("progress_billing.ir_cron_release_retention")
        cls.env["progress.billing.line"].search([]).unlink()
        cls.company.retention_account_id = cls.env["account.account"].create(
            {
                "name": "Retention Receivable",
                "code": "PBRET",
                "account_type": "asset_current",
                "reconcile": True,
            }
        )
        cls.company.retention_journal_id = cls.env["account.journal"].create(
            {"name": "Retention Releases", "code": "RET", "type": "sale"}
        )
        euro = cls.env.ref("base.EUR")
        euro.active = True
        euro.rate_ids.unlink()
        cls.env["res.currency.rate"].create(
            [
                {
                    "currency_id": euro.id,
                    "company_id": cls.company.id,
                    "name": day,
                    "inverse_company_rate": rate,
                }
                for day, rate in RATES.items()
            ]
        )
        parts = cls.env["account.tax"].union(*cls.taxes.values())
        parts = parts.flatten_taxes_hierarchy().invoice_repartition_line_ids
        by_account = parts.filtered("account_id").grouped("account_id")
        cls.tax_parts = {
            account: lines.tag_ids for account, lines in by_account.items()
        }
        cls.pricelists = {
            currency.name: cls.env["product.pricelist"].create(
                {"name": currency.name, "currency_id": currency.id}
            )
            for currency in euro | cls.company.currency_id
        }
        cls.users = {
            "accountant": cls.env.user,
            "salesman": cls._user("sales_team.group_sale_salesman"),
            "biller": cls._user("account.group_account_invoice"),
            "manager": cls._user(
                "project.group_project_manager,sales_team.group_sale_salesman_all_leads"
            ),
        }

    @classmethod
    def _user(cls, groups):
        # In sudo mode because accountants do not make users.
        return new_test_user(
            cls.env(su=True),
            login=f"machine {groups}",
            groups=groups,
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def _machine_order(self, lines, deductions, method, currency, basis, retention):
        """Return a confirmed order with a project, as described."""
        values = [self._line_values(line, 10) for line in (*lines, *deductions)]
        values[0]["product_id"] = self.hourly.id
        for line in values:
            line["progress_basis"] = basis
        order = self.env["sale.order"].create(
            {
                "partner_id": self.partner_a.id,
                "user_id": self.users["salesman"].id,
                "pricelist_id": self.pricelists[currency].id,
                "progress_method": method,
                "order_line": [Command.create(line) for line in values],
                **retention,
            }
        )
        order.action_confirm()
        self.env["project.milestone"].create(
            {"name": "Roof closed", "project_id": order.project_id.id}
        )
        return order

    def _moves(self, order, *states):
        """Return the invoices and credit notes of an order, as the checks want."""
        moves = order.order_line.invoice_lines.move_id.sorted("id")
        return moves.filtered(lambda move: move.state in states)

    def _run_machine(self, number, settings):
        """Run examples of the machine, drawn from a seed."""
        machine = seed(number)(type("Machine", (WholeMachine,), {"case": self}))
        run_state_machine_as_test(machine, settings=settings)

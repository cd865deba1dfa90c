"""Screens ask the database as often for many rows as for few."""

from lxml import etree

from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from ..common_project import ProjectBillingCommon

#: Rows that a list shows at once, and one in a form.
PAGE, PAGE_IN_FORM = 80, 40


@tagged("post_install", "-at_install")
@freeze_time("2026-03-02 10:00:00")
class TestScreenQueries(ProjectBillingCommon):
    def _get_spec(self, model, kind, name):
        """Return what the web client asks of the fields of a view."""
        view = self.env.ref(f"progress_billing.{name}" if "." not in name else name)
        arch = self.env[model].get_view(view.id, kind)["arch"]
        return self._read_spec(self.env[model], etree.fromstring(arch))

    def _read_spec(self, model, node):
        spec = {}
        for child in node:
            if child.tag != "field":
                spec |= self._read_spec(model, child)
                continue
            name = child.get("name")
            field, rows = model._fields[name], child.find("list")
            if rows is not None:
                fields = self._read_spec(self.env[field.comodel_name], rows)
                spec[name] = {"fields": fields, "limit": PAGE_IN_FORM}
            elif field.type == "many2one":
                spec[name] = {"fields": {"display_name": {}}}
            else:
                spec[name] = {}
        return spec

    def _count(self, ask):
        """Return how many queries it takes, when nothing is read yet."""
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        ask()
        return self.cr.sql_log_count - before

    def _count_form(self, order):
        spec = self._get_spec("sale.order", "form", "sale.view_order_form")
        self.assertIn("progress_line_ids", spec)
        return self._count(lambda: order.web_read(spec))

    def _count_list(self, model, name, domain, order=None):
        spec = self._get_spec(model, "list", name)
        return self._count(
            lambda: self.env[model].web_search_read(
                domain, spec, limit=PAGE, order=order
            )
        )

    def _copy_lines(self, lines, times):
        """Copy planned lines in the database, quicker than an hour."""
        self.env.flush_all()
        self.cr.execute(
            "SELECT string_agg(quote_ident(column_name), ',') "
            "FROM information_schema.columns WHERE column_name != 'id' "
            "AND table_name = 'progress_billing_line'"
        )
        columns = self.cr.fetchone()[0]
        self.cr.execute(
            f"INSERT INTO progress_billing_line ({columns}) SELECT {columns} "
            "FROM progress_billing_line, generate_series(1, %s) "
            "WHERE progress_billing_line.id = ANY(%s)",
            [times, lines.ids],
        )
        self.env.invalidate_all()

    def test_order_of_500_lines_opens_like_one_of_60(self):
        counts = []
        # The first time reads what stays read: views, currencies.
        for number in (60, 60, 500):
            order = self._order(*[10.0] * number)
            self._bill(self._plan(order, 10.0))
            self._plan(order, *[80.0 / number] * number)
            counts.append(self._count_form(order))
        self.assertEqual(counts[2], counts[1])

    def test_to_bill_with_50000_planned_lines_opens_like_with_500(self):
        item = {"product_id": self.service.id, "price_unit": 1000.0}
        orders = self.env["sale.order"].create(
            [
                {
                    "partner_id": self.partner_a.id,
                    "state": "sale",
                    "order_line": [Command.create(item)],
                }
            ]
            * 100
        )
        lines = self.env["progress.billing.line"].create(
            [
                {
                    "order_id": order.id,
                    "name": f"Part {number}",
                    "percent": 0.1,
                    "date": "2026-03-01",
                }
                for order in orders
                for number in range(5)
            ]
        )
        model, name = "progress.billing.line", "progress_billing_line_view_list"
        domain = [("state", "=", "planned")]
        self._count_list(model, name, domain)
        few = self._count_list(model, name, domain)
        self._copy_lines(lines, 99)
        self.assertEqual(lines.search_count(domain), 50000)
        self.assertLessEqual(self._count_list(model, name, domain), few)

    def test_budget_of_2000_lines_opens_like_one_of_100(self):
        counts, project = [], self._project_order(10.0).project_id
        for number in (100, 100, 2000):
            order = self._project_order(*[(10.0, 1.0)] * number, project_id=project.id)
            order.order_line[:PAGE].write({"completed_percent": 30.0})
            domain = [("order_id", "=", order.id), ("progress_project_id", "!=", False)]
            counts.append(
                self._count_list(
                    "sale.order.line", "sale_order_line_view_list_budget", domain
                )
            )
        self.assertEqual(counts[2], counts[1])

from datetime import date

from odoo.fields import Command
from odoo.tests import Form, freeze_time, tagged

from ..common_project import ProjectBillingCommon


@tagged("post_install", "-at_install")
class TestQuotationTemplate(ProjectBillingCommon):
    """A quotation template brings method, basis and planned lines along (B19)."""

    @freeze_time("2026-03-01")
    def test_template_brings_the_billing_along(self):
        group = self.env.ref("sale_management.group_sale_order_template")
        self.env.user.group_ids |= group
        template = self.env["sale.order.template"].create(
            {
                "name": "Restaurant",
                "progress_method": "revenue",
                "sale_order_template_line_ids": [
                    Command.create(
                        {"product_id": self.hourly.id, "progress_basis": "quantity"}
                    )
                ],
                "progress_template_line_ids": [
                    Command.create({"name": name, "percent": percent, "days": days})
                    for name, percent, days in (
                        ("Order", 30.0, 0),
                        ("Walls", 40.0, 30),
                        ("Roof", 30.0, 60),
                    )
                ],
            }
        )
        with Form(self.env["sale.order"]) as form:
            form.partner_id = self.partner_a
            form.sale_order_template_id = template
        order = form.record
        self.assertEqual(order.progress_method, "revenue")
        self.assertEqual(order.order_line.progress_basis, "quantity")
        self.assertRecordValues(
            order.progress_line_ids.sorted("date"),
            [
                {"name": "Order", "percent": 30.0, "date": date(2026, 3, 1)},
                {"name": "Walls", "percent": 40.0, "date": date(2026, 3, 31)},
                {"name": "Roof", "percent": 30.0, "date": date(2026, 4, 30)},
            ],
        )

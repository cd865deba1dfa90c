"""Customers do not read pro formas that were cancelled before they were sent."""

RULES = (
    "progress_billing_proforma_rule_portal",
    "progress_billing_proforma_line_rule_portal",
)


def migrate(cr, version):
    """Narrow the portal's rules, which an update of the addon leaves as they are.

    Only where they still read as they came: an administrator may have changed them.
    """
    cr.execute(
        """
        UPDATE ir_rule
           SET domain_force = replace(domain_force, %s, %s)
          FROM ir_model_data data
         WHERE data.module = 'progress_billing'
           AND data.model = 'ir.rule'
           AND data.name IN %s
           AND data.res_id = ir_rule.id
        """,
        ["'!=', 'draft')", "'not in', ('draft', 'cancel'))", RULES],
    )

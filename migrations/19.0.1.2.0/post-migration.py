"""Statements tell changes since confirmation, which old orders never kept."""

from odoo.addons.progress_billing.hooks import keep_agreed_amounts


def migrate(cr, version):
    """Take what orders without an original budget are worth as what was agreed on."""
    keep_agreed_amounts(cr)

from dataclasses import replace

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Date
from odoo.tools import float_repr
from odoo.tools.misc import formatLang

from .claim import Claim, Part
from .order_billing import OrderBilling


class ProgressBillingLine(models.Model):
    """Planned lines as a source: what is due, and the claims it makes."""

    _inherit = "progress.billing.line"

    # === BILLING === #

    @api.model
    def _get_due_domain(self, date):
        """Return the domain of lines that are due on a date.

        :param date: the company's day. A line is due on its date *or later*, so that a
            missed night is caught up; one with a milestone when that is reached.
        """
        return [
            ("state", "=", "planned"),
            ("order_id.state", "=", "sale"),
            "|",
            "&",
            ("milestone_id", "=", False),
            ("date", "<=", date),
            ("milestone_id.is_reached", "=", True),
        ]

    def _create_progress_invoices(self, consolidated=False):
        """Create the invoices of planned lines, in one batch.

        Company options decide whether they are posted and sent right away.

        :param bool consolidated: one invoice for all orders of the same customer,
            delivery address, currency and company.
        :return: the created `account.move` records.
        :raise UserError: when a line is not planned, is on hold, or cannot be billed.
        """
        self._check_creatable()
        lines = self.sorted(lambda line: line._get_billing_order())
        claims = lines._prepare_claims()
        if consolidated:
            claims = [replace(claim, invoice_key=("progress",)) for claim in claims]
        moves = self.env["progress.billing.builder"]._create_invoices(claims)
        moves._progress_post_and_send()
        return moves

    def _check_creatable(self):
        self.check_access("write")
        for line in self:
            if line.state != "planned":
                raise UserError(
                    self.env._(
                        "You cannot create an invoice for %(line)s because it is "
                        "%(state)s. Choose planned lines only.",
                        line=line.display_name,
                        state=dict(
                            self._fields["state"]._description_selection(self.env)
                        )[line.state].lower(),
                    )
                )
            if line.invoice_flag == "no":
                raise UserError(
                    self.env._(
                        "You cannot create an invoice for %(line)s because it is on "
                        "hold. Change its invoice flag first.",
                        line=line.display_name,
                    )
                )

    def _get_billing_order(self):
        """Return the key by which lines follow each other: date, sequence, age."""
        self.ensure_one()
        number = self._origin.id or 0
        return (
            not self.date,
            self.date or Date.today(),
            self.sequence,
            not number,
            number,
        )

    def _prepare_claims(self):
        """Return one `Claim` per line, in the order of `self`."""
        allocator = self.env["progress.billing.allocator"]
        billings = {order: OrderBilling(order, allocator) for order in self.order_id}
        return [line._prepare_claim(billings[line.order_id]) for line in self]

    def _prepare_claim(self, billing):
        """Return the line as a `Claim`. Override to add to what it says."""
        self.ensure_one()
        part = self._get_part(billing)
        return Claim(
            order_id=self.order_id.id,
            parts=(part,) if part else (),
            booking=self.order_id.progress_method,
            invoice_date=self.date or None,
            title=self.name,
            label=self._get_label(),
            item_description=self.item_description or "",
            narration=self.description or "",
            progress_line_id=self.id,
        )

    def _get_part(self, billing):
        """Return what the line bills as a `Part`, None while nothing is entered."""
        self.ensure_one()
        pool = self.sale_line_id._origin.id or 0
        worth, taxed_worth = billing.get_contract(pool)
        if self.amount_type == "percent":
            return Part(pool, worth * self.percent / 100.0) if self.percent else None
        if not self.amount:
            return None
        if not self.company_id.progress_amount_tax_included or not taxed_worth:
            return Part(pool, self.amount, is_exact=True)
        return Part(
            pool,
            self.amount * worth / taxed_worth,
            taxed_amount=self.amount,
            is_exact=True,
        )

    def _get_label(self):
        """Return the share in words: "30 %" or the amount with its currency."""
        self.ensure_one()
        if self.amount_type == "percent":
            digits = float_repr(self.percent, 6).rstrip("0").rstrip(".")
            return f"{digits}\N{NO-BREAK SPACE}%"
        return self._format(self.amount)

    def _format(self, amount):
        return formatLang(self.env, amount, currency_obj=self.currency_id)

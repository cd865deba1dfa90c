import base64
import binascii

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.tools import plaintext2html
from odoo.tools.image import ImageProcess

#: States in which a pro forma's amounts can still change.
OPEN_STATES = ("draft", "sent", "approved", "declined")
#: What a person says on a pro forma; its invoice, or its cancelling, settles it.
ENTERED_FIELDS = {"date", "reference", "narration"}


class ProgressBillingProforma(models.Model):
    """Shows the customer what is to be invoiced, and waits for approval."""

    _name = "progress.billing.proforma"
    _description = "Pro Forma Invoice"
    _inherit = [
        "portal.mixin",
        "mail.thread",
        "mail.activity.mixin",
        "progress.billing.guard",
    ]
    _order = "date desc, id desc"
    _check_company_auto = True

    name = fields.Char(
        string="Number", required=True, readonly=True, copy=False, default="/"
    )
    state = fields.Selection(
        selection=[
            ("draft", "Draft"),
            ("sent", "Sent"),
            ("approved", "Approved"),
            ("declined", "Declined"),
            ("released", "Invoiced"),
            ("cancel", "Cancelled"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    project_id = fields.Many2one(
        comodel_name="project.project", readonly=True, index=True, check_company=True
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency", required=True, readonly=True
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Customer",
        required=True,
        readonly=True,
        index=True,
        help="Invoice address of the orders.",
    )
    partner_shipping_id = fields.Many2one(
        comodel_name="res.partner", string="Delivery Address", readonly=True
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        tracking=True,
    )
    date = fields.Date(required=True, default=fields.Date.context_today)
    reference = fields.Char(string="Customer Reference")
    narration = fields.Text(string="Description")
    invoice_group = fields.Char(readonly=True)
    task_id = fields.Many2one(
        comodel_name="project.task",
        string="Separate Task",
        readonly=True,
        help="Task that is billed on documents of its own.",
    )
    line_ids = fields.One2many(
        comodel_name="progress.billing.proforma.line",
        inverse_name="proforma_id",
        string="Lines",
    )
    amount_untaxed = fields.Monetary(compute="_compute_amounts", store=True)
    amount_tax = fields.Monetary(string="Taxes", compute="_compute_amounts", store=True)
    amount_total = fields.Monetary(
        string="Total", compute="_compute_amounts", store=True, tracking=True
    )
    move_ids = fields.One2many(
        comodel_name="account.move",
        inverse_name="progress_proforma_id",
        string="Invoices",
        readonly=True,
        copy=False,
        # Who may not read invoices reads pro formas all the same.
        groups="sales_team.group_sale_salesman,account.group_account_invoice,"
        "account.group_account_readonly,base.group_portal",
    )
    signature = fields.Image(
        copy=False, attachment=True, max_width=1024, max_height=1024, readonly=True
    )
    signed_by = fields.Char(copy=False, readonly=True)
    signed_on = fields.Datetime(copy=False, readonly=True)
    decline_reason = fields.Text(
        copy=False,
        readonly=True,
        help="Why the customer declined, in the customer's words, until it is sent or "
        "approved again.",
    )
    order_ids = fields.Many2many(
        comodel_name="sale.order",
        string="Sales Orders",
        compute="_compute_order_ids",
    )

    # === COMPUTES === #

    @api.depends(
        "state",
        "line_ids.amount_to_invoice",
        "line_ids.sale_line_id.budget_amount",
        "line_ids.sale_line_id.price_tax",
    )
    def _compute_amounts(self):
        for proforma in self:
            if proforma._origin and not proforma._is_open():
                # What was issued stays: its own invoice is billed by now.
                for name in ("amount_untaxed", "amount_tax", "amount_total"):
                    proforma[name] = proforma[name]
                continue
            lines = proforma.line_ids
            proforma.amount_untaxed = sum(lines.mapped("amount_to_invoice"))
            proforma.amount_tax = sum(lines._get_tax_amounts().values())
            proforma.amount_total = proforma.amount_untaxed + proforma.amount_tax

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for proforma in self:
            proforma.access_url = f"/my/pro_formas/{proforma.id}"
        return result

    def _is_open(self):
        """Return whether the amounts are billed, but on no invoice yet."""
        return self.state in OPEN_STATES

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("name", "/") == "/":
                sequence = self.env["ir.sequence"].with_company(vals.get("company_id"))
                vals["name"] = sequence.next_by_code(self._name) or "/"
        return super().create(vals_list)

    def write(self, vals):
        for name in ENTERED_FIELDS & vals.keys():
            closed = self.filtered(lambda proforma: not proforma._is_open())
            closed._check_unchanged(name, vals[name])
        return super().write(vals)

    def _check_unchanged(self, name, value):
        """Refuse to change what an invoiced or cancelled pro forma says."""
        for proforma in self:
            if not proforma._is_field_changed(name, value):
                continue
            values = {
                "field": self._fields[name]._description_string(self.env),
                "name": proforma.name,
                "invoice": proforma._get_invoice_names(),
            }
            if proforma.state == "cancel":
                raise UserError(
                    self.env._(
                        "You cannot change %(field)s of %(name)s because it is "
                        "cancelled. Set it to draft first.",
                        **values,
                    )
                )
            raise UserError(
                self.env._(
                    "You cannot change %(field)s of %(name)s because %(invoice)s "
                    "invoices it. Delete or credit the invoice, or make another pro "
                    "forma.",
                    **values,
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_released(self):
        for proforma in self:
            if proforma.state == "released":
                raise UserError(
                    self.env._(
                        "You cannot delete %(name)s because %(invoice)s invoices it. "
                        "Delete or credit the invoice instead.",
                        name=proforma.name,
                        invoice=proforma._get_invoice_names(),
                    )
                )

    def unlink(self):
        declined = self.filtered("decline_reason")
        left = [(line, line.proforma_id.name) for line in declined.line_ids]
        left = [(line.sale_line_id, name) for line, name in left]
        result = super().unlink()
        for line, name in left:
            line._leave_pending(name)
        return result

    @api.model
    def _create_from_budget(self, items, date=None):
        """Create pro formas for budget items, one per customer, project and group.

        :param items: list of `BudgetItem`.
        """
        groups = {}
        for item in items:
            order = item.line.order_id
            fields_ = order._get_progress_grouping_fields()
            key = (
                *item.line._get_budget_key(),
                order.progress_method,
                *(order[name].id for name in fields_),
            )
            groups.setdefault(key, []).append(item)
        self.check_access("create")
        # In sudo mode because nobody says by hand what a pro forma is about.
        proformas = self.sudo().create(
            [self._prepare_from_budget(group, date) for group in groups.values()]
        )
        proformas = proformas.sudo(self.env.su)
        proformas.check_access("create")
        return proformas

    @api.model
    def _prepare_from_budget(self, items, date):
        """Return the values of one pro forma for the budget items that share it."""
        line = items[0].line
        order = line.order_id
        orders = dict.fromkeys(item.line.order_id for item in items)
        references = dict.fromkeys(order.client_order_ref or "" for order in orders)
        project_id, group, task_id = line._get_budget_key()
        return {
            "project_id": project_id,
            "invoice_group": group,
            "task_id": task_id,
            "company_id": order.company_id.id,
            "currency_id": order.currency_id.id,
            "partner_id": order.partner_invoice_id.id,
            "partner_shipping_id": order.partner_shipping_id.id,
            "user_id": self._get_responsible(line).id,
            "date": date or fields.Date.context_today(self),
            "reference": ", ".join(filter(None, references)),
            "narration": line._get_invoice_text(items[0]),
            "line_ids": [
                fields.Command.create(
                    {
                        "sequence": number,
                        "sale_line_id": item.line.id,
                        "name": item.line._get_line_text(item),
                        "quantity": item.quantity,
                        "amount_to_invoice": item.amount,
                    }
                )
                for number, item in enumerate(items)
            ],
        }

    @api.model
    def _get_responsible(self, line):
        """Return who looks after the pro forma of a budget line, maybe nobody.

        Whoever makes it; but the scheduled job looks after nothing.
        """
        user = self.env.user
        if not user._is_superuser():
            return user
        # In sudo mode because the project may be private.
        return line.order_id.user_id or line.sudo().progress_project_id.user_id

    # === WORKFLOW === #

    def action_approve(self):
        """Note that the customer approved, in whatever way."""
        self._set_state("approved", ("draft", "sent", "declined"))

    def action_cancel(self):
        """Cancel open pro formas; their amounts are pending again."""
        declined = self.filtered("decline_reason")
        self._set_state("cancel", OPEN_STATES)
        declined._leave_lines_pending()

    def _leave_lines_pending(self):
        """Ask what becomes of the lines, before a run bills them once more."""
        for proforma in self:
            proforma.line_ids.sale_line_id._leave_pending(proforma.name)

    def action_draft(self):
        """Take pro formas back to draft, to be changed and sent again."""
        self._set_state("draft", ("cancel", "sent", "approved", "declined"))
        self.sudo().write({"signature": False, "signed_by": False, "signed_on": False})
        self.line_ids._check_amounts()

    def _set_state(self, state, allowed):
        """Move pro formas to a state; the one place where their state changes.

        :return: those that were in another state before.
        """
        self.check_access("write")
        changed = self.filtered(lambda proforma: proforma.state != state)
        declined = self.filtered(lambda proforma: proforma.state == "declined")
        # Worked out while they are open.
        changed.mapped("amount_total")
        for proforma in changed:
            if proforma.state not in allowed:
                labels = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "You cannot set %(name)s to %(state)s because it is %(now)s.",
                        name=proforma.name,
                        state=labels[state],
                        now=labels[proforma.state],
                    )
                )
            # In sudo mode because nobody sets the state by hand.
            proforma.sudo().state = state
        answered = declined.filtered(lambda proforma: proforma.state != "declined")
        answered.activity_unlink(["progress_billing.mail_activity_proforma_declined"])
        if state in ("sent", "approved", "released"):
            changed.filtered("decline_reason").sudo().decline_reason = False
        return changed

    def action_release(self):
        """Make the invoices of the pro formas, with the amounts as they are now.

        Those that were released before are left: they are invoiced once.
        """
        self._lock_release()
        self.order_ids._check_progress_billable()
        released = self._set_state("released", ("draft", "sent", "approved"))
        released._create_invoices()
        return self.move_ids._get_records_action(name=self.env._("Invoices"))

    def _lock_release(self):
        """Keep anybody else from releasing the pro formas meanwhile."""
        try:
            # In sudo mode because locking a row is no change that needs a right.
            self.sudo().lock_for_update(allow_referencing=True)
        except LockError:
            raise UserError(
                self.env._(
                    "You cannot release %(names)s because somebody else is releasing "
                    "or changing it right now. Try again in a moment.",
                    names=", ".join(self.mapped("name")),
                )
            ) from None

    def _create_invoices(self):
        """Return the invoices of the pro formas, made through the one builder."""
        SaleLine = self.env["sale.order.line"]
        claims = []
        for proforma in self:
            claims += SaleLine._prepare_budget_claims(
                proforma.line_ids._get_budget_items(),
                key=("proforma", proforma.id),
                proforma_id=proforma.id,
                invoice_date=proforma.date,
                narration=proforma.narration or "",
            )
        return self.env["progress.billing.builder"]._create_invoices(claims)

    def _reopen(self):
        """Take pro formas back whose invoice was deleted, to be released anew."""
        for proforma in self.sudo():
            if proforma.state == "released" and not proforma.move_ids:
                proforma.state = "approved" if proforma.signature else "draft"

    def _get_invoice_names(self):
        return ", ".join(move.display_name for move in self.sudo().move_ids)

    # === SENDING AND APPROVAL === #

    @api.depends("line_ids.sale_line_id")
    def _compute_order_ids(self):
        for proforma in self:
            proforma.order_ids = proforma.line_ids.sale_line_id.order_id

    def action_send(self):
        """Open the composer with the pro forma as PDF."""
        self.ensure_one()
        self.check_access("write")
        template = self.env.ref(
            "progress_billing.mail_template_proforma", raise_if_not_found=False
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send Pro Forma"),
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_template_id": template.id if template else False,
                "default_composition_mode": "comment",
                "default_email_layout_xmlid": (
                    "mail.mail_notification_layout_with_responsible_signature"
                ),
                "mark_proforma_as_sent": True,
                "force_email": True,
            },
        }

    def message_post(self, **kwargs):
        is_internal = self.env.user._is_internal()
        if is_internal and self.env.context.get("mark_proforma_as_sent"):
            states = ("draft", "declined")
            self.filtered(lambda proforma: proforma.state in states)._set_state(
                "sent", states
            )
        return super().message_post(**kwargs)

    def action_preview(self):
        """Open the page that the customer sees."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "target": "self",
            "url": self.get_portal_url(),
        }

    def action_view_invoices(self):
        """Open the invoices made of the pro forma."""
        return self.move_ids._get_records_action(name=self.env._("Invoices"))

    def _has_to_be_signed(self):
        """Return whether the customer may approve the pro forma."""
        return self.state == "sent" and not self.signature

    def _sign(self, name, signature):
        """Approve on the customer's behalf, with their signature.

        :param str name: who signs.
        :param signature: the picture of the signature, in base64.
        :raise UserError: when nobody can tell who signed, or nothing is drawn.
        """
        self.ensure_one()
        self._check_signature(name, signature)
        self.sudo().write(
            {
                "signed_by": name.strip(),
                "signed_on": fields.Datetime.now(),
                "signature": signature,
            }
        )
        self._set_state("approved", ("sent",))

    def _check_signature(self, name, signature):
        """Refuse a signature without a name or without a picture."""
        if not any(letter.isalnum() for letter in name or ""):
            raise UserError(
                self.env._(
                    "You cannot sign %(name)s because your name is missing. Enter it.",
                    name=self.name,
                )
            )
        try:
            content = base64.b64decode(signature or "", validate=True)
        except binascii.Error:
            content = b""
        if not content or not ImageProcess(content).image:
            raise UserError(
                self.env._(
                    "You cannot sign %(name)s because the signature is no picture. "
                    "Draw your signature.",
                    name=self.name,
                )
            )

    def _decline(self, reason):
        """Decline on the customer's behalf, and ask the responsible to see to it.

        The amounts stay billed on the pro forma: it can be changed and sent again,
        or cancelled.

        :param str reason: the customer's words, plain text.
        """
        self.ensure_one()
        self._set_state("declined", ("sent",))
        # In sudo mode because these are the customer's words, not anybody's.
        self.sudo().decline_reason = reason
        user = self.user_id or self.order_ids.user_id[:1]
        self.activity_schedule(
            "progress_billing.mail_activity_proforma_declined",
            note=plaintext2html(reason),
            user_id=(user or self.create_uid).id,
        )

    def _withdraw_approval(self):
        """Take back an answer that the customer gave to other amounts."""
        for proforma in self.filtered(lambda proforma: proforma.state == "approved"):
            proforma.message_post(
                body=self.env._(
                    "The amounts changed: the approval of %(name)s no longer holds.",
                    name=proforma.signed_by or proforma.partner_id.name,
                )
            )
        answered = self.filtered(
            lambda proforma: proforma.state in ("approved", "declined")
        )
        answered.action_draft()

    def _notify_get_recipients_groups(self, message, model_description, msg_vals=False):
        # The customer's mail gets a button that opens the page without a login.
        groups = super()._notify_get_recipients_groups(
            message, model_description, msg_vals=msg_vals
        )
        if not self:
            return groups
        self.ensure_one()
        for name, _is_member, options in groups:
            if name == "portal_customer":
                options["has_button_access"] = True
                options["active"] = True
                options["button_access"] = {
                    "url": self.get_portal_url(),
                    "title": self.env._("View Pro Forma"),
                }
        return groups

    def _get_report_base_filename(self):
        self.ensure_one()
        return self.name.replace("/", "-")

    def _get_proforma_filename(self):
        """Return the name of the printed file, in the customer's language."""
        self.ensure_one()
        lang = self.partner_id.lang or self.env.lang
        title = self.env["ir.model"]._get(self._name).with_context(lang=lang).name
        return f"{title} {self._get_report_base_filename()}"

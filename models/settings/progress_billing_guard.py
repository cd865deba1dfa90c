from datetime import date
from math import isfinite

from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, ValidationError

#: The largest numbers that may be entered, by type of field: cents of ten trillion are
#: still exact, and days of a hundred years can be counted from any date.
LIMITS = {"float": 1e13, "monetary": 1e13, "integer": 36500}
FIRST_DATE, LAST_DATE = date(1900, 1, 1), date(2199, 12, 31)


class ProgressBillingGuard(models.AbstractModel):
    """Keeps the addon's fields from being written by the wrong people or with nonsense.

    A field that is `readonly` where it is defined is derived, or set by a workflow: it
    is written by its compute method and by code in sudo mode, over no interface by a
    person. Writing the value that it has already is no change, and allowed: forms and
    imports do so. All other numbers and dates are entered, and must be sane. Wizards,
    which hold nothing, are only told the latter.
    """

    _name = "progress.billing.guard"
    _description = "Guard of Fields"

    @api.model
    @tools.ormcache()
    def _get_guarded_fields(self):
        """Return the names of the stored fields that only the addon writes.

        The rows of one2many fields are guarded by the field that links them.
        """
        return frozenset(
            name
            for name, field in self._fields.items()
            if field.store
            and field.readonly
            and name not in models.MAGIC_COLUMNS
            and field.type != "one2many"
            and "progress_billing" in field._modules
            and not self._transient
        )

    @api.model
    @tools.ormcache()
    def _get_entered_fields(self):
        """Return the names of the numbers and dates that people enter."""
        return frozenset(
            name
            for name, field in self._fields.items()
            if not field.readonly
            and (field.type in LIMITS or field.type in ("date", "datetime"))
            and "progress_billing" in field._modules
        )

    @api.model
    def default_get(self, fields):
        # What only the addon writes begins as the code says, never as a context or a
        # person's own defaults say.
        guarded = self._get_guarded_fields().intersection(fields)
        values = super().default_get([name for name in fields if name not in guarded])
        for name in guarded:
            if self._fields[name].default:
                values[name] = self._get_guarded_default(name)
        return values

    def _get_guarded_default(self, name):
        """Return the value, as written, that a guarded field of new records has."""
        field = self._fields[name]
        return field.default and field.convert_to_write(field.default(self), self)

    def onchange(self, values, field_names, fields_spec):
        self._check_sane_tree(values)
        return super().onchange(values, field_names, fields_spec)

    @api.model_create_multi
    def create(self, vals_list):
        if self._get_entered_fields():
            for vals in vals_list:
                self._check_sane_values(vals)
        if not self.env.su:
            nothing = self.browse()
            for vals in vals_list:
                nothing._check_guarded_fields(vals)
        records = super().create(vals_list)
        records._keep_given_values(vals_list)
        return records

    def _keep_given_values(self, vals_list):
        """Keep what new records were given from being worked out once more.

        Override for values that the addon took from where the host takes them.
        """

    def write(self, vals):
        self._check_sane_values(vals)
        if not self.env.su:
            self._check_guarded_fields(vals)
        return super().write(vals)

    def _check_guarded_fields(self, vals):
        """Refuse values that differ from what the records have, or begin with."""
        names = self._get_guarded_fields() & vals.keys()
        forged = [name for name in names if self._is_field_changed(name, vals[name])]
        if forged:
            labels = [
                self._fields[name]._description_string(self.env)
                for name in sorted(forged)
            ]
            raise AccessError(
                self.env._(
                    "You cannot set %(fields)s of %(model)s because progress billing "
                    "works that out. Leave it out, and bill, post, credit or cancel "
                    "what it comes from.",
                    fields=", ".join(labels),
                    model=self.env["ir.model"]._get(self._name).name,
                )
            )

    def _is_field_changed(self, name, value):
        """Return whether a value as written is another than that of any record.

        Without records: another than the one that new records begin with.
        """
        field = self._fields[name]
        if not self:
            default = self._get_guarded_default(name)
            return bool(value or default) and value != default
        return any(
            field.convert_to_cache(value, record, validate=False)
            != field.convert_to_cache(record[name], record, validate=False)
            for record in self
        )

    # === WHAT IS ENTERED === #

    def _check_sane_tree(self, values):
        """Refuse nonsense in the values of a form, and in those of its rows."""
        self._check_sane_values(values)
        for name, commands in values.items():
            field = self._fields.get(name)
            if not field or field.type != "one2many":
                continue
            rows = self.env[field.comodel_name]
            if hasattr(rows, "_check_sane_tree"):
                for command in commands or ():
                    if len(command) > 2 and isinstance(command[2], dict):
                        rows._check_sane_tree(command[2])

    def _check_sane_values(self, vals):
        """Refuse numbers and dates that no contract has, before any is reckoned with.

        What is no number or date at all is refused by the field.
        """
        for name in self._get_entered_fields() & vals.keys():
            field, value = self._fields[name], vals[name]
            if not value:
                continue
            if field.type in LIMITS:
                self._check_sane_number(field, value)
            else:
                self._check_sane_date(field, value)

    def _check_sane_number(self, field, value):
        limit = LIMITS[field.type]
        try:
            is_sane = isfinite(float(value)) and abs(float(value)) <= limit
        except (TypeError, ValueError):
            return
        if not is_sane:
            raise ValidationError(
                self.env._(
                    "You cannot enter %(value)s as %(field)s because it is not between "
                    "%(least)s and %(most)s. Enter another number.",
                    value=value,
                    field=field._description_string(self.env),
                    least=f"{-limit:,.0f}",
                    most=f"{limit:,.0f}",
                )
            )

    def _check_sane_date(self, field, value):
        try:
            is_sane = FIRST_DATE <= fields.Date.to_date(value) <= LAST_DATE
        except (TypeError, ValueError):
            is_sane = False
        if not is_sane:
            raise ValidationError(
                self.env._(
                    "You cannot enter %(value)s as %(field)s because it is no date "
                    "between %(first)s and %(last)s. Enter another date.",
                    value=value,
                    field=field._description_string(self.env),
                    first=FIRST_DATE,
                    last=LAST_DATE,
                )
            )

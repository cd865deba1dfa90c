from odoo import api, models, tools
from odoo.exceptions import AccessError


class ProgressBillingGuard(models.AbstractModel):
    """Keeps what is derived, or set by a workflow, from being written by anybody else.

    A field of this addon that is `readonly` where it is defined is written by its
    compute method and by code in sudo mode, over no interface by a person. Writing the
    value that it has already is no change, and allowed: forms and imports do so.
    """

    _name = "progress.billing.guard"
    _description = "Guard of Derived Fields"

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

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            nothing = self.browse()
            for vals in vals_list:
                nothing._check_guarded_fields(vals)
        return super().create(vals_list)

    def write(self, vals):
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

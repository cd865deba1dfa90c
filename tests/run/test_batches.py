"""Together, or else in parts: what is told, what goes up, what stays."""

from psycopg2.errors import SerializationFailure

from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ...models.run.batches import bill_in_parts, explain

LOGGER = "odoo.addons.progress_billing.models.run.batches"


@tagged("post_install", "-at_install")
class TestBatches(TransactionCase):
    def setUp(self):
        super().setUp()
        self.partners = self.env["res.partner"].create(
            [{"name": name, "ref": name[0]} for name in ("a1", "a2", "b1", "b2")]
        )
        self.errors = {}
        self.tried = []

    def _bill(self, partners):
        """Write something, then fail as the names among them want."""
        self.tried.append("".join(partners.mapped("name")))
        partners.write({"comment": "billed"})
        for partner in partners:
            if partner.name in self.errors:
                raise self.errors[partner.name]
        return partners.mapped("name")

    def _run(self, share=None):
        return bill_in_parts(self.partners, self._bill, share)

    def _get_billed(self):
        return self.partners.filtered("comment").mapped("name")

    def test_all_together_where_nothing_fails(self):
        self.assertEqual(self._run(), ([["a1", "a2", "b1", "b2"]], {}))
        self.assertEqual(self.tried, ["a1a2b1b2"])

    def test_nothing_is_nothing(self):
        none = self.partners.browse()
        self.assertEqual(bill_in_parts(none, self._bill), ([], {}))
        self.assertFalse(self.tried)

    def test_only_what_fails_is_left(self):
        self.errors = {"a2": UserError("no")}
        made, failures = self._run()
        self.assertEqual(made, [["a1"], ["b1"], ["b2"]])
        self.assertEqual(failures, {self.partners[1]: self.errors["a2"]})
        self.assertEqual(self._get_billed(), ["a1", "b1", "b2"])

    def test_reason_from_the_database_is_its_message_alone(self):
        def fail(_partners):
            self.env.cr.execute("DO $$ BEGIN RAISE 'The year is closed.'; END $$")

        with mute_logger("odoo.sql_db", LOGGER):
            _made, failures = bill_in_parts(self.partners[0], fail)
            self.assertIn("CONTEXT", str(failures[self.partners[0]]))
            texts = explain(failures)
        self.assertEqual(texts, {self.partners[0]: "The year is closed."})

    def test_what_shares_a_document_shares_it_without_what_fails(self):
        self.errors = {"a2": UserError("no")}
        made, failures = self._run(share=lambda partner: partner.ref)
        self.assertEqual(made, [["a1"], ["b1", "b2"]])
        self.assertEqual(list(failures), [self.partners[1]])

    def test_defect_does_not_stop_the_rest_and_is_traced(self):
        self.errors = {"b1": UserError("no"), "b2": ZeroDivisionError("broken")}
        made, failures = self._run()
        self.assertEqual(made, [["a1"], ["a2"]])
        with self.assertLogs(LOGGER, "WARNING") as logs:
            texts = explain(failures)
        self.assertEqual(texts, {self.partners[2]: "no", self.partners[3]: "broken"})
        self.assertEqual([bool(log.exc_info) for log in logs.records], [False, True])

    @mute_logger(LOGGER)
    def test_what_the_database_wants_again_goes_up(self):
        self.errors = {"a1": SerializationFailure("again")}
        with self.assertRaises(SerializationFailure):
            self._run()
        self.assertEqual(self.tried, ["a1a2b1b2"])
        self.assertFalse(self._get_billed())

"""Electronic invoices: what is to pay, and the retention in the payment terms."""

from lxml import etree

from odoo.tests import tagged

from ..common_retention import RetentionCommon


@tagged("post_install", "-at_install")
class TestElectronic(RetentionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        belgium = cls.env.ref("base.be")
        for partner in (cls.partner_a, cls.company.partner_id):
            partner.write(
                {
                    "country_id": belgium.id,
                    "vat": "BE0477472701",
                    "phone": "+32 2 555 12 34",
                    "email": "works@example.com",
                    "street": "Rue Haute 1",
                    "city": "Brussels",
                    "zip": "1000",
                }
            )
        cls.env["res.partner.bank"].create(
            {
                "acc_number": "BE15001559627230",
                "partner_id": cls.company.partner_id.id,
                "allow_out_payment": True,
            }
        )

    def _read(self, content, *names):
        """Return the texts of elements of a document."""
        tree = etree.fromstring(content)
        return [tree.findtext(f".//{{*}}{name}") for name in names]

    def _tell(self, builder, move):
        content, _errors = self.env[builder]._export_invoice(move)
        return move._tell_retention_terms(content)

    def test_ubl_asks_for_what_is_to_pay_and_names_the_retention(self):
        for term in (self.env["account.payment.term"], self.pay_terms_a):
            move = self._progress(self._retained(payment_term_id=term.id), 40.0)
            content = self._tell("account.edi.xml.ubl_bis3", move)
            amount, text = self._read(content, "PayableAmount", "PaymentTerms/{*}Note")
            self.assertEqual(float(amount), 22800.0)
            self.assertIn("Retention 5 %, due after acceptance", text)
            self.assertIn("1,200.00", text)
            names = [etree.QName(each).localname for each in etree.fromstring(content)]
            # Where the schema wants it.
            self.assertLess(names.index("PaymentTerms"), names.index("TaxTotal"))

    def test_factur_x_asks_for_what_is_to_pay_and_names_the_retention(self):
        move = self._progress(self._retained(), 40.0)
        content = self._tell("account.edi.xml.cii", move)
        amount, text = self._read(
            content, "DuePayableAmount", "SpecifiedTradePaymentTerms/{*}Description"
        )
        self.assertEqual(float(amount), 22800.0)
        self.assertIn("Retention 5 %, due after acceptance", text)

    def test_document_that_is_sent_names_the_retention(self):
        move = self._progress(self._retained(), 40.0)
        self.env["account.move.send"]._generate_and_send_invoices(
            move, sending_methods=["manual"], invoice_edi_format="facturx"
        )
        (text,) = self._read(
            move.ubl_cii_xml_id.raw, "SpecifiedTradePaymentTerms/{*}Description"
        )
        self.assertIn("Retention 5 %, due after acceptance", text)

    def test_invoice_without_retention_stays_as_it_is(self):
        move = self._progress(self._order(100.0, progress_method="revenue"), 40.0)
        content, _errors = self.env["account.edi.xml.cii"]._export_invoice(move)
        self.assertIs(move._tell_retention_terms(content), content)

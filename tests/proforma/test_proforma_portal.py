from odoo import Command, http
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..common_project import PIXEL, ProjectBillingCommon


@tagged("post_install", "-at_install")
class TestProformaPortal(ProjectBillingCommon, HttpCase):
    """The customer approves on the portal, with a signature, as for quotations."""

    def test_approval_on_the_portal(self):
        proforma = self._proforma(self._project_order(1000.0), 50.0)
        proforma.action_approve()
        proforma.action_draft()
        proforma._set_state("sent", ("draft",))
        url = proforma.get_portal_url()
        self.assertIn(proforma.name, self.url_open(url).text)
        answer = self._accept(proforma, "wrong")
        self.assertIn("error", answer)
        answer = self._accept(proforma, proforma.access_token)
        self.assertIn("sign_ok", answer["redirect_url"])
        self.assertRecordValues(proforma, [{"state": "approved", "signed_by": "Marco"}])
        self.assertIn("error", self._accept(proforma, proforma.access_token))

    def test_others_do_not_see_it(self):
        proforma = self._proforma(self._project_order(1000.0), 50.0)
        proforma._portal_ensure_token()
        page = self.url_open(f"/my/pro_formas/{proforma.id}?access_token=wrong")
        self.assertNotIn(proforma.name, page.text)

    def _accept(self, proforma, token, **values):
        with mute_logger("odoo.http"):
            response = self.url_open(
                f"/my/pro_formas/{proforma.id}/accept",
                json={
                    "params": {
                        "access_token": token,
                        "name": "Marco",
                        "signature": PIXEL.decode(),
                        **values,
                    }
                },
            )
        proforma.invalidate_recordset()
        return response.json()["result"]

    def test_draft_is_signed_by_nobody(self):
        """Its link is known once it was sent, and taken back to draft to be changed."""
        proforma = self._proforma(self._project_order(1000.0), 50.0)
        answer = self._accept(proforma, proforma._portal_ensure_token())
        self.assertIn("needs no approval", answer["error"])
        page = self.url_open(proforma.get_portal_url()).text
        self.assertNotIn("#modalaccept", page)
        self.assertNotIn("#modaldecline", page)
        self.assertRecordValues(proforma, [{"state": "draft", "signed_by": False}])

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_signature_needs_a_name_and_a_picture(self):
        proforma = self._proforma(self._project_order(1000.0), 50.0)
        proforma._set_state("sent", ("draft",))
        token = proforma._portal_ensure_token()
        for values, reason in (
            ({"signature": "!!!"}, "no picture"),
            ({"signature": "aGVsbG8="}, "decoded as an image"),
            ({"signature": ""}, "no picture"),
            ({"signature": None}, "no picture"),
            ({"name": None}, "your name is missing"),
            ({"name": " "}, "your name is missing"),
            ({"name": "!!!"}, "your name is missing"),
        ):
            with self.subTest(**values):
                self.assertIn(reason, self._accept(proforma, token, **values)["error"])
                self.assertRecordValues(
                    proforma, [{"state": "sent", "signed_by": False}]
                )

    def test_customer_reads_no_pro_forma_cancelled_unsent(self):
        user = self._portal_user(self.partner_a)
        proforma = self._proforma(self._project_order(1000.0), 50.0)
        proforma.action_cancel()
        mine = proforma.with_user(user)
        self.assertFalse(mine.has_access("read"))
        self.assertFalse(mine.search([("id", "=", proforma.id)]))
        self.assertFalse(proforma.line_ids.with_user(user).has_access("read"))
        self.authenticate(user.login, "marco")
        page = self.url_open(f"/my/pro_formas/{proforma.id}")
        self.assertNotIn(proforma.name, page.text)

    def _decline(self, proforma, token, message):
        self.authenticate(None, None)
        response = self.url_open(
            f"/my/pro_formas/{proforma.id}/decline?access_token={token}",
            data={
                "decline_message": message,
                "csrf_token": http.Request.csrf_token(self),
            },
        )
        proforma.invalidate_recordset()
        return response

    def test_declined_on_the_portal(self):
        """The reason is posted for all to read, and somebody has to see to it."""
        proforma = self._proforma(self._project_order(1000.0), 50.0)
        proforma._set_state("sent", ("draft",))
        token = proforma._portal_ensure_token()
        self.assertIn("modaldecline", self.url_open(proforma.get_portal_url()).text)
        for wrong in ((proforma, "wrong", "No"), (proforma, token, "")):
            with self.subTest(token=wrong[1]):
                self._decline(*wrong)
                self.assertEqual(proforma.state, "sent")
                self.assertFalse(proforma.activity_ids)
        page = self._decline(proforma, token, "Permit is <not> done")
        self.assertIn("Thank you for telling us", page.text)
        self.assertNotIn("modalaccept", page.text.split("modaldecline")[1])
        self.assertEqual(proforma.state, "declined")
        message = proforma.message_ids.filtered(
            lambda message: "Permit is &lt;not&gt; done" in message.body
        )
        self.assertEqual(message.author_id, self.partner_a)
        self.assertIn(proforma.user_id.partner_id, message.notified_partner_ids)
        self.assertEqual(proforma.activity_ids.user_id, proforma.user_id)
        page = self._decline(proforma, token, "Once more")
        self.assertIn("cannot be declined any more", page.text)
        self.assertIn("error", self._accept(proforma, token))

    def test_portal_user_declines_without_a_token(self):
        partner = self.partner_a
        user = self._portal_user(partner)
        proforma = self._proforma(self._project_order(1000.0), 50.0)
        proforma._set_state("sent", ("draft",))
        self.authenticate(user.login, "marco")
        self.url_open(
            f"/my/pro_formas/{proforma.id}/decline",
            data={
                "decline_message": "Not yet",
                "csrf_token": http.Request.csrf_token(self),
            },
        )
        proforma.invalidate_recordset()
        self.assertEqual(proforma.state, "declined")
        self.assertIn(proforma.name, self.url_open("/my/pro_formas").text)

    def _portal_user(self, partner):
        return self.env["res.users"].create(
            {
                "name": "Marco",
                "login": "marco",
                "password": "marco",
                "partner_id": partner.id,
                "group_ids": [Command.set(self.env.ref("base.group_portal").ids)],
            }
        )

    def test_portal_list(self):
        user = self._portal_user(self.partner_a)
        draft = self._proforma(self._project_order(1000.0), 50.0)
        sent = self._proforma(self._project_order(1000.0), 50.0)
        sent._set_state("sent", ("draft",))
        self.authenticate(user.login, "marco")
        page = self.url_open("/my/pro_formas").text
        self.assertIn(sent.name, page)
        self.assertNotIn(draft.name, page)

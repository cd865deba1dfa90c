"""Every language says all there is to say, in its accountants' own words."""

import re
from pathlib import Path

import polib

from odoo.modules.module import Manifest
from odoo.tests import BaseCase, tagged

FOLDER = Path(Manifest.for_addon("progress_billing").path) / "i18n"
LANGUAGES = ("de", "fr", "es", "nl", "it")
#: What a translation repeats as it is: %(name)s, {name}, {{ code }}, tags and breaks.
KEPT = re.compile(
    r"%\(\w+\)(?:\.\d+)?[a-z]|%%|%[sd]|\{+[^{}]*\}*|</?[a-z][^>]*>|object\.\w+|\n",
    re.IGNORECASE,
)
#: Attributes of tags that people read.
READ = re.compile(r'\b(title|placeholder|aria-label)="[^"]*"')
#: English term: the beginning of its one translation in each language.
GLOSSARY = {
    r"deposits?": ("anzahlung", "acompte", "anticipo", "aanbetaling", "accont"),
    r"you cannot": (
        "sie können",
        "vous ne pouvez pas",
        "no puede",
        "je kunt",
        "non è( ancora)? possibile",
    ),
    r"final invoices?": (
        "schlussrechnung",
        "factures? de solde",
        "facturas? final",
        "eindfactu",
        "fattur[ae] a saldo",
    ),
    r"interim invoices?": (
        "teilrechnung",
        "factures? intermédiaire",
        "facturas? intermedia",
        "tussentijdse factu",
        "fattur[ae] intermedi",
    ),
    r"progress invoices?": (
        "abschlagsrechnung",
        "factures? de situation",
        "facturas? de certificaci",
        "termijnfactu",
        r"fattur[ae] (sal|a stato avanzamento)\b",
    ),
    r"regular invoices?": (
        "reguläre",
        "factures? normale",
        "facturas? normal",
        "standaard factu",
        "fattur[ae] normal",
    ),
    r"credit notes?": (
        "gutschrift",
        "avoir",
        "rectificativa",
        "creditfactu",
        "not[ae] di credito",
    ),
    r"pro ?formas?": (
        "pro-forma-rechnung",
        "factures? pro forma",
        "facturas? proforma",
        "proformafactu",
        "fattur[ae] proforma",
    ),
    r"milestones?": ("meilenstein", "jalon", "hito", "mijlpa", "milestone"),
    r"instalments?": (r"raten?", "tranche|échéancier", "plazo", "termijn", "rat[ae]"),
    r"planned lines?": (
        "geplante",
        "lignes? planifiées?",
        "líneas? planificadas?",
        "geplande regels?",
        "rig(a|he) pianificat[ae]",
    ),
    r"revenue budgets?": (
        "umsatzbudget",
        "budgets? de revenus",
        "presupuestos? de ingresos",
        "omzetbudget",
        "budget ricavi",
    ),
    r"contract value": (
        "auftragswert",
        "valeur du contrat",
        "valor del contrato",
        "contractwaarde",
        "valore contratto",
    ),
    r"(take|takes|taken|taking|took)( \w+)? back": (
        "verrechn",
        "dédui",
        "dedu[cj]",
        "verreken",
        "detra",
    ),
    r"pending": ("ausst", "en att", "pend", r"\bbeh\.|in beh", "sosp"),
    r"exchange rate": (
        "wechselkurs",
        "taux de change",
        "tipo de cambio",
        "wisselkoers",
        "tasso di cambio",
    ),
    r"billing rules?": (
        "abrechnungsregel",
        "règles? de facturation",
        "reglas? de facturación",
        "factureringsregel",
        "regol[ae] di fatturazione",
    ),
    r"scheduled job": (
        "geplanten? aktion",
        "action planifiée",
        "acción planificada",
        "geplande actie",
        "azione pianificata",
    ),
}


def kept(text):
    """Return what a translation of ``text`` has to repeat, in alphabetical order."""
    return sorted(KEPT.findall(READ.sub(r"\1", text)))


def places(entry):
    """Return the records whose term ``entry`` is."""
    return {place for place, _line in entry.occurrences if place.startswith("model")}


@tagged("post_install", "-at_install")
class TestLanguages(BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.terms = polib.pofile(str(FOLDER / "progress_billing.pot"))
        cls.languages = {
            name: polib.pofile(str(FOLDER / f"{name}.po")) for name in LANGUAGES
        }

    def test_no_term_is_missing_or_empty_or_doubtful(self):
        wanted = {entry.msgid for entry in self.terms}
        for name, language in self.languages.items():
            with self.subTest(language=name):
                said = {entry.msgid for entry in language.translated_entries()}
                self.assertEqual(said, wanted)
                self.assertFalse(language.fuzzy_entries())
                self.assertFalse(language.obsolete_entries())

    def test_terms_are_where_odoo_looks_for_them(self):
        """Odoo finds the label of a field or the text of a view by its place."""
        wanted = {entry.msgid: places(entry) for entry in self.terms}
        for name, language in self.languages.items():
            with self.subTest(language=name):
                self.assertEqual({x.msgid: places(x) for x in language}, wanted)

    def test_placeholders_and_tags_are_those_of_the_term(self):
        for name, entry in self.each_translation():
            with self.subTest(language=name, term=entry.msgid):
                self.assertEqual(kept(entry.msgstr), kept(entry.msgid))

    def test_words_of_the_glossary_have_one_translation(self):
        for english, words in GLOSSARY.items():
            term = re.compile(rf"(?<!\w){english}(?!\w)", re.IGNORECASE)
            words = dict(zip(LANGUAGES, words, strict=True))
            for name, entry in self.each_translation():
                if term.search(KEPT.sub(" ", entry.msgid)):
                    with self.subTest(language=name, term=entry.msgid):
                        self.assertRegex(entry.msgstr.lower(), words[name])

    def each_translation(self):
        for name, language in self.languages.items():
            for entry in language:
                yield name, entry

"""Where electronic invoices say in words how they are to be paid."""

from lxml import etree

#: Parent of the terms, their name, and that of their text.
UBL = ("", "PaymentTerms", "Note")
CII = ("ApplicableHeaderTradeSettlement", "SpecifiedTradePaymentTerms", "Description")


def find_payment_terms(tree):
    """Return the element of the text of the payment terms, made where it lacks.

    :param tree: root element of a UBL or CII document; None of any other.
    """
    is_ubl = "oasis:names:specification:ubl" in (etree.QName(tree).namespace or "")
    parent_name, name, text_name = UBL if is_ubl else CII
    parent = tree if is_ubl else tree.find(f".//{{*}}{parent_name}")
    if parent is None:
        return None
    terms = parent.find(f"{{*}}{name}")
    if terms is None:
        terms = _insert_terms(parent) if is_ubl else None
    if terms is None:
        return None
    text = terms.find(f"{{*}}{text_name}")
    if text is None:
        space = tree.nsmap["cbc"] if is_ubl else etree.QName(terms).namespace
        text = etree.Element(f"{{{space}}}{text_name}")
        terms.insert(0, text)
    return text


def _insert_terms(tree):
    """Return new payment terms of a UBL document, where its schema wants them."""
    before = tree.xpath(
        "*[local-name()='PaymentMeans' or local-name()='Delivery'"
        " or local-name()='AccountingCustomerParty']"
    )
    if not before:
        return None
    terms = etree.Element(f"{{{tree.nsmap['cac']}}}PaymentTerms")
    before[-1].addnext(terms)
    return terms

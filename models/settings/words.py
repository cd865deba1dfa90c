"""Numbers in words of a reader: as their language writes them, no digit too many."""

from odoo.tools import float_repr
from odoo.tools.misc import formatLang


def format_number(env, number, digits):
    """Return a number with as many decimals as it has, up to some digits.

    :param env: whose language it is.
    """
    text = float_repr(number, digits)
    decimals = text.partition(".")[2].rstrip("0")
    return formatLang(env, number, digits=len(decimals))


def format_percent(env, percent, digits=6, space=" "):
    """Return a percentage in words, "5 %" or "33.333333 %"."""
    return f"{format_number(env, percent, digits)}{space}%"

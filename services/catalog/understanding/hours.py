"""Finds a claim of being open day and night that the hours of the same text contradict: "24hr access", "gate 5am-10pm".

Hours of staff, a telephone or an office contradict nothing. Words of six languages.
"""

from __future__ import annotations

import re
from typing import Final

MAX_TEXT: Final = 12_000  # characters of a description that are read
NEAR: Final = 30  # characters between what is open and its hours
BARE: Final = 2  # words of a claim that says nothing else: "Open 24/7"
BESIDE: Final = 20  # characters before the hours in which the word for an office stands

_ALWAYS: Final = re.compile(
    r"(?<![\w.,])24 ?(?:/ ?7|-?h(?:ou)?rs?|-hour|h)(?!\w)|round[- ]the[- ]clock|(?<!\w)(?:rund um die uhr|jour et nuit"
    r"|24 (?:stunden|horas|heures|ore))(?!\w)",
    re.IGNORECASE,
)
_OPEN: Final = (
    r"(?:access|gates?|open(?:ing)?(?: hours| times)?|hours|entry|doors?|zugang|zutritt|geöffnet|öffnungszeiten|tor"
    r"|acc[eè]s|ouvert(?:ure)?|portail|acceso|abierto|horario|accesso|aperto|cancello|orari|acesso|aberto|portão)"
)
_ENTERED: Final = re.compile(rf"(?<!\w)(?:{_OPEN}|key|fob|pin)(?!\w)", re.IGNORECASE)
_CLOCK: Final = r"\d{1,2}(?:[:.h]\d\d)? ?(?:[ap]\.?m\.?|h|uhr|ore|horas)?"
_HOURS: Final = re.compile(
    rf"(?<!\w){_OPEN}(?!\w)[^\d\n]{{0,{NEAR}}}(?P<from>{_CLOCK}) ?(?:-|–|—|to|till|until|bis|à|a|alle|às) ?"
    rf"(?P<to>{_CLOCK})(?![\d%])",
    re.IGNORECASE,
)
_STAFF: Final = re.compile(
    r"(?<!\w)(?:office|staff(?:ed)?|reception|phones?|telephone|support|shop|café|cafe|kitchen|bar|büro|rezeption|bureau"
    r"|accueil|oficina|recepción|ufficio|reception|escritório|receção|recepção)(?!\w)",
    re.IGNORECASE,
)
_HAS_CLOCK: Final = re.compile(r"[:.h]\d\d|[ap]\.?m|h\b|uhr|ore|horas", re.IGNORECASE)


def says_always_open(text: str) -> bool:
    """Returns True for a text that says that one gets in day and night."""
    rest = _ALWAYS.sub(" ", text)
    return rest != text and (len(text.split()) <= BARE or _ENTERED.search(rest) is not None)


def has_hours(description: str) -> bool:
    """Returns True for a text that names the hours in which one gets in."""
    for found in _HOURS.finditer(description[:MAX_TEXT]):
        before = description[max(0, found.start() - BESIDE) : found.start()]
        if _STAFF.search(before + found[0]) or _ALWAYS.search(found[0]):
            continue
        if _HAS_CLOCK.search(f"{found['from']} {found['to']}"):
            return True
    return False

"""Telephone numbers, web addresses and mail addresses, as one dictates them.

A telephone number is what `phonenumbers` holds for possible. A web address ends with a public suffix: tldextract's
bundled copy of the public suffix list decides, and nothing is ever fetched.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

import phonenumbers

from services.video.script.numbers import digits, figure
from services.video.script.spans import Rule
from services.video.script.vocabulary import DATA, one_of, words

if TYPE_CHECKING:
    from tldextract import TLDExtract

REGIONS: Final = ("US", "GB", "AU", "IE", "DE", "FR", "IN")  # where a number without a country code may belong
MIN_DIGITS: Final = 7
SHORT_NUMBER: Final = (
    rf"(?i:\b(?P<verb>{one_of(words('dialled') - {'number'})}))[.:]?\s(?P<word>[A-Z]+\sto\s)?(?P<number>\d{{3,6}})"
    r"(?=[.,;:!?)]|$|\s(?:now|today|for|to|if|or|and|in|at|from|anytime|free)\b)"
)
EXTENSION: Final = r"(?:,?\s?(?:ext\.?|extension|x)\s?(?P<extension>\d{1,6}))?"
NUMBER: Final = (
    rf"(?<![\w.,$£€])(?P<number>\+?\(?\d{{1,15}}(?!\d)\)?(?:[\s./-]?\(?\d{{1,8}}(?!\d)\)?){{0,6}})"
    rf"(?:(?P<joint>\s(?:or|and)\s|\s?/\s?)(?P<other>\d{{3,4}}[\s-]\d{{3,4}}))?{EXTENSION}(?![\w%]|[.,:]\d)"
)
LABEL: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)"
HOST: Final = rf"(?:{LABEL}\.){{1,8}}[A-Za-z]{{2,24}}"
PATH: Final = r"(?:/[\w\-./~%+]*[\w/])?(?:[?#][^\s<>\"]*[\w=/])?"
MARKS: Final = {".": "dot", "/": "slash", "@": "at", "-": "dash", "_": "underscore", "+": "plus"}


@cache
def _suffixes() -> TLDExtract:
    from tldextract import TLDExtract

    return TLDExtract(cache_dir=None, suffix_list_urls=(), fallback_to_snapshot=True)


@lru_cache(1024)
def is_host(host: str) -> bool:
    """Whether a name ends with a public suffix and has more than that."""
    parts = _suffixes()(host)
    return bool(parts.suffix and parts.domain)


def public_suffix(host: str) -> str:
    """The public suffix of a name, "" where it has none: "shop.co.uk" -> "co.uk"."""
    return _suffixes()(host).suffix


def _address(found: re.Match[str]) -> str | None:
    """A web address or mail address in words; None if its end is no public suffix."""
    host = found["host"]
    end = host.rpartition(".")[2]
    declared = bool(found["scheme"] or found["user"]) or host.lower().startswith("www.")
    if not declared and not (end.islower() or host.isupper()):
        return None  # "sale.Next week": a full stop without a space
    if not is_host(host) and not found["scheme"]:
        return None
    if not declared and re.fullmatch(r"(?:[A-Za-z]\.)+[A-Za-z]{2,3}", host) and len(host) < 5:
        return None
    host = re.sub(r"^www\.", "", host, flags=re.IGNORECASE)
    suffix = public_suffix(host)
    name = host[: len(host) - len(suffix) - 1] if suffix else host
    said = [_pieces(found["user"]), "at"] if found["user"] else []
    said.append(_pieces(name))
    said.extend(f"dot {_label(label)}" for label in suffix.split(".") if label)
    path = re.split("[?#]", found["path"] or "")[0].rstrip("/")
    if path:
        said.append(_pieces(path))
    return " ".join(said)


def _label(label: str) -> str:
    known: dict[str, str] = DATA["suffixes"]
    return known.get(label.lower(), " ".join(label.upper()) if len(label) == 2 else label)


def _pieces(text: str) -> str:
    said = []
    for piece in re.split(r"([./@_\-+])", text):
        if piece in MARKS:
            said.append(MARKS[piece])
            continue
        said.extend(
            (figure(part) if len(part) < 5 else digits(part)) if part.isdecimal() else part
            for part in re.findall(r"[0-9]+|[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_]+", piece)
        )
    return " ".join(said)


def _phone(found: re.Match[str]) -> str | None:
    """A telephone number digit by digit, in the groups it is written in; None for other figures."""
    written = found["number"]
    count = sum(character.isdigit() for character in written)
    before = re.search(r"([A-Za-z]+)[.:]?\s\W*$", found.string[max(0, found.start() - 24) : found.start()])
    called = before is not None and before[1].lower() in words("dialled")
    seven = re.fullmatch(r"\d{3}[-.\s]\d{4}", written) is not None and (called or "-" in written)
    american = re.fullmatch(r"(?:\+?1[\s.-]?)?\(?\d{3}\)?[\s.-]?\d{3}[\s.-]\d{4}", written) is not None
    trunk = written.startswith(("+", "0", "(0")) and count >= 9
    if not (
        seven or american or trunk or (called and count >= MIN_DIGITS) or (found["extension"] and count >= MIN_DIGITS)
    ):
        return None
    if not seven and not _possible(written):
        return None
    groups = [digits(group) for group in re.findall(r"\d+", written)]
    said = ("plus " if written.startswith("+") else "") + ", ".join(groups)
    if found["other"]:
        said += (
            f" {'and' if 'and' in found['joint'] else 'or'} {', '.join(map(digits, re.split('[ -]', found['other'])))}"
        )
    return f"{said}, extension {digits(found['extension'])}" if found["extension"] else said


@lru_cache(512)
def _possible(written: str) -> bool:
    regions: tuple[str | None, ...] = (None,) if written.startswith("+") else REGIONS
    for region in regions:
        try:
            number = phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            return True
    return False


def _short(found: re.Match[str]) -> str:
    return f"{found['verb']} {found['word'] or ''}{digits(found['number'])}"


ADDRESS: Final = re.compile(
    rf"(?<![\w@.])(?:(?P<scheme>https?://)|(?P<user>[\w+-]+(?:\.[\w+-]+)*)@)?(?P<host>{HOST})(?::\d{{2,5}})?"
    rf"(?P<path>{PATH})(?![\w@])"
)
RULES: Final[tuple[Rule, ...]] = (
    (
        re.compile(r"(?<=[Dd]ial )(?P<code>[*#][*#\d]{1,20})(?!\w)"),
        lambda found: " ".join({"*": "star", "#": "hash"}.get(sign) or digits(sign) for sign in found["code"]),
    ),
    (ADDRESS, _address),
    (re.compile(NUMBER), _phone),
    (re.compile(SHORT_NUMBER), _short),
)

"""Telephone numbers, web and mail addresses, handles and tags, as one dictates them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import phonenumbers

from services.video.script.contacts import ADDRESS, is_host, public_suffix
from services.video.script.languages.words import Words
from services.video.script.spans import Rule

NUMBER: Final = (
    r"(?<![\w.,$£€/])(?P<number>\+?\(?\d{1,13}(?!\d)\)?(?:[\s.\-/]\(?\d{1,8}(?!\d)\)?){0,6})"
    r"(?![\w%€$£]|[.,:]\d|\s[€$£%])"
)
MIN_DIGITS: Final = 9
SHORT_DIGITS: Final = 6
DATE: Final = re.compile(r"\d{1,2}([/.-])\d{1,2}\1(?:19|20)\d\d")


class _Contacts:
    """The rules of numbers and addresses that one dictates."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._data = words.data["contacts"]
        self._marks: dict[str, str] = self._data["marks"]

    def address(self, found: re.Match[str]) -> str | None:
        """A web or mail address in words; None if its end is no public suffix."""
        host = found["host"]
        end = host.rpartition(".")[2]
        declared = bool(found["scheme"] or found["user"]) or host.lower().startswith("www.")
        if not declared and not (end.islower() or host.isupper()):
            return None  # "oferta.Solo": a full stop without a space
        if not is_host(host) and not found["scheme"]:
            return None
        if not declared and re.fullmatch(r"(?:[A-Za-z]\.)+[A-Za-z]{1,3}", host):
            return None
        host = re.sub(r"^www\.", "", host, flags=re.IGNORECASE)
        suffix = public_suffix(host)
        name = host[: len(host) - len(suffix) - 1] if suffix else host
        said = [self.pieces(found["user"]), self._marks["@"]] if found["user"] else []
        said.append(self.pieces(name))
        said.extend(f"{self._marks['.']} {self._label(label)}" for label in suffix.split(".") if label)
        path = re.split("[?#]", found["path"] or "")[0].rstrip("/")
        if path:
            said.append(self.pieces(path))
        return " ".join(said)

    def _label(self, label: str) -> str:
        spoken: list[str] = self._data["suffixes"].split()
        return label if label in spoken or len(label) > 2 else self._words_spelled(label)

    def _words_spelled(self, label: str) -> str:
        letters: dict[str, str] = self._words.data["letters"]
        return " ".join(letters.get(letter, letter) for letter in label.lower())

    def pieces(self, text: str) -> str:
        """A name of an address: its marks by name, its figures as numbers, its letters as a word."""
        said = []
        for piece in re.split(r"([./@_\-+])", text):
            if piece in self._marks:
                said.append(self._marks[piece])
                continue
            said.extend(
                (self._words.figure(part) if len(part) < 5 else self._words.digits(part)) if part.isdecimal() else part
                for part in re.findall(r"[0-9]+|[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![a-z])|[^\W\d_]+", piece)
            )
        return " ".join(said)

    def phone(self, found: re.Match[str]) -> str | None:
        """A telephone number in the groups it is written in; None for other figures."""
        written = found["number"]
        if DATE.fullmatch(written):
            return None
        digits = re.sub(r"\D", "", written)
        before = re.search(
            r"([^\W\d_]+)[.:]?\s(?:[^\W\d_]{1,3}\s)?$", found.string[max(0, found.start() - 24) : found.start()]
        )
        called = before is not None and before[1].casefold() in self._words.words("dialled")
        grouped = re.search(r"\d[\s.\-/]\d", written) is not None
        if called and len(digits) >= SHORT_DIGITS:
            pass
        elif (
            len(digits) < MIN_DIGITS
            or not (grouped or written.startswith(("+", "0")))
            or not _possible(written, self._data["region"])
        ):
            return None
        said = [self._group(group, number, written) for number, group in enumerate(re.findall(r"\d+", written))]
        return (f"{self._words.joints['plus']} " if written.startswith("+") else "") + ", ".join(said)

    def _group(self, group: str, place: int, written: str) -> str:
        if place == 0 and written.startswith("+") and len(group) == 2:
            return self._words.cardinal(int(group))
        if self._data["pairs"] and len(group) == 2 and not group.startswith("0"):
            return self._words.cardinal(int(group))
        return self._words.digits(group)

    def short(self, found: re.Match[str]) -> str:
        return f"{found['verb']} {self._words.digits(found['number'])}"

    def handle(self, found: re.Match[str]) -> str:
        return f"{self._marks['@']} {self.pieces(found['name'])}"

    def tag(self, found: re.Match[str]) -> str:
        return f"{self._data['tag']} {self.pieces(found['name'])}"


@lru_cache(512)
def _possible(written: str, region: str) -> bool:
    try:
        number = phonenumbers.parse(written, None if written.startswith("+") else region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number)


def rules(words: Words) -> tuple[Rule, ...]:
    """Addresses, numbers to dial, handles and tags."""
    contacts = _Contacts(words)
    return (
        (ADDRESS, contacts.address),
        (re.compile(NUMBER), contacts.phone),
        (
            re.compile(
                rf"\b(?P<verb>(?i:{words.data['contacts']['calls']}))\s(?P<number>\d{{3,6}})(?![\w%€$£]|[.,:/]\d|\s?[€$£%])"
            ),
            contacts.short,
        ),
        (re.compile(r"(?<![\w.])@(?P<name>[A-Za-z]\w*(?:\.\w+)*)"), contacts.handle),
        (re.compile(r"(?<!\w)#(?P<name>[^\W\d_]\w*)"), contacts.tag),
    )

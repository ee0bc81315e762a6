"""Prices, shares, measures, ratios and counted things in words."""

from __future__ import annotations

import re
from typing import Any, Final

from services.video.script.languages.words import FEMININE, MASCULINE, NUMBER, SPACES, Words
from services.video.script.spans import Rule
from services.video.script.vocabulary import one_of

DASH: Final = r"\s?[-–—]\s?"
GAP: Final = rf"[{SPACES}]?"
START: Final = r"(?<![\w.,/])"
END: Final = r"(?![\w]|[.,]\d)"
DEGREES: Final = ("º", "°")
MOST_ORDINAL: Final = 31
POINTED: Final = frozenset({"USD", "MXN", "GBP"})  # currencies whose countries part thousands by commas
FRACTIONS: Final = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅛": (1, 8)}


class _Money:
    """The rules of prices."""

    def __init__(self, words: Words, currency: str) -> None:
        self._words, self._currency = words, currency
        data = words.data["currencies"]
        self._scales: dict[str, str] = words.data["scales"]
        signs = one_of(words.currencies)
        scale = rf"(?:{GAP}(?P<scale>{one_of(self._scales)})\b(?:{GAP}{words.joints['of']}\b)?)?"
        self._periods: dict[str, str] = words.data["periods"]
        per = rf"(?:\s?/\s?(?P<per>{one_of(self._periods)})\b\.?)?"
        self._behind = re.compile(
            rf"{START}(?P<minus>[-−–])?(?:(?P<low>{NUMBER}){GAP}(?:{signs})?{DASH})?(?P<amount>{NUMBER}){scale}{GAP}"
            rf"(?P<sign>{signs})(?!\w){per}"
        )
        self._before = re.compile(
            rf"(?<![\w.,/])(?P<minus>[-−–])?(?P<sign>{signs}){GAP}(?:(?P<low>{NUMBER}){DASH}(?:{signs})?{GAP})?"
            rf"(?P<amount>{NUMBER}){scale}{END}(?:\s(?:{data['repeated']})\b)?{per}"
        )
        self._short: dict[str, str] = data["short_names"]
        self._named = re.compile(
            rf"{START}(?P<minus>[-−–])?(?:(?P<low>{NUMBER}){DASH})?(?P<amount>{NUMBER}){scale}{GAP}"
            rf"(?P<name>(?:{data['names']})\b|{one_of(self._short)}(?!\w)){per}"
        )
        self._local: dict[str, dict[str, Any]] = data["local"]
        self._evidence = {sign: re.compile(local["evidence"]) for sign, local in self._local.items()}

    def rules(self) -> tuple[Rule, ...]:
        return ((self._before, self._said), (self._behind, self._said), (self._named, self._with_name))

    def _said(self, found: re.Match[str]) -> str | None:
        sign, words = self._code(found["sign"], found.string), self._words
        plain = sign != found["sign"]
        if found["scale"]:
            number = words.figure(found["amount"], MASCULINE)
            singular, _, plural = self._scales[found["scale"]].partition("|")
            scale = singular if words.is_one(found["amount"]) else plural or singular
            noun = self._name(sign, one=False, plain=plain)
            joined = words.after_number("of", noun) if plural else noun
            said = f"{number} {scale} {joined}"
        else:
            said = self._price(found["amount"], sign, plain=plain)
        if found["low"]:
            noun = self._name(sign, one=False, plain=plain)
            low = words.figure(found["low"], words.gender_of(noun))
            said = words.contracted(found.string, found.start(), low, said)
        return self._whole(found, said)

    def _code(self, sign: str, script: str) -> str:
        """The sign, or the currency that it stands for in this script: "$" are pesos where one says so, and where the
        product is sold for them."""
        local = self._local.get(sign)
        if local is None or not (self._currency in local["codes"] or self._evidence[sign].search(script)):
            return sign
        return str(local["code"])

    def _name(self, sign: str, *, one: bool, plain: bool) -> str:
        """Names a currency. plain: without its nationality."""
        named = self._words.currency_name(sign, one=one)
        return named.split()[0] if plain else named

    def _price(self, amount: str, sign: str, *, plain: bool) -> str:
        words = self._words
        if words.currencies[sign] in POINTED:  # "$25,000"
            amount = re.sub(r"^(\d{1,3}),(\d{3})$", r"\1\2", amount)
        whole, fraction = words.parts(amount)
        cents = int(fraction.ljust(2, "0")) if len(fraction) in (1, 2) else 0
        one = int(whole or "0") == 1
        noun = self._name(sign, one=one, plain=plain)
        if len(fraction) > 2:
            return f"{words.figure(amount)} {self._name(sign, one=False, plain=plain)}"
        named = words.hundredths_name(sign, cents)
        if cents and not int(whole or "0") and named:
            return words.counted(str(cents), named)
        said = words.counted(whole or "0", noun)
        if not cents:
            return said
        joint = words.joints["cents"]
        behind = f" {named}" if named and words.data["currencies"].get("cents_named") else ""
        return f"{said}{f' {joint}' if joint else ''} {words.cardinal(cents)}{behind}"

    def _with_name(self, found: re.Match[str]) -> str:
        """ "1 euro", "20,50 euros": the script names the currency itself."""
        words, name = self._words, self._short.get(found["name"], found["name"])
        whole, fraction = words.parts(found["amount"])
        if found["scale"]:
            singular, _, plural = self._scales[found["scale"]].partition("|")
            scale = singular if words.is_one(found["amount"]) else plural or singular
            joined = words.after_number("of", name) if plural else name
            said = f"{words.figure(found['amount'], MASCULINE)} {scale} {joined}"
        elif len(fraction) == 2:
            joint = words.joints["cents"]
            cents = f"{f' {joint}' if joint else ''} {words.cardinal(int(fraction))}" if int(fraction) else ""
            said = f"{words.counted(whole, name)}{cents}"
        else:
            said = f"{words.figure(found['amount'], words.gender_of(name))} {name}"
        if found["low"]:
            low = words.figure(found["low"], words.gender_of(name))
            said = words.contracted(found.string, found.start(), low, said)
        return self._whole(found, said)

    def _whole(self, found: re.Match[str], said: str) -> str:
        if found["minus"]:
            said = f"{self._words.joints['minus']} {said}"
        return f"{said} {self._periods[found['per']]}" if found["per"] else said


def money(words: Words, currency: str = "") -> tuple[Rule, ...]:
    """Prices with a sign, a code or a name of a currency. currency: of the product, as for `rules_of`."""
    return _Money(words, currency).rules()


def ratios(words: Words) -> tuple[Rule, ...]:
    """Ratings, fractions, offers such as 3x2, and proportions."""
    data = words.data["fractions"]
    halves: dict[str, str] = data["halves"]  # "1/2": before a noun
    plural = re.compile(data["plural"])

    def rating(found: re.Match[str]) -> str:
        return f"{words.figure(found['low'])} {words.joints['out_of']} {words.figure(found['high'])}"

    def fraction(found: re.Match[str]) -> str | None:
        low, high = int(found["low"]), int(found["high"])
        return _fraction(words, low, high)

    def sign(found: re.Match[str]) -> str | None:
        return _fraction(words, *FRACTIONS[found["sign"]])

    def mixed(found: re.Match[str]) -> str | None:
        """ "2½ horas" -> "dos horas y media", "2½" -> "dos y medio"."""
        written, share = found["whole"], FRACTIONS[found["sign"]]
        noun = _named(words, found["noun"], one=int(written) == 1) if found["noun"] else ""
        noun = plural.sub("", noun) if int(written) == 1 else noun
        gender = words.gender_of(noun) if noun else MASCULINE
        said = halves[gender] if share == (1, 2) else _fraction(words, *share)
        whole = words.counted(written, noun) if noun else words.figure(written)
        return f"{whole} {words.joints['and']} {said}"

    def either(found: re.Match[str]) -> str | None:
        """ "24/48 h" -> "veinticuatro o cuarenta y ocho horas"."""
        if int(found["low"]) >= int(found["high"]):
            return None
        noun = _named(words, found["noun"], one=False)
        gender = words.gender_of(noun)
        low, high = words.figure(found["low"], gender), words.figure(found["high"], gender)
        return f"{low} {words.joints['or']} {high} {noun}"

    def share(found: re.Match[str]) -> str | None:
        """ "3/4 partes" -> "tres cuartas partes"."""
        named = data["parts"].get(found["high"])
        low = int(found["low"])
        if named is None or low >= int(found["high"]):
            return None
        return f"{words.cardinal(low, FEMININE)} {named}{'' if low == 1 else 's'} {found['noun']}"

    def half(found: re.Match[str]) -> str:
        noun = _named(words, found["noun"], one=True)
        gender = words.gender_of(noun)
        return f"{halves[gender]} {noun}"

    def offer(found: re.Match[str]) -> str:
        return f"{words.figure(found['low'])} {words.joints['times']} {words.figure(found['high'])}"

    def always(_found: re.Match[str]) -> str:
        return str(data["always"])

    def instalments(found: re.Match[str]) -> str:
        """ "10x de R$ 35" -> "dez vezes"."""
        return words.counted(found["amount"], data["instalment_names"][0 if int(found["amount"]) == 1 else 1])

    units = one_of(words.units())
    parts = data.get("instalments")
    return (
        *([(re.compile(rf"{START}(?P<amount>\d{{1,2}}){GAP}[x×](?=\s(?:{parts})\b)"), instalments)] if parts else []),
        (re.compile(rf"{START}24{GAP}/{GAP}7{END}"), always),
        (
            re.compile(
                rf"{START}(?P<whole>\d{{1,3}}){GAP}?(?P<sign>[{''.join(FRACTIONS)}])"
                rf"(?:{GAP}(?P<noun>{units}|{data['halved']})(?!\w))?"
            ),
            mixed,
        ),
        (re.compile(rf"{START}(?:1/2|½){GAP}(?P<noun>{units}|{data['halved']})(?!\w)"), half),
        (re.compile(rf"(?P<sign>[{''.join(FRACTIONS)}])"), sign),
        (
            re.compile(
                rf"{START}(?P<low>\d{{2}})/(?P<high>\d{{2,3}}){GAP}(?P<noun>h|hs|hrs|{data['hours']})\b\.?(?!\w)"
            ),
            either,
        ),
        (re.compile(rf"{START}(?P<low>\d{{1,2}})/(?P<high>\d{{1,2}})\s(?P<noun>{data['days']})\b"), either),
        (re.compile(rf"{START}(?P<low>\d)/(?P<high>[2-9]|10)\s(?P<noun>{data['parted']})\b"), share),
        (re.compile(rf"{START}(?P<low>\d{{1,2}}[.,]\d){GAP}/{GAP}(?P<high>5|10|100){END}"), rating),
        (re.compile(rf"{START}(?P<low>\d{{1,2}}){GAP}/{GAP}(?P<high>5|10)(?=\s(?:{data['rated']}))"), rating),
        (re.compile(rf"{START}(?P<low>\d)/(?P<high>[2-9]|10){END}"), fraction),
        (re.compile(rf"{START}(?P<low>\d){GAP}[x×]{GAP}(?P<high>\d)(?![\w.,]|{GAP}(?:{units})(?!\w)|\s?[x×])"), offer),
    )


def _fraction(words: Words, low: int, high: int) -> str | None:
    names: dict[str, list[str]] = words.data["fractions"]["names"]
    if low >= high and high != 1:
        return None
    if (low, high) == (1, 2):
        return str(words.data["fractions"]["half"])
    named = names.get(str(high))
    if named is None:
        return None
    return f"{words.cardinal(low, MASCULINE)} {named[0 if low == 1 else 1]}"


def shares(words: Words) -> tuple[Rule, ...]:
    """Percentages, alone and in ranges."""

    def said(found: re.Match[str]) -> str:
        share = f"{words.figure(found['amount'])} {words.joints['percent' if found['sign'] == '%' else 'permille']}"
        if found["low"]:
            return words.contracted(found.string, found.start(), words.figure(found["low"]), share)
        mark = {"+": "plus", "": ""}.get(found["mark"] or "", "minus")
        return f"{words.joints[mark]} {share}" if mark else share

    return (
        (
            re.compile(
                rf"{START}(?P<mark>[-−–+])?(?:(?P<low>{NUMBER}){GAP}%?{DASH})?(?P<amount>{NUMBER}){GAP}(?P<sign>[%‰])"
            ),
            said,
        ),
    )


def _named(words: Words, symbol: str, *, one: bool) -> str:
    try:
        return words.unit_name(symbol, one=one)
    except KeyError:
        return symbol


def measures(words: Words) -> tuple[Rule, ...]:
    """Quantities with units, dimensions and degrees."""
    known = words.units()
    units = one_of(known)
    periods: dict[str, str] = words.data["periods"]

    def signed(mark: str | None) -> str:
        return f"{words.joints['minus' if mark in ('-', '−', '–') else 'plus']} " if mark else ""

    def quantity(found: re.Match[str]) -> str | None:
        if found["unit"] in DEGREES and not found["mark"] and _is_ordinal(words, found):
            return None
        noun = words.unit_name(found["unit"], one=words.is_one(found["amount"]))
        said = words.counted(found["amount"], noun)
        if found["low"]:
            low = words.figure(found["low"], words.gender_of(noun))
            said = words.contracted(found.string, found.start(), low, said)
        per = f" {periods[found['per']]}" if found["per"] else ""
        return f"{signed(found['mark'])}{said}{per}"

    def compound(found: re.Match[str]) -> str:
        first = words.counted(found["low"], words.unit_name(found["unit"], one=words.is_one(found["low"])))
        last = words.counted(found["high"], words.unit_name(found["other"], one=words.is_one(found["high"])))
        return f"{first} {last}"

    def dimensions(found: re.Match[str]) -> str:
        sides = [words.figure(side) for side in re.findall(NUMBER, found["sides"])]
        said = f" {words.joints['times']} ".join(sides)
        return f"{said} {words.unit_name(found['unit'], one=False)}" if found["unit"] else said

    def inches(found: re.Match[str]) -> str:
        noun = words.unit_name("inch", one=words.is_one(found["amount"]))
        return words.counted(found["amount"], noun)

    side = rf"(?:{NUMBER})"
    return (
        (
            re.compile(
                rf"{START}(?P<low>\d{{1,2}}){GAP}(?P<unit>h|hrs?|min){GAP}(?P<high>\d{{1,2}}){GAP}(?P<other>min|m|s|sec)"
                r"(?![\w/])"
            ),
            lambda found: compound(found) if found["other"] != "m" else None,
        ),
        (
            re.compile(
                rf"{START}(?P<sides>{side}{GAP}[x×]{GAP}{side}(?:{GAP}[x×]{GAP}{side})?)(?:{GAP}(?P<unit>{units})(?!\w))?"
                r"(?![\w]|[.,]\d)"
            ),
            lambda found: dimensions(found) if found["unit"] or len(found["sides"]) > 4 else None,
        ),
        (re.compile(rf"{START}(?P<amount>{NUMBER}){GAP}(?:\"|”|″|''|’’)(?!\w)"), inches),
        (
            re.compile(
                rf"{START}(?P<mark>[-−–+])?(?:(?P<low>{NUMBER}){DASH})?(?P<amount>{NUMBER}){GAP}(?P<unit>{units})"
                rf"(?![\w²³])(?:\s?/\s?(?P<per>{one_of(periods)})\b)?"
            ),
            quantity,
        ),
    )


def _is_ordinal(words: Words, found: re.Match[str]) -> bool:
    """Whether a sign that stands for degrees and for ordinals is an ordinal's: "2° piso", not "a 20°"."""
    rest = re.match(r"\s([^\W\d_]+)", found.string[found.end() :])
    if rest and rest[1].casefold() not in words.words("following"):
        return True
    heated = re.search(r"\ba\s$", found.string[: found.start()]) is not None
    return not heated and found["amount"].isdecimal() and int(found["amount"]) <= MOST_ORDINAL


def counts(words: Words) -> tuple[Rule, ...]:
    """Ordinals, ranges, and numbers before what they count."""
    data = words.data["ordinals"]
    endings: dict[str, str] = data["endings"]
    periods: dict[str, str] = words.data["periods"]

    def ordinal(found: re.Match[str]) -> str:
        return _ordinal(words, int(found["amount"]), endings[found["ending"]])

    def numbered(found: re.Match[str]) -> str:
        return f"{words.joints['number']} {words.figure(found['amount'])}"

    def span(found: re.Match[str]) -> str:
        noun = found["noun"] or ""
        gender = words.gender_of(noun) if noun and noun.casefold() not in words.words("following") else ""
        low, high = words.figure(found["low"], gender), words.figure(found["high"], gender)
        return words.contracted(found.string, found.start(), low, high)

    def counted(found: re.Match[str]) -> str | None:
        noun = found["noun"]
        if noun.casefold() in words.words("following"):
            return None
        before = re.search(r"([^\W\d_]+)\.?\s$", found.string[max(0, found.start() - 20) : found.start()])
        if before and before[1].casefold() in words.words("numbered"):
            return None
        mark = f"{words.joints['more_than']} " if found["mark"] else ""
        per = f" {periods[found['per']]}" if found["per"] else ""
        return f"{mark}{words.counted(found['amount'], noun)}{per}"

    def more(found: re.Match[str]) -> str:
        return f"{words.joints['more_than']} {words.figure(found['amount'])}"

    noun = r"(?P<noun>[^\W\d_]{2,})"
    return (
        (re.compile(rf"(?i:\b{data['sign']}){GAP}(?P<amount>\d+)\b"), numbered),
        (re.compile(rf"{START}(?P<amount>\d{{1,3}})(?P<ending>{one_of(endings)})(?!\w)"), ordinal),
        (
            re.compile(rf"(?<![\w.,/-])(?P<low>{NUMBER}){DASH}(?P<high>{NUMBER})(?![\w%]|[.,/-]\d)(?=(?:\s{noun})?)"),
            span,
        ),
        (
            re.compile(
                rf"{START}(?P<mark>\+)?(?P<amount>{NUMBER})[{SPACES}]{noun}\b(?:\s?/\s?(?P<per>{one_of(periods)})\b)?"
            ),
            counted,
        ),
        (re.compile(rf"{START}\+(?P<amount>{NUMBER})(?![\w]|[.,]\d)(?=\s[^\W\d_])"), more),
    )


def _ordinal(words: Words, number: int, kind: str) -> str:
    """kind: "m" or "f", and "short" for the form before a masculine noun ("primer")."""
    if kind == "short":
        said = words.ordinal(number, MASCULINE)
        return re.sub(r"o$", "", said)
    return words.ordinal(number, kind)


def plain_numbers(words: Words) -> tuple[Rule, ...]:
    """Every other number."""

    def said(found: re.Match[str]) -> str:
        mark = words.joints["minus"] if found["mark"] else ""
        return f"{mark} {words.figure(found['amount'])}".strip()

    return (
        (re.compile(rf"(?<![\w.,])(?P<mark>[-−–](?=\d))?(?P<amount>{NUMBER})"), said),
        (re.compile(r"\d+"), lambda found: words.digits(found[0])),
    )

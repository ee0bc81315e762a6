"""Money, measures, shares, fractions, ratings, ratios, ranges and sizes in words."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from services.video.script.calendar import dated, short_date
from services.video.script.numbers import NUMBER, cardinal, digits, figure, is_one, ordinal, parts
from services.video.script.spans import Rule
from services.video.script.vocabulary import (
    CURRENCIES,
    DATA,
    PERIODS,
    PRICED,
    SCALES,
    UNITS,
    currency_name,
    hundredths_name,
    one_of,
    unit_name,
    words,
)

DASH: Final = r"\s?[-–—]\s?"
LEFT: Final = r"(?<![\w.,:/])(?<!\d[-–])"
MINUS: Final = r"(?P<minus>(?<!\w)[-−]\s?)?"
PERIOD: Final = rf"(?P<per>(?:\s?/\s?(?:{one_of(PERIODS)})(?![\w²]))+|\s?(?:{one_of(PRICED)})(?!\w))?"
SCALE: Final = r"(?P<scale>\s?(?:thousand|million|billion|trillion)\b|\s?(?:mn|mio|bn|tn|[kKmMbB])(?![\w²]))?"
SIGN: Final = one_of(CURRENCIES)
UNIT: Final = rf"(?P<unit>(?:{one_of(UNITS)})(?![\w²³°]))(?:\.(?=\s[a-z]))?"
UNIT_PER: Final = rf"(?P<per>(?:\s?/\s?(?:{one_of(PERIODS)})(?![\w²]))+)?"
LOW: Final = rf"(?P<low>{NUMBER})(?:\s?(?:{one_of(UNITS)}))?"
BY: Final = r"\s?[x×]\s?"
VULGAR: Final = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
MARKED: Final = rf"\d+(?:\.\d+)?\s?[{VULGAR}]?|[{VULGAR}]"
HALVES: Final = {2: ("half", "halves"), 4: ("quarter", "quarters")}
INCHES_BEFORE: Final = one_of(words("sides"))


def _grouped(found: re.Match[str], after: int) -> bool:
    """Whether "10.500" before `after` means thousands: it counts things, and no one writes such a last zero."""
    following = found.string[after : after + 24]
    return re.match(r"\s+[a-z]{3,}", following) is not None and found.string[:after].endswith("0")


def _period(written: str | None) -> str:
    if not written:
        return ""
    text = written.strip()
    if text in PRICED:
        return f" {PRICED[text]}"
    said = []
    for piece in re.split(r"\s?/\s?", text.lstrip("/ ")):
        name = PERIODS[piece.strip()]
        said.append("each" if name == "each" else f"{'an' if name[0] in 'aeio' or name == 'hour' else 'a'} {name}")
    return f" {' '.join(said)}"


def _amount(symbol: str, written: str, scale: str | None) -> str:
    """An amount of money: ("$", "19.99", None) -> "nineteen dollars and ninety-nine cents"."""
    named = (scale or "").strip()
    if named:
        return f"{figure(written)} {SCALES[named]} {currency_name(symbol, one=False)}"
    # "$3.499" is a price of fuel; elsewhere three digits after a point are thousands: money has two decimals.
    whole, cents = parts(written, grouped=CURRENCIES[symbol] not in ("USD", "GBP"))
    count = int(whole or 0)
    main = f"{figure(whole)} {currency_name(symbol, one=count == 1)}"
    if not int(cents or 0):
        return main
    if len(cents) != 2:
        return f"{figure(written)} {currency_name(symbol, one=False)}"
    small = hundredths_name(symbol, int(cents))
    if small is None:
        return f"{cardinal(count)} point {digits(cents.rstrip('0'))} {currency_name(symbol, one=False)}"
    said = f"{cardinal(int(cents))} {small}"
    return said if not count else f"{main} and {said}"


def _money(found: re.Match[str]) -> str | None:
    minus = "minus " if found["minus"] else ""
    return minus + _amount(found["symbol"], found["amount"], found["scale"]) + _period(found["per"])


def _money_range(found: re.Match[str]) -> str:
    symbol, low, high, scale = found["symbol"], found["low"], found["high"], (found["scale"] or "").strip()
    if parts(low)[1].strip("0") or parts(high)[1].strip("0"):
        said = f"{_amount(symbol, low, None)} to {_amount(symbol, high, None)}"
    else:
        named = f" {SCALES[scale]}" if scale else ""
        said = f"{figure(parts(low)[0])} to {figure(parts(high)[0])}{named} {currency_name(symbol, one=False)}"
    return said + _period(found["per"])


def _scaled_range(found: re.Match[str]) -> str:
    """ "$18k–$22k" -> "eighteen thousand to twenty-two thousand dollars"."""
    low = f"{figure(found['low'])} {SCALES[found['low_scale']]}"
    return f"{low} to {_amount(found['symbol'], found['high'], found['scale'])}{_period(found['per'])}"


def _cents(found: re.Match[str]) -> str:
    one, many = DATA["hundredths"]["GBP" if found["p"] else "USD"]
    return f"{figure(found['amount'])} {one if is_one(found['amount']) else many}{_period(found['per'])}"


def _describes(found: re.Match[str]) -> bool:
    """Whether a quantity describes the word after it, as in "a 10m cable" or "24h support"."""
    after = re.match(r"[ -]([a-z]{3,})", found.string[found.end() : found.end() + 30])
    small = after is None or after[1] in words("following") or after[1].endswith("ly")
    if small or found["unit"][0] in "°º℃℉‰":
        return False
    before = re.search(r"([A-Za-z]+)\s$", found.string[max(0, found.start() - 20) : found.start()])
    tight = found.string[found.start() : found.end()].replace(" ", "") == found[0]
    return (before is not None and before[1].lower() in words("determiners")) or tight


def _measure(found: re.Match[str]) -> str | None:
    amount, unit = found["amount"], found["unit"]
    low = found.groupdict().get("low")
    sign = {"-": "minus ", "−": "minus ", "+": "plus "}.get((found["minus"] or "").strip(), "")
    numbers = f"{figure(low)} to {figure(amount)}" if low else figure(amount)
    one = low is None and (is_one(amount) or _describes(found))
    # "Only 5 m" of a measure is never "5 m" of a million people: SCALE is for money, and counts have their own rule.
    return f"{sign}{numbers} {unit_name(unit, one=one)}{_period(found.groupdict().get('per'))}"


def _count_per(found: re.Match[str]) -> str:
    return f"{figure(found['amount'])} {found['thing']}{_period(found['per'])}"


def _dimensions(found: re.Match[str]) -> str:
    numbers = re.split(BY, re.sub('["″”]', "", found["sizes"]))
    unit = found["unit"]
    said = " by ".join(figure(number) for number in numbers)
    if not unit:
        return said
    if unit.startswith(("in", '"')):
        described = re.match(r"[ -][a-z]{3,}", found.string[found.end() : found.end() + 8])
        return f"{said} {'inch' if described else 'inches'}"
    return f"{said} {unit_name(unit, one=_adjective(found))}"


def _marked_number(written: str) -> str:
    """A number with a fraction's sign: "8½" -> "eight and a half"."""
    found = re.fullmatch(rf"(?P<whole>\d*)\s?(?P<part>[{VULGAR}])", written)
    return (_vulgar(found) or "") if found else figure(written)


def _marked_sizes(found: re.Match[str]) -> str:
    """Sizes in feet or inches: "4' x 8'" -> "four by eight feet"."""
    one, many = ("inch", "inches") if found["mark"] in '"″”' else ("foot", "feet")
    said = f"{_marked_number(found['low'])} by {_marked_number(found['high'])}"
    return f"{said} {one if _adjective(found) else many}"


def _inch_range(found: re.Match[str]) -> str:
    return f"{figure(found['low'])} to {figure(found['amount'])} {'inch' if _adjective(found) else 'inches'}"


def _times(found: re.Match[str]) -> str:
    low = f"{figure(found['low'])} to " if found["low"] else ""
    return f"{low}{figure(found['amount'])} times{_period(found['per'])}"


def _inches(found: re.Match[str]) -> str:
    return f"{figure(found['amount'])} {'inch' if _adjective(found) or is_one(found['amount']) else 'inches'}"


def _quoted(found: re.Match[str], mark: str) -> bool:
    """Whether a mark after a figure closes a quotation that was opened before."""
    before = found.string[: found.start()]
    return len(re.findall(rf"(?<!\d){mark}", before)) % 2 == 1


def _inch_mark(found: re.Match[str]) -> str | None:
    return None if found["sign"] == '"' and _quoted(found, '"') else _inches(found)


def _foot_mark(found: re.Match[str]) -> str | None:
    if re.search(r"(?:^|\s)['‘]\w", found.string[: found.start() + 1]):
        return None
    described = re.match(r"\s([a-z]{3,})", found.string[found.end() : found.end() + 30])
    adjective = described is not None and described[1] not in words("following")
    return f"{figure(found['feet'])} {'foot' if adjective or is_one(found['feet']) else 'feet'}"


def _foot_and_inch(found: re.Match[str]) -> str:
    return f"{cardinal(int(found['feet']))} foot {figure(found['inches'])}"


def fraction(above: int, below: int) -> str | None:
    """3, 4 -> "three quarters"; None for what is no fraction in words."""
    if below < 2 or above < 1:
        return None
    if (above, below) == (1, 2):
        return "half"
    one, many = HALVES.get(below, (ordinal(below), f"{ordinal(below)}s"))
    return f"{cardinal(above)} {one if above == 1 else many}"


def _mixed(whole: str, above: int, below: int) -> str | None:
    part = fraction(above, below)
    if part is None:
        return None
    article = "a " if above == 1 else ""
    return f"{figure(whole)} and {article}{part.removeprefix('one ') if above == 1 else part}"


def _vulgar(found: re.Match[str]) -> str | None:
    above, _, below = unicodedata.normalize("NFKC", found["part"]).partition("\u2044")
    if found["whole"]:
        return _mixed(found["whole"].strip(), int(above), int(below))
    return fraction(int(above), int(below))


def _vulgar_measure(found: re.Match[str]) -> str | None:
    """A fraction of a unit: "½ kg" -> "half a kilogram", "1½ lb" -> "one and a half pounds"."""
    said, unit = _vulgar(found), found["unit"]
    if said is None or found["whole"]:
        return said and f"{said} {unit_name(unit, one=False)}"
    name = unit_name(unit, one=True)
    article = "an" if name[0] in "aeio" or name == "hour" else "a"
    return f"half {article} {name}" if found["part"] == "½" else f"{said} of {article} {name}"


def _mixed_fraction(found: re.Match[str]) -> str | None:
    above, below = int(found["above"]), int(found["below"])
    return _mixed(found["whole"], above, below) if above < below else None


def _inch_fraction(found: re.Match[str]) -> str | None:
    """ "3/8"" drill" -> "three eighths inch drill", "1 1/2" wide" -> "one and a half inches wide"."""
    above, below = int(found["above"]), int(found["below"])
    if above >= below or _quoted(found, '"'):
        return None
    part = _mixed(found["whole"], above, below) if found["whole"] else fraction(above, below)
    if part is None:
        return None
    if found["whole"] and not _adjective(found):
        return f"{part} inches"
    return f"{part} inch"


def _adjective(found: re.Match[str]) -> bool:
    """Whether the word after a size is what it describes."""
    after = re.match(r"[ -]([a-z]{2,})", found.string[found.end() : found.end() + 30], re.IGNORECASE)
    return after is not None and after[1].lower() not in words("following")


def _stroke(found: re.Match[str]) -> str | None:
    """Two numbers with a stroke: a rating, halves of a whole, a fraction or two numbers in a row."""
    left, right = found["left"], found["right"]
    before = found.string[max(0, found.start() - 24) : found.start()].lower()
    if left.isdigit() and re.search(r"\bsizes?\s$", before):
        return f"{figure(left)} {figure(right)}"
    timed = re.match(r"\s(?:at|@)\s\d", found.string[found.end() : found.end() + 6]) is not None
    if left.isdigit() and (timed or dated(found.string, found.start())):
        named = short_date(int(left), int(right), found.string)
        if named is not None:
            return named
    after = re.match(r"\s([a-z]+)|\s?[★⭐]", found.string[found.end() : found.end() + 20])
    rated = re.search(r"\b(rated|rating|score|scored|scores|review|reviews)\b\W*(?:\w+\W+)?$", before) is not None
    liked = after is not None and (after[1] is None or after[1] in words("rated"))
    if "." in left or "," in left or right in ("10", "100") or rated or liked or (left == right == "5"):
        return f"{figure(left)} out of {figure(right)}"
    above, below = int(left), int(right)
    if (left, right) == ("24", "7") or (above + below == 100 and above >= 10):
        return f"{cardinal(above)}{'-' if above == below else ' '}{cardinal(below)}".replace(
            "fifty-fifty", "fifty fifty"
        )
    if above < below <= 100:
        return fraction(above, below)
    return f"{cardinal(above)} {cardinal(below)}"


def _ratio(found: re.Match[str]) -> str | None:
    left, right = found["left"], found["right"]
    before = found.string[max(0, found.start() - 24) : found.start()].lower()
    after = re.match(r"\s([a-z]+)", found.string[found.end() : found.end() + 16])
    named = after[1] if after else ""
    known = found[0] in words("aspects") and (found[0] in words("wide") or named in words("shown"))
    mixed = re.search(r"\b(mix|ratio|ratio of|dilute|odds|proportions?)\s$", before) is not None
    if len(right) == 2 and not known and not mixed and named not in words("diluted"):
        return None  # a time
    joint = "by" if known and not mixed else "to"
    return f"{cardinal(int(left))} {joint} {cardinal(int(right))}"


def _range(found: re.Match[str]) -> str:
    low, high = found["low"], found["high"]
    return f"{figure(low)} to {figure(high)}"


def _stars(found: re.Match[str]) -> str:
    amount = found["amount"] or found["before"]
    return f"{figure(amount)} {'star' if is_one(amount) else 'stars'}"


def _row_of_stars(found: re.Match[str]) -> str:
    return f"{cardinal(len(re.sub('[^★⭐]', '', found[0])))} stars"


def _is_count(found: re.Match[str], following: re.Match[str] | None) -> bool:
    """Whether a capital M or B stands for millions: "5M downloads", but not "Flat 12B" or "221B Baker Street"."""
    before = found.string[max(0, found.start() - 24) : found.start()]
    if re.search("[.,]", found["amount"]):
        return True  # no door has a number with a decimal mark
    counted = following is not None and following[1][:1].islower() and following[1] not in words("following")
    return counted and not re.search(r"[A-Z]\w*\.?\s$", before)


def _scaled(found: re.Match[str]) -> str | None:
    following = re.match(r"\s([A-Za-z]+)", found.string[found.end() : found.end() + 24])
    if found["scale"] == "K" and following and following[1].lower() in words("shown"):
        return f"{figure(found['amount'])} K"  # lines of a picture
    if found["scale"] in ("B", "M") and not _is_count(found, following):
        return None
    return f"{figure(found['amount'])} {SCALES[found['scale'].strip()]}{' plus' if found['plus'] else ''}"


def _percent_range(found: re.Match[str]) -> str:
    return f"{figure(found['low'])} to {figure(found['high'])} percent"


def _percent(found: re.Match[str]) -> str:
    sign = {"-": "minus ", "−": "minus ", "+": "plus "}.get((found["minus"] or "").strip(), "")
    return f"{sign}{figure(found['amount'])} percent{' a year' if found['per'] else ''}"


def _signed(found: re.Match[str]) -> str:
    return f"minus {figure(found['amount'])}"


def _plain(found: re.Match[str]) -> str:
    return figure(found[0], grouped=_grouped(found, found.end()))


def _aside(found: re.Match[str]) -> str:
    return f"about {figure(found['amount'])}"


LETTERS_NOT: Final = r"(?![A-Za-z])"
SIGNED: Final = r"(?P<minus>(?<![\w)])[-−+])?"
MONEY: Final[tuple[Rule, ...]] = (
    (
        re.compile(
            rf"(?<!\w)(?P<symbol>{SIGN})\s?(?P<low>{NUMBER}){DASH}(?:(?P=symbol)\s?)?(?P<high>{NUMBER}){SCALE}{PERIOD}"
        ),
        _money_range,
    ),
    (
        re.compile(
            rf"(?<!\w)(?P<symbol>{SIGN})\s?(?P<low>{NUMBER})(?P<low_scale>[kKmMbB]){DASH}"
            rf"(?:(?P=symbol)\s?)?(?P<high>{NUMBER})(?P<scale>[kKmMbB])(?!\w){PERIOD}"
        ),
        _scaled_range,
    ),
    (
        re.compile(rf"{LEFT}(?P<low>{NUMBER}){DASH}(?P<high>{NUMBER}){SCALE}\s?(?P<symbol>{SIGN})(?!\w){PERIOD}"),
        _money_range,
    ),
    (
        re.compile(
            rf"{MINUS}(?<!\w)(?P<symbol>{SIGN})\s?(?P<amount>{NUMBER})(?:[.,][-–]{{1,2}}(?!\d))?{SCALE}{PERIOD}"
        ),
        _money,
    ),
    (
        re.compile(
            rf"{MINUS}(?<![\w.,])(?P<amount>{NUMBER})(?:[.,][-–]{{1,2}})?{SCALE}\s?(?P<symbol>{SIGN})(?![\w$]){PERIOD}"
        ),
        _money,
    ),
    (
        re.compile(rf"(?<![\w.,])(?!(?:144|240|360|480|720)p|\d{{4}})(?P<amount>{NUMBER})(?:¢|(?P<p>p)(?!\w)){PERIOD}"),
        _cents,
    ),
    (
        re.compile(rf"(?<!\w)(?P<symbol>[$€£])\.(?P<amount>\d\d)(?!\d){PERIOD}"),
        lambda found: _amount(found["symbol"], f"0.{found['amount']}", None) + _period(found["per"]),
    ),
    (re.compile(rf"(?<![\w.,])(?P<amount>{NUMBER})[.,][-–](?!\w)"), lambda found: figure(found["amount"])),
)


RATIOS: Final[tuple[Rule, ...]] = (
    (re.compile(r"(?<![\w.:/])(?P<left>\d{1,3}):(?P<right>\d{1,2})(?![\w:]|\s?[apAP]\.?[mM]\b)"), _ratio),
)

SHARES: Final[tuple[Rule, ...]] = (
    (
        re.compile(rf"(?<![\w.,])(?P<low>{MARKED})(?P<mark>['′’\"″”]){BY}(?P<high>{MARKED})(?P=mark)(?!\w)"),
        _marked_sizes,
    ),
    (
        re.compile(
            r"(?<![\w.,/])(?:(?P<whole>\d{1,3})[\s-])?(?P<above>\d{1,2})/(?P<below>\d{1,2})(?P<sign>[\"″”])(?!\w)"
        ),
        _inch_fraction,
    ),
    (
        re.compile(r"(?<![\w.,/])(?P<high>\d{2,3})/(?P<low>\d{2,3})\s?(?P<unit>mmHg)\b"),
        lambda found: f"{figure(found['high'])} over {figure(found['low'])} {unit_name('mmHg', one=False)}",
    ),
    (re.compile(rf"(?P<whole>(?<!\d)\d{{1,6}}\s?)?(?P<part>[{VULGAR}])\s?{UNIT}"), _vulgar_measure),
    (re.compile(rf"(?P<whole>(?<!\d)\d{{1,6}}\s?)?(?P<part>[{VULGAR}])"), _vulgar),
    (
        re.compile(rf"(?<![\w.,/])(?P<whole>\d{{1,3}})\s(?P<above>\d{{1,2}})/(?P<below>\d{{1,3}})[\s-]?{UNIT}"),
        lambda found: (said := _mixed_fraction(found)) and f"{said} {unit_name(found['unit'], one=False)}",
    ),
    (re.compile(r"(?<![\w.,/])(?P<whole>\d{1,3})\s(?P<above>\d{1,2})/(?P<below>\d{1,3})(?![\w/])"), _mixed_fraction),
    (re.compile(r"(?<![\w/])(?P<left>\d{1,3}(?:[.,]\d{1,2})?)\s?/\s?(?P<right>\d{1,3})(?![\w/]|\.\d)"), _stroke),
    (re.compile(rf"{LEFT}(?P<low>{NUMBER})\s?%?{DASH}(?P<high>{NUMBER})\s?%"), _percent_range),
    (re.compile(rf"{SIGNED}(?<![\w.,])(?P<amount>{NUMBER})\s?%(?P<per>\s?p\.?a\.?(?!\w))?"), _percent),
    (re.compile(r"[★⭐]\ufe0f?(?:\s?[★⭐]\ufe0f?)+"), _row_of_stars),
    (re.compile(rf"(?<!\d)(?P<amount>{NUMBER})\s?[★⭐]\ufe0f?(?P<before>)"), _stars),
)

MEASURES: Final[tuple[Rule, ...]] = (
    (
        re.compile(r"(?<![\w.,])(?P<feet>\d{1,2})['′’]\s?(?P<inches>\d{1,2}(?:\.\d)?)(?:[\"″”]|'')?(?!\w)"),
        _foot_and_inch,
    ),
    (
        re.compile(
            rf"(?<![\w.,])(?P<sizes>{NUMBER}(?:[\"″”]?{BY}{NUMBER})+)"
            rf"(?:\s?(?P<unit>in\.(?=\s[a-z])|in(?!\w)|\"|(?:{one_of(UNITS)})(?![\w²³°])))?(?![\w])"
        ),
        _dimensions,
    ),
    (
        re.compile(
            rf"(?<![\w.,])(?P<first>{NUMBER})\s?(?P<unit>{one_of(UNITS)}){BY}(?P<second>{NUMBER})\s?(?P=unit)(?![\w²³°])"
        ),
        lambda found: f"{figure(found['first'])} by {figure(found['second'])} {unit_name(found['unit'], one=False)}",
    ),
    (re.compile(rf"(?<![\w.,])(?:(?P<low>{NUMBER}){DASH})?(?P<amount>{NUMBER})\s?[x×](?!\w){UNIT_PER}"), _times),
    (re.compile(rf"{LEFT}(?P<low>{NUMBER}){DASH}(?P<amount>{NUMBER})\s?[\"″”](?!\w)"), _inch_range),
    (re.compile(rf"(?<![\w.,])(?P<amount>{NUMBER})\s?(?P<sign>[\"″”])(?!\w)"), _inch_mark),
    (
        re.compile(
            rf"\b(?P<before>(?i:{one_of(words('seconds_after'))}))\s(?P<amount>{NUMBER})\s?s"
            rf"(?=[.,;!?)]|$|\s(?:{one_of(words('following') | words('seconds_before'))})\b)"
        ),
        lambda found: (
            f"{found['before']} {figure(found['amount'])} {'second' if is_one(found['amount']) else 'seconds'}"
        ),
    ),
    (re.compile(rf"(?<![\w.,])(?P<amount>{NUMBER})(?:-inch|\s?in\.)(?=[\s-][a-z])"), _inches),
    (re.compile(rf"(?<![\w.,])(?P<amount>{NUMBER})(?:-in|\s?in)(?=[\s-](?:{INCHES_BEFORE})\b)"), _inches),
    (re.compile(r"(?<=\bft )(?P<amount>\d{1,2})\s?in\b"), _inches),
    (re.compile(rf"(?<![\w.,])(?P<feet>{NUMBER})['′](?!\w)"), _foot_mark),
    (
        re.compile(rf"{SIGNED}{LEFT}{LOW}{DASH}(?P<amount>{NUMBER})[\s-]?{UNIT}{UNIT_PER}"),
        _measure,
    ),
    (re.compile(rf"{SIGNED}(?<![\w.,])(?P<amount>{NUMBER})[\s-]?{UNIT}{UNIT_PER}"), _measure),
    (
        re.compile(
            rf"(?<![\w.,])(?P<amount>{NUMBER})\s(?P<thing>[a-z]{{2,20}})(?P<per>(?:\s?/\s?(?:{one_of(PERIODS)})(?!\w))+)"
        ),
        _count_per,
    ),
)

COUNTS: Final[tuple[Rule, ...]] = (
    (
        re.compile(r"(?<![\w.,$£€])(?P<round>100|1,?000|1,?000,?000)s\b"),
        lambda found: f"{cardinal(int(found['round'].replace(',', ''))).removeprefix('one ')}s",
    ),
    (
        re.compile(
            rf"(?<![\w.,])(?P<amount>{one_of(words('karats'))})[kK](?:t)?"
            rf"(?=\s(?:(?i:{one_of(words('golds'))})\s)?[Gg]old\b"
            rf"(?!\s(?:{one_of(words('counted') | words('plural') | (words('rated') - words('following')))})\b))"
        ),
        lambda found: f"{figure(found['amount'])} karat",
    ),
    (re.compile(rf"{LEFT}(?P<amount>{NUMBER})(?P<scale>bn|mn|tn|[kKmMB])(?P<plus>\+?)(?!\w)"), _scaled),
    (re.compile(rf"{LEFT}(?P<low>{NUMBER}){DASH}(?P<high>{NUMBER})(?![\w.,:/]\w)"), _range),
    (re.compile(rf"[~≈]\s?(?P<amount>{NUMBER})"), _aside),
    (re.compile(rf"(?<![\w)])[-−](?P<amount>{NUMBER})"), _signed),
    (re.compile(NUMBER), _plain),
)

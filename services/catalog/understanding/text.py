"""Cleans a customer's text, once, before anything reads it, and divides it into sentences and list items.

Texts come as people paste them: HTML of a shop, fields of a feed, chat messages, with notes to colleagues between.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale

from services.catalog.understanding import markup, mess
from services.catalog.understanding.sentences import sentences_of
from services.chassis.amounts import amounts_in

MAX_CHARACTERS = 20_000  # of one text; the catalog accepts less
MAX_RUN = 100  # of one sign; more say nothing, and cost patterns their square
MAX_ROUNDS = 4  # what one round uncovers ("&lt;b&gt;") the next one cleans
CROSS = "✗"  # stands before what a text crosses out ("❌ pets"): without it an exclusion would read as a promise

_DATA: dict[str, Any] = tomllib.loads((Path(__file__).parent / "data" / "text.toml").read_text(encoding="utf-8"))


def _words(phrases: Iterable[str]) -> str:
    """Returns a pattern of phrases; the longest are tried first."""
    ordered = sorted(set(phrases), key=lambda phrase: (-len(phrase), phrase))
    return "|".join(re.escape(phrase).replace(r"\ ", r"\s+") for phrase in ordered)


_LONG_RUN = re.compile(rf"(.)\1{{{MAX_RUN},}}", re.DOTALL)
_FEED = _DATA["feed"]
_SMALL_WORDS = frozenset(_DATA["names"]["small"])
_KEY = r"(?:g:|g_|c:)?"
_DROPPED_FIELD = re.compile(rf"{_KEY}(?:{_words(_FEED['dropped'])})\s?[:=]\s?[^\n]*", re.IGNORECASE)
_KEPT_FIELD = re.compile(rf"{_KEY}(?:{_words(_FEED['kept'])})\s?(?:=|:(?!//))\s?", re.IGNORECASE)
_BARE_FIELD = re.compile(rf"(?:{_words(_FEED['bare'])})\s+#?[\w.-]*\d[\w.-]*(?:\s?(?:kg|g|lb|lbs|oz))?$", re.IGNORECASE)
_ANY_G_FIELD = re.compile(r"g:([a-z_]{2,40})\s?[:=]\s?", re.IGNORECASE)
_VALUED_FIELD = re.compile(
    "|".join(rf"{_KEY}{key}\s?[:=]\s?(?:{_words(values)})$" for key, values in _FEED["valued"].items()), re.IGNORECASE
)
# A known field in the middle of a line begins a new one.
_FIELD_WITHIN = re.compile(
    rf"(?<=[\s,;])(?=(?:g:[a-z_]{{2,40}}|{_words(key for key in _FEED['dropped'] if '_' in key)}"
    rf"|{_words(_FEED['bare'])}|availability|brand|condition)\s?[:=])",
    re.IGNORECASE,
)
_NOTE = re.compile(
    rf"(?<!\w)(?:{_words(_DATA['notes']['anywhere'])})(?!\w)|(?<!\w)(?:(?-i:TBC|TBD)|FIXME)(?!\w)|(?<!\w)internal:(?!\s?\d)|\?{{3}}"
    r"|^\W*(?-i:CHECK)\W*$|^(?:fwd?|wg|tr|rv|enc):",
    re.IGNORECASE,
)
_NOTE_IN_BRACKETS = re.compile(rf"(?<!\w)(?:{_words(_DATA['notes']['bracketed'])})(?!\w)", re.IGNORECASE)
_PLACEHOLDER = re.compile(_words(_DATA["notes"]["placeholders"]), re.IGNORECASE)
_OBJECT = re.compile(rf"(?<!\w)(?:{_words(_DATA['notes']['objects'])})(?!\w)", re.IGNORECASE)
_TASK = re.compile(rf"\W*[A-ZÀ-Ý]\w{{1,14}}\s?[,:]?\s+(?:{_words(_DATA['notes']['tasks'])})\s")
_WHICH_ONE = re.compile(r"(?<=\w) \((?:the|our) (?:\w+ ){1,3}ones?\)$", re.IGNORECASE)  # "(the red one)"
_DATED_SALE = re.compile(r"(?<![a-z_])sale_price_effective_date\s?[:=]\s?\d", re.IGNORECASE)
_SALE = re.compile(r"(?<![a-z_])(?:g:)?sale_price\s?[:=]\s?[\d.,]+(?:\s?[A-Z]{3}(?![A-Z])|\s?[€£$])?", re.IGNORECASE)
_BRACKETS = re.compile(r"\[\[[^\[\]]{0,300}\]\]|\[[^\[\]]{0,300}\]|<<[^<>\n]{0,300}>>|\*{3}[^*\n]{1,300}\*{3}")
_PARENTHESES = re.compile(r" ?\([^()\n]{0,300}\)")
_ARROW_NOTE = re.compile(r"<-{1,3}(?=\s|$)|<{2,4}(?=\s|$)")
_POINTING = "|".join(_DATA["notes"]["pointers"])
_POINTER = re.compile(  # "price list on wall": a line, a remark in brackets, or what follows a dash
    rf"[ \t]*\((?:{_POINTING})\W{{0,3}}\)|(?:^[ \t]*(?:[-–—*•][ \t]+)?|[ \t]+[-–—][ \t]+|(?<=[.!?])[ \t]+)"
    rf"(?:{_POINTING})(?=[ \t]*(?:[.!?]*[ \t]*$|[.!?]+[ \t]))[.!?]*",
    re.IGNORECASE | re.MULTILINE,
)
_HOLE = "\x02"  # stands where a note in brackets was cut out that condemns its sentence: "(delete this line)"
_CONDEMNING = re.compile(rf"(?<!\w)(?:{_words(_DATA['notes']['condemning'])})(?!\w)", re.IGNORECASE)

_MARKDOWN_LINK = re.compile(r"!?\[([^\[\]\n]{0,200})\]\((https?://[^\s()]{1,300})\)")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3}|_{2}|~{1,2}|`{1,3})(?=\S)([^\n*`~]{1,300}?)(?<=\S)\1(?![\w*])")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+|^\s{0,3}>\s+|^\s*[-=_*~]{3,}\s*$", re.MULTILINE)
_EMPTY_MARKS = re.compile(r"\*{2,}|`{3,}|={3,}|_{3,}|~{3,}")
_TRACKING = re.compile(r"(?<=[?&])(?:utm_\w{1,20}|fbclid|gclid|msclkid|mc_eid)=[^\s&#]*&?|\?(?=\s|$)(?<=/\?)")
_MESSAGE = re.compile(rf"\(\s?[A-ZÀ-Ý]\w{{1,14}}: [^()]*(?<!\w)(?:{_words(_DATA['notes']['tasks'])})\w{{0,3}}(?!\w)")
_INTERNAL_LINE = re.compile(
    rf"^\W{{0,4}}(?:(?:INTERN|INTERNE?|INTERNAL|INTERNO|INTERNA)|(?i:{_words(_DATA['notes']['line_labels'])})) ?: .*$",
    re.MULTILINE,
)
_OTHERS = re.compile(
    rf"^\W{{0,4}}(?:{mess.any_of(mess.DATA['others']['labels'])})\s*(?:[:?!…]|[–—-](?=\s)|\.\.|\{{\{{|$)"
)
_LIST_ITEM = re.compile(r"[-–—*+•»›>~°·]\s")
LEAST_LINES = 4  # of a page above its row of search terms
MAX_OTHER = 80  # characters of an item below a label of other goods
_COPYRIGHT = re.compile(  # to the end of a row of links, elsewhere of its sentence
    r"(?:©|\([cC]\)|(?<!\w)[Cc]opyright) ?(?:\([cC]\) ?)?(?:19|20)\d\d"
    r"(?:[^|·\n]{0,200}[|·].*|[^.\n]{0,200}\.(?=\s+[A-ZÀ-Ý])|.*$)"
)
_CAPTION = re.compile(
    r"\[[^\[\]]{0,80}\.(?:jpe?g|png|gif|webp|heic)[^\[\]]{0,20}\](?: [^\n.!?|\[\]]{2,60}(?=$| *[|\[]))?", re.IGNORECASE
)
_HASHTAG_ROW = r"(?<![\w&/#])#(?![0-9a-fA-F]{6}(?!\w))[^\W\d_]\w{1,40}(?:[ ,]+#[^\W\d_]\w{1,40})+"
_HASHTAGS = re.compile(_HASHTAG_ROW)
_LAST_HASHTAGS = re.compile(rf"(?:^|(?<=[.!?…] )){_HASHTAG_ROW}[ \t]*$", re.MULTILINE)
MOST_STATES = 4  # at the end of a name
_STATES = "|".join(_DATA["notes"]["name_states"])
_SHOUTED_STATES = "|".join(_DATA["notes"]["name_states_shouted"])
_NAME_STATE = re.compile(
    rf"(?:\s*[,;:|–—-])?\s+[(\[*]*(?:(?i:{_STATES})|{_SHOUTED_STATES})[)\]*!]*$",
)
_NAMED = re.compile(r"[^\W\d_]{4}")
_BREADCRUMBS = re.compile(
    rf"(?:^|(?<=[.!?] ))(?i:{_words(_DATA['notes']['first_crumbs'])})(?:[ \t]+[»›>][ \t]+[^\n»›>:]{{2,60}}){{2,8}}$",
    re.MULTILINE,
)
# Words stand behind the last of them: all but that one go.
_CRUMBS_BEFORE_WORDS = re.compile(
    rf"(?:^|(?<=[.!?] ))(?i:{_words(_DATA['notes']['first_crumbs'])})"
    r"(?:[ \t]+[»›>][ \t]+[^\n»›>]{2,60}){1,7}[ \t]+[»›>][ \t]+",
    re.MULTILINE,
)
_ADDRESS = re.compile(r"(?<![\w@/.])(?:https?://|www\.)[^\s<>\"]{2,300}")

_CROSSES = re.compile("[❌❎✖✗✘🚫⛔🛑👎]+ ?")
_PICTURES = (
    "\U0001f000-\U0001faff\U0001fb00-\U0001fbff\u2190-\u2193\u21d2\u27a1\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\u3012\u3013\u3030\u303d\u3297\u3299\u203c\u2049\u2022\u2023\u2043\u204c\u204d\u2219"
)
_DECORATION = re.compile(rf"\s*(?!✗)[{_PICTURES}](?:\s|(?!✗)[{_PICTURES}])*")
_CLOSED_DECORATION = re.compile(rf"\s?(?!✗)[{_PICTURES}]+\s?(?=[)\]])")
_ARROW = re.compile("(?<=[\\w€$£%]) ?(?:→|->|=>) ?(?=[\\w€$£])")
_BARS = re.compile(r"\s*[|¦‖│]+\s*|\s+/{2,3}\s+|\s*;{2,}\s*|\s+,{2,}\s*|,{2,}\s+|\s+[·・]\s+|\s*[【】〖〗『』]\s*")
_CSV_HEADER = re.compile(r"^\w{2,20}(?:;\w{2,20}){3,30}$", re.MULTILINE)
_KEYED = re.compile(r"[\w)] ?[:=]")  # a cell of a feed: "title: Lamp"
MAX_ITEM = 70  # characters of a list's item that may be one statement
LEAST_SENTENCE = 4  # words of a sentence; shorter pieces may end with an abbreviation
PHRASE_WORDS = 4  # of a table's cell that can stand alone
_STRUCK = re.compile(r"~~(?=\S)([^~\n]{1,200}?)~~")
_CENTS = re.compile(r"[.,]\d\d$")
MAX_BEFORE_STRUCK = 40  # characters in which "was" stands
_BEFORE_STRUCK = re.compile(rf"(?<!\w)(?P<word>{_words(_DATA['struck']['before'])}):?\s*$", re.IGNORECASE)
_EVERYDAY = frozenset(_DATA["struck"]["everyday"])
_LIMITING = re.compile(rf"(?<!\w)(?:{_words(_DATA['tables']['limits'])})(?!\w)|(?<!\d)1[68] ?\+", re.IGNORECASE)
_SEMICOLONS = re.compile(r"\s*;\s*")
_DOTS = re.compile(r"(?<=\w)\s?\.{2,}(?=\s|$)|(?<=\w)\.{2,}(?=[A-ZÀ-Ý])")
_LEADERS = re.compile(r"(?<!\.)\s?\.{4,} ?(?=[\d€$£₹])")  # as in a price list: "Hawthorn .... 68p"
_EXCLAMATIONS = re.compile(r"[!?‼⁉]{2,}")
_COMMAS = re.compile(r"\s+(?=[,;!?](?:\s|$))(?<=[^\W\d_] )(?=,)|\s+(?=,)")
_MONTHS = "|".join(Locale("de").months["format"]["wide"].values())  # "1. September" is a day, and no first item
_BULLET = re.compile(
    r"^(?:[-–—*+•»›>~°·¬]+\s+|[-*•·]+(?=[^\W\d_])|[(\[]?\d{1,2}[)\]]\s+"
    rf"|\d{{1,2}}\.\s+(?=[A-ZÀ-Ý])(?!(?:{_MONTHS})\b)|[,;:.!?)\]}}]+\s*(?=\S))+"
)
_STRAY = re.compile(r"(?<=[.!?]) [.!?]{1,3}$")  # what a dropped note leaves
_WHOLE_PRICE = re.compile(r"\d[,.][-–—]$")
_NAME_PIECE = re.compile(r"(\s[–—-]\s[^()–—]*|\([^()]*\)|,\s[^,()]*)")
_NAME_CODE = re.compile(
    r"\s*(?:[–—-]\s*)?[(\[]?(?<!\w)(?:ref|req|art|artikel|item|job id|sku|ilan no|i̇lan no|kod)"
    r"(?:\.|erence|-?nr\.?)?:?\s?#?\s?"
    r"(?=[\w-]*\d)[\w-]{3,20}(?:[)\]]|$)",
    re.IGNORECASE,
)
_TAIL = " \t\n,;:-–—|*/&(["

_CAPITAL_WORD = re.compile(r"(?<![\w@#/.])[^\W\d_]{2,}(?:['’][^\W\d_]+)?(?![\w@])")
_FORWARDED = re.compile(r"^\s*(?:(?:fwd?|re|wg|aw|tr|rv|enc|vs|sv)\s?:\s+)+(?=\S)", re.IGNORECASE)  # of a subject line
_BEFORE_NUMBERS = frozenset(("TO", "FROM", "UNDER", "OVER", "BIS", "AB", "HASTA", "DESDE", "DÈS", "FINO", "ATÉ"))
_LETTER_WORD = re.compile(r"(?<=[a-zà-ÿ\d] )[AEOYÀÈÉ](?= [a-zà-ÿ\d])")  # a word of one letter between others
_ACRONYMS = frozenset(_DATA["capitals"]["acronyms"])
_SHOUTED = frozenset(_DATA["capitals"]["shouted"])
_VOWELS = frozenset("AEIOUYİÀÁÂÃÄÅÆÈÉÊËÌÍÎÏÒÓÔÕÖØŒÙÚÛÜÝĄĘÓ")
_SMALL_CAPITALS = {
    ord(small): letter for small, letter in zip(*[iter(_DATA["letters"]["small_capitals"])] * 2, strict=True)
}


@lru_cache(maxsize=64)
def clean(raw: str) -> str:
    """Returns a text's lines without markup, template marks, feed fields, notes to colleagues and decoration.

    Cleaning a cleaned text changes nothing. Text beyond MAX_CHARACTERS is cut off.
    """
    text = _LONG_RUN.sub(lambda match: match[1] * MAX_RUN, raw[:MAX_CHARACTERS])
    for _ in range(MAX_ROUNDS):
        cleaned = _clean_once(text)
        if cleaned == text:
            break
        text = cleaned
    return text


def _without_state(name: str) -> str:
    """A name without what its writer says of the text at its end: "Gate repairs v2 FINAL", "(new price)"."""
    for _ in range(MOST_STATES):
        shorter = _NAME_STATE.sub("", name)
        if shorter == name or not _NAMED.search(shorter):
            return name
        name = shorter
    return name


def clean_name(raw: str) -> str:
    """Returns the name of a product or project on one line; its parts stand between commas."""
    raw = _FORWARDED.sub("", raw.replace("\n", " "))
    lines = [_NAME_CODE.sub("", line) for line in clean(raw).split("\n")]
    lines = [part for line in lines for part in _for_customers(line)] or lines
    parts = [_BULLET.sub("", _trimmed(line)).rstrip(" .!") for line in lines]
    name = re.sub(r"(?<=[\w)])!+(?=,| \(| [a-z])", "", ", ".join(part for part in parts if part))
    return _without_state(_WHICH_ONE.sub("", name))


def _for_customers(line: str) -> list[str]:
    """Returns a name's parts but those that speak to whoever makes the ad: "Lamp - paste from the old page"."""
    if not mess.is_for_maker(line) and not mess.is_page(line):
        return [line]
    pieces = [piece for piece in _NAME_PIECE.split(line) if piece]
    kept = [
        piece for piece in pieces if not (mess.is_for_maker(piece.strip(" ()")) or mess.is_page(piece.strip(" ()")))
    ]
    return ["".join(kept).rstrip(" –—-(")] if kept else []


def segments(raw: str) -> list[str]:
    """Returns the sentences and list items of a text, without leading bullets and trailing commas."""
    return divided(clean(raw))


def items(raw: str) -> list[str]:
    """Returns the statements of a list's item: a short one stays whole at its full stops, which may be shortenings."""
    found: list[str] = []
    for line in clean(raw).split("\n"):
        found.extend([_trimmed(_BULLET.sub("", line))] if _is_one_item(line) else divided(line))
    return [item for item in found if any(sign.isalnum() for sign in item)]


def _is_one_item(line: str) -> bool:
    """Returns True for a short line whose full stops divide no two sentences of several words."""
    if len(line) > MAX_ITEM or re.search(r"[!?…。！？]", line):
        return False
    sentences = sentences_of(line)
    return len(sentences) > 1 and any(len(sentence.split()) < LEAST_SENTENCE for sentence in sentences)


def divided(cleaned: str) -> list[str]:
    """Returns the sentences and list items of a text that is cleaned already."""
    found = []
    for line in cleaned.split("\n"):
        for sentence in sentences_of(line):
            text = _trimmed(_BULLET.sub("", sentence.strip()))
            if any(sign.isalnum() for sign in text):
                found.append(text)
    return found


def shouting(text: str) -> bool:
    """Returns True if most longer words of a text are in capitals."""
    words = [word for word in _CAPITAL_WORD.findall(text) if len(word) >= 3]
    loud = sum(len(word) for word in words if word.isupper() and word not in _ACRONYMS)
    return loud >= 6 and loud > 0.6 * sum(len(word) for word in words)


_TURKISH = frozenset("İıŞşĞğ")
_TURKISH_SMALL = str.maketrans({"İ": "i", "I": "ı"})
_WITH = re.compile(r"(?<![\w/.-])w/(?!c\b)(o\b)?\s?(?=[^\W\d_]|\d)", re.IGNORECASE)  # "w/ a box", "w/o lid"
SHORT_WORD = 3  # letters of a word of a shouted name from which it is no acronym, unless it is a known one
SHOUTED_LETTERS = 5  # of a word in capitals that is no acronym
SHOUTED_WORDS = 6  # in a row
_CODE_BESIDE = re.compile(r"/[A-Z]|[ -]?\d{3}")  # of standards
_SHOUTED_RUN = re.compile(
    r"(?<![\w@#/.-])[^\W\d_a-z]{2,}(?:[ ,]{1,2}[^\W\d_a-z]{2,}){2,}(?![\w@])"
)  # three words or more
_LAST_LATIN = "\u052f"  # the last of the Latin, Greek and Cyrillic letters
_NAME_PARTS = re.compile(r"(\s[–—-]\s|,\s|\s\||\s\(|\))")


def calm(text: str) -> str:
    """Returns a text with its shouted words in small letters; acronyms and codes keep their capitals."""
    if any(sign > _LAST_LATIN and sign.isalpha() for sign in text):  # "IS 2347" in Hindi is a standard, no word
        return text
    is_shouting = shouting(text)
    runs = [found.span() for found in _SHOUTED_RUN.finditer(text) if _is_run_of_words(found[0])]

    def lowered(match: re.Match[str]) -> str:
        word = match[0]
        if not word.isupper() or word in _ACRONYMS or not _VOWELS & set(word):
            return word
        is_loud = is_shouting or any(first <= match.start() < last for first, last in runs)
        if not (is_loud or len(word) >= SHOUTED_LETTERS or (word in _SHOUTED and word not in _ACRONYMS)):
            return word
        if (word not in _BEFORE_NUMBERS and _CODE_BESIDE.match(text, match.end())) or text[
            max(0, match.start() - 1) : match.start()
        ] == "/":
            return word  # "AS/NZS 4766", "EN 853"
        return _small(word, is_turkish=is_turkish)

    is_turkish = _is_turkish(text)
    calmed = _CAPITAL_WORD.sub(lowered, text)
    if calmed != text:  # "PAGA 3 Y LLEVA 4"; "A" and "I" begin sentences and count
        calmed = _LETTER_WORD.sub(lambda match: match[0].lower(), calmed)
    if calmed == text:
        return text
    return re.sub(
        r"(?:^|(?<=[.!?]\s))[^\W\d_]",
        lambda match: "İ" if is_turkish and match[0] == "i" else match[0].upper(),
        calmed,
    )


def _is_run_of_words(run: str) -> bool:
    """Whether words in capitals side by side are a shouted phrase and no acronyms: one in three is long, or one in a
    row that is as long as a sentence."""
    words = run.replace(",", " ").split()
    long = sum(len(word) >= SHOUTED_LETTERS for word in words)
    return long * 3 >= len(words) or (long > 0 and len(words) >= SHOUTED_WORDS)


def _is_turkish(text: str) -> bool:
    """Returns True if a text has letters that Turkish alone has, whose capital I is that of the dotless ı."""
    return not _TURKISH.isdisjoint(text)


def _small(word: str, *, is_turkish: bool) -> str:
    return word.translate(_TURKISH_SMALL).lower() if is_turkish else word.lower()


def calm_name(text: str) -> str:
    """Returns a name whose parts in capitals have their words capitalised; acronyms and codes stay."""
    return "".join(part if at % 2 else _calm_part(part) for at, part in enumerate(_NAME_PARTS.split(text)))


def _calm_part(text: str) -> str:
    if not shouting(text):
        return text
    is_turkish = _is_turkish(text)

    def capitalised(match: re.Match[str]) -> str:
        word = match[0]
        if word in _SMALL_WORDS and match.start() > 0:
            return word.lower()
        if len(word) < SHORT_WORD or not word.isupper() or word in _ACRONYMS or not _VOWELS & set(word):
            return word
        small = _small(word[1:], is_turkish=is_turkish)
        return word[0] + small

    return _CAPITAL_WORD.sub(capitalised, text)


def _clean_once(text: str) -> str:
    text = _collapsed(markup.plain(_collapsed(text), _SMALL_CAPITALS))
    if _DATED_SALE.search(text):  # an ad outlives a price that holds for some days
        text = _SALE.sub("", text)
    text = _WITH.sub(lambda match: "without " if match[1] else "with ", text)
    text = _INTERNAL_LINE.sub("", text)
    text = _without_page_lines(text)
    text = _CRUMBS_BEFORE_WORDS.sub("", _BREADCRUMBS.sub("", text))
    text = _without_hashtags(text)
    text = _MARKDOWN_LINK.sub(r"\1\n\2\n", text)
    text = _BRACKETS.sub(_bracketed, text)
    text = _POINTER.sub("", text)
    text = _PARENTHESES.sub(_parenthesised, text)
    if "<-" in text or "<<" in text:
        text = "\n".join(line for line in text.split("\n") if not _ARROW_NOTE.search(line) or not line.strip())
    text = _HEADING.sub("\n", text)
    text = _STRUCK.sub(_struck, text)
    text = _EMPHASIS.sub(r"\2", text)
    text = _collapsed(_EMPTY_MARKS.sub("\n", text))
    text = _TRACKING.sub("", text)
    text = _ADDRESS.sub(lambda match: f"\n{match[0].rstrip('?&.,;:!)]')}\n", text)
    text = _EXCLAMATIONS.sub(
        lambda match: "???" if match[0].startswith("???") else "?" if set(match[0]) == {"?"} else "!", text
    )
    text = _ARROW.sub(" → ", text)
    text = _CROSSES.sub(f"\n{CROSS} ", text)
    text = text.replace(" → ", "\x00")
    text = _DECORATION.sub("\n", _CLOSED_DECORATION.sub("", text))
    text = text.replace("\x00", " → ").replace("!?", "?")
    text = _without_rows(_without_table(text)) if _CSV_HEADER.search(text) or "|" in text else text
    text = _BARS.sub("\n", text)
    text = _LEADERS.sub(": ", text)
    text = _DOTS.sub(".", text)
    text = _collapsed(_without_condemned(text))
    return "\n".join(line for raw in text.split("\n") for line in _lines(raw))


def _without_page_lines(text: str) -> str:
    """Returns a text without what its page shows of other things: footers, rows of links, goods beside the product.

    Below a label of such goods only items of a list, or with a price, are theirs.
    """
    lines: list[str] = []
    is_open = False
    for line in text.split("\n"):
        stripped = line.strip()
        label = _OTHERS.match(stripped.lower())
        if label:
            is_open = label.end() >= len(stripped)
        elif is_open and len(stripped) <= MAX_OTHER and (_LIST_ITEM.match(stripped) or _ends_with_price(stripped)):
            continue
        elif not mess.is_menu_row(stripped):
            is_open = False
            lines.append(_COPYRIGHT.sub("", _CAPTION.sub("", line)))
    if len(lines) > LEAST_LINES and mess.is_row_of_terms(lines[-1]):
        lines.pop()
    return "\n".join(lines)


def _ends_with_price(line: str) -> bool:
    return any(found.is_money and found.sign_end >= len(line) - 1 for found in amounts_in(line))


def _without_hashtags(text: str) -> str:
    """Returns a text without rows of hashtags behind its sentences; within one, or alone, they are words."""
    if "#" not in text:
        return text
    rest = _LAST_HASHTAGS.sub("", text)
    text = rest if any(sign.isalnum() for sign in rest) else text
    return _HASHTAGS.sub(lambda match: match[0].replace("#", ""), text)


def _without_table(text: str) -> str:
    """Returns a text without the header of pasted CSV, and of the rows below it only cells that are phrases."""
    lines: list[str] = []
    columns = 0
    for line in text.split("\n"):
        if _CSV_HEADER.fullmatch(line.strip()):
            columns = line.count(";")
        elif columns and line.count(";") == columns:
            lines.extend(cell for cell in line.split(";") if len(cell.split()) >= PHRASE_WORDS or _limits(cell))
        else:
            columns = 0
            lines.append(line)
    return "\n".join(lines)


def _without_rows(text: str) -> str:
    """Returns a text without the rows of a table drawn with bars: what stands in one cell says nothing by itself."""
    lines = text.split("\n")
    is_row = [line.count("|") >= 2 and not _KEYED.search(line) for line in lines]
    kept: list[str] = []
    header: list[str] = []
    for at, line in enumerate(lines):
        is_table = is_row[at] and ((at > 0 and is_row[at - 1]) or (at + 1 < len(lines) and is_row[at + 1]))
        cells = line.split("|") if is_table else [line]
        if is_table and not any(sign.isdigit() for sign in line):
            header = [cell.strip() for cell in cells]
        elif not is_table:
            header = []
        elif row := _priced_row([cell.strip() for cell in cells], header):
            kept.append(row)
            continue
        kept.extend(cell for cell in cells if not is_table or len(cell.split()) > PHRASE_WORDS or _limits(cell))
    return "\n".join(kept)


def _priced_row(cells: list[str], header: list[str]) -> str:
    """Returns a price list's row with what its numbers count: "15 yd: 7 days, 2 tons, $345"; "" for another row."""
    prices = [cell for cell in cells if any(found.is_money for found in amounts_in(cell))]
    if len(cells) != len(header) or len(prices) != 1 or prices[0] == cells[0] or not cells[0]:
        return ""
    parts = []
    for cell, name in zip(cells[1:], header[1:], strict=True):
        if cell.isdecimal() and not name:
            return ""
        if any(sign.isalnum() for sign in cell) and cell.casefold() != "n/a":
            parts.append(f"{cell} {name.lower()}" if cell.isdecimal() else cell)
    return f"{cells[0]}: {', '.join(parts)}"


def _limits(cell: str) -> bool:
    """Returns True for "No dogs" and "18+ only": it limits what is sold, whatever row it stands in; "no" does not."""
    return _LIMITING.search(cell) is not None and (len(cell.split()) > 1 or "+" in cell)


def _is_price(struck: str, *, has_sign: bool) -> bool:
    """Returns True for what has an amount; `has_sign`: one with a currency or cents."""
    return any(
        not has_sign or found.is_money or _CENTS.search(struck, found.start, found.end) for found in amounts_in(struck)
    )


def _struck(match: re.Match[str]) -> str:
    """Returns nothing for what is struck out, and a price behind "was" with a comma: "was £49, now £39"."""
    text = match.string
    before = _BEFORE_STRUCK.search(text, max(0, match.start() - MAX_BEFORE_STRUCK), match.start())
    if before and _is_price(match[1], has_sign=before["word"].lower() in _EVERYDAY):
        follows = text[match.end() : match.end() + 2].lstrip()
        return f"{match[1]}," if follows[:1].isalnum() else match[1]
    return " "  # withdrawn


def _collapsed(text: str) -> str:
    """Returns a text with single spaces and line ends: the patterns below repeat on neither."""
    return re.sub(r"\n[ \n]+", "\n", re.sub(r"[ \t]{2,}", " ", text)).replace(" \n", "\n")


def _lines(line: str) -> list[str]:
    """Returns the lines of one line: list items at semicolons, feed fields apart; fields and notes are dropped."""
    line = re.sub(r"\s+", " ", line).strip()
    line = re.sub(r"(?<=\d);(?=\d{1,3}(?:;|$))", ", ", line)  # sizes
    items = _SEMICOLONS.split(line) if _is_list(line) else [line]
    items = [part for item in items for part in _FIELD_WITHIN.split(item)]
    found = []
    for raw in items:
        item = raw.strip()
        if _DROPPED_FIELD.match(item) or _BARE_FIELD.match(item) or _VALUED_FIELD.match(item):
            continue
        item = _KEPT_FIELD.sub("", item, count=1) if _KEPT_FIELD.match(item) else item
        if field := _ANY_G_FIELD.match(item):
            item = f"{field[1].replace('_', ' ')}: {item[field.end() :]}"
        if _NOTE.search(item):
            item = " ".join(filter(None, map(_without_note, sentences_of(item))))
        item = _COMMAS.sub("", item).strip(" ;|")
        if any(sign.isalnum() for sign in item):
            found.append(item)
    return found


def _without_note(sentence: str) -> str:
    """Returns a sentence; of one with a note only the parts before it that dashes or brackets divide from it."""
    if not (match := _NOTE.search(sentence)):
        return sentence
    cut = max(sentence.rfind(divider, 0, match.start()) for divider in (" - ", " – ", " — ", " ("))
    return sentence[: max(cut, 0)]


def _without_condemned(text: str) -> str:
    """Returns a text without the sentences that a note in brackets condemned."""
    if _HOLE not in text:
        return text
    lines = []
    for line in text.split("\n"):
        *condemned, rest = line.split(_HOLE)
        kept = [" ".join(sentences_of(part.strip())[:-1]) for part in condemned]
        lines.append(" ".join((*kept, rest.lstrip("?!. ") if condemned else rest)))
    return "\n".join(lines)


def _trimmed(text: str) -> str:
    """Returns a text without separators at its end; the plus of "18+" and the dash of "5,-" stay."""
    if _WHOLE_PRICE.search(text):
        return text
    trimmed = _STRAY.sub("", text.rstrip(_TAIL))
    while trimmed.endswith("+") and not trimmed[-2:-1].isdigit():
        trimmed = trimmed[:-1].rstrip(_TAIL)
    return trimmed


def _is_list(line: str) -> bool:
    """Returns True if semicolons separate items here; a single one in prose stays in its sentence."""
    count = line.count(";")
    if count == 0:
        return False
    if re.search(r"[.!?]\s+[A-ZÀ-Ý]", line):  # prose: its sentences keep their semicolons
        return bool(re.search(r"\w;\w", line))
    return count >= 2 or bool(re.search(r"\w;\w|\s;", line))


def _bracketed(match: re.Match[str]) -> str:
    text = match[0].strip("[]<>*").strip()
    if _CONDEMNING.search(text) or _PLACEHOLDER.fullmatch(text):
        return _HOLE
    if (
        match[0].startswith(("[[", "<<"))
        or _NOTE.search(text)
        or _NOTE_IN_BRACKETS.search(text)
        or _TASK.match(text)
        or re.fullmatch(r"[a-z_]+", text)
    ):
        return " "
    return f"\n{text}\n" if match[0].startswith("*") else f" {text} "


def _parenthesised(match: re.Match[str]) -> str:
    if _CONDEMNING.search(match[0]):
        return _HOLE
    note = match[0].strip(" ()")
    if mess.is_note_for(note):
        return ""
    if mess.is_in_doubt(note):  # what stands before a dash is said, and only that is in doubt
        return "" if re.search(r"\w [–—-] ", note) else _HOLE
    if mess.is_for_maker(match[0].strip(" ()")) or mess.is_for_staff(match[0].strip(" ()")):  # "(Has to be in.)"
        return ""
    if _MESSAGE.match(match[0].strip()) and _OBJECT.search(match[0]):  # "(Paula: remove the slogan)"
        return ""
    is_task = _TASK.match(match[0].strip()) and _OBJECT.search(match[0])  # "(Simply add water)" is none
    return "" if is_task or _NOTE.search(match[0]) else match[0]

"""A script in parts that one shot shows, and what each says: a price, a code, a list, a figure, or plain words."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from services.chassis.amounts import amounts_in
from services.video.product.shots import cues

MOST_WORDS: Final = 10  # of one shot: about three seconds and a half of speech
MOST_SECONDS: Final = 4.0  # of one shot, where its sentence has a mark or a joining word to cut at
UNMARKED_WORDS: Final = 11  # of a piece that has neither mark nor joining word where it could be cut
FEWEST_WORDS: Final = 3
LEANING_LETTERS: Final = 4  # of an article, a small preposition or a possessive, at most
JOINT_LETTERS: Final = 3  # of words that say nothing before a figure: "So the"
KICKER_WORDS: Final = 4  # before a figure that nothing stands behind
LIST_WORDS: Final = 5  # of an item that a chip holds
LIST_LETTERS: Final = 5  # of an item: shorter ones are interjections
LONG_LIST_LETTERS: Final = 4  # of an item in a list of four: "navy, bottle green, grey and royal"
SENTENCE_ITEM: Final = re.compile(  # an item with a subject and its verb: "We're at 14 Mill Lane"
    r"^(?:(?:then|and|but|so|now)\s)?(?:i|we|you|he|she|it|they|that|there|here)(?:['’](?:m|re|s|ve|ll|d)|\s(?:am|are|is|was|were|have|has|will|can))\b",
    re.IGNORECASE,
)
PRONOUNS: Final = frozenset({"i", "we", "you", "he", "she", "it", "they", "this", "that", "there"})
LIST_ITEMS: Final = range(3, 5)
ABBREVIATED_LETTERS: Final = 5  # of a word with a full stop before a small letter, which ends no sentence
DENIALS: Final = 2  # that make a list: "No admin fee, no deposit."
CHOICE_WORDS: Final = 2  # of what stands behind a figure for another thing that it counts: "or tubs"
LABEL_WORDS: Final = 6  # beside a figure
END_MARKS: Final = ".!?…"
CLAUSE_MARKS: Final = ",;:–—"
NUMBER: Final = re.compile(r"\d(?:[\d.,]*\d)?")
PERCENT: Final = re.compile(r"(\d{1,3}(?:[.,]\d+)?)\s?(?:%|percent\b|per cent\b)")
ADDRESS: Final = re.compile(r"\b(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/[\w./-]*\w)?(?![\w@])", re.IGNORECASE)
PHONE: Final = re.compile(r"\+?\(?\d[\d\s().-]{6,}\d")
CLOCK: Final = re.compile(r"^\d{1,2}(?:[:.]\d\d)?\s?(?:a\.?m|p\.?m|h|uhr)\b", re.IGNORECASE)
YEAR: Final = re.compile(r"^(?:19|20)\d\d$")
DAY_ENDING: Final = re.compile(r"(?:st|nd|rd|th|er|[ºª°])\b|[ºª°]")  # behind a number that tells a place in an order
CLAUSE_END: Final = re.compile(
    r"[,.;:!?–—](?:\s|$)|\b(?:with|and|incl\w*|plus|con|mit|avec|com|e|y|et|und)\b", re.IGNORECASE
)
QUOTED: Final = re.compile(r"[“„«\"]([^“”„«»\"]{8,140})[”“»\"]")


class Word(Protocol):
    """A written word and when it is said, in seconds."""

    @property
    def text(self) -> str: ...
    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The product's price as amounts of money: what is paid now, and before (None: not said in the brief). behind: what
    the customer's statement of it says after the amount, which is shown with it."""

    now: float
    before: float | None = None
    behind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount of money as it is written, with its currency, and where it stands. values: what it may mean."""

    text: str
    start: int
    end: int
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Words that one shot shows. says: what they are, one of shots.SAYS. value, label, items: what is drawn of them."""

    words: tuple[Word, ...]
    says: str = "plain"
    value: str = ""
    label: str = ""
    items: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The words as they are written."""
        return " ".join(word.text for word in self.words)


def parts_of(words: Sequence[Word], *, name: str = "", price: Price | None = None, code: str = "") -> list[Part]:
    """Cuts a script into parts, in order. Nothing of it is left out or written anew.

    name, price, code: the product's; a price is only shown as one when it is the product's own.
    """
    made: list[Part] = []
    for sentence in sentences(words):
        for clause in _before_list(sentence, name):
            whole = _listed(clause, name)
            if whole is not None:
                made.append(whole)
                continue
            most = MOST_SECONDS if not _names(" ".join(word.text for word in clause), name) else math.inf
            made.extend(_read(piece, name, price, code) for piece in _pieces(clause, price, most))
    if price is not None and price.behind:
        made = _with_conditions(made, price.behind)
    if made:  # whatever it says, a film opens with it word by word
        made[0] = Part(words=made[0].words, says="hook")
    return made


def _with_conditions(parts: Sequence[Part], behind: str) -> list[Part]:
    """The parts with those joined to the price before them whose words are shown beside it."""
    made: list[Part] = []
    for part in parts:
        if made and made[-1].says == "price" and part.says in ("plain", "figure") and _is_shown(part.text, behind):
            made[-1] = replace(made[-1], words=(*made[-1].words, *part.words))
        else:
            made.append(part)
    return made


def _is_shown(text: str, behind: str) -> bool:
    """Whether what is behind a price says a text: word for word, or all that its words tell."""
    shown, said = _bare(behind), _bare(text)
    if said in shown:
        return True
    light = cues().joins | cues().prepositions | cues().per | cues().copulas | PRONOUNS
    telling = [word for word in said.split() if word not in light]
    return bool(telling) and set(telling) <= set(shown.split())


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def sentences(words: Sequence[Word]) -> list[tuple[Word, ...]]:
    """Words by sentence; the full stop of an abbreviation or of initials ends none."""
    found: list[list[Word]] = [[]]
    for place, word in enumerate(words):
        found[-1].append(word)
        bare = word.text.rstrip("\"')”’»")
        following = words[place + 1].text if place + 1 < len(words) else ""
        if bare[-1:] in END_MARKS and following and not _abbreviated(bare, following):
            found.append([])
    return [tuple(sentence) for sentence in found if sentence]


def _abbreviated(word: str, following: str) -> bool:
    if not word.endswith("."):
        return False
    stem = word[:-1].lstrip("(“\"'").casefold()
    if stem in cues().numbered:
        return following[:1].isdecimal()  # "No. 4", and "gli sci no. Prendete"
    return stem in cues().abbreviations or (len(stem) <= ABBREVIATED_LETTERS and following[:1].islower())


def _pieces(sentence: tuple[Word, ...], price: Price | None, seconds: float) -> list[tuple[Word, ...]]:
    """A sentence in pieces of at most MOST_WORDS and about so many seconds, cut before its price, at its marks, at
    joining words, or else in the middle. The seconds count where there is a mark or a joining word."""
    priced = _priced_clause(sentence, price)
    if priced:
        return [*_pieces(sentence[:priced], None, seconds), *_pieces(sentence[priced:], None, seconds)]
    if len(sentence) <= MOST_WORDS and sentence[-1].end - sentence[0].start <= seconds:
        return [sentence]
    middle = len(sentence) / 2
    places = [
        place
        for place in range(FEWEST_WORDS, len(sentence) - FEWEST_WORDS + 1)
        if _tells(sentence[:place]) and _tells(sentence[place:])
    ]
    at_marks = [place for place in places if sentence[place - 1].text[-1:] in CLAUSE_MARKS]
    at_joins = [place for place in places if sentence[place].text.casefold() in cues().joins]
    at_prepositions = [place for place in places if sentence[place].text.casefold() in cues().prepositions]
    slow = sentence[-1].end - sentence[0].start > seconds and bool(at_prepositions)
    if not at_marks and not at_joins and len(sentence) <= UNMARKED_WORDS and not slow:
        return [sentence]
    if not places:
        return [sentence]
    between = [place for place in places if _leans(sentence[place].text) and not _leans(sentence[place - 1].text)]
    cut = min(at_marks or at_joins or at_prepositions or between or places, key=lambda place: abs(place - middle))
    if at_joins and abs(cut - middle) > len(sentence) * 0.3:
        cut = min([cut, *at_joins], key=lambda place: abs(place - middle))
    return [*_pieces(sentence[:cut], None, seconds), *_pieces(sentence[cut:], None, seconds)]


def _leans(text: str, *, letters: int = LEANING_LETTERS) -> bool:
    """Whether a word belongs to the one behind it, as articles, small prepositions and possessives do."""
    return len(text) <= letters and text.isalpha() and text.islower()


def _tells(words: Sequence[Word]) -> bool:
    """Whether words have more than figures and joints: "2019 and 2023." says nothing alone."""
    bare = (word.text.strip(".,;:!?…").casefold() for word in words)
    return any(any(map(str.isalpha, word)) and word not in cues().joins | cues().prepositions for word in bare)


def _priced_clause(sentence: tuple[Word, ...], price: Price | None) -> int:
    """The number of the first word of the clause with the product's price; 0 where it is the first or too short."""
    if price is None:
        return 0
    text = " ".join(word.text for word in sentence)
    for found in money_in(text):
        if price.now not in found.values:
            continue
        place = text.count(" ", 0, found.start)
        marks = (number for number in range(place, 0, -1) if sentence[number - 1].text[-1:] in CLAUSE_MARKS)
        cut = next(marks, 0)
        return cut if cut >= FEWEST_WORDS and len(sentence) - cut >= FEWEST_WORDS else 0
    return 0


def _before_list(sentence: tuple[Word, ...], name: str) -> list[tuple[Word, ...]]:
    """A sentence in two where a colon with a list behind it follows more words than a list's heading has."""
    colon = next((number for number, word in enumerate(sentence, 1) if word.text.endswith(":")), 0)
    if LIST_WORDS < colon < len(sentence) and _listed(sentence[colon:], name) is not None:
        return [sentence[:colon], sentence[colon:]]
    return [sentence]


def _listed(sentence: tuple[Word, ...], name: str) -> Part | None:
    """The sentence as a list: three or four short items between marks, or two that say what there is none of; none is
    the product's name."""
    text = " ".join(word.text for word in sentence)
    if any(money_in(text)) or ADDRESS.search(text) or PHONE.search(text):
        return None
    joins = "|".join(re.escape(join) for join in ("and", "or", "y", "o", "e", "et", "ou", "und", "oder"))
    head, colon, rest = text.partition(": ")
    body = rest if colon and len(head.split()) <= LIST_WORDS else text
    if _names(body, name):
        return None
    items = [item.strip(" .!?…,;") for item in re.split(rf",\s+(?:(?:{joins})\s+)?|;\s+|\s+(?:&)\s+", body)]
    compared = "|".join(map(re.escape, cues().comparatives))
    last = re.split(rf"\s+(?:{joins})\s+(?!(?:{compared})\b)", items[-1], flags=re.IGNORECASE)
    if len(items) >= 2 and len(last) == 2:
        items[-1:] = last
    items = [item for item in items if item]
    items[-1:] = [_without_inclusion(item) for item in items[-1:]]
    denials = len(items) == DENIALS and all(item.split()[0].casefold() in cues().negations for item in items)
    if len(items) not in LIST_ITEMS and not denials:
        return None
    if any(len(item.split()) > LIST_WORDS for item in items):
        return None
    least = LONG_LIST_LETTERS if len(items) == max(LIST_ITEMS) else LIST_LETTERS
    if any(len(item) < least or SENTENCE_ITEM.search(item) for item in items):
        return None
    if any(item.split()[0].casefold() in cues().conditions for item in items):
        return None
    label = head if body is rest else ""
    return Part(words=sentence, says="list", label=label, items=tuple(capital(item) for item in items))


def _without_inclusion(item: str) -> str:
    """The last item of a list without what is true of all: "insurance are included" is insurance."""
    words = item.split()
    if len(words) > 2 and words[-1].casefold() in cues().inclusions and words[-2].casefold() in cues().copulas:
        return " ".join(words[:-2])
    return item


def capital(item: str) -> str:
    """The text with a capital, unless its first word has one within, as brands have."""
    first = item.split(maxsplit=1)[0]
    return item[:1].upper() + item[1:] if first.islower() else item


def _read(words: tuple[Word, ...], name: str, price: Price | None, code: str) -> Part:
    """What a piece says: the first of the kinds below that holds."""
    text = " ".join(word.text for word in words)
    bare = text.strip(" .!?…,;:–—")
    for found in (
        _price(words, text, price),
        _code(words, text, code),
        _rating(words, text),
        _contact(words, text),
        _offer(words, text),
        _quote(words, text),
        _change(words, bare),
        _named(words, text, name),
        _pay(words, text, price),
        _figure(words, text, name),
    ):
        if found is not None:
            return found
    return Part(words=words)


def money_in(text: str) -> Iterator[Money]:
    """Yields the amounts of money of a text in order: numbers with a currency beside them."""
    for found in amounts_in(text):
        if found.is_money:
            start, end = found.sign_start, max(found.sign_end, found.stop)
            start += len(text[start:end]) - len(text[start:end].lstrip())
            yield Money(text=text[start:end].rstrip(), start=start, end=end, values=tuple(map(float, found.values)))


def _price(words: tuple[Word, ...], text: str, price: Price | None) -> Part | None:
    """The product's own price, with the word before it and what one price pays for."""
    if price is None:
        return None
    for found in money_in(text):
        if price.now not in found.values or _is_turned(text[: found.start], kept=cues().before_prices):
            continue
        if is_other_charge(text[: found.start], text[found.end :]):
            continue
        before = text[: found.start].split()
        prefix = before[-1].strip(",.:;") if before else ""
        prefix = prefix if prefix.casefold() in cues().before_prices else ""
        after = text[found.end :]
        after = after.split(",")[0] if after[:1] in (" ", "/") else ""
        tail = re.split(r"[.!?;:–—]", after)[0].split()
        first = tail[0].strip("/").casefold() if tail else ""
        suffix = " ".join(tail) if first in cues().per | cues().included and len(tail) <= LABEL_WORDS else ""
        if after.startswith("/"):
            suffix = after.split()[0]
        return Part(words=words, says="price", value=found.text, label=prefix, items=(suffix,) if suffix else ())
    return None


def is_other_charge(before: str, after: str) -> bool:
    """Whether an amount is that of something beside the product: "delivery is $5", "$5 for shipping", "$5 postage"."""
    clause = re.findall(r"[^\W\d_]+", re.split(r"[,;–—]\s", before)[-1].casefold())
    following = re.findall(r"[^\W\d_]+", CLAUSE_END.split(after, maxsplit=1)[0].casefold())
    return _charged_before(clause) or _charged_after(following)


def _charged_before(clause: Sequence[str]) -> bool:
    """Whether the last words before an amount tie it to a charge: "delivery is", "orders of", not "order today for"."""
    joins, tied = cues().charge_joins, bool(clause) and clause[-1] in cues().charge_copulas
    for place in range(len(clause) - 1, -1, -1):
        word = clause[place]
        if word in cues().other_charges:
            earlier = clause[place - 1] if place else ""
            if word in cues().charge_verbs and (not earlier or earlier in cues().before_verbs):
                return False
            return cues().included.isdisjoint(clause[max(0, place - 2) : place])
        if word not in joins and (not tied or word in cues().joins):
            return False
    return False


def _charged_after(following: Sequence[str]) -> bool:
    """Whether the first words after an amount name a charge: "for shipping", "home delivery", not "free delivery"."""
    others = 0
    for place, word in enumerate(following):
        if word in cues().other_charges:
            return not (word in cues().charge_verbs and others)
        others += word not in cues().charge_joins
        if others > 1 or word in cues().included or place > LABEL_WORDS:
            return False
    return False


def _code(words: tuple[Word, ...], text: str, code: str) -> Part | None:
    if code and re.search(rf"(?<!\w){re.escape(code)}(?!\w)", text):
        return Part(words=words, says="code", value=code)
    found = cues().codes.search(text)
    if found is None:
        return None
    before, after = text[: found.start()].strip(), text[found.end() :]
    if before and not cues().code_verbs.search(before):
        return None
    if not before and not re.search(r"\d", found[1]) and not _earns(after):
        return None  # "Code BLACK is our darkest roast."
    return Part(words=words, says="code", value=found[1])


def _earns(text: str) -> bool:
    """Whether a text says what a code is good for."""
    return bool({word.strip(",.!?").casefold() for word in text.split()} & cues().offers) or bool(PERCENT.search(text))


def _rating(words: tuple[Word, ...], text: str) -> Part | None:
    for pattern in cues().ratings:
        found = pattern.search(text)
        if found and not _is_turned(text[: found.start()]):
            rest = text[found.end() :].strip(" .,;:–—")
            return Part(words=words, says="rating", value=found["value"], label=_short(rest))
    return None


def _contact(words: tuple[Word, ...], text: str) -> Part | None:
    address, phone = ADDRESS.search(text), PHONE.search(text)
    if address and not NUMBER.fullmatch(address[0]):
        return Part(words=words, says="contact", value=address[0], label="web")
    if phone is None or not (phone[0].lstrip("( ").startswith("+") or cues().calls.search(text)):
        return None
    return Part(words=words, says="contact", value=phone[0].strip(), label="phone")


def _offer(words: tuple[Word, ...], text: str) -> Part | None:
    found = PERCENT.search(text)
    if found is None or len(PERCENT.findall(text)) > 1 or _is_turned(text[: found.start()]):
        return None
    before, after = text[: found.start()].split()[-1:], text[found.end() :].split()[:2]
    if not {word.strip(".,!?").casefold() for word in (*before, *after)} & cues().offers:
        return None
    return Part(words=words, says="offer", value=f"{found[1]}%", label=_around(text, *found.span()))


def _quote(words: tuple[Word, ...], text: str) -> Part | None:
    found = QUOTED.search(text)
    return Part(words=words, says="quote", value=found[1]) if found and len(found[1].split()) > 2 else None


def _change(words: tuple[Word, ...], bare: str) -> Part | None:
    for pattern in cues().changes:
        found = pattern.match(bare)
        if found:
            return Part(words=words, says="change", items=(capital(found["before"]), capital(found["after"])))
    return None


def _named(words: tuple[Word, ...], text: str, name: str) -> Part | None:
    """A piece that names the product: its whole name, or its two or more first words."""
    return Part(words=words, says="name") if _names(text, name) else None


def _names(text: str, name: str) -> bool:
    first = re.split(r"\s+[–—|-]\s+|, ", name)[0].split()[:3]
    while len(first) > 2 and first[-1].casefold() in cues().prepositions:
        first.pop()  # "Foldtree 6 | for Windows"
    short = " ".join(first).casefold()
    return len(short) > 2 and re.search(rf"(?<!\w){re.escape(short)}", text.casefold()) is not None


def _pay(words: tuple[Word, ...], text: str, price: Price | None) -> Part | None:
    """Money for a time or a piece where nothing is sold at a price: what a job pays, with what it pays for."""
    found = list(money_in(text)) if price is None else []
    if len(found) != 1:
        return None
    before, after = text[: found[0].start], text[found[0].end :].split()
    kept = cues().before_prices
    if _is_turned(before, kept=kept) or is_other_charge(before, " ".join(after)):
        return None
    if len(after) < 2 or after[0].casefold() not in cues().per or not after[1].strip(".,;:!?").isalpha():
        return None
    said = before.split()
    if len(said) > KICKER_WORDS:
        return None  # an amount that does not say of what it is
    kicker = before.strip() if len(said) > 1 or (said and said[0].casefold() in kept) else ""
    kicker = "" if SENTENCE_ITEM.fullmatch(kicker) else kicker  # "It is | $24.60 | an hour"
    label = " ".join(after[:2]).rstrip(".,;:!?")
    return Part(words=words, says="figure", value=found[0].text, label=label, items=(kicker,) if kicker else ())


def _figure(words: tuple[Word, ...], text: str, name: str) -> Part | None:
    """A piece with one number that counts or measures something, and the words after it, or else those before it. A
    number of the product's name counts nothing."""
    found = list(NUMBER.finditer(text))
    if len(found) != 1 or any(money_in(text)) or CLOCK.match(text[found[0].start() :]) or YEAR.match(found[0][0]):
        return None
    before, after = text[: found[0].start()], text[found[0].end() :]
    if before.split() and _bare(f"{before.split()[-1]} {found[0][0]}") in _bare(name):
        return None  # "Foldtree 6 lives on your computer"
    if before and not before[-1].isspace() and before[-1] not in "(~≈+":
        return None  # a part of a name: "P1", "IPX4"
    unit = re.match(r"\s?%|[\s-]?[^\W\d_]{1,12}\b", after)
    if unit is None:
        return None
    word = unit[0].strip(" -")
    if DAY_ENDING.match(after) or word in cues().no_units or (word[:1].isupper() and not word.isupper()):
        return None  # "6th", "47 of them", "14 Depot Road"
    qualifier = cues().qualifiers.search(before.casefold())
    if _is_denied(before) or not cues().obligations.isdisjoint(before.casefold().split()):
        return None
    if before.rstrip()[-1:] in CLAUSE_MARKS:
        before = ""  # another clause: "Two hours, | 60 cones"
        if not _short(after[len(unit[0]) :]):
            return None
    kicker = before[qualifier.start() :].strip() if qualifier else ""
    subject = before.split()
    if qualifier and KICKER_WORDS >= len(subject) > len(kicker.split()) and subject[0].casefold() not in PRONOUNS:
        kicker = before.strip()  # "One yard covers roughly | 100 square feet"
    rest = after[len(unit[0]) :]
    if rest[:1] in ("-", "'", "’"):
        return None  # "60-yr-old", "3 years' use"
    label = _short(rest)
    following = label.split()[:1]
    if {word.casefold(), *(each.casefold().rstrip(".") for each in following)} & cues().limits:
        return None  # "a 2-yard minimum"
    if following and (word.casefold() in cues().unit_beginnings or following[0].casefold() in cues().unit_endings):
        unit_text, label = f"{unit[0]} {following[0]}", " ".join(label.split()[1:])
    else:
        unit_text = unit[0]
    if label and label == rest.strip() and _leans(label.split()[-1]):
        return None  # its sentence is cut within: "24 flies | in your"
    if label.split() and label.split()[0].casefold() in cues().joins:
        # "60 cones | or tubs" counts both; "12 inches | and a photo report" counts the inches
        label = label if label.split()[0].casefold() in cues().choices and len(label.split()) == CHOICE_WORDS else ""
    if not label and not kicker and before:
        if len(before.split()) > KICKER_WORDS:
            return None  # a figure that does not say of what it is
        if all(_leans(word, letters=JOINT_LETTERS) for word in before.casefold().split()):
            return None  # "So the | 24 flies"
        kicker = before.strip()
    if label and not kicker and 1 < len(before.split()) < KICKER_WORDS and not _leans(before.split()[0]):
        kicker = before.strip()  # "We carry | 1,400 parts | in the van" says the whole sentence
    kicker = without_beginning(kicker, cues().joins)
    return Part(
        words=words, says="figure", value=found[0][0] + unit_text, label=label, items=(kicker,) if kicker else ()
    )


def without_beginning(text: str, joints: Collection[str]) -> str:
    """A text without the words at its beginning that join it to what was said before; joints: these words."""
    words = text.split()
    while words and words[0].casefold() in joints:
        words.pop(0)
    return " ".join(words)


def _is_denied(before: str) -> bool:
    return bool({word.strip(",;").casefold() for word in before.split()} & cues().negations)


def _is_turned(before: str, *, kept: Collection[str] = ()) -> bool:
    """Whether the words before a value deny or qualify it, so that it is not true alone.

    kept: qualifiers that are shown with the value.
    """
    qualifier = cues().qualifiers.search(before.casefold())
    return _is_denied(before) or (qualifier is not None and qualifier[0].strip() not in kept)


def _short(text: str) -> str:
    """The first words of a text up to a mark; "" if they are too many to stand beside a figure."""
    first = re.split(r"[,.;:!?–—()](?:\s|$)", text.strip())[0].split()
    return " ".join(first) if len(first) <= LABEL_WORDS else ""


def _around(text: str, start: int, end: int) -> str:
    after = _short(text[end:])
    return after or _short(text[:start].rsplit(",", maxsplit=1)[-1])

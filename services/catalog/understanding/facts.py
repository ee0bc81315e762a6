"""Finds the facts of a product: every statement of its texts and fields, with its role, the strongest first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from services.catalog.understanding import amounts, mess, prices, roles, text
from services.catalog.understanding.hours import has_hours, says_always_open
from services.catalog.understanding.language import LATIN, language_of
from services.catalog.understanding.limits import limit_behind, with_limits
from services.catalog.understanding.own_price import with_own_price
from services.catalog.understanding.retracted import Retractions, without_remark
from services.catalog.understanding.roles import Cues
from services.catalog.understanding.statements import MAX_PRICED, segments_of, statements_of, stating
from services.catalog.understanding.values import BESIDE, Fact, ProductTexts

MAX_FACTS = 60
MAX_CHARACTERS = 600  # of one fact, as the contract allows
FRAGMENT_WORDS = 2  # of a piece that says too little by itself: "two men", "$1"
DUE_WORDS = 6  # of a piece that goes on about delivery
_COUNTED = re.compile(r"\d+ [a-zà-ÿ]+ ")
MAX_FEATURE = 60  # characters of a feature that is one fact, as the customer wrote it
MAX_LIST_WORDS = 14  # of a sentence that may be a list; longer ones are prose
TELEGRAPHIC = 0.3  # strength of a note of a few signs, at most
AMENITY = 0.3  # strength of a lift, of parking and of ways to pay, at most
ENOUGH = 3  # facts that sell better than these, of which an ad can be made without them
MAX_ROW = 5  # words before the price of a row of a price list
MAX_SEARCH_WORDS = 7  # of a line for search engines
MAX_STATEMENTS = 150  # read from one product; more is a catalogue, not a product

# How much a role sells, before the statement itself is looked at.
_BASE = {
    "benefit": 0.66, "proof": 0.62, "offer": 0.62, "feature": 0.5, "figure": 0.5, "price": 0.4, "logistics": 0.3,
    "contact": 0.05, "legal": 0.02, "condition": 0.0,
}  # fmt: skip
_UNSOLD = frozenset({"condition", "legal", "contact"})

_SOLD = frozenset({"benefit", "feature", "figure", "proof", "offer", "price", "logistics"})
_SELLING = frozenset({"benefit", "feature", "figure", "proof", "offer"})

_DIGIT = re.compile(r"\d")
_COMMA = re.compile(r",\s+(?![^()]{0,200}\))")
_SEMICOLON = re.compile(r";\s+(?![^()]{0,200}\))")
_FIRST_REMARK = re.compile(r"\([^()]{2,60}\)\s+(?=[^\W\d_])")  # "(or 3.50 each) in store only"
LEAST_BEHIND = 3  # words of a statement behind such a remark
_PRICE_LABEL = re.compile(r"^(?:price|preis|precio|prix|prezzo|preço) ?: ?(?=[\d$€£])", re.IGNORECASE)
_TOKEN = re.compile(r"[^\W_]+(?:[.,]\d+)*")
# "…, free over £40": what is free stands before the comma.
_FREE_ABOVE = re.compile(
    r"(?:free|gratis|gratuit\w*|grátis|kostenlos|frei|offert\w*) (?:\w+ ){0,3}(?:[€$£] ?)?\d", re.IGNORECASE
)
_REFUSAL = re.compile(r"(?:and |or )?(?:we|i) (?:may|might|can|could) ")
_RAW_END = re.compile(r"\n|(?<=[.!?])\s")
_TAG = re.compile(r"<[^<>]{0,200}>")
_EDGES = " \t,;:–—-"
_NAME_DIVIDER = re.compile(r"\s[–—-]\s|,\s+|:\s+|\s\|\s")


def find_facts(texts: ProductTexts, language: str) -> list[Fact]:
    """Returns the facts of a product, the strongest first, at most MAX_FACTS.

    `language` is the texts' BCP 47 code. Every text is a part of a cleaned field, or of a structured field written out
    in the language. Conditions and legal lines are never left out for stronger facts.
    """
    cues = roles.cues_of(language)
    found: list[Fact] = []
    retractions = Retractions(_with_footnotes(texts.features), texts.description, language)
    is_shut = has_hours(texts.description)
    for order, feature in enumerate(retractions.features):
        if is_shut and says_always_open(feature):
            continue
        for statement in stating(text.items(feature), cues):
            facts = _facts(statement, "features", order, cues, is_whole=len(statement) <= MAX_FEATURE)
            found.extend(fact for fact in facts if _is_printable(fact, is_messy=False))
    own_price = amounts.amount_of(texts.sale_price or texts.price)
    is_messy = is_messy_text(texts)
    segments = segments_of(text.clean(texts.description), cues)
    statements = statements_of(segments, language, cues)
    for order, statement in enumerate(statements[:MAX_STATEMENTS]):
        if _is_search_line(statement, texts.name, language, cues) or retractions.says_so(statement):
            continue
        if is_shut and says_always_open(statement):
            continue
        facts = _facts(without_remark(statement, language), "description", order, cues)
        found.extend(fact for fact in facts if _is_printable(fact, is_messy=is_messy) or _states_price(fact, own_price))
    found.extend(fact for fact in _of_name(texts.name, cues) if _is_printable(fact, is_messy=is_messy))
    said = [*texts.features, *segments, *_RAW_END.split(_TAG.sub(" ", texts.description[: text.MAX_CHARACTERS]))]
    found = [*_structured(texts, language, cues, said), *found]
    named = _tokens(text.clean_name(texts.name), cues)
    found = [
        fact for fact in found if fact.source == "name" or not _tokens(fact.text, cues) <= named or fact.role in _UNSOLD
    ]
    found = _with_others_beside(found, texts, cues)
    folded = _folded(found[: 2 * MAX_STATEMENTS], cues, language)
    return _bounded(sorted(folded, key=lambda fact: -fact.strength))


def with_price_stated(facts: Sequence[Fact], texts: ProductTexts, language: str) -> list[Fact]:
    """Returns the facts with what the texts say the product costs, where none of them says it (own_price.py).

    Of a pasted page or feed nothing is added: which of its amounts holds is not known.
    """
    if is_messy_text(texts):
        return list(facts)
    cues = roles.cues_of(language)
    retractions = Retractions(_with_footnotes(texts.features), texts.description, language)
    segments = [one for one in segments_of(text.clean(texts.description), cues) if not retractions.says_so(one)]
    price = amounts.amount_of(texts.sale_price or texts.price)
    return with_own_price(facts, [*retractions.features, *segments], price, cues)


def with_limits_stated(facts: Sequence[Fact], texts: ProductTexts, language: str) -> list[Fact]:
    """Returns the facts with the limits that the texts put behind them elsewhere (limits.py)."""
    cues = roles.cues_of(language)
    retractions = Retractions(_with_footnotes(texts.features), texts.description, language)
    segments = [one for one in segments_of(text.clean(texts.description), cues) if not retractions.says_so(one)]
    return with_limits(facts, [text.clean(texts.name), *retractions.features, *segments], language)


def _with_footnotes(features: Sequence[str]) -> list[str]:
    """Returns features with a footnote among them ("*while stocks last") behind the only one that has its star."""
    notes = [feature for feature in features if feature.lstrip().startswith("*") and feature.count("*") == 1]
    starred = [feature for feature in features if feature.rstrip().endswith("*") and feature.count("*") == 1]
    if len(notes) != 1 or len(starred) != 1:
        return list(features)
    joined = f"{starred[0].rstrip(' *')}, {notes[0].strip(' *')}"
    return [joined if feature is starred[0] else feature for feature in features if feature is not notes[0]]


def is_messy_text(texts: ProductTexts) -> bool:
    """Returns True where the description is a pasted page, a feed or notes rather than written for a reader."""
    written = texts.description_as_sent or texts.description
    return mess.share(text.divided(text.clean(written))) >= mess.MESSY


def notes_behind(facts: Sequence[Fact]) -> list[Fact]:
    """Returns facts, the strongest first, with those that read as a note ("v-groove x4") no stronger than a note is."""
    weighed = [
        replace(fact, strength=min(fact.strength, TELEGRAPHIC))
        if fact.role in _SELLING and mess.is_telegraphic(fact.text)
        else fact
        for fact in facts
    ]
    return sorted(weighed, key=lambda fact: -fact.strength)


def amenities_behind(facts: Sequence[Fact], language: str) -> list[Fact]:
    """Returns facts, the strongest first, with a lift, parking, ways to pay and to send no stronger than AMENITY, and
    than BESIDE where at least ENOUGH others are stronger than that: they lead nothing."""
    cues = roles.cues_of(language)
    behind = {
        id(fact)
        for fact in facts
        if roles.is_amenity(fact.text, cues) or (fact.role == "logistics" and roles.is_dispatch(fact.text, cues))
    }
    others = sum(fact.role in _SELLING and fact.strength > AMENITY and id(fact) not in behind for fact in facts)
    most = BESIDE if others >= ENOUGH else AMENITY
    weighed = [replace(fact, strength=min(fact.strength, most)) if id(fact) in behind else fact for fact in facts]
    return sorted(weighed, key=lambda fact: -fact.strength)


def _is_search_line(statement: str, name: str, language: str, cues: Cues) -> bool:
    """Returns True for a line that is there for search engines and states nothing.

    That is the product's name over again in capitals, with a place ("CLOCK REPAIR LEEDS"), and English terms below a
    text in another language.
    """
    words = statement.split()
    if not 1 < len(words) <= MAX_SEARCH_WORDS or statement[-1] in ".!?…" or any(sign.isdigit() for sign in statement):
        return False
    if roles.role_of(statement, cues) != "feature" or mess.is_sentence(statement):
        return False
    if statement.isupper():
        said = _tokens(statement, cues)
        return 2 * len(said & _tokens(text.clean_name(name), cues)) >= max(2, len(said))
    return language in LATIN and language != "en" and len(words) > 2 and language_of(statement) == "en"


def about(kind: str, facts: Sequence[Fact], language: str) -> list[Fact]:
    """Returns the facts that are about a thing of this kind: a job's are without the prices of what its employer sells.

    What the customer named a feature stays.
    """
    if kind != "job":
        return list(facts)
    cues = roles.cues_of(language)
    return [
        fact
        for fact in facts
        if fact.role != "price" or fact.source != "description" or not roles.is_of_other_than_work(fact.text, cues)
    ]


def _with_others_beside(facts: list[Fact], texts: ProductTexts, cues: Cues) -> list[Fact]:
    """Returns facts in which the prices of other things than the product are no stronger than BESIDE.

    A row of a price list and a sentence name the product's price if they name its amount; where none does, all may.
    """
    own = [value for field in (texts.sale_price, texts.price) if (value := amounts.amount_of(field))]

    def names_own(fact: Fact) -> bool:
        return any(amounts.names_amount(fact.text, value, beside_currency=False) for value in own)

    if not own or not any(names_own(fact) for fact in facts if fact.role in {"price", "offer"}):
        return facts
    return [
        replace(fact, strength=min(fact.strength, BESIDE))
        if fact.role == "price"
        and (fact.source == "description" or (fact.source == "features" and _is_row(fact.text, cues)))
        and not names_own(fact)
        else fact
        for fact in facts
    ]


def _is_row(text: str, cues: Cues) -> bool:
    """Returns True for a row of a price list: a thing of a few words, then its price ("New mane £165"); several of the
    product itself ("six for £90") are none."""
    money = roles.MONEY.search(text)
    thing = text[: money.start()] if money and not text[money.end() :].strip(" .") else ""
    words = thing.lower().split()
    if not cues.bound:  # several of the product itself are not known
        return False
    return 0 < len(words) <= MAX_ROW and words[0] not in cues.numbers and re.search(r"[\d,]", thing) is None


def _is_printable(fact: Fact, *, is_messy: bool) -> bool:
    """Returns True for what may stand in an ad; what sells nothing needs to be whole only."""
    if fact.role in _UNSOLD:
        return fact.role != "condition" or not mess.is_torn(fact.text)
    return mess.is_quotable(fact.text, in_messy=is_messy)


def _states_price(fact: Fact, price: Decimal | None) -> bool:
    """Returns True for a price that names the product's: a writer needs its unit and limits, even of a messy text."""
    return (
        fact.role == "price"
        and price is not None
        and len(fact.text) <= MAX_PRICED
        and not mess.is_torn(fact.text)
        and amounts.names_amount(fact.text, price, beside_currency=True)
    )


def _facts(statement: str, source: str, order: int, cues: Cues, *, is_whole: bool = False) -> Iterator[Fact]:
    for part in [_stripped(statement)] if is_whole and ";" not in statement else _parts(statement, cues):
        cut = _cut(part)
        role = roles.role_of(cut, cues)
        yield Fact(text=cut, role=role, strength=_strength(cut, role, source, order, cues), source=source)


def _parts(statement: str, cues: Cues) -> list[str]:
    """Returns a statement's parts that stand by themselves; what limits or explains stays with what it belongs to."""
    if roles.role_of(statement, cues) == "legal" and ("%" in statement or not _SEMICOLON.search(statement)):
        return [statement]  # no part of an example of credit stands alone
    parts = []
    for clause in _divided(statement, _SEMICOLON, cues):
        parts.extend(_of_list(clause, cues) or _with_demand_apart(clause, cues))
    return [stripped for part in parts if len(stripped := _stripped(part)) > 1]


def _divided(statement: str, divider: re.Pattern[str], cues: Cues) -> list[str]:
    """Returns the pieces between dividers; one that begins with a binding word stays with the one before."""
    starts = [0]
    ends = []
    is_priced = divider is _SEMICOLON and len(statement) <= MAX_PRICED and roles.MONEY.search(statement) is not None
    for match in divider.finditer(statement):
        if is_priced:
            break  # what follows a price may limit it
        first = statement[match.end() :].lstrip(_EDGES).split(maxsplit=1)[:1]
        is_price = cues.patterns["price"].match(statement[match.end() :].lower()) is not None  # "from £390"
        if divider is _SEMICOLON and _is_remark(statement[match.end() :], statement[: match.start()], cues):
            continue
        if first and (first[0].lower().strip(".,") not in cues.bound or is_price):
            ends.append(match.start())
            starts.append(match.end())
    return [statement[start:end] for start, end in zip(starts, [*ends, len(statement)], strict=True)]


def _is_remark(rest: str, before: str, cues: Cues) -> bool:
    """Returns True for what speaks of the words before its semicolon.

    That is two words ("; isole comprese"), a number of what was counted there ("tested on 52 adults; 47 said …"), a
    limit ("no dairy; we can't guarantee no cross-contact") and what else delivery costs ("free above 60 €; Baleares
    5,90 €").
    """
    if not cues.bound:
        return False
    piece = _SEMICOLON.split(rest, maxsplit=1)[0]
    words = piece.split()
    if len(words) <= 2 and piece.endswith(".") and not any(sign.isdigit() for sign in piece):
        return True
    if _COUNTED.match(piece) and re.search(r"\d", before):
        return True
    if roles.condition_at(piece, cues) >= 0 and roles.condition_at(before, cues) < 0:
        return len(before) > 12  # "contains no dairy; we can't guarantee no cross-contact"
    return len(words) <= DUE_WORDS and roles.MONEY.search(piece) is not None and cues.has("delivery", before.lower())


def _of_list(clause: str, cues: Cues) -> list[str]:
    """Returns the items of a list such as "£45 an hour, two men, minimum two hours", or nothing if it is none."""
    if not cues.bound or len(clause) > 160:  # without a language's binding words no part is known to stand alone
        return []
    if cues.has("upkeep", clause.lower()):
        return []  # "in the fridge, wrapped in its paper, it keeps six weeks"
    pieces = _divided(clause, _COMMA, cues)
    is_prose = clause.endswith(".") and clause[:1].isupper() and len(clause.split()) > MAX_LIST_WORDS
    if is_prose or len(pieces) < 2 or any(len(piece.split()) > 8 for piece in pieces):
        return []
    last_two = [piece.lower().split() for piece in pieces[-2:]]
    if len(last_two[0]) <= FRAGMENT_WORDS and not _DIGIT.search(pieces[-2]) and not cues.joint.isdisjoint(last_two[1]):
        return []  # "£168 a week, wetsuit, vest and tea included" is one
    found = [_listed_role(piece, cues) for piece in pieces]
    is_mixed = {"price", "condition"} & set(found) or ({"offer", "logistics"} & set(found) and len(pieces) > 2)
    if len(set(found)) < 2 or not is_mixed or ":" in pieces[0]:
        return []
    groups: list[tuple[str, list[str]]] = [(found[0], [pieces[0]])]
    for piece, role in zip(pieces[1:], found[1:], strict=True):
        last, items = groups[-1]
        # "two-year warranty, blades not included" is one, as is "£45 an hour, minimum two hours"; "we take no cots,
        # beds or pianos" excludes all three; a name behind a day is the place
        is_excluded = last == "condition" and role in {"feature", "figure", "price", "proof"}
        is_narrowing = cues.has("negation", piece.lower()) or cues.has("limit", piece.lower())
        is_limit = role == "condition" and (is_narrowing or last == "price")
        is_fragment = len(piece.split()) <= FRAGMENT_WORDS and role in {"feature", "figure", "price"}
        is_fragment = is_fragment or (role == "offer" and " " not in piece.strip())  # "…, 45 minutes, free"
        is_tail = role == "feature" and not cues.joint.isdisjoint(piece.lower().split())  # "with salsa, beans and rice"
        is_place = role == "feature" and last == "logistics" and piece[:1].isupper()
        # "30-day returns, $25 restocking if opened", "free delivery, orders over £40 only"
        is_due = (role == "price" and last != "price" and _is_due_for(piece, cues)) or bool(_FREE_ABOVE.match(piece))
        is_due = is_due or roles.is_due(piece, cues) or cues.has("side", piece.lower())
        if role == last or is_limit or is_place or is_excluded or is_tail or is_due or is_fragment:
            items.append(piece)
        else:
            groups.append((role, [piece]))
    return [", ".join(items) for _, items in groups]


def _is_due_for(piece: str, cues: Cues) -> bool:
    """Returns True for an amount that is true of what stands before it only: it begins with a word, or has a limit."""
    money = roles.MONEY.search(piece)
    if money is None or cues.patterns["price"].match(piece.lower()):
        return False
    return money.start() > 0 or not cues.bound.isdisjoint(piece.lower().split())


def _listed_role(piece: str, cues: Cues) -> str:
    role = roles.role_of(piece, cues)
    if role == "benefit":  # too like a feature to divide by
        return "offer" if cues.has("included", piece.lower()) else "feature"
    return role


def _with_demand_apart(clause: str, cues: Cues) -> list[str]:
    """Returns "… and whoever opens must be over 18" and "…, bring lunch" as statements of their own."""
    money = roles.MONEY.search(clause)
    for match in _COMMA.finditer(clause):
        if money and money.end() <= match.start():
            break  # a price keeps its limits
        rest = clause[match.end() :]
        before = clause[: match.start()]
        first, _, following = rest.partition(" ")
        if len(before) < 12:
            continue
        if _REFUSAL.match(rest.lower()):  # "…, we may say no": of what stands before it
            continue
        if (
            first.lower() not in cues.needy
            and cues.patterns["condition"].match(rest.lower())
            and len(rest.split()) >= 3
        ):
            return [before, rest]
        if (
            first.lower() in cues.joint
            and len(following.split()) >= 4
            and roles.condition_at(following, cues) in range(40)
        ):
            return [before, following]
    return [clause]


def _stripped(part: str) -> str:
    """Returns a part without dividers at its ends and a remark on the one before it; a minus before a number stays."""
    part = re.sub(r"\s{2,}", " ", part)
    if (remark := _FIRST_REMARK.match(part)) and len(part[remark.end() :].split()) >= LEAST_BEHIND:
        part = part[remark.end() :]
    is_whole_price = re.search(r"\d[,.][-–—]$", part) is not None  # "5,-"
    stripped = _PRICE_LABEL.sub("", (part if is_whole_price else part.rstrip(_EDGES)).lstrip(" \t,;:"))
    return stripped if stripped[1:2].isdigit() else stripped.lstrip(_EDGES)


def _cut(part: str) -> str:
    if len(part) <= MAX_CHARACTERS:
        return part
    return part[:MAX_CHARACTERS].rsplit(" ", 1)[0].rstrip(_EDGES)


def _of_name(name: str, cues: Cues) -> Iterator[Fact]:
    """Yields what a name says besides what the product is: "Roof survey by drone, report next day"."""
    cleaned = text.clean_name(name)
    pieces = [piece for piece in _NAME_DIVIDER.split(cleaned) if len(piece) > 2]
    for order, piece in enumerate(pieces):
        role = roles.role_of(piece, cues)
        is_counted = order > 0 and re.match(r"\d+ [a-z]", piece) is not None
        if role == "figure" and not (is_counted or roles.UNIT.search(piece)):
            continue
        if (
            (role == "feature" and not is_counted)
            or (order == 0 and role not in {"benefit", "offer"})
            or len(piece.split()) < 2
        ):
            continue
        yield Fact(text=piece, role=role, strength=_strength(piece, role, "name", order, cues), source="name")


def _structured(texts: ProductTexts, language: str, cues: Cues, said: Sequence[str]) -> Iterator[Fact]:
    """Yields the facts of the product's own fields, which need no reading. `said`: the statements of its texts."""
    if (price := prices.price_text(texts, language)) and not _is_said(texts, language, said):
        is_reduced = bool(texts.sale_price and texts.old_price) or bool(texts.sale_price and texts.price)
        role = "offer" if is_reduced else "price"
        yield Fact(text=price, role=role, strength=0.7 if is_reduced else _BASE["price"], source="price")
    if texts.offer and (offer := prices.offer_text(texts.offer, language)):
        yield Fact(text=_cut(offer), role="offer", strength=0.8, source="offer")
    if texts.proof:
        for proof in prices.proof_texts(texts.proof, language):
            yield Fact(text=_cut(proof), role="proof", strength=0.8, source="proof")
    for condition in texts.conditions:
        for segment in text.segments(condition):
            role = "legal" if cues.has("legal", segment.lower()) else "condition"
            yield Fact(text=_cut(segment), role=role, strength=0.0, source="conditions")


def _is_said(texts: ProductTexts, language: str, said: Sequence[str]) -> bool:
    """Returns True if a text says more about the price than the field: "from", what it is for, a fee, the tax.

    The bare amount is then not true, even where the text itself cannot be quoted.
    """
    amount = amounts.amount_of(texts.sale_price or texts.price)
    if amount is None or texts.price_per:
        return False
    is_known = language in roles.LANGUAGES
    return any(
        amounts.names_amount(line, amount, beside_currency=is_known) and amounts.says_more(line, amount, texts.name)
        for line in said
    )


def _strength(part: str, role: str, source: str, order: int, cues: Cues) -> float:
    """Returns 0 to 1: what a good copywriter would lead with. Concrete beats general, early beats late."""
    if role in _UNSOLD:
        return _BASE[role]
    if roles.is_aside(part, cues):
        return BESIDE
    lowered = part.lower()
    words = part.split()
    strength = _BASE[role]
    if source == "features":
        strength += 0.09 - 0.015 * min(order, 8)
    elif source == "description":
        strength += 0.06 - 0.015 * min(order, 6)
    else:
        strength += 0.04 if order else -0.06  # the first part of a name is what the product is
    if role in {"benefit", "feature", "proof", "offer"}:
        strength += 0.05 * bool(re.search(r"\d", part))
        strength += 0.03 * any(word[:1].isupper() and word[1:].islower() for word in words[1:])
    if role == "feature" and len(words) <= 2:
        strength -= 0.05
    if cues.has("vague", lowered):
        strength -= 0.25
    if role == "proof" and cues.has("routine", lowered):  # expected of everyone in the trade
        strength -= 0.08
    if role == "offer" and cues.has("delivery", lowered):  # free delivery sells less than what is delivered
        strength -= 0.12
    if role == "feature" and part.endswith("!"):
        strength -= 0.1
    if cues.patterns["opener"].match(lowered):  # leads up to a statement
        strength -= 0.2
    if len(part) > 110:
        strength -= 0.06
    if len(part) > 180:
        strength -= 0.08
    if roles.condition_at(part, cues) >= 0:  # true only with its limit, so harder to lead with
        strength -= 0.12
    return round(min(1.0, max(0.05, strength)), 3)


def _folded(facts: list[Fact], cues: Cues, language: str) -> list[Fact]:
    """Returns facts without those that another one states as well; the fuller one stays, as strong as the stronger."""
    kept: list[tuple[frozenset[str], Fact]] = []
    for fact in facts:
        tokens = _tokens(fact.text, cues)
        if not tokens:
            continue
        for at, (others, other) in enumerate(kept):
            shared = len(tokens & others)
            if shared < 0.8 * min(len(tokens), len(others)) or not _same_numbers(tokens, others):
                continue
            if _is_chosen(fact, other, cues, language) and tokens != others:
                continue
            fuller_role, less_role = (fact.role, other.role) if len(tokens) > len(others) else (other.role, fact.role)
            is_part = shared == min(len(tokens), len(others))
            if (
                fuller_role != less_role
                and not (fuller_role == "condition" and is_part)
                and not {fuller_role, less_role} <= _SELLING
            ):
                continue
            if fuller_role == "condition" and less_role in _SOLD:
                feature, sentence = (other, fact) if len(tokens) > len(others) else (fact, other)
                if limit_behind(feature.text, sentence.text, language):
                    continue  # the feature gets its limit behind it
            # a field of its own is fuller than any sentence that repeats it
            is_other_fuller = len(others) >= len(tokens) or other.source in {"offer", "proof", "conditions"}
            fuller, less = (other, fact) if is_other_fuller else (fact, other)
            strength = fuller.strength if fuller.role in _UNSOLD else max(fuller.strength, less.strength)
            kept[at] = (others if fuller is other else tokens, replace(fuller, strength=strength))
            break
        else:
            kept.append((tokens, fact))
    return [fact for _, fact in kept]


def _is_chosen(fact: Fact, other: Fact, cues: Cues, language: str) -> bool:
    """Returns True for a feature and the sentence that says more, where the sentence does not limit it.

    The customer has chosen the short words; both stay. A sentence of notes, which no ad can print, stands for no
    feature either, unless it sets it a limit.
    """
    by_source = {fact.source: fact, other.source: other}
    if set(by_source) != {"features", "description"} or by_source["features"].role in _UNSOLD:
        return False
    feature, sentence = by_source["features"], by_source["description"]
    is_shouted = sentence.text.endswith("!") and mess.signs(sentence.text) > 0
    is_note = (is_shouted or mess.signs(sentence.text) >= mess.SIGN) and not limit_behind(
        feature.text, sentence.text, language
    )
    return len(feature.text) < len(sentence.text) and (
        is_note or not _is_bounded(sentence.text, cues) or _is_bounded(feature.text, cues)
    )


def _is_bounded(statement: str, cues: Cues) -> bool:
    """Returns True for what is true within a limit or from a moment on: "once you have a place"."""
    return roles.condition_at(statement, cues) >= 0 or cues.has("once", statement.lower())


def _tokens(part: str, cues: Cues) -> frozenset[str]:
    words = (word.rstrip(".,") for word in _TOKEN.findall(part.lower()))
    return frozenset(cues.numbers.get(word, word) for word in words if word not in cues.stop)


def _same_numbers(some: frozenset[str], others: frozenset[str]) -> bool:
    """Returns True if the shorter statement has no number that the longer one lacks."""
    shorter, longer = sorted((some, others), key=len)
    return all(token in longer for token in shorter if token[0].isdigit())


def _bounded(facts: list[Fact]) -> list[Fact]:
    if len(facts) <= MAX_FACTS:
        return facts
    needed = [fact for fact in facts if fact.role in {"condition", "legal"}][: MAX_FACTS - 10]
    selling = [fact for fact in facts if fact.role not in {"condition", "legal"}]
    return sorted((*selling[: MAX_FACTS - len(needed)], *needed), key=lambda fact: -fact.strength)

# ruff: noqa: E501  (patterns read better unbroken)
"""What the engine knows about the thing it writes about: the brief, understood."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from services.copy.domain import CopyBrief
from services.copy.providers import ad_policy
from services.copy.providers.ad_policy import AllowedText, allowed_text
from services.copy.providers.local import english
from services.copy.providers.local.facts import Fact, FactKind, content_words, head_noun, is_mass
from services.copy.providers.local.library import Category, categories
from services.copy.providers.local.parser import Parser
from services.copy.providers.local.text_cleanup import clean, proper_words, tidy

MAX_NAME_CHARACTERS = 32  # a longer name is cut where it can be, so that an ad does not consist of it
_CURRENCY = {
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "INR": "₹",
    "KRW": "₩",
    "AUD": "A$",
    "CAD": "C$",
    "NZD": "NZ$",
}
# Platforms forbid addressing people by such attributes; an audience that names one is used for nothing but ranking.
_SENSITIVE = re.compile(
    r"\d|\b(?:aged?|years? old|women|men|woman|man|girls?|boys?|black|white|gay|lesbian|christians?|muslims?|jews?|jewish|hindu|"
    r"diabet\w*|depress\w*|anxi\w*|obes\w*|overweight|disab\w*|patients?|sick|poor|debt|bankrupt|divorced|single|singles|pregnan\w*|"
    r"menopaus\w*|acne|pain|elderly|seniors?|immigrants?|criminal|voters?)\b",
    re.I,
)
# A serum or a perfume goes by its name alone: "Kumo Serum", not "the Kumo Serum".
_NAMED_WITHOUT_ARTICLE = frozenset({"skincare", "haircare", "makeup", "fragrance", "cleaning", "books", "toys"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The product as sentences need it. `noun` is empty where no word for its kind is known."""

    name: str
    plural: bool
    noun: str
    noun_plural: bool
    definition: str  # without article
    loose: bool  # the definition is only the first phrase of the brief: "Moss & Meadow: florist in Dublin"
    category: Category
    facts: tuple[Fact, ...]
    people: str  # from the audience; empty if it cannot be addressed
    price: str
    words: frozenset[str]  # content words of the whole brief
    plain: frozenset[str]  # all its words in small letters, as they stand, without a plural s, and parts of compounds
    claims: AllowedText

    @property
    def kind(self) -> str:
        return self.category.kind

    @property
    def called(self) -> str:
        """The name as a sentence says it: "the Aurora Bottle", but "Ledgerly" and "Sunday Socks"."""
        last = self.name.split()[-1].lower()
        takes = (
            self.kind == "goods"
            and self.category.name not in _NAMED_WITHOUT_ARTICLE
            and " " in self.name
            and not self.plural
            and not self.name.lower().startswith(("the ", "my ", "our "))
            and self.noun.split(" ")[-1] == last
            and not is_mass(last)
        )
        return f"the {self.name}" if takes else self.name


def price_text(price: str | None, currency: str | None) -> str:
    """The price as the customer gave it: no digit is added or taken away."""
    if not price:
        return ""
    symbol = _CURRENCY.get(currency or "")
    if symbol:
        return f"{symbol}{price}"
    return f"{price} {currency}" if currency else price


@cache
def _noun_index() -> list[tuple[str, str, re.Pattern[str], str]]:
    rows = []
    for category in categories().values():
        for noun in category.nouns:
            singular = noun[:-1] if english.is_plural_noun(noun.split()[-1]) and noun.endswith("s") else noun
            rows.append((noun, singular, re.compile(rf"\b{re.escape(singular)}(?:s|es)?\b", re.I), category.name))
    return sorted(rows, key=lambda row: -len(row[0]))


@cache
def _keyword_index() -> list[tuple[str, re.Pattern[str], str]]:
    return [
        (keyword, re.compile(rf"\b{re.escape(keyword)}\b", re.I), category.name)
        for category in categories().values()
        for keyword in category.keywords
    ]


def categorise(name: str, lead: str, text: str) -> tuple[Category, str]:
    """The category of a product, and the noun that names it as it stands in the brief ("bottle"; empty: unknown).

    What it is said to be ("is a novel") says most, then the end of its name, then the end of its first phrase, then what
    is said about it.
    """
    whole = text
    scores: dict[str, float] = {}
    nouns: dict[str, tuple[float, str]] = {}
    small = f"{name}\n{text}".lower()  # a plain search first: most of the words are in no brief
    told = re.match(rf"(?:the )?{re.escape(name)}\s+(?:is|are)\s+(?:(?:a|an|the|our)\s+)?(?=\w)", lead, re.I)
    if told:
        lead = lead[told.end() :]
    head = re.split(r"\s(?:of|with|for|in|to|from|about|on|by|at|made|delivered|and)\s", lead, maxsplit=1)[0].rstrip(
        " .!"
    )
    name = re.sub(r"[\s\d]+$", "", name)
    for noun, stem, pattern, category in _noun_index():
        if stem not in small:
            continue
        weight, found = 0.0, None
        in_name = list(pattern.finditer(name))
        if in_name:
            found = in_name[-1]
            weight = 12 if found.end() == len(name) else 8
        in_head = pattern.search(head)
        if in_head and in_head.end() == len(head):
            # what it is said to be outright outranks what it is called
            if (14 if told else 10) > weight:
                found, weight = in_head, 14 if told else 10
        elif found is None:
            if match := pattern.search(lead):
                found, weight = match, 7 - 3 * match.start() / max(1, len(lead))
            elif match := pattern.search(text):
                found, weight = match, 1.2
        if found:
            weight += 0.1 * len(noun.split())
            scores[category] = scores.get(category, 0) + (weight if weight > 3 else 0.8)
            if weight > 3 and weight > nouns.get(category, (0.0, ""))[0]:
                nouns[category] = (weight, found.group(0).lower())
            if " " in noun:  # the words of "massage gun" are spent: it is no massage
                name, head, lead, text = (
                    pattern.sub(lambda m: "_" * len(m.group(0)), part) for part in (name, head, lead, text)
                )
    for keyword, pattern, category in _keyword_index():
        if keyword in small and pattern.search(whole):
            scores[category] = scores.get(category, 0) + 1
    if not scores:
        return categories()["goods"], ""
    best = max(scores, key=lambda key: (scores[key], key))
    if scores[best] < 2:
        return categories()["goods"], ""
    return categories()[best], nouns.get(best, (0.0, ""))[1]


def short_name(name: str) -> str:
    """The part of a long name that people say: up to the first separator, then as many words as there is room for. A
    name of several words in capitals is written as a name."""
    name = re.sub(r"\s+", " ", name).strip(" .!?")
    if name.isupper() and len(name.split()) > 1 and len(name) > 8:
        name = " ".join(word if len(word) < 3 or re.search(r"\d", word) else word.capitalize() for word in name.split())
    if len(name) <= MAX_NAME_CHARACTERS:
        return name
    head = re.split(r"\s[-–—|:]\s|\s*[|,:(]\s*|\s+(?:with|for|by|in)\s+", name)[0].strip()
    if len(head) > MAX_NAME_CHARACTERS:
        words: list[str] = []
        for word in head.split():
            if len(" ".join([*words, word])) > MAX_NAME_CHARACTERS:
                break
            words.append(word)
        head = " ".join(words) or head[:MAX_NAME_CHARACTERS]
    return re.sub(r"\s+(?:and|&|of|the|a|an)$", "", head)


def _people(audience: str) -> str:
    text = clean(audience).split("\n")[0].strip(" .!")
    text = re.split(r"[;.(]|,\s+(?:especially|such|who|including)", text)[0].strip()
    text = re.sub(r"^(?:for|people like)\s+", "", text, flags=re.I)
    if (
        not text
        or len(text) > 44
        or _SENSITIVE.search(text)
        or re.match(r"^(?:a|an|the|anyone in|b2b|gen)\b", text, re.I)
    ):
        return ""
    head = re.split(r"\s(?:who|with|in|on|at|of|from|that|and|or|for|looking)\s", text)[0].split()
    if not head or not (
        english.is_plural_noun(head[-1]) or head[-1].lower() in {"people", "everyone", "anyone", "teams"}
    ):
        return ""
    if ", " in text and " and " not in text:
        text = english.series(text.split(", "))
    return english.lower_first(text)


def _plain_words(text: str) -> frozenset[str]:
    found = set()
    for word in re.findall(r"[a-z0-9][a-z0-9\-]*", text.lower()):
        for part in (word, *word.split("-")):
            found |= {part, part.removesuffix("s")}
    return frozenset(found)


def understand(brief: CopyBrief) -> Subject:
    """Reads a brief. Claims that platforms forbid are taken out first and named in `claims`."""
    return _understood(
        brief.product_name,
        brief.description,
        brief.features,
        price_text(brief.price, brief.currency),
        brief.audience,
        brief.subject,
    )


@lru_cache(maxsize=64)  # a product is mostly written about more than once: for platforms, formats, tones, and again
def _understood(
    product_name: str,
    description: str,
    features: tuple[str, ...],
    price: str,
    audience: str,
    advertised: ad_policy.Subject,
) -> Subject:
    claims = allowed_text(description, features, subject=advertised)
    name = short_name(tidy(product_name)) or "this product"
    prose = clean(claims.description)
    everything = " ".join([product_name, prose, *claims.features])
    lead = re.split(r"[.,;\n]|\s(?:that|which|for|with)\s", prose, maxsplit=1)[0][:120]
    category, noun = categorise(re.sub(r"['’]s\b", "", name), lead, everything)
    nouns = frozenset(
        noun for phrase in (*category.nouns, noun) for noun in (phrase, phrase.split()[-1] if phrase else "") if noun
    )
    known = nouns | {english.plural(word) for word in nouns if " " not in word and not english.is_plural_noun(word)}
    proper = proper_words("\n".join([prose, *claims.features]))
    parsed = Parser(name=name, nouns=frozenset(known), proper=proper).read(prose, claims.features)
    facts, definition = parsed.facts, parsed.definition
    if not definition:
        for fact in facts:
            if fact.kind in {FactKind.IS, FactKind.HAS} and head_noun(fact.text) in known | {
                "software",
                "service",
                "tool",
            }:
                definition, facts = fact.text, [other for other in facts if other is not fact]
                break
    loose = False
    own_noun = any(word in known for word in re.findall(r"[a-z\-]+", name.lower()))
    if not definition and not own_noun and facts and facts[0].order == 0 and facts[0].kind is FactKind.HAS:
        # nothing says outright what it is, nor does its name: the first phrase of a brief does
        definition, facts, loose = facts[0].text, facts[1:], True
    if definition and len(facts) < 2 and not loose:  # little is known: what it is has to carry the ad
        several = is_several(definition) and not english.is_plural_noun(re.sub(r"\W+$", "", name).split()[-1])
        kind = FactKind.ITEMS if several else FactKind.IS  # Kiln is no "handmade mugs": it has them
        facts = [*facts, Fact(kind=kind, text=with_article(definition), order=len(facts))]
    last = re.sub(r"[^A-Za-z\-']", "", name.split()[-1])
    goods = category.kind in {"goods", "food"}
    plural = (
        goods
        and english.is_plural_noun(last)
        and (last.lower() in known or (not name[0].islower() and last.lower() == noun.split(" ")[-1]))
    )
    if name[0].islower() and not re.match(r"^[a-z]+[A-Z0-9]", name) and english.is_word(name.split()[0]):
        name = f"the {name}"
    return Subject(
        name=name,
        plural=plural,
        noun=noun,
        noun_plural=bool(noun) and english.is_plural_noun(noun.split()[-1]),
        definition=definition if len(definition) <= 90 else "",
        loose=loose,
        category=category,
        facts=tuple(facts),
        people=_people(audience),
        price=price,
        words=content_words(everything),
        plain=_plain_words(everything),
        claims=claims,
    )


def is_several(definition: str) -> bool:
    """Whether a definition speaks of more than one ("handmade mugs from Wales")."""
    return bool(definition) and english.is_plural_noun(head_noun(definition).split("-")[-1])


def with_article(phrase: str) -> str:
    """A definition with "a" or "an" where it takes one."""
    if head_noun(phrase) == "service":  # one of them, where "customer service" has none
        return f"{english.article(phrase)} {phrase}"
    return phrase if is_mass(phrase) else f"{english.article(phrase)} {phrase}"

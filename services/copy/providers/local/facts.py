# ruff: noqa: E501  (patterns read better unbroken)
"""From a brief's prose to typed facts.

A fact knows what kind of phrase it is, so that a sentence can be built around it without guessing: "keeps water fresh"
needs a subject, "insulated steel body" an article, "dishwasher-safe" a verb, and a full sentence is left as it is.
What is not understood for certain becomes a fragment, which stands alone or not at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, lru_cache

from services.copy.providers.local import english
from services.copy.providers.local.topics import senses_of
from services.copy.providers.local.vocabulary import words


class FactKind(StrEnum):
    """What can be done with the phrase."""

    DOES = "does"  # "keeps water fresh": the product is the subject
    CAN = "can"  # "track every invoice": the customer is the subject
    HAS = "has"  # "insulated steel body"
    IS = "is"  # "dishwasher-safe", "made in Porto", "for dry skin"
    ITEMS = "items"  # "fig leaf, vetiver and sea salt": one list, never parted
    NONE = "none"  # "no subscription", "free returns": stands without article
    SAYS = "says"  # a sentence of the customer's own
    BARE = "bare"  # not understood: stands alone or not at all


@dataclass(frozen=True)
class Fact:
    """One thing that the brief says. `text` is as it stands inside a sentence: no capital, no full stop."""

    kind: FactKind
    text: str
    verb: str = ""  # base form; for DOES and CAN
    rest: str = ""
    mass: bool = False  # HAS without an article: plural or uncountable
    order: int = 0

    @cached_property
    def words(self) -> frozenset[str]:
        return content_words(self.text)

    @cached_property
    def senses(self) -> frozenset[str]:
        return senses_of(self.text)

    @cached_property
    def short(self) -> Fact:
        """Without its subordinate clause; the fact itself where it cannot do without."""
        if self.kind in {FactKind.ITEMS, FactKind.SAYS}:
            return self
        text = _SUBORDINATE.sub("", self.text)
        if len(text.split()) < 2 or text == self.text:
            return self
        return replace(self, text=text, rest=_SUBORDINATE.sub("", self.rest))

    def does(self, *, plural: bool) -> str:
        """ "keeps water fresh", or "keep water fresh" of more than one."""
        if self.kind is not FactKind.DOES:
            raise ValueError(f"{self.kind} fact has no verb")
        if plural:
            verb = "are" if self.verb == "be" else self.verb
            rest = re.sub(r"\bitself\b", "themselves", self.rest)
            rest = _COORDINATED.sub(lambda match: f"{match.group(1)}{english.verb_of(match.group(2))}", rest)
            return f"{verb} {rest}".strip()
        return f"{english.third_person(self.verb)} {self.rest}".strip()

    def do(self) -> str:
        return f"{self.verb} {_bare_verbs(self.rest)}".strip()

    def doing(self) -> str:
        return f"{english.gerund(self.verb)} {self.rest}".strip()

    def noun_phrase(self) -> str:
        """With its article: "an insulated steel body", "USB-C charging"."""
        return self.text if self.mass else f"{english.article(self.text)} {self.text}"


def is_finite(text: str) -> bool:
    """Whether a text surely holds a finite verb, so that it is a sentence."""
    if MODAL_CLAUSE.search(text) is not None:
        return True
    parts = text.lower().split()
    words = [word.strip(",") for word in parts]
    if any(word in _FINITE for word in words[1:]):
        return True
    # "our engineers measure your roof": a plural noun and what it does
    return (
        any(
            english.is_plural_noun(noun)
            and not part.endswith(",")  # "small groups, warm water" is a list
            and english.is_base_verb(verb)
            and (after in _OBJECT_STARTS or english.is_plural_noun(after))
            for noun, part, verb, after in zip(words[:3], parts[:3], words[1:4], words[2:5], strict=False)
        )
        or (
            # "volunteers drive, sort and cook"
            len(words) > 2
            and english.is_plural_noun(words[0])
            and text.split()[1].endswith(",")
            and english.is_base_verb(words[1])
        )
    )


_COORDINATED = re.compile(r"(\band )((?:keeps|makes|holds|stays|turns|gives|helps|cuts|charges|works|sends|shows))\b")


def _bare_verbs(rest: str) -> str:
    return _COORDINATED.sub(lambda match: f"{match.group(1)}{english.verb_of(match.group(2))}", rest)


_SUBORDINATE = re.compile(
    r"\s*(?:,\s(?:so|because|while|even|which|thanks|whether|if|when|without|making|giving|letting)\b|\s(?:so that|so|because|while|thanks to|even when|even if|which|without having|whether)\s).*$"
)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-’']*")
_LONG_WORD = re.compile(r"[a-z0-9][a-z0-9\-’']{3,}")
_STOP = words("facts", "stop")


@lru_cache(maxsize=8192)
def _stem(word: str) -> str:
    """The word without a plural s, with the apostrophe that is typed; empty for one that carries no meaning."""
    word = word.replace("’", "'")
    if word in _STOP:
        return ""
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def content_words(text: str) -> frozenset[str]:
    """The words that carry meaning, in small letters and without a plural s: what overlap is measured on."""
    return frozenset(filter(None, map(_stem, _LONG_WORD.findall(text.lower()))))


@lru_cache(maxsize=4096)
def words_of_line(text: str) -> frozenset[str]:
    """The content words of a line that comes up again and again."""
    return content_words(text)


# Verbs that begin a thing a product does, where the word is hardly ever a noun at the head of a phrase.
DOES_WORDS = words("facts", "does")
# Of those, the ones that make a sentence wherever they stand.
_FINITE = DOES_WORDS - words("facts", "either") - {"answers", "tastes", "looks", "needs"}
# Of those, the ones that are as often plural nouns: they count only before a word that makes them verbs.
EITHER_WORDS = words("facts", "either")
_VERBAL_NEXT = words("facts", "verbal_next")
AFTER_NOUN = frozenset({"and", "or", "are", "is", "for", "of", "from", "last", "come", "included", "available"})
CAN_WORDS = words("facts", "can")
_OBJECT_STARTS = words("facts", "determiners") | words("facts", "verbal_next")
BASE_DOES = tuple(
    sorted(
        {verb for verb in map(english.verb_of, DOES_WORDS - EITHER_WORDS) if verb} - {"light", "clean", "cool", "dry"}
    )
)
_DETERMINERS = words("facts", "determiners")
_SURE_CAN = words("facts", "sure_can")
_PARTICIPLES = words("facts", "participles")
_ADJECTIVES = words("facts", "adjectives")
_ADJECTIVE_END = re.compile(
    r"-(?:free|safe|proof|friendly|resistant|ready|based|tested|made|approved|certified|washable)$"
)
_ADJECTIVES_AT_HEAD = re.compile(r"(?:proof|resistant|free|safe|able)$")
_ADVERB = re.compile(
    r"^(?:fully|machine|completely|100%|entirely|hand|naturally|ethically|locally|responsibly|infinitely)$"
)
NO_ARTICLE = words("facts", "no_article")
_PREPOSITION = re.compile(
    r"\s(?:\w+ed (?:with|in|from|by|for|to)|of|with|for|in|to|per|from|that|which|who|on|by|at|without|under|over|against|between|inside|(?:and|or) (?:a|an|the|two|three|four|\d)|you|so|as|"
    r"made|designed|built|up|during|across|when|where|while|after|before|including|based|along|through|around)(?:\s.*)?$"
)
_UNITS = words("facts", "units")
_LEAD_NUMBER = re.compile(
    r"^(?:[$€£]?\d[\d,.]*\+?%?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|dozens|hundreds)$", re.I
)
_QUANTIFIED = re.compile(
    r"^(?:no|zero|free|unlimited|more|less|all|every|any|our|your|its|the|a|an|both|up|over)$", re.I
)
MODAL_CLAUSE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|will|do|does|did|won['’]t|can['’]t|don['’]t|doesn['’]t|isn['’]t|aren['’]t|you['’]ll|"
    r"we['’]ll|it['’]s|that['’]s|there['’]s|you['’]re|we['’]re|we['’]ve|comes|goes|gets|takes|needs|means|lets|keeps|makes|gives|"
    r"works|fits|holds|helps|includes|turns|stays|lasts|use|make|offer|build|believe|roast|bake|deliver|ship|come|get|need|want|take)\b",
    re.I,
)


def does_verb(words: list[str]) -> str | None:
    """The verb of a phrase that says what the product does; None if it is not one."""
    head = words[0].lower()
    if head not in DOES_WORDS:
        # an unlisted verb counts where the next word settles it: "irons out", "doubles as a tray"
        if len(words) < 2 or words[1].lower() not in {"a", "an", "your", "you", "itself", "up", "as", "the", "its"}:
            return None
        return english.verb_of(head)
    if head in EITHER_WORDS and (
        len(words) < 2 or not (words[1].lower() in _VERBAL_NEXT or words[1][0].isdigit() or words[1].endswith("ly"))
    ):
        return None
    return english.verb_of(head)


def is_only_verb(word: str) -> bool:
    """Whether a word is the third person of a verb and no plural: "explains", not "seats"."""
    return english.verb_of(word) is not None and not english.is_plural_noun(word)


def is_can(words: list[str]) -> bool:
    head = words[0].lower()
    if len(words) < 2 or head not in CAN_WORDS:
        return False
    following = words[1].lower().rstrip(",")
    if head in {"set", "cut", "read"} and following in {"in", "on", "at", "by", "from"}:
        return False  # "set on the coast of Maine"
    if following.endswith("ly") and len(words) == 2:
        return True
    if following in _DETERMINERS or english.gerund(head) == following:
        return True
    return head in _SURE_CAN and (english.is_plural_noun(following) or english.is_adjective_only(following))


def is_adjectival(words: list[str]) -> bool:
    head = words[0].lower().rstrip(",")
    if head in _PARTICIPLES:
        if head in {
            "safe",
            "free",
            "ready",
            "easy",
            "gentle",
            "ideal",
            "perfect",
            "suitable",
            "compatible",
            "available",
            "suited",
        }:
            return len(words) > 1 and words[1].lower() in {
                "for",
                "to",
                "of",
                "on",
                "in",
                "with",
                "from",
                "as",
                "enough",
                "at",
            }
        return (head in {"handmade", "handcrafted"} and len(words) == 1) or (
            len(words) > 1
            and words[1].lower()
            in {
                "in",
                "from",
                "of",
                "by",
                "for",
                "with",
                "to",
                "on",
                "at",
                "without",
                "and",
                "out",
                "around",
                "under",
                "daily",
                "entirely",
                "using",
                "locally",
                "fresh",
                "slowly",
                "only",
            }
        )
    if len(words) > 1 and (
        head == "open" or (_ADJECTIVES_AT_HEAD.search(head) and words[1].lower() in {"to", "for", "in", "up", "down"})
    ):
        return True
    if head == "for" or (head == "set" and len(words) > 1 and words[1].lower() in {"in", "on", "at"}):
        return True
    if len(words) == 1 and re.search(r"(?:[a-z]able|ible|less|proof|-free)$", head):
        return True
    if re.match(
        r"^\S+ (?:minutes?|hours?|steps?|km|kilomet\w+|miles?|met\w+|blocks?) (?:walk )?from\b", " ".join(words), re.I
    ):
        return True
    if head in {"high", "low", "rich"} and len(words) > 1 and words[1].lower() == "in":
        return True
    if (
        head.endswith("ed")
        and len(words) > 1
        and english.is_base_verb(head) is False
        and (
            words[1].lower()
            in {"in", "from", "by", "for", "with", "on", "at", "to", "without", "over", "until", "within", "overnight"}
            or words[1].endswith("ly")
        )
    ):
        return True
    flat = [word.lower().strip(",") for word in words if word.lower() not in {"and", "or", "&"}]
    return all(
        word in _ADJECTIVES or _ADJECTIVE_END.search(word) or _ADVERB.match(word) for word in flat
    ) and not _ADVERB.match(flat[-1])


def head_noun(phrase: str) -> str:
    """The noun that the phrase is about: its last word before any preposition."""
    bare = _PREPOSITION.sub("", " " + phrase).strip(" ,")
    words = _WORD.findall(re.sub(r"\([^)]*\)", "", bare))
    return words[-1].lower() if words else ""


def is_mass(phrase: str) -> bool:
    """Whether a noun phrase goes without an article: plural, uncountable, counted, or it has a determiner."""
    words = phrase.split()
    first = words[0].lower()
    if _QUANTIFIED.match(first):
        return True
    head = head_noun(phrase)
    if _LEAD_NUMBER.match(first) and "-" not in first:
        # "500 templates", "30 g of protein"; but "a 10,000 mAh battery"
        unit = words[1].lower() if len(words) > 1 else ""
        return not (
            unit in _UNITS
            and len(words) > 2
            and words[2].lower() not in {"of", "in", "per"}
            and not english.is_plural_noun(head)
        )
    return (
        head in NO_ARTICLE
        or re.search(r"\b[A-Z]{2,}s\b", phrase) is not None
        or english.is_plural_noun(head.split("-")[-1])
        or (
            head.endswith(("ing", "ness", "ware"))
            and head not in {"ring", "string", "spring", "setting", "wing", "lining"}
        )
    )

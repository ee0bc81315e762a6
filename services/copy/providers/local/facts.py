# ruff: noqa: E501  (patterns read better unbroken)
"""From a brief's prose to typed facts.

A fact knows what kind of phrase it is, so that a sentence can be built around it without guessing: "keeps water fresh"
needs a subject, "insulated steel body" an article, "dishwasher-safe" a verb, and a full sentence is left as it is.
What is not understood for certain becomes a fragment, which stands alone or not at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache

from services.copy.providers.local import english
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


def _finite(text: str) -> bool:
    """Whether a text surely holds a finite verb, so that it is a sentence."""
    if _MODAL_CLAUSE.search(text) is not None:
        return True
    words = [word.lower().strip(",") for word in text.split()]
    if any(word in _FINITE for word in words[1:]):
        return True
    # "our engineers measure your roof": a plural noun and what it does
    return any(
        english.is_plural_noun(noun)
        and english.is_base_verb(verb)
        and (after in _OBJECT_STARTS or english.is_plural_noun(after))
        for noun, verb, after in zip(words[:3], words[1:4], words[2:5], strict=False)
    ) or (
        # "volunteers drive, sort and cook"
        len(words) > 2
        and english.is_plural_noun(words[0])
        and text.split()[1].endswith(",")
        and english.is_base_verb(words[1])
    )


_COORDINATED = re.compile(r"(\band )((?:keeps|makes|holds|stays|turns|gives|helps|cuts|charges|works|sends|shows))\b")


def _bare_verbs(rest: str) -> str:
    return _COORDINATED.sub(lambda match: f"{match.group(1)}{english.verb_of(match.group(2))}", rest)


_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-’']*")
_STOP = words("facts", "stop")


@lru_cache(maxsize=2048)
def content_words(text: str) -> frozenset[str]:
    """The words that carry meaning, in small letters and without a plural s: what overlap is measured on."""
    found = set()
    for word in _WORD.findall(text.lower()):
        if len(word) >= 4 and word not in _STOP:
            found.add(word[:-1] if word.endswith("s") and not word.endswith("ss") else word)
    return frozenset(found)


# Verbs that begin a thing a product does, where the word is hardly ever a noun at the head of a phrase.
_DOES = words("facts", "does")
# Of those, the ones that make a sentence wherever they stand.
_FINITE = _DOES - words("facts", "either") - {"answers", "tastes", "looks", "needs"}
# Of those, the ones that are as often plural nouns: they count only before a word that makes them verbs.
_EITHER = words("facts", "either")
_VERBAL_NEXT = words("facts", "verbal_next")
_AFTER_NOUN = frozenset({"and", "or", "are", "is", "for", "of", "from", "last", "come", "included", "available"})
_CAN = words("facts", "can")
_OBJECT_STARTS = words("facts", "determiners") | words("facts", "verbal_next")
_BASE_DOES = tuple(
    sorted({verb for verb in map(english.verb_of, _DOES - _EITHER) if verb} - {"light", "clean", "cool", "dry"})
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
_NO_ARTICLE = words("facts", "no_article")
_PREPOSITION = re.compile(
    r"\s(?:\w+ed (?:with|in|from|by|for|to)|of|with|for|in|to|per|from|that|which|on|by|at|without|under|over|against|between|inside|(?:and|or) (?:a|an|the|two|three|four|\d)|you|so|as|"
    r"made|designed|built|up|during|across|when|where|while|after|before|including|based|along|through|around)(?:\s.*)?$"
)
_UNITS = words("facts", "units")
_LEAD_NUMBER = re.compile(
    r"^(?:[$€£]?\d[\d,.]*\+?%?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|dozens|hundreds)$", re.I
)
_QUANTIFIED = re.compile(
    r"^(?:no|zero|free|unlimited|more|less|all|every|any|our|your|its|the|a|an|both|up|over)$", re.I
)
_SENTENCE_SUBJECT = re.compile(
    r"^(?:you|we|our|your|every|each|no one|nothing|there|i|they|he|she|my|whether|when|if|just|simply|with|from|inside|"
    r"all|never|always|most|many|some|this|these|that|let|don['’]t|because|instead|forget|say|perfect|one|two|once|now)\b",
    re.I,
)
_MODAL_CLAUSE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|will|do|does|did|won['’]t|can['’]t|don['’]t|doesn['’]t|isn['’]t|aren['’]t|you['’]ll|"
    r"we['’]ll|it['’]s|that['’]s|there['’]s|you['’]re|we['’]re|we['’]ve|comes|goes|gets|takes|needs|means|lets|keeps|makes|gives|"
    r"works|fits|holds|helps|includes|turns|stays|lasts|use|make|offer|build|believe|roast|bake|deliver|ship|come|get|need|want|take)\b",
    re.I,
)
_RELATIVE = re.compile(r"\s(?:that|which|who|where)\s[^,]*")
_BULLET = re.compile(r"^[\s•\-–—*·✓✔▪◦►>#]+")
_TAG = re.compile(r"<[^>]{1,200}>")
_URL = re.compile(r"(?:https?://|www\.)\S+", re.I)
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d]")
_SENTENCES = re.compile(
    r"(?<=[!?])\s+|(?<=[.!?])\s+(?=[A-Z0-9“\"'‘(])|\n+|;\s+|(?<=[a-z)])\s+[–—]\s+(?=[a-zA-Z])|\s+\|\s+"
)
_NO_LABEL = frozenset({"you", "we", "it", "they", "the", "this", "our", "your", "there"})
MAX_FACTS = 24
MAX_FACT_CHARACTERS = 180
# What no ad repeats: calls of the page it was copied from, struck-through prices, self-praise, and what it is not.
_NOISE = re.compile(
    r"^(?:click|tap|swipe|scroll|visit|read more|see more|shop now|buy now|order now|add to cart|link in)\b|>>|<<|"
    r"[$€£]\s?\d[^$€£]*[$€£]\s?\d|\bwas\b.*\bnow\b|\b(?:best|greatest|coolest|amazing|ultimate)\b.*\b(?:ever|in the world|on the market)\b|"
    r"^not (?:suitable|for|included|available|intended|recommended)\b|^(?:excludes|excluding|except)\b",
    re.I,
)


def clean(text: str) -> str:
    """The customer's text without mark-up, addresses, emoji, shouting and odd spaces."""
    return "\n".join(calm(line) for line in tidy(text).splitlines())


def tidy(text: str) -> str:
    """The customer's text without mark-up, addresses, emoji and odd spaces."""
    text = _EMOJI.sub("", _URL.sub("", _TAG.sub(" ", text)))
    text = text.replace("\u00a0", " ").replace("\t", " ").replace("’", "'")
    text = re.sub(r"([!?])[!?]+", r"\1", text)
    return "\n".join(re.sub(r"\s+", " ", line).strip() for line in text.splitlines()).strip()


def calm(line: str) -> str:
    """A line in capitals as one would write it; acronyms and anything with a digit in it stay as they are."""
    shouted = re.findall(r"\b[A-Z]{4,}\b", line)
    if not shouted or sum(map(len, shouted)) < 0.4 * sum(map(str.isalpha, line)):
        return line
    lowered = re.sub(r"\b(?:[A-Z]{4,}|(?:AND|FOR|THE|BUY|GET|NOW|NEW|ALL|WAS|OUT|YOU|NO|TO|OF|IN|ON|IS|IT|A|WE))\b",
                     lambda match: match.group(0).lower(), line)  # fmt: skip
    return re.sub(r"(?:^|(?<=[.!?]\s))[a-z]", lambda match: match.group(0).upper(), lowered)


def proper_words(text: str) -> frozenset[str]:
    """Words that stand with a capital inside a sentence: names, to be left alone."""
    return frozenset(match.lower() for match in re.findall(r"(?<=[a-z,] )([A-Z][a-z]+)\b", text))


def does_verb(words: list[str]) -> str | None:
    """The verb of a phrase that says what the product does; None if it is not one."""
    head = words[0].lower()
    if head not in _DOES:
        # an unlisted verb counts where the next word settles it: "irons out", "doubles as a tray"
        if len(words) < 2 or words[1].lower() not in {"a", "an", "your", "you", "itself", "up", "as", "the", "its"}:
            return None
        return english.verb_of(head)
    if head in _EITHER and (
        len(words) < 2 or not (words[1].lower() in _VERBAL_NEXT or words[1][0].isdigit() or words[1].endswith("ly"))
    ):
        return None
    return english.verb_of(head)


def _only_verb(word: str) -> bool:
    """Whether a word is the third person of a verb and no plural: "explains", not "seats"."""
    return english.verb_of(word) is not None and not english.is_plural_noun(word)


def _is_can(words: list[str]) -> bool:
    head = words[0].lower()
    if len(words) < 2 or head not in _CAN:
        return False
    following = words[1].lower().rstrip(",")
    if head in {"set", "cut", "read"} and following in {"in", "on", "at", "by", "from"}:
        return False  # "set on the coast of Maine"
    if following.endswith("ly") and len(words) == 2:
        return True
    if following in _DETERMINERS or english.gerund(head) == following:
        return True
    return head in _SURE_CAN and (english.is_plural_noun(following) or english.is_adjective_only(following))


def _is_adjectival(words: list[str]) -> bool:
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
        head in _NO_ARTICLE
        or re.search(r"\b[A-Z]{2,}s\b", phrase) is not None
        or english.is_plural_noun(head.split("-")[-1])
        or (
            head.endswith(("ing", "ness", "ware"))
            and head not in {"ring", "string", "spring", "setting", "wing", "lining"}
        )
    )


def _split_list(sentence: str) -> list[str]:
    """The members of a comma list; members that only make sense together stay together."""
    parts = [part.strip() for part in re.split(r",\s+(?:and\s+|plus\s+|&\s+)?|\s+plus\s+", sentence) if part.strip()]
    had_final_and = re.search(r",\s+and\s+[^,]+$", sentence) is not None
    if len(parts) < 2:
        return parts
    grouped: list[str] = []
    run: list[str] = []
    for index, part in enumerate(parts):
        words = part.split()
        simple = len(words) <= 2 and not part[0].isdigit() and does_verb(words) is None and not _is_adjectival(words)
        joined = re.match(r"^(\S+(?: \S+){0,2}) (?:and|&|or) (\S+(?: \S+){0,2})$", part)
        if joined and run and does_verb(joined.group(2).split()) is None:
            grouped.append(f"{', '.join(run)}, {part}" if run else part)
            run = []
        elif simple:
            run.append(part)
            if had_final_and and index == len(parts) - 1 and len(run) > 1:
                grouped.append(english.series(run))
                run = []
        else:
            grouped.extend(run)
            run = []
            grouped.append(part)
    return grouped + run


def _verb_parts(phrase: str) -> list[str]:
    """ "cleans itself and keeps water fresh" is two facts."""
    parts = re.split(r",?\s+and\s+(?=([a-z]+s)\b)", phrase)
    kept = [parts[0]]
    for position in range(1, len(parts), 2):
        tail = parts[position + 1]
        words = tail.split()
        if len(words) > 1 and (does_verb(words) or (_only_verb(words[0]) and does_verb(kept[0].split()))):
            kept.append(tail)
        else:
            kept[-1] = f"{kept[-1]} and {tail}"
    return kept


@dataclass
class Parsed:
    """What the prose gave: what the product is ("insulated bottle", without article), and the facts in order."""

    definition: str
    facts: list[Fact]


class Parser:
    """Reads the prose of one brief. `nouns` are words that name this kind of product ("bottle"): a phrase about
    such a noun says what the product is and not what it has."""

    def __init__(self, *, name: str, nouns: frozenset[str], proper: frozenset[str]) -> None:
        self._name = name
        self._nouns = nouns
        self._proper = proper
        self._facts: list[Fact] = []
        self._seen: list[frozenset[str]] = []
        self._definition = ""
        kinds = "|".join(sorted((re.escape(noun) for noun in nouns), key=len, reverse=True)) or r"(?!)"
        names = re.escape(name)
        short = re.escape(name.split(maxsplit=1)[0]) if len(name.split(maxsplit=1)[0]) > 3 else names
        self._subject = re.compile(
            rf"^(?:the\s+|our\s+)?(?:{names}|{short}|it|they|this (?:{kinds}|product|set|tool|service|course|kit|app|platform)"
            rf"|the (?:{kinds}|app|platform))\s+(?:also\s+|even\s+)?(?=[a-z]+)",
            re.I,
        )

    def read(self, description: str, features: tuple[str, ...]) -> Parsed:
        for index, sentence in enumerate(_SENTENCES.split(clean(description))):
            text = _BULLET.sub("", sentence).strip()
            if text:
                self._sentence(text, first=index == 0)
        for feature in features:
            for text in _SENTENCES.split(clean(feature)):
                phrase = _BULLET.sub("", text).strip()
                if phrase:
                    self._feature(phrase)
        return Parsed(definition=self._definition, facts=self._facts[:MAX_FACTS])

    def _sentence(self, text: str, *, first: bool) -> None:
        ended = text[-1] in ".!?"
        body = text.rstrip(".! ").strip()
        if text.endswith("?"):
            return  # a question states nothing
        body = re.sub(
            r"^(?:Introducing|Meet|Features?|Includes?|Benefits?|Details|Specs?|Highlights)\s*:?\s+(?=\S)", "", body
        )
        label = re.match(r"^[A-Z][\w &]{2,24}:\s+(?=\S)", body)
        if label and body.split(" ", 1)[0].lower() not in _NO_LABEL:
            body = body[label.end() :]
            items = re.split(r",\s+(?:and\s+)?|\s+and\s+", body)
            if len(items) > 1 and all(len(item.split()) <= 2 for item in items):
                self._add(FactKind.ITEMS, english.series(items))
                return
        subject = self._subject.match(body)
        if subject:
            tail = body[subject.end() :]
            if self._predicate(tail):
                return
            self._add(FactKind.SAYS, english.upper_first(body))
            return
        if ended and (
            re.match(r"^(?:we|you|they|i)\s+\w+", body, re.I) or (_SENTENCE_SUBJECT.match(body) and _finite(body))
        ):
            self._add(FactKind.SAYS, english.upper_first(body))
            return
        if re.match(r"^(?:a|an|the)\s", body, re.I):
            if self._definition_phrase(re.sub(r"^(?:a|an|the)\s+", "", body, flags=re.I), strict=not first):
                return
            if ended and _MODAL_CLAUSE.search(body):
                self._add(FactKind.SAYS, english.upper_first(body))
                return
        words = body.split()
        if _is_can(words):
            self._can(body)
            return
        if (
            ended
            and len(words) > 1
            and words[0].lower() in _EITHER
            and words[1].lower() not in _AFTER_NOUN
            and ("," not in body or " and " in body)
        ):
            self._add(FactKind.DOES, body, verb=english.verb_of(words[0]) or words[0], rest=" ".join(words[1:]))
            return
        if (
            ended
            and len(words) >= 4
            and _finite(_RELATIVE.sub("", body))
            and not does_verb(words)
            and not _is_adjectival(words)
            and not self._about_itself(body)
        ):
            self._add(FactKind.SAYS, english.upper_first(body))
            return
        if first and self._definition_phrase(body, strict=True):
            return
        self._list(body)

    def _feature(self, phrase: str) -> None:
        ended = phrase[-1] in ".!?"
        body = phrase.rstrip(".!?, ")
        subject = self._subject.match(body)
        if subject and self._predicate(body[subject.end() :]):
            return
        label = re.match(r"^([A-Z][\w \-&]{2,30}):\s+(\S.*)$", body)
        if label:
            body = label.group(2)
        if (ended or len(body.split()) > 5) and _SENTENCE_SUBJECT.match(body) and _MODAL_CLAUSE.search(body):
            self._add(FactKind.SAYS, english.upper_first(body))
            return
        if self._about_itself(body) and not self._definition and len(body.split()) > 1:
            self._definition_phrase(body, strict=True)
            return
        self._phrase(body)

    def _about_itself(self, phrase: str) -> bool:
        head = head_noun(re.split(r"\s(?:that|which|who)\s|,", phrase)[0])
        return head in self._nouns

    def _predicate(self, tail: str) -> bool:
        """What follows the product's own name in a sentence."""
        be = re.match(r"^(?:is|are|was|were)\s+(.*)$", tail)
        if be and tail.startswith("w") and not re.match(r"\w+ (?:made|designed|built|developed|created)\b", tail):
            return False
        if be:
            rest = be.group(1)
            article = re.match(r"^(?:a|an|the|our)\s+(.*)$", rest)
            if article:
                return self._definition_phrase(article.group(1), strict=False)
            if not re.match(
                r"^(?:not|where|what|how|when|why|because|here|there|all|one|more|so|now|your|everything)\b", rest
            ):
                self._add(FactKind.IS, rest)
                return True
            return False
        words = tail.split()
        if len(words) > 1 and words[0].lower() in {"has", "have", "comes", "features", "includes"}:
            with_ = re.match(r"^(?:has|have|comes with|features|includes)\s+(?:a\s+|an\s+)?(.+)$", tail)
            if with_ and "," not in with_.group(1) and " and " not in with_.group(1):
                self._phrase(with_.group(1))
                return True
        verb = does_verb(words) or (english.verb_of(words[0]) if len(words) > 1 else None)
        if verb is None and len(words) > 1 and words[0].lower() in {"can", "will"} and english.is_base_verb(words[1]):
            tail, verb = " ".join(words[1:]), words[1].lower()
            self._add(FactKind.DOES, tail, verb=verb, rest=" ".join(words[2:]))
            return True
        if verb is None and len(words) > 1 and english.is_base_verb(words[0]):
            for part in self._clauses(tail):
                pieces = part.split()
                self._add(FactKind.DOES, part, verb=pieces[0].lower(), rest=" ".join(pieces[1:]))
            return True
        if verb is None:
            return False
        for part in self._clauses(tail):
            pieces = part.split()
            found = does_verb(pieces) or english.verb_of(pieces[0])
            if found and len(pieces) > 1:
                self._add(FactKind.DOES, part, verb=found, rest=" ".join(pieces[1:]))
            else:
                self._phrase(part)
        return True

    def _clauses(self, tail: str) -> list[str]:
        """Verb phrases of one subject; commas part them only where a verb follows."""
        found: list[str] = []
        if tail.split(maxsplit=1)[0].lower() in _BASE_DOES:  # of more than one: "play for hours, fold flat and connect"
            pieces = re.split(r"(?:,\s+(?:and\s+)?|\s+and\s+)(?=(?:" + "|".join(_BASE_DOES) + r")\s)", tail)
            return [piece for piece in pieces if piece]
        for piece in re.split(r",\s+(?:and\s+)?(?=[a-z]+s\s)", tail):
            words = piece.split()
            if found and not (len(words) > 1 and (does_verb(words) or _only_verb(words[0]))):
                found[-1] = f"{found[-1]}, {piece}"
            else:
                found.append(piece)
        return [part for piece in found for part in _verb_parts(piece)]

    def _definition_phrase(self, phrase: str, *, strict: bool) -> bool:
        """ "insulated bottle that cleans itself": what it is, and facts behind "that"."""
        match = re.match(r"^(.+?)(?:,)?\s+(?:that|which)\s+(.+)$", phrase)
        head, relative = (match.group(1), match.group(2)) if match else (phrase, "")
        whole = len(head) <= 90 and re.match(r"^[^,]+\s(?:with|from|of|in|for)\s[^,]+,.*\s(?:and|or)\s", head)
        first_part, *others = _split_list(head) if ", " in head and strict and not whole else [head]
        if strict and not self._about_itself(first_part):
            return False
        if does_verb(first_part.split()) or len(first_part) > 110 or re.search(r"[:.]", first_part):
            return False
        if relative and not self._predicate(relative):
            # the clause belongs to the noun ("bottle that you can ..."): keep them together
            first_part = f"{first_part} that {relative}" if len(phrase) <= 110 else first_part
        if not self._definition:
            if len(first_part.split()) > 1 or first_part.lower() not in self._nouns:
                self._definition = self._small(first_part)
        else:
            self._add(FactKind.BARE, first_part)
        for other in others:
            self._phrase(other)
        return True

    def _list(self, body: str) -> None:
        if does_verb(body.split()) and re.search(r",[^,]* and [^,]+$", body) and len(body.split()) > 1:
            for part in self._clauses(body):  # "works with Slack, Shopify and Xero" is one fact
                self._phrase(part)
            return
        pieces = [piece for part in _split_list(body) for piece in _verb_parts(part)]
        verbal = any(does_verb(piece.split()) for piece in pieces)
        for piece in pieces:
            words = piece.split()
            verb = english.verb_of(words[0])
            if verbal and verb and len(words) > 1:  # "seats four" beside "heats to 90 °C" is no seat
                self._add(FactKind.DOES, piece, verb=verb, rest=" ".join(words[1:]))
            else:
                self._phrase(piece)

    def _can(self, body: str) -> None:
        """ "track invoices, get paid faster, and see what you owe" is three facts."""
        pieces: list[str] = []
        for piece in re.split(r",\s+(?:and\s+)?(?=[a-z]+\s)", body):
            if pieces and piece.split()[0].lower() not in _CAN:
                pieces[-1] = f"{pieces[-1]}, {piece}"
            else:
                pieces.append(piece)
        for piece in pieces:
            words = piece.split()
            self._add(FactKind.CAN, piece, verb=words[0].lower(), rest=" ".join(words[1:]))

    def _phrase(self, phrase: str) -> None:
        """One phrase, by what it begins with."""
        phrase = re.sub(
            r"^(?:and|plus|also(?!\s+(?:as|in|available))|with|it|has|have|having|includes|including|features|featuring)\s+(?:a\s+|an\s+)?(?=\S)",
            "",
            phrase,
            flags=re.I,
        ).strip(" ,")
        phrase = re.sub(r"^(?:a|an)\s+", "", phrase, flags=re.I)
        words = phrase.split()
        if not words or len(phrase) < 3:
            return
        relative = re.match(r"^(.+?)\s+(?:that|which)\s+(.+)$", phrase)
        verb = does_verb(words)
        if verb and len(words) > 1:
            self._add(FactKind.DOES, phrase, verb=verb, rest=" ".join(words[1:]))
        elif _is_can(words):
            self._can(phrase)
        elif _is_adjectival(words):
            self._add(FactKind.IS, phrase)
        elif re.match(r"^(?:no|zero|free|without|never)\s", phrase, re.I):
            kind = FactKind.NONE if not phrase.lower().startswith(("without", "never")) else FactKind.BARE
            self._add(kind, phrase)
        elif re.search(r",\s.* (?:and|&|or) ", phrase) or re.match(r"^\S+(?: \S+)?(?:, \S+(?: \S+)?)+$", phrase):
            self._add(FactKind.ITEMS, phrase)
        elif relative and self._about_itself(phrase) and not self._definition:
            self._definition_phrase(phrase, strict=True)
        elif self._noun_phrase(phrase, words):
            self._add(FactKind.HAS, phrase, mass=is_mass(phrase))
        else:
            self._add(FactKind.BARE, phrase)

    def _noun_phrase(self, phrase: str, words: list[str]) -> bool:
        """Whether the phrase is surely a plain noun phrase."""
        head = head_noun(phrase)
        if not head or len(words) > 9 or re.search(r"[:,()/“”\"]", phrase):
            return False
        first = words[0].lower()
        if first in {
            "to",
            "from",
            "in",
            "on",
            "by",
            "as",
            "when",
            "if",
            "so",
            "up",
            "also",
            "back",
            "ready",
            "now",
            "more",
            "less",
            "your",
            "you",
            "our",
            "we",
            "all",
            "the",
            "its",
            "over",
        }:
            return False
        if re.search(
            r"\b(?:welcome|included|native|offline|again|any time|on us|or|a day|a week|a month|within|anywhere|only|each)\b| free$",
            phrase,
        ) or re.match(r"ages? \d", phrase, re.I):
            return False
        if any(word in _DOES and word not in _EITHER for word in words[1:]) or (
            english.is_base_verb(first)
            and first in _CAN
            and len(words) > 2
            and words[1] in {"from", "within", "with", "to"}
        ):
            return " that " in phrase or " which " in phrase
        if re.search(r"\b(?:is|are|you|we|will|can|it's|they|was|have|has)\b", phrase):
            return False
        if english.is_adjective_only(head) or head.endswith("ly"):
            return False
        if (
            re.match(r"^\w+s$", first)
            and first not in _NO_ARTICLE
            and len(words) > 2
            and english.verb_of(first)
            and words[1].lower() in {"your", "the", "a", "an"}
        ):
            return False
        return (
            english.is_word(head.split("-")[-1])
            or head in _NO_ARTICLE
            or head[0].isdigit()
            or (len(words) > 1 and head.isalpha() and len(head) > 2)
        )

    def _small(self, text: str) -> str:
        """The phrase with a small letter, unless its first word is a name."""
        first, _, rest = text.partition(" ")
        if first.lower() in self._nouns and first[:1].isupper() and first[1:].islower():
            return f"{first.lower()} {rest}".strip()
        return english.lower_first(text, proper=self._proper)

    def _add(self, kind: FactKind, text: str, *, verb: str = "", rest: str = "", mass: bool = False) -> None:
        text = text.strip(" ,.;:!")
        if _NOISE.search(text):
            return
        if len(text) > MAX_FACT_CHARACTERS or len(text) < 3 or text.count("(") != text.count(")"):
            return
        if text.lower().startswith(self._name.lower()) and kind is not FactKind.SAYS:
            return
        if kind is not FactKind.SAYS:
            text = self._small(text)
        words = content_words(text)
        if words and any(
            len(words & seen) >= 0.7 * max(2, min(len(words), len(seen))) or words == seen
            for seen in self._seen
            if seen
        ):
            return  # said already, in other words
        self._seen.append(words)
        self._facts.append(
            Fact(kind=kind, text=text, verb=verb, rest=rest.strip(" ,.;:"), mass=mass, order=len(self._facts))
        )

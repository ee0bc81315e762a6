# ruff: noqa: E501  (patterns read better unbroken)
"""From a brief's prose to facts: sentences are taken apart at what is surely a phrase, and left whole where nothing is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.copy.providers.local import english
from services.copy.providers.local.facts import (
    AFTER_NOUN,
    BASE_DOES,
    CAN_WORDS,
    DOES_WORDS,
    EITHER_WORDS,
    MODAL_CLAUSE,
    NO_ARTICLE,
    Fact,
    FactKind,
    content_words,
    does_verb,
    head_noun,
    is_adjectival,
    is_can,
    is_finite,
    is_mass,
    is_only_verb,
)
from services.copy.providers.local.text_cleanup import clean

_SENTENCE_SUBJECT = re.compile(
    r"^(?:you|we|our|your|every|each|no one|nothing|there|i|they|he|she|my|whether|when|if|just|simply|with|from|inside|"
    r"all|never|always|most|many|some|this|these|that|let|don['’]t|because|instead|forget|say|perfect|one|two|once|now)\b",
    re.I,
)
_RELATIVE = re.compile(r"\s(?:that|which|who|where)\s[^,]*")
_BULLET = re.compile(r"^[\s•\-–—*·✓✔▪◦►>#]+")
_SENTENCES = re.compile(
    r"(?<=[!?])\s+|(?<=[.!?])\s+(?=[A-Z0-9“\"'‘(])|\n+|;\s+|(?<=[a-z)])\s+[–—]\s+(?=[a-zA-Z])|\s+\|\s+"
)
_OFFERED = re.compile(r"(?:Available |Our )?(?:(flavou?rs?|colou?rs?|shades|sizes|finishes)|tast\w+ notes)\b", re.I)
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
        simple = len(words) <= 2 and not part[0].isdigit() and does_verb(words) is None and not is_adjectival(words)
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
        if len(words) > 1 and (does_verb(words) or (is_only_verb(words[0]) and does_verb(kept[0].split()))):
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
                offered = _OFFERED.match(label.group(0))
                if offered:
                    verb, joint = ("come", "in") if offered.group(1) else ("taste", "of")
                    rest = f"{joint} {english.series(items)}"
                    self._add(FactKind.DOES, f"{verb} {rest}", verb=verb, rest=rest)
                    return
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
            re.match(r"^(?:we|you|they|i)\s+\w+", body, re.I) or (_SENTENCE_SUBJECT.match(body) and is_finite(body))
        ):
            self._add(FactKind.SAYS, english.upper_first(body))
            return
        if re.match(r"^(?:a|an|the)\s", body, re.I):
            if self._definition_phrase(re.sub(r"^(?:a|an|the)\s+", "", body, flags=re.I), strict=not first):
                return
            if ended and MODAL_CLAUSE.search(body):
                self._add(FactKind.SAYS, english.upper_first(body))
                return
        words = body.split()
        if is_can(words):
            self._can(body)
            return
        if (
            ended
            and len(words) > 1
            and words[0].lower() in EITHER_WORDS
            and words[1].lower() not in AFTER_NOUN
            and ("," not in body or " and " in body)
        ):
            self._add(FactKind.DOES, body, verb=english.verb_of(words[0]) or words[0], rest=" ".join(words[1:]))
            return
        if (
            ended
            and len(words) >= 4
            and is_finite(_RELATIVE.sub("", body))
            and not does_verb(words)
            and not is_adjectival(words)
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
        if (ended or len(body.split()) > 5) and _SENTENCE_SUBJECT.match(body) and MODAL_CLAUSE.search(body):
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
        if tail.split(maxsplit=1)[0].lower() in BASE_DOES:  # of more than one: "play for hours, fold flat and connect"
            pieces = re.split(r"(?:,\s+(?:and\s+)?|\s+and\s+)(?=(?:" + "|".join(BASE_DOES) + r")\s)", tail)
            return [piece for piece in pieces if piece]
        for piece in re.split(r",\s+(?:and\s+)?(?=[a-z]+s\s)", tail):
            words = piece.split()
            if found and not (len(words) > 1 and (does_verb(words) or is_only_verb(words[0]))):
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
            if pieces and piece.split()[0].lower() not in CAN_WORDS:
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
        elif is_can(words):
            self._can(phrase)
        elif is_adjectival(words):
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
        if any(word in DOES_WORDS and word not in EITHER_WORDS for word in words[1:]) or (
            english.is_base_verb(first)
            and first in CAN_WORDS
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
            and first not in NO_ARTICLE
            and len(words) > 2
            and english.verb_of(first)
            and words[1].lower() in {"your", "the", "a", "an"}
        ):
            return False
        return (
            english.is_word(head.split("-")[-1])
            or head in NO_ARTICLE
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

# ruff: noqa: E501  (patterns read better unbroken)
"""Parses custom instructions: recognises a closed set of wishes in free text.

A recognised wish becomes a rule for every variant. Every other wish is listed in the notes as not applied, and so is
text that gives orders about anything but the copy.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

_CLAUSE_END = re.compile(r"(?<=[a-z0-9”\"'’%)!?])[.!]\s+|;\s+|\n+|\.$|!$", re.I)
_AND_VERB = re.compile(
    r"(?:,\s+(?:and\s+)?|\s+and\s+|\s+but\s+)(?=(?:mention|include|use|avoid|don['’]?t|do not|no |never|focus|emphasi[sz]e|highlight|keep|"
    r"max|write|make|add|end|call to action|cta|target|without|say|promote|limit|under)\b)",
    re.I,
)
_QUOTED = re.compile(r"[“\"‘']([^“”\"‘’]{1,120}?)[”\"’'](?!\w)")
_MENTION = re.compile(
    r"^(?:please\s+)?(?:also\s+)?(?:make sure to\s+|be sure to\s+)?(?:mention|include|say|state|add|promote|announce|feature|tell (?:people|them)(?: that)?)\s+"
    r"(?:that\s+)?(?:the (?:phrase|words?|offer|line|sentence)s?\s+|our\s+|the\s+|a\s+)?(.+)$",
    re.I,
)
_CODE = re.compile(
    r"^(?:please\s+)?(?:use|with|include|mention|apply|add)?\s*(?:the\s+)?(?:promo\s*|discount\s*|coupon\s*|voucher\s*)?code:?\s+([A-Z0-9][A-Z0-9\-]{2,20})\b(.*)$",
    re.I,
)
_OFFER = re.compile(
    r"\d+\s*%|\bsale\b|\b(?:discount|off|free|half[- ]price|buy one|2 for 1|bogo|code|save|deal|offer)\b", re.I
)
_FOCUS = re.compile(
    r"^(?:please\s+)?(?:focus(?:ing)?(?: mainly| more)? on|emphasi[sz]e|highlight|stress|centre on|center on|put (?:the )?focus on|lead with|push|talk about|be about|it['’]s about|theme:?)\s+"
    r"(?:the\s+|our\s+|its\s+|how\s+)?(.+)$",
    re.I,
)
_AVOID = re.compile(
    r"^(?:please\s+)?(?:avoid|don['’]?t (?:use|say|mention|write)|do not (?:use|say|mention|write)|never (?:use|say|mention|write)|without(?: using)?|no mention of|leave out|skip|exclude)\s+"
    r"(?:the\s+)?(?:words?\s+|phrases?\s+|terms?\s+|any mention of\s+|using\s+|mentioning\s+)*(.+)$",
    re.I,
)
_CALL_TO_ACTION = re.compile(
    r"(?:call[- ]to[- ]action|\bcta\b|\bbutton\b|end with|close with|finish with)\s*(?:text\s*)?(?:should (?:be|say|read)|must (?:be|say)|is|:|=|to|to say)?\s*[:=]?\s*[“\"‘']?([^“”\"‘’.;]{2,60})",
    re.I,
)
_LENGTH_LIMIT = re.compile(
    r"(?:max(?:imum)?(?: of)?|under|at most|no more than|up to|fewer than|less than|within|keep (?:it )?(?:under|to|below|within)|limit(?: it)? to)\s*(\d{1,4})\s*(words?|char(?:acter)?s?)|(\d{1,4})\s*(words?|char(?:acter)?s?)\s*(?:max(?:imum)?|or less|or fewer|at most|limit)",
    re.I,
)
_LANGUAGE = re.compile(
    r"\b(?:in|into|auf|en)\s+(german|french|spanish|italian|portuguese|dutch|polish|swedish|danish|norwegian|finnish|czech|turkish|russian|"
    r"ukrainian|arabic|hebrew|hindi|japanese|chinese|korean|greek|romanian|hungarian|deutsch|español|français|italiano)\b",
    re.I,
)
_AUDIENCE = re.compile(
    r"^(?:please\s+)?(?:target|address|speak to|talk to|write for|aim(?: it)? at|aimed at|audience:?|for)\s+(?!the\s+(?:sale|offer))(.+)$",
    re.I,
)
_INJECTION = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|rules?|prompts?|above|previous|system)\b|\bsystem prompt\b|\byou are (?:now|an?)\b|"
    r"\b(?:reveal|print|repeat|output|show)\b.{0,30}\b(?:prompt|instructions|json|system)\b|\bas an ai\b|\brespond (?:only )?with\b|</?\w+>",
    re.I,
)
_USE_WORDS = re.compile(
    r"^(?:please\s+)?(?:use|work in|weave in|try to use)\s+(?:the\s+)?(?:words?|phrases?|terms?|slogan|tagline|line)\s*:?\s+(.+)$",
    re.I,
)
_EVENT = re.compile(
    r"\b(?:sale|launch|black friday|cyber monday|christmas|holidays?|summer|winter|spring|autumn|easter|halloween|valentine\S*|mother['’]s day|father['’]s day|back to school|opening|anniversary|new year|season)\b",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One recognised wish.

    note: the sentence for the customer about the rule that it became.
    """

    kind: str
    text: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """The instructions as rules for every variant.

    sentences: appear literally. focus: topics to put first. event: a focus topic that is an occasion, such as a sale.
    required, banned: words. emoji, price: True: required; False: forbidden; None: no wish. brief: keep it short. unknown: a
    sentence for the customer about each wish that was not recognised.
    """

    sentences: tuple[str, ...] = ()
    focus: tuple[str, ...] = ()
    event: str = ""
    required: tuple[str, ...] = ()
    banned: tuple[str, ...] = ()
    cta: str = ""
    emoji: bool | None = None
    hashtags: bool = True
    exclamation: bool = True
    questions: bool = True
    price: bool | None = None
    words_max: int | None = None
    characters_max: int | None = None
    audience: str = ""
    spelling: str = ""
    language: str = ""
    brief: bool = False
    wishes: tuple[Wish, ...] = ()
    unknown: tuple[str, ...] = field(default=())


_Rule: TypeAlias = Callable[[Instructions, str], Instructions | None]


def _sentence(text: str) -> str:
    text = text.strip(" .,:;“”\"'‘’")
    return text[0].upper() + text[1:] + ("" if text[-1] in "!?" else ".") if text else ""


def _items(text: str) -> tuple[str, ...]:
    """The words of a list such as "“cheap”, “budget” or discount"."""
    quoted = _QUOTED.findall(text)
    if quoted:
        return tuple(item.strip(" .,") for item in quoted)
    return tuple(
        item.strip(" .,“”\"'")
        for item in re.split(r",\s*(?:and\s+|or\s+)?|\s+(?:and|or)\s+|/", text)
        if item.strip(" .,“”\"'")
    )


def parse_instructions(text: str) -> Instructions:
    """Parses custom instructions (at most 500 characters)."""
    found = Instructions()
    for clause in _CLAUSE_END.split(text):
        for piece in _AND_VERB.split(clause):
            wish = piece.strip(" .,;-•*")
            if wish:
                found = _apply_wish(found, wish)
    return found


def _with_wish(found: Instructions, kind: str, wish: str, note: str, **changes: object) -> Instructions:
    return replace(found, wishes=(*found.wishes, Wish(kind=kind, text=wish, note=note)), **changes)  # type: ignore[arg-type]


def _with_sentence(found: Instructions, kind: str, wish: str, sentence: str) -> Instructions:
    note = f"“{sentence}” appears in every variant."
    return _with_wish(found, kind, wish, note, sentences=(*found.sentences, sentence))


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else text[:77].rstrip() + "…"


def _apply_wish(found: Instructions, wish: str) -> Instructions:
    """Adds a wish by the first rule that recognises it; otherwise lists it as unknown."""
    for rule in _RULES:
        applied = rule(found, wish)
        if applied is not None:
            return applied
    return replace(found, unknown=(*found.unknown, f"“{_shortened(wish)}” was not understood."))


def _injection(found: Instructions, wish: str) -> Instructions | None:
    if not _INJECTION.search(wish):
        return None
    return replace(found, unknown=(*found.unknown, f"“{_shortened(wish)}” is not an instruction about the copy."))


def _language(found: Instructions, wish: str) -> Instructions | None:
    language = _LANGUAGE.search(wish)
    return replace(found, language=language.group(1).capitalize()) if language else None


def _switch(pattern: str, kind: str, note: str, **changes: object) -> _Rule:
    """The rule of a wish that sets fixed values. The pattern is searched in the wish in lower case."""
    compiled = re.compile(pattern)

    def rule(found: Instructions, wish: str) -> Instructions | None:
        return _with_wish(found, kind, wish, note, **changes) if compiled.search(wish.lower()) else None

    return rule


def _length_limit(found: Instructions, wish: str) -> Instructions | None:
    limit = _LENGTH_LIMIT.search(wish.lower())
    if not limit:
        return None
    number = int(limit.group(1) or limit.group(3))
    unit = limit.group(2) or limit.group(4)
    if unit.startswith("word"):
        return _with_wish(found, "length", wish, f"At most {number} words.", words_max=max(number, 1))
    return _with_wish(found, "length", wish, f"At most {number} characters.", characters_max=max(number, 1))


def _call_to_action(found: Instructions, wish: str) -> Instructions | None:
    match = _CALL_TO_ACTION.search(wish)
    if not match or re.match(r"^(?:no|avoid)\b", wish.lower()):
        return None
    quoted = _QUOTED.search(wish[match.start() :])
    value = (quoted.group(1) if quoted else match.group(1)).strip(" .,:“”\"'‘’")
    if not 0 < len(value) <= 40:
        return None
    return _with_wish(found, "cta", wish, f"The call to action is “{value}”.", cta=value[0].upper() + value[1:])


def _words_to_use(found: Instructions, wish: str) -> Instructions | None:
    match = _USE_WORDS.match(wish)
    if not match:
        return None
    items = _items(match.group(1))
    for phrase in (item for item in items if len(item.split()) > 1):
        note = f"“{phrase}” appears in every variant."
        found = _with_wish(found, "phrase", wish, note, sentences=(*found.sentences, _sentence(phrase)))
    for word in (item for item in items if len(item.split()) == 1):
        note = f"The word “{word}” is used in every variant."
        found = _with_wish(found, "required", word, note, required=(*found.required, word))
    return found


def _words_to_avoid(found: Instructions, wish: str) -> Instructions | None:
    match = _AVOID.match(wish)
    items = tuple(item for item in _items(match.group(1)) if len(item) <= 60) if match else ()
    if not items:
        return None
    named = ", ".join(f"“{item}”" for item in items)
    return _with_wish(found, "avoid", wish, f"Not used: {named}.", banned=(*found.banned, *items))


def _discount_code(found: Instructions, wish: str) -> Instructions | None:
    code = _CODE.match(wish)
    if not code or not any(letter.isupper() or letter.isdigit() for letter in code.group(1)):
        return None
    tail = code.group(2).strip(" .,")
    return _with_sentence(found, "offer", wish, f"Use code {code.group(1)}{f' {tail}' if tail else ''}.")


def _mention(found: Instructions, wish: str) -> Instructions | None:
    mention = _MENTION.match(wish)
    if not mention:
        return None
    quoted = _QUOTED.search(mention.group(1))
    value = quoted.group(1) if quoted else mention.group(1)
    code = _CODE.match(value)
    sentence = f"Use code {code.group(1)}{code.group(2).rstrip(' .')}." if code else _sentence(value)
    return _with_sentence(found, "mention", wish, sentence) if 3 < len(sentence) <= 120 else None


def _focus(found: Instructions, wish: str) -> Instructions | None:
    focus = _FOCUS.match(wish)
    if not focus:
        return None
    topic = focus.group(1).strip(" .,")
    event = topic if _EVENT.search(topic) else found.event
    note = f"The focus is on {topic}."
    return _with_wish(found, "focus", topic, note, focus=(*found.focus, topic), event=event)


def _audience(found: Instructions, wish: str) -> Instructions | None:
    match = _AUDIENCE.match(wish)
    if not match or len(match.group(1)) > 60:
        return None
    audience = match.group(1).strip(" .")
    return _with_wish(found, "audience", wish, f"Written for {audience}.", audience=audience)


def _offer(found: Instructions, wish: str) -> Instructions | None:
    if not _OFFER.search(wish) or len(wish) > 100 or len(wish.split()) < 2:
        return None
    return _with_sentence(found, "offer", wish, _sentence(wish))


# The first rule that recognises a wish applies: "no emoji" is no list of words to avoid, and "include the price" is no
# sentence to mention.
_RULES: tuple[_Rule, ...] = (
    _injection,
    _language,
    _switch(r"\b(?:no|without|avoid|zero|don['’]t use|skip)\b.{0,12}\bemojis?\b", "emoji", "No emoji.", emoji=False),
    _switch(r"\b(?:no|without|avoid|zero|skip|don['’]t use)\b.{0,12}\bhash ?tags?\b", "hashtags", "No hashtags.", hashtags=False),
    _switch(r"\b(?:no|without|avoid|don['’]t use)\b.{0,16}\bexclamation", "exclamation", "No exclamation marks.", exclamation=False),
    _switch(r"\b(?:no|without|avoid|don['’]t (?:ask|use))\b.{0,10}\bquestions?\b", "questions", "No questions.", questions=False),
    _switch(r"\b(?:use|add|include|with)\b.{0,12}\bemojis?\b", "emoji", "Emoji where they are common on the platform.", emoji=True),
    _switch(r"\b(?:no|without|don['’]t (?:mention|show)|do not (?:mention|show)|hide|leave out)\b.{0,10}\bpric(?:e|es|ing)\b", "price", "The price is not mentioned.", price=False),
    _switch(r"\b(?:mention|include|show|state|with|add)\b.{0,10}\bprice\b", "price", "The price is stated in every variant.", price=True),
    _length_limit,
    _switch(r"\b(?:british|uk)\s+(?:english|spelling)\b", "spelling", "British spelling.", spelling="british"),
    _switch(r"\b(?:american|us)\s+(?:english|spelling)\b", "spelling", "American spelling.", spelling="american"),
    _switch(r"\A(?:please\s+)?(?:keep|make)\s+(?:it|them|this)\s+(?:very\s+|really\s+)?(?:short|brief|snappy|concise|punchy|crisp)(?:\s+and\s+\w+)?\Z", "brief", "Kept short.", brief=True),
    _call_to_action,
    _words_to_use,
    _words_to_avoid,
    _discount_code,
    _mention,
    _focus,
    _audience,
    _offer,
)  # fmt: skip

# ruff: noqa: E501  (patterns read better unbroken)
"""Parses custom instructions: recognises a closed set of wishes in free text.

A recognised wish becomes a rule for every variant. Every other wish is listed in the notes as not applied, and so is
text that gives orders about anything but the copy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

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


def _apply_wish(
    found: Instructions, wish: str
) -> Instructions:  # a table in the form of code: one entry per kind of wish
    lower = wish.lower()
    if _INJECTION.search(wish):
        return replace(found, unknown=(*found.unknown, f"“{_shortened(wish)}” is not an instruction about the copy."))
    language = _LANGUAGE.search(wish)
    if language:
        return replace(found, language=language.group(1).capitalize())
    if re.search(r"\b(?:no|without|avoid|zero|don['’]t use|skip)\b.{0,12}\bemojis?\b", lower):
        return _with_wish(found, "emoji", wish, "No emoji.", emoji=False)
    if re.search(r"\b(?:no|without|avoid|zero|skip|don['’]t use)\b.{0,12}\bhash ?tags?\b", lower):
        return _with_wish(found, "hashtags", wish, "No hashtags.", hashtags=False)
    if re.search(r"\b(?:no|without|avoid|don['’]t use)\b.{0,16}\bexclamation", lower):
        return _with_wish(found, "exclamation", wish, "No exclamation marks.", exclamation=False)
    if re.search(r"\b(?:no|without|avoid|don['’]t (?:ask|use))\b.{0,10}\bquestions?\b", lower):
        return _with_wish(found, "questions", wish, "No questions.", questions=False)
    if re.search(r"\b(?:use|add|include|with)\b.{0,12}\bemojis?\b", lower):
        return _with_wish(found, "emoji", wish, "An emoji where the platform has a custom of them.", emoji=True)
    if re.search(
        r"\b(?:no|without|don['’]t (?:mention|show)|do not (?:mention|show)|hide|leave out)\b.{0,10}\bpric(?:e|es|ing)\b",
        lower,
    ):
        return _with_wish(found, "price", wish, "The price is not mentioned.", price=False)
    if re.search(r"\b(?:mention|include|show|state|with|add)\b.{0,10}\bprice\b", lower):
        return _with_wish(found, "price", wish, "The price is named in every variant.", price=True)
    limit = _LENGTH_LIMIT.search(lower)
    if limit:
        number = int(limit.group(1) or limit.group(3))
        unit = limit.group(2) or limit.group(4)
        if unit.startswith("word"):
            return _with_wish(found, "length", wish, f"At most {number} words.", words_max=max(number, 1))
        return _with_wish(found, "length", wish, f"At most {number} characters.", characters_max=max(number, 1))
    if re.search(r"\b(?:british|uk)\s+(?:english|spelling)\b", lower):
        return _with_wish(found, "spelling", wish, "British spelling.", spelling="british")
    if re.search(r"\b(?:american|us)\s+(?:english|spelling)\b", lower):
        return _with_wish(found, "spelling", wish, "American spelling.", spelling="american")
    if re.fullmatch(
        r"(?:please\s+)?(?:keep|make)\s+(?:it|them|this)\s+(?:very\s+|really\s+)?(?:short|brief|snappy|concise|punchy|crisp)(?:\s+and\s+\w+)?",
        lower,
    ):
        return _with_wish(found, "brief", wish, "Kept short.", brief=True)
    cta = _CALL_TO_ACTION.search(wish)
    if cta and not re.match(r"^(?:no|avoid)\b", lower):
        quoted = _QUOTED.search(wish[cta.start() :])
        value = (quoted.group(1) if quoted else cta.group(1)).strip(" .,:“”\"'‘’")
        if 0 < len(value) <= 40:
            return _with_wish(found, "cta", wish, f"The call to action is “{value}”.", cta=value[0].upper() + value[1:])
    word = _USE_WORDS.match(wish)
    if word:
        items = _items(word.group(1))
        phrases = tuple(item for item in items if len(item.split()) > 1)
        singles = tuple(item for item in items if len(item.split()) == 1)
        for phrase in phrases:
            found = _with_wish(
                found,
                "phrase",
                wish,
                f"“{phrase}” stands in every variant.",
                sentences=(*found.sentences, _sentence(phrase)),
            )
        for single in singles:
            found = _with_wish(
                found,
                "required",
                single,
                f"The word “{single}” is used in every variant.",
                required=(*found.required, single),
            )
        return found
    avoid = _AVOID.match(wish)
    if avoid:
        items = tuple(item for item in _items(avoid.group(1)) if len(item) <= 60)
        if items:
            named = ", ".join(f"“{item}”" for item in items)
            return _with_wish(found, "avoid", wish, f"Not used: {named}.", banned=(*found.banned, *items))
    code = _CODE.match(wish)
    if code and any(letter.isupper() or letter.isdigit() for letter in code.group(1)):
        tail = code.group(2).strip(" .,")
        sentence = f"Use code {code.group(1)}{f' {tail}' if tail else ''}."
        return _with_wish(
            found, "offer", wish, f"“{sentence}” stands in every variant.", sentences=(*found.sentences, sentence)
        )
    mention = _MENTION.match(wish)
    if mention:
        quoted = _QUOTED.search(mention.group(1))
        value = quoted.group(1) if quoted else mention.group(1)
        inner = _CODE.match(value)
        sentence = f"Use code {inner.group(1)}{inner.group(2).rstrip(' .')}." if inner else _sentence(value)
        if 3 < len(sentence) <= 120:
            return _with_wish(
                found, "mention", wish, f"“{sentence}” stands in every variant.", sentences=(*found.sentences, sentence)
            )
    focus = _FOCUS.match(wish)
    if focus:
        topic = focus.group(1).strip(" .,")
        return _with_wish(
            found,
            "focus",
            topic,
            f"The focus is on {topic}.",
            focus=(*found.focus, topic),
            event=topic if _EVENT.search(topic) else found.event,
        )
    audience = _AUDIENCE.match(wish)
    if audience and len(audience.group(1)) <= 60:
        return _with_wish(
            found,
            "audience",
            wish,
            f"Written for {audience.group(1).strip(' .')}.",
            audience=audience.group(1).strip(" ."),
        )
    if _OFFER.search(wish) and len(wish) <= 100 and len(wish.split()) >= 2:
        sentence = _sentence(wish)
        return _with_wish(
            found, "offer", wish, f"“{sentence}” stands in every variant.", sentences=(*found.sentences, sentence)
        )
    return replace(found, unknown=(*found.unknown, f"“{_shortened(wish)}” was not understood."))


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else text[:77].rstrip() + "…"

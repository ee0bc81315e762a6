"""One request, understood: the brief's material, the instructions made rules, and what no text can be written for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.ad_policy import LeftOut, forbidden_claim
from services.ad_policy.subject import Subject
from services.chassis.banned_words import banned_name_message
from services.chassis.errors import InputFault
from services.copy.domain import CopyBrief, Tone
from services.copy.providers import content_filters
from services.copy.providers.instructions import Instructions, parse_instructions
from services.copy.providers.local.goals import ENQUIRE, asks, button_rows, goal_of
from services.copy.providers.local.material import Material, audience_phrase, material_of
from services.copy.providers.local.prices import readable_amounts
from services.copy.providers.local.quotes import Quote, content_words
from services.copy.providers.local.words import signs
from services.copy.providers.platforms import Layout, PlatformRules, platforms

STUDIED = "health"  # field in whose studies texts say who may take part
_QUOTED = re.compile(rf"(?<!\w)(?:{'|'.join(signs('quoted'))})(?!\w)", re.IGNORECASE)
_QUOTATION = re.compile(rf"\b(?:{'|'.join(signs('quotations'))})", re.IGNORECASE)  # in the label of a button
REASON = "BRIEF_NOT_POSSIBLE"
FOCUS = 1.2  # how much a fact gains that the customer asks to put first
CALM = frozenset({"calm", "quiet", "discreet", "restrained", "serious", "sober", "understated", "minimal", "dignified"})
LOUD = frozenset({Tone.URGENT, Tone.PLAYFUL, Tone.BOLD, Tone.CASUAL})
CTA_CHARACTERS = 40
ENOUGH = 3  # facts from which five texts are found


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One request, understood: what is written with, under which rules.

    `offers`: sentences that stand in every variant; `addressed` is the one that names the audience that the customer
    asks for, empty without one. `topics`: focus topics that the brief does not mention, as sentences.
    `buttons`: calls to action that fit platform and goal, the usual first. `filtered`: what was left out, quoted.
    """

    brief: CopyBrief
    material: Material
    instructions: Instructions
    rules: content_filters.RequestRules
    platform: PlatformRules
    layout: Layout
    offers: tuple[str, ...]
    topics: tuple[str, ...]
    addressed: str
    spelling: str
    focus: frozenset[str]
    buttons: tuple[str, ...]
    filtered: tuple[str, ...]

    @property
    def tone(self) -> Tone:
        """The tone that is written in: a subject of grief, illness, debt, faith or politics is not shouted about."""
        return Tone.PROFESSIONAL if self.material.solemn and self.brief.tone in LOUD else self.brief.tone

    @property
    def limited(self) -> bool:
        """Whether the customer has set a length: then the shortest way is taken everywhere."""
        return self.instructions.words_max is not None or self.instructions.characters_max is not None

    @property
    def is_narrow(self) -> bool:
        """Whether so little may be said that five texts are not certain."""
        return (
            self.limited
            or bool(self.offers or self.rules.banned)
            or len(self.material.quotes) < ENOUGH
            or self.platform.length(self.material.what) > self.layout.hook
        )

    def focus_of(self, fact: Quote | None) -> float:
        """What a fact gains by the focus that the customer asks for."""
        if fact is None or not self.focus:
            return 0.0
        return FOCUS * len(fact.words & self.focus) / len(self.focus)

    @property
    def calls(self) -> bool:
        """Whether the button asks for what the closing lines ask for."""
        return bool(self.material.closing)

    @property
    def button(self) -> str:
        """The call to action."""
        return self.buttons[0]


def understand_order(brief: CopyBrief) -> Order:
    """Reads brief and instructions and sets the rules."""
    instructions, refused = _lawful(parse_instructions(brief.custom_instructions), brief.subject)
    material = material_of(brief)
    goal = goal_of(material)
    if goal != material.closing or not asks(material.closing, material):
        # what a text asks for is what the button and the customer's own words ask for
        material = replace(material, closing="")
    calm = bool({word.casefold().strip() for word in brief.tone_words} & CALM) or material.solemn
    rules = content_filters.request_rules(
        brief,
        banned=instructions.banned,
        exempt="\n".join(
            [material.full_name, material.name, *instructions.sentences, material.price, *_quoted(material)]
        ),
        written=readable_amounts(content_filters.brief_text(brief), material.language),
        emoji=False if calm else instructions.emoji,
        hashtags=instructions.hashtags,
        exclamation=instructions.exclamation and not calm,
        words_max=instructions.words_max,
        characters_max=instructions.characters_max,
    )
    material, filtered = _allowed(material, rules)
    platform = platforms()[brief.platform]
    if not (instructions.words_max or instructions.characters_max):
        needed = sum(len(found.sentence) + 1 for found in material.must)
        rules = replace(rules, longer=platform.room_for(needed, brief.format))
    addressed = _addressed(instructions, material, brief)
    focus = content_words(" ".join([*instructions.focus, *instructions.required]), material.words)
    return Order(
        brief=brief,
        material=material,
        instructions=replace(instructions, unknown=(*instructions.unknown, *refused)),
        rules=rules,
        platform=platform,
        layout=_layout(_longer(platform.layouts[brief.format], rules.longer), instructions),
        offers=(*instructions.sentences, *addressed),
        topics=_unsaid_topics(instructions, material, brief.subject),
        addressed=" ".join(addressed),
        spelling=instructions.spelling or brief.spelling,
        focus=focus,
        buttons=_buttons(brief, instructions, material, rules, goal),
        filtered=filtered,
    )


def _quoted(material: Material) -> list[str]:
    """Texts of the customer that are no claims of the engine's."""
    return [text for found in (*material.quotes, *material.must) for text in (found.text, found.sentence)]


def _lawful(instructions: Instructions, subject: Subject) -> tuple[Instructions, tuple[str, ...]]:
    """The instructions without sentences that platforms forbid, and a note for each of those."""
    refused = [sentence for sentence in instructions.sentences if forbidden_claim(sentence, subject=subject)]
    kept = replace(
        instructions,
        sentences=tuple(sentence for sentence in instructions.sentences if sentence not in refused),
        wishes=tuple(wish for wish in instructions.wishes if not any(sentence in wish.note for sentence in refused)),
    )
    return kept, tuple(f"“{sentence}” is a claim that platforms do not allow in ads." for sentence in refused)


def _allowed(material: Material, rules: content_filters.RequestRules) -> tuple[Material, tuple[str, ...]]:
    """The material without facts that hold banned words or claims that platforms forbid; the latter are returned."""
    kept, filtered = [], []
    for found in material.quotes:
        offence = forbidden_claim(found.text, subject=rules.subject)
        if offence is not None:
            filtered.append(LeftOut(text=found.text, finding=offence).note)
        elif not _is_banned(found.text, rules):
            kept.append(found)
    spare = []
    for found in material.spare:
        offence = forbidden_claim(found.text, subject=rules.subject)
        if offence is not None:
            filtered.append(LeftOut(text=found.text, finding=offence).note)
        elif not _is_banned(found.text, rules):
            spare.append(found)
    must = list(material.must)
    for found in material.must if STUDIED in material.regulated else ():
        offence = forbidden_claim(found.text, subject=rules.subject)
        if offence is not None:  # "if you are aged 18" says what is known of the reader; no text at all were worse
            filtered.append(LeftOut(text=found.text, finding=offence).note)
            must.remove(found)
    allowed = replace(
        material,
        must=tuple(must),
        quotes=tuple(kept),
        spare=tuple(spare),
        opening=material.opening if material.opening in kept else None,
        conditions=tuple(found for found in material.conditions if not _is_banned(found.text, rules)),
        sentences=tuple(
            replace(line, closed=True)
            if _is_banned(line.text, rules) or forbidden_claim(line.text, subject=rules.subject) is not None
            else line
            for line in material.sentences
        ),
    )
    if _is_banned(material.price, rules):
        allowed = replace(allowed, price="", price_is_quoted=False)
    return allowed, tuple(filtered)


def _is_banned(text: str, rules: content_filters.RequestRules) -> bool:
    return any(word.search(text) for word in rules.banned)


def _unsaid_topics(instructions: Instructions, material: Material, subject: Subject) -> tuple[str, ...]:
    """Topics to put in focus that the brief does not mention: the customer's own words stand in the texts then."""
    topics = []
    for topic in instructions.focus:
        wanted = content_words(topic, material.words)
        said = any(wanted & found.words for found in material.quotes) or not wanted
        if not said and len(topic) <= CTA_CHARACTERS and not forbidden_claim(topic, subject=subject):
            topics.append(f"{topic[0].upper()}{topic[1:]}.")
    return tuple(topics)


def _addressed(instructions: Instructions, material: Material, brief: CopyBrief) -> tuple[str, ...]:
    """The sentence that addresses the audience of the instructions; empty where platforms or the subject forbid it."""
    if not instructions.audience or material.sensitive or material.regulated:
        return ()
    phrase = audience_phrase(instructions.audience, material.words)
    frames = material.words.phrases("audience", "hooks", brief.tone)
    return (frames[0].replace("{audience}", phrase),) if phrase and frames else ()


def _longer(layout: Layout, more: int) -> Layout:
    return replace(layout, body=layout.body + more, whole=layout.whole + more)


def _layout(layout: Layout, instructions: Instructions) -> Layout:
    if instructions.brief:
        layout = replace(layout, aim=min(layout.aim, 60), facts=min(layout.facts, 1))
    if instructions.characters_max is not None:
        layout = replace(
            layout,
            body=min(layout.body, instructions.characters_max),
            aim=min(layout.aim, instructions.characters_max // 2),
            whole=min(layout.whole, instructions.characters_max),
        )
    if instructions.words_max is not None:
        layout = replace(
            layout,
            aim=min(layout.aim, instructions.words_max * 3),
            facts=min(layout.facts, instructions.words_max // 12),
        )
    return layout


def _buttons(
    brief: CopyBrief, instructions: Instructions, material: Material, rules: content_filters.RequestRules, goal: str
) -> tuple[str, ...]:
    """Calls to action of the platform for what the brief asks of its readers."""
    if instructions.cta:
        return (instructions.cta,)
    table = material.words.buttons
    platform = brief.platform.value
    labels = next((table[platform, row] for row in button_rows(goal, material) if table.get((platform, row))), ())
    if goal == ENQUIRE and _QUOTED.search(material.written):  # who sends quotations is asked for one
        labels = tuple(sorted(labels, key=lambda label: _QUOTATION.search(label) is None))
    if material.solemn and goal in {"call", "book"}:  # who mourns is not hurried
        labels = (*table.get((platform, ENQUIRE), ()), *labels)
    allowed = tuple(label for label in labels if not any(word.search(label) for word in rules.banned))
    fallback = table.get((platform, "none"), ())
    return (
        allowed or tuple(label for label in fallback if not any(word.search(label) for word in rules.banned)) or ("→",)
    )


# -- what no copy can be written for ----------------------------------------------------------------------------------


def check_feasible(order: Order) -> None:
    """Raises InputFault, in words for the customer, when the brief contradicts itself."""
    why = _banned_name(order) or _banned_sentence(order) or _banned_legal_line(order) or _sentences_too_long(order)
    if why is not None:
        raise InputFault(REASON, why)


def not_found(order: Order) -> InputFault:
    """The fault of a brief for which no five texts were found, with the limits that were in force."""
    limits = []
    if order.instructions.words_max is not None:
        limits.append(f"the limit of {order.instructions.words_max} words")
    if order.instructions.characters_max is not None:
        limits.append(f"the limit of {order.instructions.characters_max} characters")
    if order.offers:
        limits.append("the sentences that every variant must contain")
    if order.brief.banned_words:
        limits.append("the project's banned words")
    if order.instructions.banned:
        limits.append("the words that the custom instructions exclude")
    if not limits:
        wide = " (a wide sign counts as two)" if order.platform.wide_counts_double else ""
        return InputFault(
            REASON,
            f"The brief holds too few texts for five variants on {order.brief.platform.value}, whose headlines have at "
            f"most {order.layout.hook} characters{wide}. Add features of at most {order.layout.hook} characters.",
        )
    named = " and ".join(limits)
    return InputFault(REASON, f"Five variants cannot be written within {named}. Please relax these limits.")


def _first_banned(text: str, words: Iterable[str]) -> str | None:
    """As the filters see it: inflected forms count, too."""
    return next((banned.word for banned in content_filters.inflected_banned_words(words) if banned.search(text)), None)


def _banned_name(order: Order) -> str | None:
    word = _first_banned(order.material.name, order.brief.banned_words)
    if word is not None:
        return banned_name_message(word)
    word = _first_banned(order.material.name, order.instructions.banned)
    if word is not None:
        return (
            f"The product's name contains “{word}”, which the custom instructions exclude. "
            "Change the product's name or the custom instructions."
        )
    return None


def _banned_sentence(order: Order) -> str | None:
    for sentence in order.instructions.sentences:
        word = _first_banned(sentence, (*order.brief.banned_words, *order.instructions.banned))
        if word is not None:
            return (
                f"The custom instructions ask for “{sentence}”, which contains the banned word “{word}”. "
                "Change the custom instructions or the banned words."
            )
    return None


def _banned_legal_line(order: Order) -> str | None:
    """What the law asks for stands in every text, so it may hold no banned word."""
    for found in order.material.must:
        word = _first_banned(found.text, (*order.brief.banned_words, *order.instructions.banned))
        if word is not None:
            return (
                f"The product's text “{found.text}” must stand in every variant and contains the banned word “{word}”. "
                "Change the text or the banned words."
            )
    return None


def _sentences_too_long(order: Order) -> str | None:
    """Every sentence stands in the body of each variant, beside a hook of at least a word."""
    if not order.offers:
        return None
    sentences = " ".join(order.offers)
    asked = f"The sentences that every variant must contain have {len(sentences)} characters"
    body = order.platform.layouts[order.brief.format].body
    if len(sentences) > body:
        return (
            f"{asked}; a {order.brief.format.value} text on {order.brief.platform.value} may have {body}. Shorten them."
        )
    instructions = order.instructions
    if instructions.characters_max is not None and len(sentences) >= instructions.characters_max:
        return f"{asked}, and the custom instructions allow {instructions.characters_max} in all. Shorten them."
    words = len(sentences.split())
    if instructions.words_max is not None and words >= instructions.words_max:
        return (
            f"The sentences that every variant must contain have {words} words, "
            f"and the custom instructions allow {instructions.words_max} in all. Shorten them."
        )
    return None

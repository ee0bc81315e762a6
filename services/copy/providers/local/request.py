"""One request, understood: the brief read, the instructions made rules, and what follows from both."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.copy.domain import CopyBrief, Tone
from services.copy.providers import content_filters
from services.copy.providers.ad_policy import forbidden_claim
from services.copy.providers.instructions import Instructions, parse_instructions
from services.copy.providers.local import library
from services.copy.providers.local.facts import Fact, content_words
from services.copy.providers.local.library import Layout, PlatformRules
from services.copy.providers.local.phrase_pool import Stock, stock_of
from services.copy.providers.local.subject import Subject, understand


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One request, understood: what is written about, under which rules, in which order of preference."""

    brief: CopyBrief
    subject: Subject
    instructions: Instructions
    rules: content_filters.RequestRules
    platform: PlatformRules
    layout: Layout
    facts: tuple[Fact, ...]
    people: str
    spelling: str
    offers: str  # sentences that stand in every variant
    focus: frozenset[str]
    stock: Stock
    nearest: frozenset[Tone]  # tones that the brand's tone words ask for

    @property
    def limited(self) -> bool:
        """Whether the customer has set a length: then the shortest way is taken everywhere."""
        return self.instructions.words_max is not None or self.instructions.characters_max is not None


def understand_order(brief: CopyBrief) -> Order:
    """Reads brief and instructions and sets the rules."""
    instructions = parse_instructions(brief.custom_instructions)
    subject = understand(brief)
    calm = any(word.lower().strip() in library.tone_words()["calm"] for word in brief.tone_words)
    offers: list[str] = []
    refused: list[str] = []
    for sentence in instructions.sentences:
        (refused if forbidden_claim(sentence, subject=brief.subject) else offers).append(sentence)
    instructions = replace(
        instructions,
        sentences=tuple(offers),
        wishes=tuple(wish for wish in instructions.wishes if not any(sentence in wish.note for sentence in refused)),
        unknown=(
            *instructions.unknown,
            *(f"“{sentence}” is a claim that platforms do not allow in ads." for sentence in refused),
        ),
    )
    banned = instructions.banned
    rules = content_filters.request_rules(
        brief,
        banned=banned,
        exempt="\n".join([subject.name, *offers, subject.price]),
        emoji=False if calm else instructions.emoji,
        hashtags=instructions.hashtags,
        exclamation=instructions.exclamation and not calm,
        words_max=instructions.words_max,
        characters_max=instructions.characters_max,
    )
    platform = library.platforms()[brief.platform]
    layout = platform.layouts[brief.format]
    if instructions.brief:
        layout = replace(layout, aim=min(layout.aim, 60), facts=min(layout.facts, 1))
    if instructions.characters_max is not None:
        layout = replace(
            layout,
            body=min(layout.body, instructions.characters_max),
            aim=min(layout.aim, instructions.characters_max // 2),
        )
    if instructions.words_max is not None:
        layout = replace(
            layout,
            aim=min(layout.aim, instructions.words_max * 3),
            facts=min(layout.facts, instructions.words_max // 12),
        )
    facts = tuple(fact for fact in subject.facts if not any(pattern.search(fact.text) for pattern in rules.banned))
    focus = content_words(" ".join([*instructions.focus, *instructions.required]))
    facts = tuple(sorted(facts, key=lambda fact: (-len(fact.words & focus), fact.order)))
    people = ""
    if instructions.audience:
        people = understand(replace(brief, audience=instructions.audience)).people
    return Order(
        brief=brief, subject=subject, instructions=instructions, rules=rules, platform=platform, layout=layout,
        facts=facts, people=people or subject.people, spelling=instructions.spelling or brief.spelling,
        offers=" ".join(offers), focus=focus, stock=stock_of(subject, brief.tone, facts, people or subject.people),
        nearest=frozenset(
            tone for tone in Tone if {word.lower().strip() for word in brief.tone_words} & library.tone_words()[tone]
        ),
    )  # fmt: skip

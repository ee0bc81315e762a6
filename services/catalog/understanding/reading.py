"""Makes the understanding of a product from its texts, by the parts that recognise, find facts and clean."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from adwright.catalog.v1 import catalog_pb2

from services.catalog.understanding.limits import limited_elsewhere
from services.catalog.understanding.product_names import parted, without_codes, without_own_price, without_terms
from services.catalog.understanding.roles import MONEY
from services.catalog.understanding.shorthand import written_out
from services.catalog.understanding.studies import FIELD, is_study, with_legal_lines
from services.catalog.understanding.values import Fact, ProductTexts, Recognition

ENGINE_VERSION = "6"  # to be raised when the same texts and data give another reading
# Jobs carry a copy of the brief and with it of its understanding, so both lists and their texts stay small.
MAX_FACTS = 40
MAX_FACT_CHARACTERS = 600  # FactCorrection.text has this limit, so that every fact can be corrected
MAX_TRADE_WORDS = 3
MAX_LIMITS = 3  # of one price or offer
PRICED = frozenset({"price", "offer"})
MAX_EVIDENCE = 12
MAX_EVIDENCE_CHARACTERS = 120


class Trade(Protocol):
    """A trade of the taxonomy. `goal` is empty where the trade has no usual one."""

    @property
    def name(self) -> str: ...
    @property
    def sector(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def goal(self) -> str: ...
    @property
    def sensitive(self) -> Sequence[str]: ...
    @property
    def regulated(self) -> Sequence[str]: ...
    @property
    def names(self) -> Mapping[str, Sequence[str]]: ...  # by language, the most usual first


class Recognise(Protocol):
    """Recognises what is advertised. language: BCP 47 code or "und"; facts: the strongest first."""

    def __call__(self, texts: ProductTexts, language: str, facts: Sequence[Fact], /) -> Recognition: ...


class FindFacts(Protocol):
    """Finds the facts of the texts, the strongest first."""

    def __call__(self, texts: ProductTexts, language: str, /) -> Sequence[Fact]: ...


class About(Protocol):
    """Leaves out the facts that are about another thing than one of this kind."""

    def __call__(self, kind: str, facts: Sequence[Fact], language: str, /) -> Sequence[Fact]: ...


class FindRepeats(Protocol):
    """Returns the places of statements that say the same, as pairs."""

    def __call__(self, facts: Sequence[Fact], language: str, /) -> Sequence[tuple[int, int]]: ...


class ProductReader(Protocol):
    """What makes understandings: Reader, or a test's own."""

    @property
    def VERSION(self) -> str: ...  # a constant of each reader

    def read(self, texts: ProductTexts) -> catalog_pb2.Understanding: ...


class Reader:
    """Makes the understanding of a product. Blocking: 50 to 150 ms of processor time; call `read` in a thread."""

    def __init__(
        self,
        *,
        recognise: Recognise,
        find_facts: FindFacts,
        about: About,
        find_repeats: FindRepeats = lambda facts, language: (),
        language_of: Callable[[str], str],
        clean_name: Callable[[str], str],
        clean_text: Callable[[str], str],
        calm: Callable[[str], str],
        calm_name: Callable[[str], str],
        trades: Mapping[str, Trade],
        data_version: str,
    ) -> None:
        """data_version: changes with the data that the parts read, so that stored understandings are made again."""
        self.VERSION = f"{ENGINE_VERSION}.{data_version}"
        self._recognise = recognise
        self._find_facts = find_facts
        self._about = about
        self._find_repeats = find_repeats
        self._language_of = language_of
        self._clean_name = clean_name
        self._clean_text = clean_text
        self._calm = calm
        self._calm_name = calm_name
        self._trades = trades

    def read(self, texts: ProductTexts) -> catalog_pb2.Understanding:
        """Returns the understanding without corrections, product_id and made_at."""
        language = self._language_of(self._said(texts))
        texts = written_out(texts, language)
        said = self._said(texts)
        facts = [fact for fact in self._find_facts(texts, language) if 0 < len(fact.text) <= MAX_FACT_CHARACTERS]
        found = self._recognise(texts, language, facts)
        facts = list(self._about(found.kind, facts, language))
        regulated = found.regulated
        if is_study(said, language):
            facts = with_legal_lines(facts, language)
            regulated = tuple(dict.fromkeys((*regulated, FIELD)))
        trade = self._trades.get(found.trade)
        names = trade.names.get(language, ()) if trade else ()
        return catalog_pb2.Understanding(
            confidence=found.confidence,
            kind=found.kind,
            trade=found.trade,
            trade_name=trade.name if trade else "",
            sector=found.sector,
            subject=found.subject,
            name=_with_brand(self._name_of(texts, language), self._clean_name(texts.project))
            or _without_marks(texts.name),
            brand=self._calm_name(self._clean_name(texts.project)) or _without_marks(texts.project),
            audience=self._clean_text(texts.audience),
            goal=found.goal,
            language=language,
            sensitive=found.sensitive,
            regulated=regulated,
            facts=self._numbered(facts[:MAX_FACTS], said, language),
            evidence=[
                catalog_pb2.Evidence(
                    decided=item.decided, source=item.source, words=item.words[:MAX_EVIDENCE_CHARACTERS], by=item.by
                )
                for item in found.evidence[:MAX_EVIDENCE]
            ],
            version=self.VERSION,
            trade_words=names[:MAX_TRADE_WORDS],
        )

    def _name_of(self, texts: ProductTexts, language: str) -> str:
        name = without_terms(without_codes(self._clean_name(parted(texts.name))), language)
        return self._calm_name(without_own_price(name, texts.sale_price or texts.price))

    def _said(self, texts: ProductTexts) -> str:
        return self._clean_text("\n".join((texts.name, texts.description, *texts.features, *texts.conditions)))

    def _numbered(self, facts: Sequence[Fact], said: str, language: str) -> list[catalog_pb2.Fact]:
        """The facts, the strongest first, with the numbers of their places in the cleaned text."""
        # a sentence may have lost a greeting before it, and got a capital
        places = {id(fact): max(said.find(fact.text), said.find(fact.text[1:])) for fact in facts}
        in_order = sorted(facts, key=lambda fact: (places[id(fact)] < 0, places[id(fact)]))
        numbers = {id(fact): number for number, fact in enumerate(in_order, 1)}
        same: dict[int, list[int]] = {}
        for one, other in self._find_repeats(facts, language):
            same.setdefault(one, []).append(other)
            same.setdefault(other, []).append(one)
        limits = limits_behind([fact for fact in in_order if places[id(fact)] >= 0], said)
        for limited, conditions in limited_elsewhere(in_order, language).items():
            listed = limits.get(limited, [])
            limits[limited] = [*listed, *(one for one in conditions if one not in listed)][:MAX_LIMITS]
        return [
            catalog_pb2.Fact(
                id=f"f{numbers[id(fact)]}",
                text=self._calm(fact.text),
                role=fact.role,
                strength=fact.strength,
                source=fact.source,
                limited_by=[f"f{numbers[id(limit)]}" for limit in limits.get(id(fact), ())],
                same_as=[f"f{numbers[id(facts[other])]}" for other in same.get(place, ())],
            )
            for place, fact in enumerate(facts)
        ]


def limits_behind(facts: Sequence[Fact], said: str) -> dict[int, list[Fact]]:
    """Returns, by id() of a price or offer, the conditions in the sentences that follow it: "From $95. Cash only."

    facts: in the order in which they stand in `said`. A condition on a line of its own belongs to a price only if it
    has a sum or share itself: a fee. One that names the sums of a price belongs to it wherever it stands. Prices that
    follow each other share their conditions, and so does what says the amounts of one of them again elsewhere. At most
    MAX_LIMITS belong to a price.
    """
    found: dict[int, list[Fact]] = {}
    priced: list[Fact] = []
    end = 0
    for fact in facts:
        start = said.find(fact.text, end)
        between = said[end:start] if start >= 0 else ""
        is_next = start >= 0 and not between.strip(" \n.!;,:–—-()")
        has_sum = MONEY.search(fact.text) is not None or "%" in fact.text
        if fact.role in PRICED:
            is_row = bool(priced) and is_next and "\n" not in between and id(priced[-1]) not in found
            priced = [*priced, fact] if is_row else [fact]
        elif priced and fact.role == "condition" and is_next and ("\n" not in between or has_sum):
            for price in priced:
                found.setdefault(id(price), []).append(fact)
        else:
            priced = []
        end = max(end, start + len(fact.text)) if start >= 0 else end
    for condition in (fact for fact in facts if fact.role == "condition" and _sums(fact)):
        for price in (
            fact for fact in facts if fact.role in PRICED and _sums(fact) <= _sums(condition) and _sums(fact)
        ):
            listed = found.setdefault(id(price), [])
            if condition not in listed:  # "You pay in £1,500 a month to get the £150."
                listed.append(condition)
    limits = {sums: found[id(fact)] for fact in reversed(facts) if id(fact) in found and (sums := _sums(fact))}
    for fact in facts:
        if fact.role in PRICED and id(fact) not in found and (again := limits.get(_sums(fact))):
            found[id(fact)] = again
    return {price: listed[:MAX_LIMITS] for price, listed in found.items()}


def _sums(fact: Fact) -> frozenset[str]:
    """The sums of a statement as they are written, without spaces; empty without one."""
    return frozenset(re.sub(r"\s", "", sum_) for sum_ in MONEY.findall(fact.text))


def _with_brand(name: str, brand: str) -> str:
    """The name with its sender's name written as the sender writes it ("FERNVALE lamp" of FernVale)."""
    if not brand or brand.isupper() or brand.islower():
        return name
    return re.sub(rf"(?<!\w){re.escape(brand)}(?!\w)", lambda _: brand, name, flags=re.IGNORECASE)


def _without_marks(raw: str) -> str:
    """The name of which cleaning leaves nothing ("!!"), unless it is markup."""
    return "" if "<" in raw else raw


def not_known(texts: ProductTexts, version: str) -> catalog_pb2.Understanding:
    """Returns the understanding of a product whose texts could not be read: its names, and nothing else."""
    return catalog_pb2.Understanding(
        confidence="not_known", name=texts.name, brand=texts.project, language="und", version=version
    )

"""Puts the parts of the understanding together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from services.catalog.understanding.encoder import shared_encoder
from services.catalog.understanding.facts import (
    about,
    amenities_behind,
    find_facts,
    is_messy_text,
    notes_behind,
    with_limits_stated,
    with_price_stated,
)
from services.catalog.understanding.index import load_index
from services.catalog.understanding.language import language_of
from services.catalog.understanding.leads import Leads
from services.catalog.understanding.reading import Reader, Trade
from services.catalog.understanding.recognition import Recogniser
from services.catalog.understanding.repeats import Repeats
from services.catalog.understanding.role_model import RoleModel
from services.catalog.understanding.text import calm, calm_name, clean, clean_name
from services.catalog.understanding.unsaid import UnsaidStatements
from services.catalog.understanding.values import Fact, ProductTexts, Recognition
from services.chassis import amounts

LEAST_DOUBTED = 3  # words of a statement of which a model can tell that it may be a limit: "They're blunt" is too short
WARM_UP = ProductTexts(project="", name="Oak desk", description="A desk made of oak.")  # loads what is loaded late


class Engine(NamedTuple):
    """What the catalog reads products with. `trades` is the taxonomy, by id."""

    reader: Reader
    trades: Mapping[str, Trade]


def load_engine() -> Engine:
    """Loads the data and models of all parts, which takes 2 to 3 s. Blocking. Raises IndexUnusable."""
    index = load_index()
    recogniser = Recogniser(index)

    def recognise(texts: ProductTexts, language: str, facts: Sequence[Fact], /) -> Recognition:
        return recogniser.recognise(texts, language)

    trades = {trade.id: trade for trade in index.trades}
    leads = Leads(index.leads, shared_encoder())
    role_model = RoleModel(index.roles, shared_encoder())
    unsaid = UnsaidStatements(role_model)

    def weighed_facts(texts: ProductTexts, language: str, /) -> Sequence[Fact]:
        found = find_facts(texts, language)
        said = unsaid.without(found, texts.name, language, is_messy=is_messy_text(texts))
        found = role_model.applied(role_model.restored(said, language), language)
        written = clean("\n".join((texts.description, *texts.features)))
        weighed = leads.weigh(found, clean_name(texts.name), written)
        doubted = doubted_by(role_model, amenities_behind(weighed, language), language)
        return with_limits_stated(with_price_stated(notes_behind(doubted), texts, language), texts, language)

    reader = Reader(
        recognise=recognise,
        find_facts=weighed_facts,
        about=about,
        find_repeats=Repeats(shared_encoder()).pairs,
        language_of=language_of,
        clean_name=clean_name,
        clean_text=clean,
        calm=calm,
        calm_name=calm_name,
        trades=trades,
        data_version=_digest(index.version),
    )
    reader.read(WARM_UP)
    return Engine(reader, trades)


def doubted_by(model: RoleModel, facts: Sequence[Fact], language: str) -> list[Fact]:
    """Returns the facts, those that may well be a limit no stronger than BESIDE, by the model; the strongest first."""
    short = [fact for fact in facts if len(fact.text.split()) < LEAST_DOUBTED]
    others = [fact for fact in facts if len(fact.text.split()) >= LEAST_DOUBTED]
    return sorted([*model.doubted(others, language), *short], key=lambda fact: -fact.strength)


def _digest(index_version: str) -> str:
    """The version of everything that readings are made with: the package's code and data, amounts, and the index."""
    digest = blake2b(index_version.encode(), digest_size=8)
    shared = [Path(amounts.__file__).with_suffix(suffix) for suffix in (".py", ".toml")]
    for path in (*sorted(Path(__file__).parent.rglob("*")), *shared):
        if path.suffix in {".py", ".toml"} and path.parent.name != "trades":  # the index has a digest of the trades
            digest.update(path.read_bytes())
    return digest.hexdigest()

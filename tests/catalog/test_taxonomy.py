"""The taxonomy of trades: complete, without contradictions, and what the index holds."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from services.catalog.understanding import build_index
from services.catalog.understanding import index as index_module
from services.catalog.understanding.index import MAX_WORDS, IndexUnusable, load_index
from services.catalog.understanding.taxonomy import (
    GOALS,
    KINDS,
    LANGUAGES,
    REGULATED,
    SENSITIVE,
    Trade,
    alike,
    read_trades,
)
from services.catalog.understanding.words import grammar, stems_of


@pytest.fixture(scope="module")
def trades() -> list[Trade]:
    return read_trades()


def test_each_trade_has_allowed_values_and_words_in_each_language(trades: list[Trade]) -> None:
    assert len(trades) > 300
    for trade in trades:
        assert trade.kind in KINDS, trade.id
        assert trade.goal in GOALS, trade.id
        assert set(trade.sensitive) <= set(SENSITIVE), trade.id
        assert set(trade.regulated) <= set(REGULATED), trade.id
        assert trade.name, trade.id
        for words in (trade.names, trade.clues, trade.sentences):
            assert set(words) == set(LANGUAGES), trade.id
            for language, listed in words.items():
                assert listed, (trade.id, language)
                assert all(text == text.strip() and text for text in listed), (trade.id, language)
                assert len({text.casefold() for text in listed}) == len(listed), (trade.id, language)


def test_no_name_belongs_to_two_trades(trades: list[Trade]) -> None:
    owners: dict[tuple[str, str], set[str]] = {}
    for trade in trades:
        for language, names in trade.names.items():
            for name in names:
                owners.setdefault((language, name.casefold()), set()).add(trade.id)

    assert {name: found for name, found in owners.items() if len(found) > 1} == {}


def test_no_name_is_a_function_word(trades: list[Trade]) -> None:
    for trade in trades:
        for language, names in trade.names.items():
            words = grammar(language)
            taken = words.article | words.before | words.negation | words.unlike
            assert not [name for name in names if name.casefold() in taken], (trade.id, language)


def test_index_holds_the_data(trades: list[Trade]) -> None:
    index = load_index()

    assert [trade.id for trade in index.trades] == [trade.id for trade in trades]
    assert len(index.vectors) == sum(len(texts) for trade in trades for texts in trade.sentences.values())
    assert len(index.name_vectors) == len(index.name_owners)
    assert np.allclose(np.linalg.norm(index.vectors, axis=1), 1, atol=1e-3)
    for position in (0, len(trades) // 2, len(trades) - 1):
        for language, names in trades[position].names.items():
            key = " ".join(stems_of(names[0], language))
            assert position in index.names[language][key][0]


def test_words_weigh_for_the_trades_that_say_them_more_than_others(trades: list[Trade]) -> None:
    vocabulary = load_index().weighed["en"]
    place = {trade.id: position for position, trade in enumerate(trades)}

    score = vocabulary.score({"soot": 1.0, "flue": 1.5, "the": 1.0, "zzyzx": 1.0}, len(trades))

    assert trades[int(score.argmax())].id == "chimney_sweep"
    assert score[place["chimney_sweep"]] > 0
    assert score[place["dentist"]] == 0
    assert not vocabulary.score({"the": 1.0, "zzyzx": 1.0}, len(trades)).any()
    assert (vocabulary.weights > 0).all()


def test_further_names_are_found_by_their_trade_and_repeat_no_usual_one(trades: list[Trade]) -> None:
    index = load_index()
    for position, trade in enumerate(trades):
        for language, names in trade.further_names.items():
            assert len({name.casefold() for name in names}) == len(names), (trade.id, language)
            usual = {name.casefold() for name in trade.names.get(language, ())}
            assert not [name for name in names if name.casefold() in usual], (trade.id, language)
            key = " ".join(stems_of(names[0], language)[:MAX_WORDS])
            assert position in index.names[language][key][0], (trade.id, names[0])
    assert sum(len(names) for trade in trades for names in trade.further_names.values()) > 50_000


def test_further_names_of_an_unknown_trade_are_refused(tmp_path: Path) -> None:
    for name in ("trades", "names"):
        (tmp_path / name).mkdir()
    (tmp_path / "trades" / "pets.toml").write_text("", encoding="utf-8")
    (tmp_path / "names" / "pets.toml").write_text('[dragon]\nen = ["wyvern"]\n', encoding="utf-8")
    with pytest.raises(ValueError, match="dragon"):
        read_trades(tmp_path)


def test_absent_and_outdated_indexes_are_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(IndexUnusable, match=r"absent.*make gen/trades\.npz"):
        load_index(tmp_path / "trades.npz")
    monkeypatch.setattr(index_module, "FORMAT", -1)
    with pytest.raises(IndexUnusable, match=r"other data.*make gen/trades\.npz"):
        load_index()


def test_kinds_that_customers_confuse_are_alike_and_others_are_not() -> None:
    assert alike("good", "food")
    assert alike("service", "place")
    assert not alike("good", "service")
    assert not alike("cause", "good")
    assert all(alike(kind, kind) for kind in KINDS)


def test_plurals_fold_by_language() -> None:
    for language, counted in (
        ("en", (("jumpers", "jumper"), ("boxes", "box"), ("berries", "berry"), ("glass", "glass"))),
        ("es", (("lámparas", "lámpara"), ("colchones", "colchón"), ("luces", "luz"))),
        ("fr", (("gâteaux", "gâteau"), ("chaussures", "chaussure"))),
        ("de", (("Lampen", "Lampe"), ("Betten", "Bett"))),
        ("it", (("lampade", "lampada"), ("anelli", "anello"))),
        ("pt", (("colchões", "colchão"), ("anéis", "anel"))),
    ):
        for plural, singular in counted:
            assert stems_of(plural, language) == stems_of(singular, language), (language, plural)


def test_sectors_are_files_with_several_trades(trades: list[Trade]) -> None:
    assert min(Counter(trade.sector for trade in trades).values()) >= 5


def test_an_index_of_the_same_data_is_copied_and_another_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[Path] = []

    def build(path: Path) -> None:
        built.append(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(index_module.PATH, path)

    monkeypatch.setattr(build_index, "build_index", build)
    copies = tmp_path / "copies"
    assert not build_index.provide_index(tmp_path / "first" / "trades.npz", copies)
    assert build_index.provide_index(tmp_path / "second" / "trades.npz", copies)
    assert [path.parent.name for path in built] == ["first"]
    assert load_index(tmp_path / "second" / "trades.npz").version == index_module.index_key()

    (copy,) = copies.iterdir()
    copy.write_bytes(copy.read_bytes()[:-1000])  # cut off
    assert not build_index.provide_index(tmp_path / "third" / "trades.npz", copies)
    (copies / "older.npz").write_bytes(b"")
    for module in (build_index, index_module):
        monkeypatch.setattr(module, "index_key", lambda: "of other data")
    for number in range(build_index.MAX_COPIES + 1):
        monkeypatch.setattr(build_index, "index_key", lambda number=number: f"of other data {number}")
        assert not build_index.provide_index(tmp_path / f"other{number}" / "trades.npz", copies)
    assert len(list(copies.iterdir())) == build_index.MAX_COPIES

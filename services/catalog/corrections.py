"""Corrections of understandings: how a request changes them, and how they are put on a reading.

The corrections that hold for a product are kept as a message UpdateUnderstandingRequest: a field that is set holds, and
`update_mask` names the lists that hold even where they are empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from adwright.catalog.v1 import catalog_pb2

from services.catalog.understanding.reading import MAX_EVIDENCE, MAX_TRADE_WORDS, Trade
from services.chassis.errors import FieldViolation, ValidationFailed

Corrections = catalog_pb2.UpdateUnderstandingRequest

TEXTS = ("kind", "trade", "subject", "audience", "goal", "language")
LISTS = ("sensitive", "regulated")
EVIDENT = ("trade", "kind", "goal", "language")  # the fields that evidence is given for
MAX_FACT_CORRECTIONS = 60
NEAR_TRADES = 3
NEARNESS = 0.6  # of difflib: of the letters, how many agree
SHOWN_CHARACTERS = 80
NOT_SELLING = frozenset({"condition", "contact", "legal"})
# Strength of a fact that its owner has moved to a role that sells: before facts that were found to sell little.
CORRECTED_STRENGTH = 0.5


def changed_corrections(
    held: Corrections,
    request: catalog_pb2.UpdateUnderstandingRequest,
    *,
    reading: catalog_pb2.Understanding,
    trades: Mapping[str, Trade],
) -> Corrections:
    """Returns the corrections that hold after a request. Raises ValidationFailed.

    reading: the current understanding without corrections; only its facts can be corrected.
    """
    texts = {_folded(fact.text) for fact in reading.facts}
    _check(request, texts, trades)
    result = Corrections()
    result.CopyFrom(held)
    lists = set(held.update_mask.paths)
    for name in (*TEXTS, *LISTS, "facts"):
        if name in request.reset or "all" in request.reset:
            result.ClearField(name)  # type: ignore[arg-type]
            lists.discard(name)
    for name in TEXTS:
        if request.HasField(name):  # type: ignore[arg-type]
            setattr(result, name, " ".join(getattr(request, name).split()))
    if request.HasField("language"):
        result.language = _language_code(request.language)
    for name in LISTS:
        if getattr(request, name) or name in request.update_mask.paths:
            result.ClearField(name)  # type: ignore[arg-type]
            getattr(result, name).extend(getattr(request, name))
            lists.add(name)
    result.ClearField("update_mask")
    result.update_mask.paths.extend(sorted(lists))
    if request.facts:
        _merge_facts(result, request, texts)
    return result


def corrected(
    reading: catalog_pb2.Understanding, held: Corrections, trades: Mapping[str, Trade]
) -> catalog_pb2.Understanding:
    """Returns the understanding: a reading with the corrections that hold."""
    made = catalog_pb2.Understanding()
    made.CopyFrom(reading)
    replaced = {name for name in TEXTS if held.HasField(name)}  # type: ignore[arg-type]
    trade = trades.get(held.trade)
    if trade is None:  # not corrected, or a later release dropped the trade
        replaced.discard("trade")
    else:
        _put_trade(made, held.trade, trade)
    for name in TEXTS:
        if name in replaced:
            setattr(made, name, getattr(held, name))
    _put_trade_words(made, trades)
    lists = [name for name in LISTS if name in held.update_mask.paths]
    for name in lists:
        made.ClearField(name)  # type: ignore[arg-type]
        getattr(made, name).extend(getattr(held, name))
    facts = _put_facts(made, held)
    _put_evidence(made, [name for name in EVIDENT if name in replaced])
    made.corrected.extend([*(name for name in TEXTS if name in replaced), *lists, *(["facts"] if facts else [])])
    return made


def _check(request: catalog_pb2.UpdateUnderstandingRequest, texts: set[str], trades: Mapping[str, Trade]) -> None:
    """Raises ValidationFailed for an unknown trade, and for texts that are no fact of the product."""
    violations = []
    if request.HasField("trade") and request.trade not in trades:
        violations.append(FieldViolation(field="trade", message=_unknown_trade(request.trade, trades)))
    for number, fact in enumerate(request.facts):
        if _folded(fact.text) not in texts:
            shown = fact.text if len(fact.text) <= SHOWN_CHARACTERS else f"{fact.text[:SHOWN_CHARACTERS]}…"
            violations.append(
                FieldViolation(field=f"facts[{number}].text", message=f'"{shown}" is no fact of the product')
            )
    if violations:
        raise ValidationFailed(violations)


def _unknown_trade(wanted: str, trades: Mapping[str, Trade]) -> str:
    if not wanted:
        return 'must be the id of a trade; to drop the correction, name "trade" in reset'
    ids = {identifier: identifier for identifier in trades}
    ids |= {trade.name.lower().replace(" ", "_"): identifier for identifier, trade in trades.items()}
    words = get_close_matches(wanted.lower().replace(" ", "_"), ids, n=2 * NEAR_TRADES, cutoff=NEARNESS)
    near = list(dict.fromkeys(ids[word] for word in words))[:NEAR_TRADES]
    return f"is not a known trade; near ones: {', '.join(near)}" if near else "is not a known trade"


def _merge_facts(result: Corrections, request: catalog_pb2.UpdateUnderstandingRequest, texts: set[str]) -> None:
    """Adds fact corrections, the newest last. Above the limit the oldest leave that correct no fact of today."""
    merged = {_folded(fact.text): fact for fact in result.facts}
    for fact in request.facts:
        key = _folded(fact.text)
        merged.pop(key, None)
        merged[key] = fact
    for key in [key for key in merged if key not in texts][: max(0, len(merged) - MAX_FACT_CORRECTIONS)]:
        del merged[key]
    kept = list(merged.values())
    facts = [catalog_pb2.FactCorrection(text=fact.text, role=fact.role) for fact in kept]
    result.ClearField("facts")
    result.facts.extend(facts)


def _put_trade(made: catalog_pb2.Understanding, identifier: str, trade: Trade) -> None:
    """Sets the trade and what follows from it, but not what the product's own fields say."""
    said = {item.decided for item in made.evidence if item.by == "field"}
    made.confidence = "sure"
    made.trade, made.trade_name, made.sector = identifier, trade.name, trade.sector
    if "kind" not in said:
        made.kind = trade.kind
    if "goal" not in said:
        made.goal = trade.goal
    made.ClearField("sensitive")
    made.sensitive.extend(trade.sensitive)
    made.ClearField("regulated")
    made.regulated.extend(trade.regulated)
    kept = [item for item in made.evidence if item.by == "field" or item.decided not in ("trade", "kind", "goal")]
    _set_evidence(made, kept)


def _put_trade_words(made: catalog_pb2.Understanding, trades: Mapping[str, Trade]) -> None:
    """Sets the names of the trade, which follow from trade and language."""
    if made.trade not in trades:
        return  # none is known, or a later release dropped the trade
    made.ClearField("trade_words")
    made.trade_words.extend(trades[made.trade].names.get(made.language, ())[:MAX_TRADE_WORDS])


def _put_facts(made: catalog_pb2.Understanding, held: Corrections) -> bool:
    """Puts the roles on the facts, the strongest first again; returns whether a correction met a fact."""
    roles = {_folded(fact.text): fact.role for fact in held.facts}
    facts = []
    met = False
    for fact in made.facts:
        role = roles.get(_folded(fact.text))
        met = met or role is not None
        if role == "unused":
            continue
        kept = catalog_pb2.Fact()
        kept.CopyFrom(fact)
        if role is not None and role != fact.role:
            kept.role = role
            kept.strength = 0.0 if role in NOT_SELLING else max(fact.strength, CORRECTED_STRENGTH)
        facts.append(kept)
    limiting = {fact.id for fact in facts if fact.role == "condition"}
    ids = {fact.id for fact in facts}
    for fact in facts:
        kept_limits = [identifier for identifier in fact.limited_by if identifier in limiting]
        fact.ClearField("limited_by")
        fact.limited_by.extend(kept_limits)
        kept_same = [identifier for identifier in fact.same_as if identifier in ids]
        fact.ClearField("same_as")
        fact.same_as.extend(kept_same)
    if met:
        made.ClearField("facts")
        made.facts.extend(sorted(facts, key=lambda fact: -fact.strength))
    return met


def _put_evidence(made: catalog_pb2.Understanding, names: list[str]) -> None:
    """Replaces the evidence of the corrected fields."""
    kept = [item for item in made.evidence if item.decided not in names]
    corrections = [catalog_pb2.Evidence(decided=name, words=getattr(made, name), by="correction") for name in names]
    _set_evidence(made, [*corrections, *kept])


def _set_evidence(made: catalog_pb2.Understanding, items: list[catalog_pb2.Evidence]) -> None:
    copies = catalog_pb2.Understanding(evidence=items[:MAX_EVIDENCE])  # a cleared field's messages are gone
    made.ClearField("evidence")
    made.evidence.extend(copies.evidence)


def _language_code(code: str) -> str:
    """Returns the code in the usual case: "pt-BR"."""
    language, *rest = code.split("-")
    return "-".join([language.lower(), *(part.upper() if len(part) == 2 else part for part in rest)])


def _folded(text: str) -> str:
    """Returns the text for comparison: case and space do not count."""
    return " ".join(text.split()).casefold()

"""`adwright products understanding`: shows what was understood of a product, and corrects it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cli.terminal import DEMO_USER, call_or_exit, console, error_exit, print_line, printable, user_api

TEXTS = ("kind", "trade", "subject", "audience", "goal", "language")
LISTS = ("sensitive", "regulated")
CONFIDENCE_STYLES = {"sure": "green", "likely": "yellow", "not_known": "red"}
NOT_KNOWN = "not known"

ProductId = Annotated[str, typer.Argument(help="The product id.")]
Correct = Annotated[
    list[str] | None,
    typer.Option(
        help=f"A field and its right value, such as trade=dentist or sensitive=death,illness; fields: "
        f"{', '.join((*TEXTS, *LISTS))}."
    ),
]
CorrectFact = Annotated[
    list[str] | None,
    typer.Option("--fact", help="A fact and its right role, such as f3=condition; the role unused removes it."),
]
Reset = Annotated[list[str] | None, typer.Option(help="A field whose correction is dropped; all: every correction.")]
User = Annotated[str, typer.Option(help="The owner's user id.")]


def products_understanding(
    product_id: ProductId,
    correct: Correct = None,
    fact: CorrectFact = None,
    reset: Reset = None,
    user: User = DEMO_USER,
) -> None:
    """Show what was understood of a product, how surely and from which words; --correct and --fact correct it."""
    path = f"/api/products/{product_id}/understanding"
    fields, roles = _fields(correct or []), [_pair("--fact", text, last=True) for text in fact or []]
    api = user_api(user)
    shown = call_or_exit(api, "GET", path)
    if fields or roles or reset:
        texts = {item["id"]: item["text"] for item in shown.get("facts", [])}
        body = {
            **fields,
            "facts": [{"text": texts.get(name, name), "role": role} for name, role in roles],
            "reset": reset,
        }
        shown = call_or_exit(api, "PATCH", path, {name: value for name, value in body.items() if value is not None})
    _show(shown)


def summary(understanding: dict[str, Any]) -> str:
    """What is advertised and how sure that is, in a few words: "dental practice (service, likely)"."""
    what = understanding.get("tradeName") or understanding.get("sector") or understanding.get("subject")
    kind, confidence = _words(understanding.get("kind", "")), _words(understanding.get("confidence", ""))
    if not what:
        what, kind = kind or NOT_KNOWN, ""
    about = ", ".join(filter(None, (kind, confidence if confidence != what else "")))
    return printable(f"{what} ({about})" if about else what)


def _fields(correct: list[str]) -> dict[str, Any]:
    """Returns the fields of the request that `--correct` names. Exits the program for a field that has none."""
    body: dict[str, Any] = {}
    emptied = []
    for text in correct:
        name, value = _pair("--correct", text)
        if name in LISTS:
            body[name] = [part.strip() for part in value.split(",") if part.strip()]
            emptied += [name] if not body[name] else []
        elif name in TEXTS:
            body[name] = value
        else:
            raise error_exit(f"--correct: {name!r} is none of {', '.join((*TEXTS, *LISTS))}", 2)
    if emptied:
        body["updateMask"] = ",".join(emptied)
    return body


def _pair(option: str, text: str, *, last: bool = False) -> tuple[str, str]:
    """Splits "name=value" at the first equals sign, or at the last one. Exits the program where there is none."""
    name, equals, value = text.rpartition("=") if last else text.partition("=")
    if not equals or not name.strip():
        raise error_exit(f"{option}: {text!r} is not of the form name=value", 2)
    return name.strip(), value.strip()


def _show(understanding: dict[str, Any]) -> None:
    confidence = understanding["confidence"]
    trade = understanding.get("tradeName", "")
    fields = (
        ("kind", _words(understanding.get("kind", "")) or NOT_KNOWN),
        ("trade", f"{trade} ({understanding['trade']})" if trade else understanding.get("trade", "") or NOT_KNOWN),
        ("sector", understanding.get("sector", "") or NOT_KNOWN),
        ("subject", understanding.get("subject", "") or NOT_KNOWN),
        ("audience", understanding.get("audience", "") or "not said"),
        ("goal", _words(understanding.get("goal", "")) or NOT_KNOWN),
        ("language", _language(understanding.get("language", ""))),
        ("sensitive", ", ".join(understanding.get("sensitive", [])) or "no"),
        ("regulated", ", ".join(understanding.get("regulated", [])) or "no"),
    )
    brand = understanding.get("brand", "")
    print_line(" · ".join(printable(name) for name in (understanding.get("name", ""), brand) if name), "bold")
    table = _table()
    table.add_row("how sure", Text(_words(confidence), CONFIDENCE_STYLES.get(confidence, "")))
    corrected = understanding.get("corrected", [])
    for name, value in fields:
        note = Text("  corrected by you", "cyan") if name in corrected else Text()
        table.add_row(name, Text.assemble(Text(printable(value), "dim" if value == NOT_KNOWN else ""), note))
    console.print(table, soft_wrap=False)
    _show_evidence(understanding.get("evidence", []))
    _show_facts(understanding.get("facts", []), corrected="facts" in corrected)


def _show_evidence(evidence: list[dict[str, Any]]) -> None:
    if not evidence:
        return
    print_line("\nDecided by", "bold")
    table = _table()
    for item in evidence:
        words = f"“{item['words']}”" if item.get("words") else "the meaning of the whole text"
        source = f"in {item['source']}" if item.get("source") else ""
        table.add_row(
            printable(item["decided"]),
            printable(words),
            Text(printable(f"{source}, by {item['by']}".strip(", ")), "dim"),
        )
    console.print(table, soft_wrap=False)


def _show_facts(facts: list[dict[str, Any]], *, corrected: bool) -> None:
    """Prints the facts by role; the roles and the facts of each in the order of strength."""
    if not facts:
        print_line("\nNo facts were found.")
        return
    note = ", with your corrections" if corrected else ""
    print_line(f"\nFacts by role, the strongest first{note}", "bold")
    table = _table()
    by_role: dict[str, list[dict[str, Any]]] = {}
    for fact in facts:
        by_role.setdefault(fact["role"], []).append(fact)
    for role, found in by_role.items():
        for number, fact in enumerate(found):
            strength = f"{fact.get('strength', 0.0):.2f}"
            table.add_row(
                printable(role) if number == 0 else "",
                printable(fact["text"]),
                Text(f"{strength}  {printable(fact['id'])}", "dim"),
            )
    console.print(table, soft_wrap=False)


def _table() -> Table:
    """A table without lines: a name of fixed width, a text that wraps, and a remark."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(width=11)
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    return table


def _language(code: str) -> str:
    return NOT_KNOWN if code in ("", "und") else code


def _words(identifier: str) -> str:
    return identifier.replace("_", " ")

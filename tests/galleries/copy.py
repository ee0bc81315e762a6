# ruff: noqa: E501  (style sheet)
"""Writes out/copy.html: copies of the built-in engine, to be read.

`python -m tests.galleries.copy [BRIEFS]` writes for the products of the tests, or for those of a JSON file: a list of
objects with `project` and `product` as POST /api/projects and POST /api/products take them.
"""

from __future__ import annotations

import html
import itertools
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from adwright.catalog.v1 import catalog_pb2

from services.chassis.errors import InputFault
from services.copy.domain import CopyBrief, Format, Platform, Tone
from services.copy.providers.local import engine
from tests.copy.products import EVERY, brief_of, catalog_brief, understood

OUT = Path("out")
_AMOUNT = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
REQUESTS = 6  # for each product
_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:1500px;padding:0 1rem;color:#1d1d1f;background:#f5f5f2}
h2{margin:2.2rem 0 .2rem}.facts{color:#666;max-width:80ch}section{display:grid;grid-template-columns:repeat(5,1fr);gap:.8rem}
article{background:#fff;border-radius:10px;padding:.9rem;box-shadow:0 1px 3px #0002;white-space:pre-line}
h3{margin:1rem 0 .4rem;font-size:.95rem;color:#0a6}b{display:block;margin-bottom:.35rem}small{display:block;color:#888}
i{display:inline-block;margin-top:.5rem;font-style:normal;background:#1d1d1f;color:#fff;border-radius:6px;padding:.15rem .6rem}
@media(max-width:1000px){section{grid-template-columns:1fr}}
"""


def briefs_of(rows: Iterable[dict[str, Any]]) -> Iterator[catalog_pb2.Brief]:
    """The briefs of a file, as the catalog makes them. A price is the only number of its text; texts with several have
    none."""
    for row in rows:
        project, product = row.get("project", {}), row["product"]
        brand = project.get("brand", {}) if isinstance(project, dict) else {}
        made = catalog_pb2.Brief(
            project=catalog_pb2.Project(name=project if isinstance(project, str) else project.get("name", "")),
            product=catalog_pb2.Product(
                name=product["name"],
                description=product.get("description", ""),
                features=product.get("features", ()),
                audience=product.get("audience", ""),
            ),
        )
        made.project.brand.tone_words.extend(brand.get("toneWords", ()))
        amounts = _AMOUNT.findall(str(product.get("price") or ""))
        if len(amounts) == 1:
            made.product.price, made.product.currency = amounts[0].replace(",", ""), product.get("currency") or ""
        yield understood(made)


def _article(variant: Any) -> str:
    return (
        f"<article><small>{variant.angle}</small><b>{html.escape(variant.hook)}</b>{html.escape(variant.body)}"
        f"\n<i>{html.escape(variant.cta)}</i><small>{html.escape(' '.join(variant.hashtags))}</small></article>"
    )


def _section(request: CopyBrief) -> Iterator[str]:
    yield f"<h3>{request.platform} · {request.format} · {request.tone}</h3><section>"
    try:
        result = engine.write(request, "gallery")
    except InputFault as refused:
        yield f"<article>{html.escape(str(refused))}</article></section>"
        return
    yield from map(_article, result.variants)
    notes = " ".join((*result.notes.not_applied, *result.notes.filtered))
    yield f"</section><p class=facts>{html.escape(notes)}</p>"


def main() -> None:
    """Writes the page with six requests per product, so that every pair of platform and tone occurs often."""
    if len(sys.argv) > 1:
        briefs = list(briefs_of(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
    else:
        briefs = [catalog_brief(product) for product in EVERY]
    turns = list(itertools.product(Format, Platform, Tone))
    rows = [f"<!doctype html><meta charset=utf-8><title>Copy</title><style>{_STYLE}</style><h1>Copy</h1>"]
    for number, made in enumerate(briefs):
        product, known = made.product, made.understanding
        facts = " · ".join([product.description, *product.features, product.audience])
        rows.append(f"<h2>{html.escape(product.name)}</h2><p class=facts>{html.escape(facts)}</p>")
        rows.append(
            f"<p class=facts>{known.kind or '?'} · {known.trade_name or 'trade not known'} ({known.confidence})</p>"
        )
        for turn in range(REQUESTS):
            format_, platform, tone = turns[
                (number * REQUESTS + turn) * 29 % len(turns)
            ]  # 29 shares no factor with 144
            rows.extend(_section(brief_of(made, platform, format_, tone)))
    OUT.mkdir(exist_ok=True)
    target = OUT / "copy.html"
    target.write_text("\n".join(rows), encoding="utf-8")
    print(f"{target}: {len(briefs) * REQUESTS} requests")


if __name__ == "__main__":
    main()

# ruff: noqa: E501  (style sheet)
"""Writes out/copy.html: copies of the built-in engine for thirty products in all platforms, formats and tones."""

from __future__ import annotations

import html
import itertools
from pathlib import Path

from services.copy.domain import Format, Platform, Tone
from services.copy.providers.local import engine
from tests.copy.products import PRODUCTS, brief

OUT = Path("out")
_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:1500px;padding:0 1rem;color:#1d1d1f;background:#f5f5f2}
h2{margin:2.2rem 0 .2rem}.facts{color:#666;max-width:80ch}section{display:grid;grid-template-columns:repeat(5,1fr);gap:.8rem}
article{background:#fff;border-radius:10px;padding:.9rem;box-shadow:0 1px 3px #0002;white-space:pre-line}
h3{margin:1rem 0 .4rem;font-size:.95rem;color:#0a6}b{display:block;margin-bottom:.35rem}small{display:block;color:#888}
i{display:inline-block;margin-top:.5rem;font-style:normal;background:#1d1d1f;color:#fff;border-radius:6px;padding:.15rem .6rem}
@media(max-width:1000px){section{grid-template-columns:1fr}}
"""


def main() -> None:
    """Writes the page with six requests per product, so that every pair of platform and tone occurs often."""
    turns = list(itertools.product(Format, Platform, Tone))
    rows = [f"<!doctype html><meta charset=utf-8><title>Copy</title><style>{_STYLE}</style><h1>Copy</h1>"]
    for number, product in enumerate(PRODUCTS):
        facts = " · ".join([product.description, *product.features, product.audience])
        rows.append(f"<h2>{html.escape(product.name)}</h2><p class=facts>{html.escape(facts)}</p>")
        for turn in range(6):
            format_, platform, tone = turns[(number * 6 + turn) * 29 % len(turns)]  # 29 shares no factor with 144
            result = engine.write(brief(product, platform, format_, tone), "gallery")
            rows.append(f"<h3>{platform} · {format_} · {tone}</h3><section>")
            rows.extend(
                f"<article><small>{variant.angle}</small><b>{html.escape(variant.hook)}</b>{html.escape(variant.body)}"
                f"\n<i>{html.escape(variant.cta)}</i><small>{html.escape(' '.join(variant.hashtags))}</small></article>"
                for variant in result.variants
            )
            rows.append("</section>")
    OUT.mkdir(exist_ok=True)
    target = OUT / "copy.html"
    target.write_text("\n".join(rows), encoding="utf-8")
    print(f"{target}: {len(PRODUCTS) * 6} requests, {len(PRODUCTS) * 30} texts")


if __name__ == "__main__":
    main()

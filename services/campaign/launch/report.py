"""The launch check as documents: launch-check.json for programs, launch-check.html for people."""

from __future__ import annotations

import json
from dataclasses import asdict
from html import escape
from typing import Final

from services.campaign.launch.check import LaunchCheck
from services.campaign.launch.rules import Finding, Severity
from services.campaign.pack.entries import PackManifest

FORMAT: Final = 1
_SEVERITIES: Final[dict[Severity, str]] = {
    "blocks": "Blocks the launch",
    "warns": "Runs, but look at it",
}
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1b1b;background:#fff}"
    "h2{margin-top:2rem}li{margin:0 0 1rem}small{color:#555}"
    "code{background:#f2f2f2;padding:0 .2em;overflow-wrap:anywhere}"
)


def json_report(manifest: PackManifest, check: LaunchCheck) -> bytes:
    """The findings as UTF-8 JSON."""
    document = {
        "format": FORMAT,
        "campaignId": manifest.campaign_id,
        "files": check.files,
        "texts": check.texts,
        "summary": check.summary,
        "findings": [asdict(found) for found in check.findings],
        "notChecked": [asdict(row) for row in check.not_checked],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode(errors="replace")


def html_report(manifest: PackManifest, check: LaunchCheck) -> bytes:
    """One page without scripts and without anything to load, in UTF-8."""
    name = escape(manifest.name or manifest.campaign_id)
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Launch check: {name}</title>',
        '<meta name="viewport" content="width=device-width">',
        f"<style>{_STYLE}</style></head><body><h1>Launch check: {name}</h1>",
        f"<p>{check.files} files and {check.texts} texts were looked at. "
        f"{check.summary['blocks']} findings block the launch, {check.summary['warns']} deserve a look. "
        "The platforms decide for themselves: no finding is no promise that an ad is approved.</p>",
    ]
    for severity, title in _SEVERITIES.items():
        found = [one for one in check.findings if one.severity == severity]
        if found:
            parts += [f"<h2>{title}</h2><ul>", *map(_item, found), "</ul>"]
    if check.not_checked:
        parts.append("<h2>Not checked</h2><ul>")
        parts += [f"<li>{escape(row.why)} ({row.count}) <code>{row.rule}</code></li>" for row in check.not_checked]
        parts.append("</ul>")
    return "\n".join([*parts, "</body></html>"]).encode(errors="replace")


def _item(found: Finding) -> str:
    source = escape(found.source)
    if found.url:
        source = f'<a href="{escape(found.url)}" rel="noreferrer">{source}</a>'
    known = "" if found.verified else "; not read on the platform's or lawmaker's own page"
    platform = f"{escape(found.platform)}: " if found.platform else ""
    return (
        f"<li><strong>{platform}{escape(found.title)}</strong> <code>{found.rule}</code><br>"
        f"{escape(found.where)}<br>{escape(found.what)} {escape(found.fix)}<br>"
        f"<small>{source}, {escape(found.date)}{known}</small></li>"
    )

"""Checks of ad groups and sheets: counts, doubles, languages, landing pages, and ratios that are missing in the set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from services.campaign.launch.languages import language_of
from services.campaign.launch.rules import Finding, finding
from services.campaign.launch.texts import place_of
from services.campaign.pack.entries import DeliverableKind, PackEntry
from services.campaign.pack.platforms import RequiredCount, length, platform_table
from services.campaign.pack.rows import AdGroup, asset_group_texts, one_line
from services.campaign.pack.sheets import FilledSheet

_NAMES: Final = {"image_1.91:1": "pictures 1.91:1", "image_1:1": "pictures 1:1", "image_4:5": "pictures 4:5"}


def check_groups(sheets: Sequence[FilledSheet], groups: Sequence[AdGroup]) -> Iterator[Finding]:
    """The findings of the sheets, and of the groups whose ads they hold."""
    for sheet in sheets:
        yield from _left_out(sheet)
        for group in sheet.groups:
            yield from _counts(sheet, group)
    for group in groups:
        where = f"{group.platform}/{group.name}"
        if not group.final_url:
            what = f"{group.product_name or group.product_id} has no page that begins with https://."
            yield finding("landing-page-missing", platform=group.platform, where=where, what=what)
        yield from _duplicates(group, where)
        yield from _languages(group, where)


def _left_out(sheet: FilledSheet) -> Iterator[Finding]:
    """What a sheet does not have. Texts of copy that are too long are found at the text itself."""
    for left in sheet.left_out:
        where = f"{sheet.sheet.file}, {left.group.name}, {left.column.name}"
        if left.why == "formula":
            yield finding("formula-text", platform=left.group.platform, where=where, what=f"“{left.text[:80]}”")
        elif platform_table().text_field(left.group.platform, left.column.value) is None:
            what = f"“{left.text[:80]}” has {len(left.text)} characters; at most {left.column.limit} fit."
            source = next(row for row in platform_table().text if row.platform == left.group.platform).source
            yield finding(
                "text-too-long",
                platform=left.group.platform,
                where=where,
                what=what,
                source=platform_table().source[source],
            )


def _counts(sheet: FilledSheet, group: AdGroup) -> Iterator[Finding]:
    table = platform_table()
    for rule in table.count:
        if rule.sheet != sheet.sheet.id:
            continue
        texts = _usable(rule, sheet, group)
        where = f"{sheet.sheet.file}, {group.name}"
        source = table.source[rule.source]
        name = _NAMES.get(rule.field, rule.field.replace("_", " ") + "s")
        if len(texts) < rule.least:
            what = f"{len(texts)} {name}; at least {rule.least} are needed."
            yield finding("too-few", platform=group.platform, where=where, what=what, source=source)
        elif rule.short and not any(length(text, "wide_double") <= rule.short for text in texts):
            what = f"None of {len(texts)} {name} has at most {rule.short} characters."
            yield finding("no-short-text", platform=group.platform, where=where, what=what, source=source)


def _usable(rule: RequiredCount, sheet: FilledSheet, group: AdGroup) -> list[str]:
    if rule.field.startswith("image_"):
        ratio = rule.field.removeprefix("image_")
        return [path for entry, path in group.files if entry.kind is DeliverableKind.IMAGE and entry.ratio == ratio]
    left_out = {
        left.text for left in sheet.left_out if left.group.name == group.name and left.column.value == rule.field
    }
    own = asset_group_texts(group) if sheet.sheet.rows == "asset_groups" else {}
    texts = own[rule.field] if rule.field in own else group.field(rule.field)
    return [text for text in texts if text not in left_out]


def _duplicates(group: AdGroup, where: str) -> Iterator[Finding]:
    """A hook that stands twice among the texts of one format. Formats may share theirs, and hooks a body.

    Google's rows hold each text once, and are checked for their counts.
    """
    if group.platform == "google":
        return
    hooks = Counter((text.entry.format, one_line(text.copy.hook).casefold()) for text in group.texts)
    for (text_format, hook), count in hooks.items():
        if hook and count > 1:
            what = f"The hook “{hook[:80]}” stands {count} times among its {text_format or 'texts'}."
            yield finding("duplicate-text", platform=group.platform, where=where, what=what)


def _languages(group: AdGroup, where: str) -> Iterator[Finding]:
    """Texts in another language than the group's: the stated one, or else that of most of its texts."""
    identified = [(text, language_of(f"{text.copy.hook} {text.copy.body}")) for text in group.texts]
    counts = Counter(language for _, language in identified if language)
    if not counts:
        return
    main = group.language.partition("-")[0].lower() or counts.most_common(1)[0][0]
    for text, language in identified:
        if language and language != main:
            what = f"{place_of(text.entry, text.number)} is in “{language}”; the group is in “{main}”."
            yield finding("language-mixed", platform=group.platform, where=where, what=what)


def check_set(entries: Sequence[PackEntry]) -> Iterator[Finding]:
    """Pictures or films of a product that lack a ratio which its other concepts, or those of other products, have."""
    files = [entry for entry in entries if entry.is_ad]
    for (kind, platform), listed in _by(files, lambda entry: (entry.kind.value, entry.platform)):
        ratios = dict.fromkeys(entry.ratio for entry in listed)
        for concept, same in _by(listed, _concept):
            missing = [ratio for ratio in ratios if ratio not in {entry.ratio for entry in same}]
            if missing:
                name = ", ".join(str(part) for part in (same[0].product_name, *concept[1:]) if part)
                what = f"It has no {kind} in {', '.join(missing)}."
                yield finding("set-incomplete", platform=platform, where=name, what=what)


def _concept(entry: PackEntry) -> tuple[str, ...]:
    return (entry.product_id, entry.style, entry.axis_value, entry.language, f"variant {entry.variant}")


def _by(
    entries: Sequence[PackEntry], key: Callable[[PackEntry], tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], list[PackEntry]]]:
    """The entries by key, in order."""
    found: dict[tuple[str, ...], list[PackEntry]] = {}
    for entry in entries:
        found.setdefault(key(entry), []).append(entry)
    yield from found.items()

"""Faults for packs: each changes a clean campaign, and says what the launch check must find, and where."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from services.campaign.pack.entries import C2paState, CopyText, DeliverableKind, PackEntry, TextArea
from tests.campaign.pack_samples import Campaign, add_copy, add_film, add_picture, film, picture

IMAGE, VIDEO, COPY = DeliverableKind.IMAGE, DeliverableKind.VIDEO, DeliverableKind.COPY


@dataclass(frozen=True, slots=True)
class Expected:
    """A finding that must be there: its rule, and a part of its place or message."""

    rule: str
    place: str


Fault = Callable[[Campaign, random.Random], Expected]


def _base(campaign: Campaign) -> PackEntry:
    """An empty entry for the first product."""
    first = campaign.entries[0]
    return PackEntry(
        product_id=first.product_id,
        product_name=first.product_name,
        kind=COPY,
        job_id="",
        landing_page=first.landing_page,
        axis_value=first.axis_value,
        variant=77,
    )


def _on(campaign: Campaign, *platforms: str) -> None:
    wanted = dict.fromkeys((*campaign.manifest.platforms, *platforms))
    campaign.manifest = replace(campaign.manifest, platforms=tuple(wanted))


def _picture(campaign: Campaign, rng: random.Random, platform: str = "meta", ratio: str = "1:1") -> int:
    """A picture for one platform, as the only one of its set, so that no ratio is missing beside it."""
    _on(campaign, platform)
    return add_picture(campaign, rng, replace(_base(campaign), platform=platform, ratio=ratio, style="fault"))


def _film(campaign: Campaign, rng: random.Random, platform: str, ratio: str = "9:16") -> int:
    _on(campaign, platform)
    return add_film(campaign, rng, replace(_base(campaign), platform=platform, ratio=ratio, style="fault"))


def _copy(campaign: Campaign, rng: random.Random, platform: str, text_format: str, language: str = "en") -> int:
    _on(campaign, platform)
    return add_copy(campaign, rng, replace(_base(campaign), platform=platform, format=text_format, language=language))


def _text(campaign: Campaign, position: int, number: int, **values: object) -> str:
    """Changes one text, and returns the job by which a finding names it."""
    entry = campaign.entries[position]
    texts = list(entry.texts)
    texts[number] = replace(texts[number], **values)  # type: ignore[arg-type]
    campaign.change(position, texts=tuple(texts))
    return f"text {number + 1} (job {entry.job_id})"


def unreadable(campaign: Campaign, rng: random.Random) -> Expected:
    at = _picture(campaign, rng)
    campaign.broken.add(campaign.entries[at].asset_id)
    return Expected("file-unreadable", campaign.path(at))


def flipped_byte(campaign: Campaign, rng: random.Random) -> Expected:
    at = _picture(campaign, rng)
    content = bytearray(campaign.store[campaign.entries[at].asset_id])
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    campaign.store[campaign.entries[at].asset_id] = bytes(content)
    return Expected("file-damaged", campaign.path(at))


def cut_short(campaign: Campaign, rng: random.Random) -> Expected:
    at = _film(campaign, rng, "meta")
    asset = campaign.entries[at].asset_id
    campaign.store[asset] = campaign.store[asset][: rng.randrange(len(campaign.store[asset]))]
    return Expected("file-damaged", campaign.path(at))


def too_much(campaign: Campaign, rng: random.Random) -> Expected:
    at = _picture(campaign, rng)
    campaign.store[campaign.entries[at].asset_id] += b"\0" * rng.randint(1, 100_000)
    return Expected("file-damaged", campaign.path(at))


def other_type(campaign: Campaign, rng: random.Random) -> Expected:
    at = _picture(campaign, rng)
    campaign.put(at, picture(1080, 1080, "navy", "WEBP"))
    return Expected("file-type-differs", campaign.path(at))


def no_picture(campaign: Campaign, rng: random.Random) -> Expected:
    at = _picture(campaign, rng)
    campaign.put(at, b"<html>busy</html> c2pa")
    return Expected("file-type-differs", campaign.path(at))


def other_pixels(campaign: Campaign, rng: random.Random) -> Expected:
    at = _picture(campaign, rng)
    campaign.put(at, picture(1200, 1200, "navy"), content_type="image/png")
    return Expected("picture-size-differs", campaign.path(at))


def other_ratio(campaign: Campaign, rng: random.Random) -> Expected:
    at = _picture(campaign, rng)
    campaign.put(at, picture(1080, 1350, "navy"), content_type="image/png", width=1080, height=1350)
    return Expected("ratio-differs", campaign.path(at))


def ratio_not_taken(campaign: Campaign, rng: random.Random) -> Expected:
    at = _picture(campaign, rng, *rng.choice((("google", "16:9"), ("pinterest", "9:16"), ("linkedin", "9:16"))))
    return Expected("ratio-not-taken", campaign.path(at))


def few_pixels(campaign: Campaign, rng: random.Random) -> Expected:
    at = _picture(campaign, rng, rng.choice(("google", "meta", "linkedin")))
    campaign.put(at, picture(250, 250, "navy"), content_type="image/png", width=250, height=250)
    return Expected("too-few-pixels", campaign.path(at))


def large_picture(campaign: Campaign, rng: random.Random) -> Expected:
    at = _picture(campaign, rng, rng.choice(("google", "linkedin")))
    campaign.put(at, picture(1080, 1080, "navy") + bytes(5_300_000), content_type="image/png")
    return Expected("file-too-large", campaign.path(at))


def small_film(campaign: Campaign, rng: random.Random) -> Expected:
    at = _film(campaign, rng, "linkedin")
    campaign.put(at, film(60_000))
    return Expected("file-too-small", campaign.path(at))


def type_not_taken(campaign: Campaign, rng: random.Random) -> Expected:
    at = _picture(campaign, rng, rng.choice(("google", "meta", "pinterest", "linkedin", "tiktok")))
    campaign.put(at, picture(1080, 1080, "navy", "WEBP"), content_type="image/webp")
    return Expected("type-not-taken", campaign.path(at))


def short_film(campaign: Campaign, rng: random.Random) -> Expected:
    platform, seconds = rng.choice((("tiktok", 4.0), ("google", 6.0), ("linkedin", 2.0), ("pinterest", 3.5)))
    at = _film(campaign, rng, platform)
    campaign.change(at, duration_seconds=seconds)
    return Expected("film-too-short", campaign.path(at))


def long_film(campaign: Campaign, rng: random.Random) -> Expected:
    platform, seconds = rng.choice((("tiktok", 61.0), ("linkedin", 1801.0), ("pinterest", 950.0)))
    at = _film(campaign, rng, platform)
    campaign.change(at, duration_seconds=seconds)
    return Expected("film-too-long", campaign.path(at))


def thin_film(campaign: Campaign, rng: random.Random) -> Expected:
    at = _film(campaign, rng, "tiktok")
    campaign.put(at, film(rng.randint(100_000, 900_000)))
    return Expected("bit-rate-too-low", campaign.path(at))


def outside_zone(campaign: Campaign, rng: random.Random) -> Expected:
    at = _picture(campaign, rng, rng.choice(("meta", "tiktok")), "9:16")
    area = rng.choice(((0.2, 0.05, 0.8, 0.1), (0.2, 0.6, 0.8, 0.8), (0.01, 0.3, 0.5, 0.4), (0.5, 0.3, 0.95, 0.4)))
    left, top, right, bottom = area
    campaign.change(at, text_areas=(TextArea(left=left, top=top, right=right, bottom=bottom, contrast=9.0),))
    return Expected("outside-safe-zone", campaign.path(at))


def low_contrast(campaign: Campaign, rng: random.Random) -> Expected:
    at = _picture(campaign, rng)
    height, contrast = rng.choice(((0.1, 2.4), (0.02, 4.0)))
    area = TextArea(left=0.2, top=0.3, right=0.8, bottom=0.3 + height, contrast=contrast)
    campaign.change(at, text_areas=(area,))
    return Expected("low-contrast", campaign.path(at))


def no_alternative(campaign: Campaign, rng: random.Random) -> Expected:
    at = _picture(campaign, rng)
    campaign.change(at, alternative_text=rng.choice(("", "  ")))
    return Expected("alternative-text-missing", campaign.path(at))


def unmarked(campaign: Campaign, rng: random.Random) -> Expected:
    at = _picture(campaign, rng)
    campaign.change(at, c2pa=rng.choice((C2paState.MODEL, C2paState.MODEL_COMPOSITE)), visible_ai_mark=False)
    return Expected("ai-label", campaign.path(at))


def origin_lost(campaign: Campaign, rng: random.Random) -> Expected:
    at = _picture(campaign, rng)
    content = picture(1080, 1080, "navy", signed=False)
    campaign.put(at, content, content_type="image/png", c2pa=C2paState.PHOTO_COMPOSITE)
    return Expected("c2pa-missing", campaign.path(at))


def unsigned(campaign: Campaign, rng: random.Random) -> Expected:
    at = _film(campaign, rng, "meta")
    campaign.change(at, c2pa=C2paState.UNSIGNED)
    return Expected("c2pa-unsigned", campaign.path(at))


def long_text(campaign: Campaign, rng: random.Random) -> Expected:
    platform, text_format, name, size = rng.choice(
        (
            ("google", "short", "hook", 31), ("google", "short", "body", 91), ("google", "long", "hook", 91),
            ("tiktok", "short", "body", 101), ("pinterest", "long", "hook", 101), ("pinterest", "short", "body", 501),
        )
    )  # fmt: skip
    at = _copy(campaign, rng, platform, text_format)
    return Expected("text-too-long", _text(campaign, at, 1, **{name: ("warm " * 200)[:size].strip().ljust(size, "y")}))


def long_in_wide(campaign: Campaign, rng: random.Random) -> Expected:
    at = _copy(campaign, rng, "google", "short")
    return Expected("text-too-long", _text(campaign, at, 2, hook="風に強い暖かい上着をあなたにどうぞ"[:16]))


def opening_hidden(campaign: Campaign, rng: random.Random) -> Expected:
    platform, size = rng.choice((("meta", 126), ("linkedin", 151)))
    at = _copy(campaign, rng, platform, "long")
    return Expected("opening-behind-fold", _text(campaign, at, 0, hook=("warm " * 40)[:size].strip().ljust(size, "y")))


def empty_text(campaign: Campaign, rng: random.Random) -> Expected:
    at = _copy(campaign, rng, "meta", "short")
    return Expected("text-missing", _text(campaign, at, 3, **{rng.choice(("hook", "body")): rng.choice(("", " \n"))}))


def placeholder(campaign: Campaign, rng: random.Random) -> Expected:
    at = _copy(campaign, rng, "meta", "short")
    words = rng.choice(
        ("Hello {name}", "[Product name] is here", "Lorem ipsum dolor", "Only {{ price }} today", "XXXX")
    )
    return Expected("text-placeholder", _text(campaign, at, 4, body=words))


def control_character(campaign: Campaign, rng: random.Random) -> Expected:
    at = _copy(campaign, rng, "linkedin", "short")
    odd = rng.choice(("\0", "\x1b", "\u202e", "\ufeff", "\ue000"))
    return Expected("text-control-character", _text(campaign, at, 0, hook=f"A warm{odd} day"))


def emoji(campaign: Campaign, rng: random.Random) -> Expected:
    at = _copy(campaign, rng, "google", "short")
    return Expected("text-emoji", _text(campaign, at, 1, hook=f"Warm {rng.choice('🔥⭐✅')} all day"))


def exclamation(campaign: Campaign, rng: random.Random) -> Expected:
    at = _copy(campaign, rng, "google", "short")
    return Expected("headline-exclamation", _text(campaign, at, 1, hook=rng.choice(("Warm at last!", "暖かい！"))))


def mention(campaign: Campaign, rng: random.Random) -> Expected:
    at = _copy(campaign, rng, "tiktok", "short")
    return Expected(
        "caption-symbols", _text(campaign, at, 1, body=rng.choice(("By @windwool, made well", "So #warm today")))
    )


def forbidden_claim(campaign: Campaign, rng: random.Random) -> Expected:
    at = _copy(campaign, rng, "meta", "short")
    claims = ("Risk-free returns of 12 % a year", "Earn $500 a day from home", "Guaranteed approval, no credit check")
    return Expected("claim-forbidden", _text(campaign, at, 3, body=rng.choice(claims)))


def same_text(campaign: Campaign, rng: random.Random) -> Expected:
    at = _copy(campaign, rng, rng.choice(("meta", "tiktok", "pinterest")), "short")
    first = campaign.entries[at].texts[0].hook
    _text(campaign, at, 1, hook=rng.choice((first, first.upper(), first.replace(" ", "  "))))
    return Expected("duplicate-text", first.split()[0].casefold())


def other_language(campaign: Campaign, rng: random.Random) -> Expected:
    at = _copy(campaign, rng, "meta", "short")
    body = rng.choice(
        (
            "Diese Jacke hält dich warm, wenn der Wind am Abend kälter wird.",
            "Cette veste vous garde au chaud quand le vent se lève le soir.",
            "この上着は風の強い夜にもあなたを暖かく保ちます。",
        )
    )
    return Expected(
        "language-mixed", _text(campaign, at, 2, hook="", body=body) and f"job {campaign.entries[at].job_id}"
    )


def formula(campaign: Campaign, rng: random.Random) -> Expected:
    at = _copy(campaign, rng, "google", "short")
    text = rng.choice(("=2+5+cmd|' /C calc'!A0", "-20 % today", "+49 warm days", "@home and warm"))
    _text(campaign, at, 1, hook=text)
    return Expected("formula-text", text)


def few_texts(campaign: Campaign, rng: random.Random) -> Expected:
    at = _copy(campaign, rng, "google", "short", language="es")
    product = f"{campaign.entries[at].product_id}-new"
    texts = (
        replace(campaign.entries[at].texts[0], cta=""),
        CopyText(hook="Abrigo listo", body="Te mantiene caliente."),
    )
    entry = campaign.change(at, product_id=product, texts=texts[: rng.randint(1, 2)])
    return Expected("too-few", f"_{entry.language}")


def few_pictures(campaign: Campaign, rng: random.Random) -> Expected:
    at = _picture(campaign, rng, "google", "1:1")
    campaign.change(at, product_id="alone", product_name="Alone")
    return Expected("too-few", "alone")


def no_short_text(campaign: Campaign, rng: random.Random) -> Expected:
    at = _picture(campaign, rng, "google", "1:1")
    entry = campaign.change(at, product_id="alone", product_name="Alone")
    for text_format in ("short", "long"):
        number = _copy(campaign, rng, "google", text_format)
        texts = tuple(
            replace(
                text,
                hook=f"A warm and dry day {n}",
                cta="",
                body=f"It keeps you warm and dry all of the days and the nights, {n}.",
            )
            for n, text in enumerate(campaign.entries[number].texts)
        )
        campaign.change(number, product_id=entry.product_id, product_name="Alone", texts=texts)
    return Expected("no-short-text", "alone")


def no_landing_page(campaign: Campaign, rng: random.Random) -> Expected:
    at = _copy(campaign, rng, rng.choice(("meta", "google", "tiktok")), "short")
    page = rng.choice(("", "example.com/jacket", "javascript:alert(1)"))
    campaign.change(at, product_id="lost", product_name="Lost", landing_page=page)
    return Expected("landing-page-missing", "lost")


def hole_in_set(campaign: Campaign, rng: random.Random) -> Expected:
    base = replace(_base(campaign), platform="meta", style="fault", product_name="Holey", product_id="holey")
    _on(campaign, "meta")
    for variant in (1, 2):
        for ratio in ("1:1", "4:5")[: 3 - variant]:
            add_picture(campaign, rng, replace(base, ratio=ratio, variant=variant))
    return Expected("set-incomplete", "Holey")


FAULTS: tuple[Fault, ...] = (
    unreadable, flipped_byte, cut_short, too_much, other_type, no_picture, other_pixels, other_ratio, ratio_not_taken,
    few_pixels, large_picture, small_film, type_not_taken, short_film, long_film, thin_film, outside_zone, low_contrast,
    no_alternative, unmarked, origin_lost, unsigned, long_text, long_in_wide, opening_hidden, empty_text, placeholder,
    control_character, emoji, exclamation, mention, forbidden_claim, same_text, other_language, formula, few_texts,
    few_pictures, no_short_text, no_landing_page, hole_in_set,
)  # fmt: skip

"""Campaigns for the tests of packs: of any shape, without a fault, made from a seed; and a store for their files."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache

from PIL import Image, PngImagePlugin

from services.campaign.pack.entries import C2paState, CopyText, DeliverableKind, PackEntry, PackManifest, TextArea
from services.campaign.pack.placing import place_files
from services.campaign.pack.platforms import PLATFORMS, platform_table

PIXELS = {
    "1:1": (1080, 1080), "9:16": (1080, 1920), "4:5": (1080, 1350), "16:9": (1920, 1080), "1.91:1": (1910, 1000),
    "2:3": (1080, 1620),
}  # fmt: skip
PRODUCTS = (
    "Trail Runner", "Crème Brûlée Kit", "Größenwahn Jacke", "Łódź Lamp", "水筒 500", "Öko-Seife", "Night Light No. 7",
    "Pão de Queijo", "Наушники", "Desk & Chair",
)  # fmt: skip
AXES = {
    "angle": ("price", "comfort", "made to last"),
    "layout": ("split", "full bleed"),
    "palette": ("warm", "cool"),
    "": ("",),
}
# (sentences, short headlines, calls to action) by language. {n} makes a sentence one of its own.
LANGUAGES: dict[str, tuple[Sequence[str], Sequence[str], Sequence[str]]] = {
    "en": (
        (
            "It keeps you warm on the {n} days when the wind does not.",
            "Made in our workshop, with {n} years of care.",
            "You can send it back within {n} days if it does not fit.",
            "The pockets hold {n} things that you always look for.",
        ),
        ("Ready in {n} minutes", "A warm day {n}", "Lasts for {n} years"),
        ("Shop now", "See it", "Order today"),
    ),
    "de": (
        (
            "Sie hält dich an {n} Tagen warm, wenn der Wind es nicht tut.",
            "In unserer Werkstatt mit {n} Jahren Erfahrung gemacht.",
            "Du kannst sie {n} Tage lang zurückschicken, wenn sie nicht passt.",
            "In die Taschen passen {n} Dinge, die man immer sucht.",
        ),
        ("In {n} Minuten bereit", "Ein warmer Tag {n}", "Hält {n} Jahre"),
        ("Jetzt ansehen", "Bestellen", "Mehr dazu"),
    ),
    "fr": (
        (
            "Elle vous garde au chaud les {n} jours où le vent souffle.",
            "Fabriquée dans notre atelier avec {n} ans de soin.",
            "Vous pouvez la renvoyer dans les {n} jours si elle ne va pas.",
            "Les poches gardent les {n} choses que l’on cherche toujours.",
        ),
        ("Prête en {n} minutes", "Un jour doux {n}", "Dure {n} ans"),
        ("Découvrir", "Commander", "La voir"),
    ),
    "es": (
        (
            "Te mantiene caliente los {n} días en que el viento sopla.",
            "Hecha en nuestro taller con {n} años de cuidado.",
            "Puedes devolverla en {n} días si no te queda bien.",
            "En los bolsillos caben las {n} cosas que siempre buscas.",
        ),
        ("Lista en {n} minutos", "Un día cálido {n}", "Dura {n} años"),
        ("Comprar ya", "Verla", "Pedir hoy"),
    ),
}


@dataclass
class Campaign:
    """A manifest with its entries, and the content of their files by asset id. broken: those that cannot be read."""

    manifest: PackManifest
    entries: list[PackEntry]
    store: dict[str, bytes] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    async def open_asset(self, asset_id: str) -> AsyncIterator[bytes]:
        """The content in pieces of 64 KiB."""
        if asset_id in self.broken:
            raise OSError("no such object")
        content = self.store[asset_id]
        for start in range(0, len(content), 65_536):
            yield content[start : start + 65_536]

    def change(self, position: int, **values: object) -> PackEntry:
        """Changes an entry, and returns it."""
        self.entries[position] = replace(self.entries[position], **values)  # type: ignore[arg-type]
        return self.entries[position]

    def put(self, position: int, content: bytes, **values: object) -> PackEntry:
        """Gives an entry other content, with a record that fits it."""
        entry = self.entries[position]
        self.store[entry.asset_id] = content
        return self.change(position, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest(), **values)

    def positions(self, kind: DeliverableKind, platform: str = "") -> list[int]:
        """The entries of a kind; with a platform, those that have a place in its folder, or copy for it."""
        placed = {file.position: file for file in place_files(self.manifest, self.entries)}
        return [
            number
            for number, entry in enumerate(self.entries)
            if entry.kind is kind
            and (
                not platform
                or entry.platform == platform
                or (number in placed and any(path.startswith(f"{platform}/") for path in placed[number].paths))
            )
        ]

    def path(self, position: int, platform: str = "") -> str:
        """The path of a file, on a platform."""
        file = next(file for file in place_files(self.manifest, self.entries) if file.position == position)
        return next(path for path in file.paths if path.startswith(platform))


@cache
def picture(width: int, height: int, colour: str, image_format: str = "PNG", *, signed: bool = True) -> bytes:
    """A plain picture. signed: with the label of a C2PA manifest in the place where its format keeps one."""
    out = io.BytesIO()
    plain = Image.new("RGB", (width, height), colour)
    label = b"\0\0\0\x20jumbjumdc2pa"
    if image_format == "PNG":
        info = PngImagePlugin.PngInfo()
        if signed:
            info.add(b"caBX", label)
        plain.save(out, "PNG", pnginfo=info, compress_level=1)
        return out.getvalue()
    plain.save(out, image_format, quality=80)
    content = out.getvalue()
    if image_format != "JPEG" or not signed:
        return content
    return content[:2] + b"\xff\xeb" + (len(label) + 2).to_bytes(2, "big") + label + content[2:]


@cache
def film(size: int) -> bytes:
    """Bytes that stand for a film: nothing looks into them."""
    return b"\0\0\0\x18ftypmp42c2pa" + bytes(size - 16)


def clean_campaign(seed: int) -> Campaign:
    """A campaign in which nothing is to be found: every ad group has what it needs, every file what it says."""
    rng = random.Random(seed)
    platforms = tuple(sorted(rng.sample(PLATFORMS, rng.randint(1, len(PLATFORMS)))))
    axis = rng.choice(list(AXES))
    languages = rng.sample(list(LANGUAGES), rng.choice((1, 1, 2)))
    products = rng.sample(PRODUCTS, rng.randint(1, 2))
    ratios = _ratios(rng, platforms)
    films = rng.choice(((), ("9:16",), ("1:1", "16:9")))
    campaign = Campaign(
        PackManifest(
            campaign_id=f"c{seed}",
            name=rng.choice(("Summer sale", "Größer & wärmer", "夏", "Q3/2027")),
            created=datetime(2026, 11, 29, 12, seed % 60, tzinfo=UTC),
            brand_name=rng.choice(("", "Wind & Wool", "Nordhäuser")),
            platforms=platforms,
            variant_axis=axis,
        ),
        [],
    )
    for number, name in enumerate(products):
        base = PackEntry(
            product_id=f"p{seed}-{number}",
            product_name=name,
            kind=DeliverableKind.COPY,
            job_id="",
            landing_page=f"https://example.com/{number}",
        )
        for language in languages:
            for platform in platforms:
                for text_format in (
                    ("short", "long") if platform == "google" else (rng.choice(("short", "hook", "story")),)
                ):
                    add_copy(campaign, rng, replace(base, platform=platform, format=text_format, language=language))
        for value in (
            AXES[axis][: rng.randint(1, 3)]
            if number == 0
            else dict.fromkeys(e.axis_value for e in campaign.entries if e.is_ad)
        ):
            for variant in (1, 2)[: 1 + seed % 2]:
                for ratio in ratios:
                    add_picture(campaign, rng, replace(base, ratio=ratio, axis_value=value, variant=variant))
                for ratio in films:
                    add_film(campaign, rng, replace(base, ratio=ratio, axis_value=value, variant=variant))
    return campaign


def _ratios(rng: random.Random, platforms: Sequence[str]) -> list[str]:
    """Ratios of pictures: none, or some; with those that Google's asset groups need if there are any for Google."""
    chosen = rng.sample(list(PIXELS), rng.randint(0, 4))
    google = platform_table().specs("google", DeliverableKind.IMAGE)
    assert google is not None
    if "google" in platforms and set(chosen) & set(google.ratios):
        chosen = list(dict.fromkeys([*chosen, "1.91:1", "1:1"]))
    return chosen


def add_copy(campaign: Campaign, rng: random.Random, entry: PackEntry) -> int:
    """Adds a copy job with five texts that differ."""
    sentences, heads, calls = LANGUAGES[entry.language]
    numbers = rng.sample(range(2, 99), 5)
    texts = tuple(
        CopyText(
            angle=f"angle {number}",
            hook=(sentences[0] if entry.format == "long" else heads[number % len(heads)]).format(n=count),
            body=(heads[0] if number == 0 else sentences[number % len(sentences)]).format(n=count),
            cta=rng.choice(calls),
            hashtags=() if entry.platform == "google" else ("#wind", "#wool"),
        )
        for number, count in enumerate(numbers)
    )
    campaign.entries.append(replace(entry, job_id=f"job-{len(campaign.entries)}", credits=1, texts=texts))
    return len(campaign.entries) - 1


def add_picture(campaign: Campaign, rng: random.Random, entry: PackEntry) -> int:
    """Adds a picture job."""
    width, height = PIXELS[entry.ratio]
    image_format, content_type = rng.choice((("PNG", "image/png"), ("JPEG", "image/jpeg")))
    origin = rng.choice((C2paState.DRAWN, C2paState.PHOTO_COMPOSITE, C2paState.MODEL_COMPOSITE))
    entry = replace(
        entry,
        kind=DeliverableKind.IMAGE,
        job_id=f"job-{len(campaign.entries)}",
        asset_id=f"asset-{len(campaign.entries)}",
        credits=3,
        content_type=content_type,
        width=width,
        height=height,
        alternative_text=f"{entry.product_name} on a plain ground",
        c2pa=origin,
        visible_ai_mark=origin.model_made,
        text_areas=(TextArea(left=0.2, top=0.2, right=0.8, bottom=0.3, contrast=7.1),),
    )
    campaign.entries.append(entry)
    campaign.put(len(campaign.entries) - 1, picture(width, height, rng.choice(("navy", "olive")), image_format))
    return len(campaign.entries) - 1


def add_film(campaign: Campaign, rng: random.Random, entry: PackEntry) -> int:
    """Adds a film job: 15 seconds, 640 kbit/s."""
    width, height = PIXELS[entry.ratio]
    entry = replace(
        entry,
        kind=DeliverableKind.VIDEO,
        job_id=f"job-{len(campaign.entries)}",
        asset_id=f"asset-{len(campaign.entries)}",
        credits=10,
        content_type="video/mp4",
        width=width,
        height=height,
        duration_seconds=15.0,
        c2pa=C2paState.PHOTO_COMPOSITE,
        text_areas=(),
    )
    campaign.entries.append(entry)
    campaign.put(len(campaign.entries) - 1, film(1_200_000))
    return len(campaign.entries) - 1

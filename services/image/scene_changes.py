"""Changes of a finished picture's scene: what may be changed, and the scene that draws it so."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from adwright.catalog.v1 import catalog_pb2
from adwright.image.v1 import image_pb2

from services.chassis.banned_words import BriefNotPossible, first_banned_word
from services.chassis.errors import FieldViolation, ValidationFailed
from services.image import messages
from services.image.domain import TextSlot
from services.image.errors import SceneVersionGone, TextTooLong
from services.image.providers.local.ad_text import discount_text
from services.image.providers.local.prices import price_text
from services.image.providers.local.text_slots import refitted
from services.image.scene_messages import SCENE_VERSION, slot_of
from services.media.text_shaping import unsupported_characters
from services.media.writing_systems import is_unsupported, unsupported_script

TEXTS: Final = ("headline", "subline", "cta", "badge")  # of a request, as they are printed
MUST_SAY: Final = ("headline", "cta")
DIGITS: Final = re.compile(r"\D")
GROUPING: Final = re.compile(r"(?<=\d)[.,\s\u00a0](?=\d)")
CENTS: Final = re.compile(r"[.,]00?\b")


def changed_scene(
    scene: image_pb2.Scene, changes: image_pb2.PictureChanges, brief: catalog_pb2.Brief
) -> image_pb2.Scene:
    """The scene with changes. brief: the product's current one, for its photos and the project's banned words.

    Raises SceneVersionGone, ValidationFailed, BriefNotPossible, and TextTooLong for texts that do not fit.
    """
    _check_version(scene)
    if not changes.ListFields():
        raise ValidationFailed([FieldViolation(field="changes", message="must name at least one thing to change")])
    if changes.HasField("sentence"):
        raise ValidationFailed([FieldViolation(field="changes.sentence", message="applies to films only")])
    slots = {slot.element: slot_of(slot) for slot in scene.slots}
    texts, problems = _new_texts(scene, changes, slots, brief.project.brand.banned_words)
    photo = _photo_key(changes, brief, problems)
    if problems:
        raise ValidationFailed(problems)
    own = image_pb2.Scene()
    own.CopyFrom(scene)
    if not (changes.palette or changes.HasField("aspect_ratio") or photo):
        long = [element for element, text in texts.items() if refitted(slots[element], text) is None]
        if long:
            raise TextTooLong(long)
        _set_texts(own.replaced, texts)
        return own
    _lay_out_again(own, {**{text.element: text.text for text in scene.replaced}, **texts})
    if changes.palette:
        own.palette[:] = changes.palette
    if changes.HasField("aspect_ratio"):
        own.request.aspect_ratio = changes.aspect_ratio
    if photo:
        own.brief.image_key = photo
        own.brief.image_keys[:] = [photo, *(key for key in brief.image_keys if key != photo)]
    return own


def locked_scene(scene: image_pb2.Scene, lock: Sequence[str]) -> image_pb2.Scene:
    """The scene of another idea that keeps what `lock` names. Raises SceneVersionGone, and ValidationFailed for a text
    that the picture does not have."""
    _check_version(scene)
    slots = {slot.element: slot.text for slot in scene.slots}
    missing = [name for name in (*TEXTS, "price") if name in lock and name not in slots]
    if missing:
        raise ValidationFailed([FieldViolation(field="lock", message=f"the picture has no {name}") for name in missing])
    own = image_pb2.Scene()
    own.CopyFrom(scene)
    own.ClearField("headline")
    own.ClearField("seed")
    own.request.ClearField("seed")
    own.request.ClearField("concept")
    for name in TEXTS:
        own.request.ClearField(name)
        if name in lock:
            setattr(own.request, name, slots[name])
    kept = {
        text.element: text.text for text in (*scene.texts, *scene.replaced) if text.element in ("price", "old_price")
    }
    own.ClearField("texts")
    _lay_out_again(own, kept if "price" in lock else {})
    own.taken_headlines[:] = [] if "headline" in lock else [slots["headline"]] if "headline" in slots else []
    own.taken_layouts[:] = [] if "layout" in lock else [scene.drawn_layout]
    own.palette[:] = scene.colours if "palette" in lock else []
    own.layout = scene.drawn_layout if "layout" in lock else ""
    return own


def _check_version(scene: image_pb2.Scene) -> None:
    if scene.version != SCENE_VERSION:
        raise SceneVersionGone


def _lay_out_again(scene: image_pb2.Scene, texts: dict[str, str]) -> None:
    """Makes the scene one whose texts are laid out, not replaced: nothing is known of how it comes out."""
    _set_texts(scene.texts, texts)
    for name in ("replaced", "slots", "digest", "png_step"):
        scene.ClearField(name)


def _set_texts(texts: Any, changed: dict[str, str]) -> None:
    merged = {**{text.element: text.text for text in texts}, **changed}
    del texts[:]
    texts.extend(image_pb2.PrintedText(element=element, text=text) for element, text in merged.items())


def _photo_key(changes: image_pb2.PictureChanges, brief: catalog_pb2.Brief, problems: list[FieldViolation]) -> str:
    """The key of the photo to show; empty: the same one."""
    if not changes.HasField("product_image_id"):
        return ""
    keys = {image.id: key for image, key in zip(brief.product.images, brief.image_keys, strict=False)}
    key = keys.get(changes.product_image_id, "")
    if not key:
        problems.append(FieldViolation(field="changes.productImageId", message="the product has no such photo"))
    return key


def _new_texts(
    scene: image_pb2.Scene, changes: image_pb2.PictureChanges, slots: dict[str, TextSlot], banned: Sequence[str]
) -> tuple[dict[str, str], list[FieldViolation]]:
    """The texts to print by element, and what keeps them from being printed. Raises BriefNotPossible."""
    texts = {name: getattr(changes, name) for name in TEXTS if changes.HasField(name)}
    problems: list[FieldViolation] = []

    def wrong(name: str, message: str) -> None:
        problems.append(FieldViolation(field=f"changes.{name}", message=message))

    for name, text in texts.items():
        word = first_banned_word(text, banned)
        if is_unsupported(text):
            raise BriefNotPossible(unsupported_script(text))
        if name not in slots:
            wrong(name, f"the picture has no {name}")
        elif word is not None:
            wrong(name, f"must not contain “{word}”, one of the project's banned words")
        elif name in MUST_SAY and not any(letter.isalnum() for letter in text):
            wrong(name, "must contain a letter or a digit")
        elif absent := unsupported_characters(text, slots[name].language):
            wrong(name, f"has characters that no bundled typeface has: {' '.join(absent[:12])}")
    if changes.HasField("price"):
        _add_price(scene, changes.price, slots, texts, wrong)
    return texts, problems


def _add_price(
    scene: image_pb2.Scene,
    price: str,
    slots: dict[str, TextSlot],
    texts: dict[str, str],
    wrong: Callable[[str, str], None],
) -> None:
    """Adds the texts of another price: its own, and that of a badge which states the discount."""
    product = scene.brief.product
    now, before = messages.prices(scene.request, product)
    now = now if before is not None else scene.headline.price or now
    shown = before if "old_price" in slots else None
    language = next(iter(slots.values())).language if slots else ""
    currency = product.currency if product.HasField("currency") else None
    printed = {price_text(now, currency, language, beside=beside) for beside in (None, before)}
    leads = "price" not in slots and "headline" in slots and slots["headline"].text in printed
    element = "headline" if leads else "price"
    if element not in slots:
        wrong("price", "the picture shows no price")
        return
    if before is None and slots[element].text not in printed:
        wrong("price", f"the picture says “{slots[element].text}”, and the terms of a price cannot be changed")
        return
    if shown is not None and Decimal(price) >= Decimal(shown):
        wrong("price", f"must be lower than the price before, which is {shown}")
        return
    if Decimal(price) == 0:
        wrong("price", "must be higher than 0")
        return
    earlier = slots[element].text
    for other in ("headline", "subline", "badge"):
        if other != element and other in slots and other not in texts and _says(slots[other].text, earlier):
            wrong("price", f"contradicts the {other}, which says {earlier}; change that too")
    texts[element] = price_text(price, currency, language, beside=shown)
    stated = slots["badge"].text if "badge" in slots else ""
    if stated.startswith("−") and stated.endswith("%") and "badge" not in texts:
        discount = discount_text(price, before)
        if discount:
            texts["badge"] = discount
        else:
            wrong("price", "leaves no discount for the badge to state; change the badge too")


def _says(text: str, price: str) -> bool:
    """Whether a text names the amount of a price."""
    digits = DIGITS.sub("", CENTS.sub("", price))
    return bool(digits) and re.search(rf"(?<!\d){digits}(?!\d)", GROUPING.sub("", CENTS.sub("", text))) is not None

"""Everything decided before the first stroke: composition, words, colours, faces, and what is said about them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from services.chassis.errors import InputFault
from services.image.domain import AspectRatio, ImageBrief, Style, Subject
from services.image.occasion import without_occasion
from services.image.providers.local import backdrops, overlays, photo_grounds, settings, style_presets
from services.image.providers.local.ad_text import (
    Wording,
    eyebrow_of,
    is_noted,
    rating_text,
    reworded,
    says,
    short_name,
    with_price_of_line,
    without_repeated_price,
    wording,
)
from services.image.providers.local.arrangement import Plan
from services.image.providers.local.compositions import Composition
from services.image.providers.local.layouts import Layout, Shows, by_plan, choose_layout
from services.image.providers.local.photo_grounds import Backdrop
from services.image.providers.local.posters import season_emblem, season_ornaments, shows_season, textures_for
from services.image.providers.local.prices import price_parts
from services.image.providers.local.prompt_parsing import Steering, read_prompt
from services.image.providers.local.repetition import unrepeated, with_whole_price
from services.image.providers.local.seasons import Season, scene_of, season_of
from services.image.providers.local.text_column import TypeLook
from services.image.providers.local.text_rows import FIGURE_CHARACTERS
from services.media.benefit_icons import TICK, icons_for
from services.media.colour import Colour, Mood, Palette, palette
from services.media.field_palette import Scheme, field_palette, house_colours
from services.media.places import leading_places, places, places_for, season_places
from services.media.text_shaping import unsupported_characters
from services.media.writing_systems import clean_text, unsupported_script

PHOTO_STAYS: Final = "the photo is shown as it is"
NO_ICONS: Final = "The icons are not installed: the list has ticks."
NO_SEASON: Final = "Signs of the season do not suit this trade: the picture shows none."
NO_SIGN: Final = "No sign of the season stands beside the drawing: it would look as if both were sold."
NO_PANORAMAS: Final = "The photographed places are not installed: the ground is drawn."
# Grounds that are drawn for some plans only.
GROUND_PLANS: Final = {"split": (Plan.SIDE,), "arch": (Plan.SIDE, Plan.MIRRORED)}
PLACED_STYLES: Final = frozenset({Style.PRODUCT_HERO, Style.LIFESTYLE, Style.SEASONAL})  # with photographed places
# The share of pictures that are posters: in these styles, and in the graphic ones.
POSTER_SHARE: Final = {Shows.PHOTO: 1.0, Shows.CUT_OUT: 0.5, Shows.DRAWING: 1.0, Shows.TYPE: 1.0}
POSTER_SHARE_OF_GRAPHIC: Final = {Shows.PHOTO: 1.0, Shows.CUT_OUT: 0.8, Shows.DRAWING: 1.0, Shows.TYPE: 1.0}
PLACE_SHARE: Final = {Shows.TYPE: 0.75}  # of pictures of type that show the trade's place, where one shows its work
VIEW_SHARE: Final = 0.5  # of posters that show the trade's place, where there is one
LARGEST_CAPTION: Final = 13.0  # units of the headline that a gallery's caption may have
HEADLINE_WEIGHT: Final = 2.4  # of the written headline, against other texts that may lead;
BARE_NAME_WEIGHT: Final = 0.6  # of one that says only how the product is called, where a fact may lead
TITLE_WEIGHT: Final = 4.0  # of the name of what has a date
FACT_WEIGHTS: Final = (1.3, 1.1, 1.0, 0.9, 0.8, 0.8)  # of facts, the strongest first
OFFER_WEIGHT: Final = 2.0
QUOTE_WEIGHT: Final = 1.3  # of what somebody says of it
PRICE_WEIGHT: Final = 1.0  # of a reduced price; an amount alone says little
LONGEST_TITLE: Final = 44  # characters
FIGURE_SCALE: Final = 1.6  # of the headline's size, for a price or a rating alone
FEWEST_BENEFITS: Final = 3
LIST_SHARE: Final = 0.5  # of pictures that have a list instead of a sub-line
MOST_IN_A_LIST: Final = 4
JOINT: Final = " · "  # between the facts of a sub-line
LONGEST_FACT: Final = 48  # characters of a fact that is read at a glance
WHOLE_FACT: Final = 3  # whole words of one that stands alone: "5.41 m, licence B" has one
WHOLE_WORD: Final = 3  # letters
LONGEST_OFFER: Final = 60  # characters
SHOPS: Final = frozenset({"good", "food", "software"})  # kinds that have sales


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Everything decided before the first stroke."""

    composition: Composition
    layout: Layout
    steering: Steering
    words: Wording
    palette: Palette
    look: TypeLook
    season: Season | None
    setting: str
    ground: str
    overlay: str
    notes: tuple[str, ...]
    backdrop: Backdrop | None = None  # a photographed ground
    decor: str = ""  # the pictogram of the season, for patterns
    place_leads: bool = False  # whether a photographed place stands where a drawing or type alone would
    quiet: bool = False  # whether ornaments are to be calm
    texture: str = "plain"  # of the ground that things of paper lie on


def chosen(
    brief: ImageBrief,
    draw: random.Random,
    *,
    shows: Shows,
    layout_draw: random.Random,
    photos: int = 0,
    covers: bool = True,
    panoramas: Path | None = None,
    with_icons: bool = False,
    decor: bool = False,
    place_leads: bool = False,
    without: frozenset[str] = frozenset(),
) -> Choice:
    """Decides composition, words, colours and faces. Raises InputFault when no character of the headline can be set.

    draw: decides the idea, which pictures of one concept share. layout_draw: decides the layout. photos: how many
    there are. covers: whether the first is large enough for the whole picture. panoramas: the folder of photographed
    grounds. with_icons: whether icons are installed. decor: whether pictograms are. place_leads: whether a photographed
    place stands where a drawing or type alone would. without: layouts that are not taken, if there are others.
    """
    steering = read_prompt(brief.prompt)
    quoted, refused_texts = dict(steering.quoted or {}), [*(steering.quoted or {}).values()]
    refused_texts = [text for text in refused_texts if text in brief.forbidden_texts]
    words = wording(brief, {role: text for role, text in quoted.items() if text not in brief.forbidden_texts})
    notes = [f"Left out, as rules of advertising forbid it: “{text}”." for text in refused_texts]
    words, unprintable = _printable(_without(words, steering.omitted))
    if unprintable:
        notes.append(f"Characters that no bundled typeface has were left out: {' '.join(unprintable[:12])}")
    words = with_whole_price(words, brief.benefits)
    words = without_repeated_price(_led(words, brief, draw, alone=shows is Shows.TYPE))
    words = with_price_of_line(words, brief.subject.kind)
    words = reworded(unrepeated(with_further(words, brief)), brief.changes.texts)
    colours = _colours(steering, brief)
    composition = _composition(brief, steering, draw, shows)
    words, ticks_only = with_icons_of(words, installed=with_icons)
    notes.extend(ticks_only)
    plain = _hides_season(brief, steering, composition, shows)
    seasonal = brief.style is Style.SEASONAL and not plain
    if plain:
        notes.append(NO_SEASON)
    layout = _layout(
        composition,
        layout_draw,
        style=Style.LIFESTYLE if plain else brief.style,
        shows=shows,
        photos=photos,
        covers=covers,
        with_list=bool(words.benefits),
        priced=bool(words.price),
        price_leads=len(words.price) <= FIGURE_CHARACTERS or price_parts(words.price) is not None,
        view=place_leads or seasonal or (composition.photographic and _has_place(brief, panoramas)),
        place_leads=place_leads,
        decor=decor,
        patterns=_may_repeat(brief.subject),
        subject=brief.subject,
        dated=bool(words.occasion),
        without=without,
        paper=steering.mood is not Mood.DARK,
    )
    if layout.device and composition.scheme is Scheme.PAPER and brief.style is not Style.MINIMAL:
        composition = replace(composition, scheme=Scheme.BRAND)  # paper is seen on a colour
    placed = place_leads or (composition.photographic and (layout.view or not composition.scheme))
    composition = replace(composition, plan=layout.plan or Plan.PHOTO, photographic=placed)
    refused: dict[str, str] = {}  # reasons by what the prompt asked for
    own_ground = f"the style {brief.style.value} keeps a ground of its own"
    if steering.layout and shows is not Shows.PHOTO:
        composition = style_presets.with_layout(composition, steering.layout)
        layout = by_plan(composition.plan)
    mood = steering.mood or composition.mood
    ground, overlay, stage = composition.ground, composition.overlay, composition.stage
    season_name = steering.season or _season(brief)
    season = scene_of(season_name, draw)
    setting = steering.setting or ""
    if (seasonal and (layout.view or place_leads or not composition.scheme)) or (
        steering.season and brief.style not in (Style.MINIMAL, Style.BOLD)
    ):
        ground = "season"
    if steering.setting:
        if brief.style in (Style.MINIMAL, Style.BOLD) or (brief.style is Style.SEASONAL and steering.season):
            refused[f"setting {steering.setting}"] = own_ground
        else:
            ground = "scene"
    if brief.style is Style.LIFESTYLE and ground == "scene" and not setting:
        setting = (
            settings.setting_for((brief.product_name, brief.description, brief.audience), draw)
            if shows in (Shows.PHOTO, Shows.CUT_OUT)
            else "sunlit"
        )
    if steering.pattern:
        if steering.pattern in overlays.OVERLAYS:
            overlay = steering.pattern
        elif ground in ("scene", "season"):
            refused[f"pattern {steering.pattern}"] = own_ground
        else:
            ground = steering.pattern
    backdrop, missing = None, ""
    if shows is not Shows.PHOTO:  # a photo has a place of its own
        own = place_leads
        backdrop, missing = _backdrop(brief, steering, composition, ground, season_name, draw, panoramas, own=own)
    if missing:
        notes.append(missing)
    if backdrop is not None:
        ground, stage = "place", "none"
    if ground in ("scene", "season") and stage not in ("none", "plinth"):
        stage = "none"
    if shows is Shows.PHOTO and ground in ("scene", "season") and not composition.scheme:
        ground, setting, overlay = "plain", "", ""
    composition = replace(composition, stage=stage)
    if backdrop is not None and not steering.mood:
        mood = Mood.DARK if backdrop.dark else Mood.LIGHT
    if ground == "season" and not steering.colours:
        mood = steering.mood or season.mood
    if composition.scheme:
        colour_set = field_palette(colours, composition.scheme)
    else:
        colour_set = palette(colours, mood=mood, harmony=composition.harmony)
    if composition.scheme:
        pass
    elif backdrop is not None:
        colour_set = settings.grounded(colour_set, *backdrop.colours())
    elif ground == "season":
        colour_set = season.tinted(colour_set, keep=bool(steering.colours))
    elif ground == "scene":
        colour_set = settings.scene_palette(setting or "studio", colour_set, mood, steering.light)
    look, font_note = style_presets.type_look(composition, brief.brand_font, draw)
    look = replace(look, stretch=max(look.stretch, layout.stretch))
    if brief.aspect_ratio is AspectRatio.STORY:  # the same width, twice the height: type may use some of it
        look = replace(look, headline_largest=look.headline_largest * 1.22, text_scale=1.22)
    elif brief.aspect_ratio in (AspectRatio.LANDSCAPE, AspectRatio.WIDE):  # twice as wide: seen at half the size
        look = replace(look, headline_largest=look.headline_largest * 1.35, text_scale=1.45)
    if words.figure_leads:
        look = replace(look, headline_largest=look.headline_largest * FIGURE_SCALE)
    if font_note:
        notes.append(font_note)
    if shows is Shows.PHOTO:
        refused |= dict.fromkeys(_hidden_by_photo(steering, layout), PHOTO_STAYS)
    notes = [*_prompt_notes(steering, refused, refused_texts), *notes]
    sign = season_emblem(season_name) if seasonal and layout.motifs > 1 else ""
    if shows is Shows.DRAWING and sign in season_ornaments():
        sign, notes = "", [*notes, NO_SIGN]
    return Choice(
        composition=composition,
        layout=layout,
        steering=steering,
        words=words,
        palette=colour_set,
        look=look,
        season=season if ground == "season" else None,
        setting=(setting or "studio") if ground == "scene" else "",
        ground=ground,
        overlay=overlay,
        notes=tuple(notes),
        backdrop=backdrop,
        decor=sign,
        place_leads=place_leads,
        quiet=not _may_repeat(brief.subject),
        texture=random.Random(f"texture|{brief.concept or brief.seed}").choice(textures_for(brief.subject)),
    )


def _backdrop(
    brief: ImageBrief,
    steering: Steering,
    composition: Composition,
    ground: str,
    season: str,
    draw: random.Random,
    panoramas: Path | None,
    *,
    own: bool = False,
) -> tuple[Backdrop | None, str]:
    """The photographed place for a composition that takes one, or a note that its files are missing. own: only one that
    suits the trade, whatever the season."""
    table = places()
    subject = brief.subject
    suiting = places_for(
        trade=subject.trade, sector=subject.sector, confidence=subject.confidence, sensitive=subject.sensitive
    )
    dark = (steering.mood or composition.mood) is Mood.DARK
    more: dict[str, Any] = {}
    if steering.colours or steering.pattern in backdrops.GROUNDS:  # the customer's own ground
        return None, ""
    if ground == "season":
        scenery = table.seasons[season]
        names, dark = season_places(season, suiting), scenery.dark
        names = _leading(subject) if own else names
        more = {"grade": Colour.of(scenery.grade), "strewn": scenery.strewn, "night": scenery.dark}
    elif ground == "scene" and steering.setting:
        names = table.settings.get(steering.setting, ())
    elif composition.photographic:
        names = _leading(subject) if own else suiting
    else:
        return None, ""
    found = photo_grounds.installed(panoramas, names)
    found = (own and photo_grounds.shown(panoramas, found)) or found
    if found and panoramas is not None:
        return photo_grounds.backdrop(panoramas, found, brief.aspect_ratio, draw, dark=dark, lively=own, **more), ""
    return None, NO_PANORAMAS if names else ""


def on_photo(choice: Choice, brief: ImageBrief, *, dark: bool) -> Choice:
    """The choice with the colours for text on a dark or a light photo."""
    mood = Mood.DARK if dark else Mood.LIGHT
    return replace(
        choice, palette=palette(_colours(choice.steering, brief), mood=mood, harmony=choice.composition.harmony)
    )


def colours_of(brief: ImageBrief) -> tuple[str, ...]:
    """The colours that a brief's palette is made of, as hexadecimal or names."""
    return _colours(read_prompt(brief.prompt), brief)


def _colours(steering: Steering, brief: ImageBrief) -> tuple[str, ...]:
    if brief.changes.palette:
        return brief.changes.palette
    own = (*steering.colours, *brief.brand_colours)[:5] if steering.colours else brief.brand_colours
    return own or house_colours(random.Random(brief.concept or brief.seed), brief.subject.sensitive)


def _composition(brief: ImageBrief, steering: Steering, draw: random.Random, shows: Shows) -> Composition:
    """One of the style's compositions: a poster, unless the prompt asks for a ground or a place of its own."""
    own_ground = steering.pattern in backdrops.GROUNDS or steering.setting or steering.season or steering.layout
    alone = shows is Shows.TYPE
    plain = style_presets.choose(brief.style, draw, type_alone=alone)
    made = style_presets.poster(brief.style, draw, type_alone=alone, mood=steering.mood)
    share = POSTER_SHARE[shows] if brief.style in PLACED_STYLES else POSTER_SHARE_OF_GRAPHIC[shows]
    return made if draw.random() < share and not own_ground else plain


def _hides_season(brief: ImageBrief, steering: Steering, composition: Composition, shows: Shows) -> bool:
    """Whether a seasonal poster without a photo shows no season, as it does not suit what is sold."""
    drawn = shows in (Shows.DRAWING, Shows.TYPE) and composition.scheme is not None
    suits = steering.season or shows_season(brief.subject)
    return brief.style is Style.SEASONAL and drawn and not (suits and _may_repeat(brief.subject))


def _may_repeat(subject: Subject) -> bool:
    """Whether a pattern of one drawing suits what is sold: beside illness or credit it looks like a joke."""
    return not (subject.sensitive or subject.regulated)


def leads_with_place(brief: ImageBrief, shows: Shows, panoramas: Path | None) -> bool:
    """Returns whether a picture of type shows a photographed place: only one that shows the trade's work by itself."""
    share = PLACE_SHARE.get(shows, 0.0)
    if brief.style not in PLACED_STYLES or not share:
        return False
    steering = read_prompt(brief.prompt)
    if steering.colours or steering.pattern or steering.setting or steering.season or steering.layout:
        return False
    seed = f"place|{brief.concept or brief.seed}|{brief.product_name}|{brief.style}"
    return random.Random(seed).random() < share and bool(photo_grounds.shown(panoramas, _leading(brief.subject)))


def _leading(subject: Subject) -> tuple[str, ...]:
    """The places that may stand alone in a picture without a photo."""
    return leading_places(trade=subject.trade, confidence=subject.confidence, sensitive=subject.sensitive)


def _has_place(brief: ImageBrief, panoramas: Path | None) -> bool:
    """Whether a place certainly suits the trade, its files are installed, and it shows what it is."""
    subject = brief.subject
    names = places_for(
        trade=subject.trade, sector=subject.sector, confidence=subject.confidence, sensitive=subject.sensitive
    )
    return names != places().neutral and bool(photo_grounds.shown(panoramas, names))


def _layout(
    composition: Composition,
    draw: random.Random,
    *,
    style: Style,
    shows: Shows,
    photos: int,
    covers: bool,
    with_list: bool,
    priced: bool,
    price_leads: bool,
    view: bool,
    decor: bool,
    patterns: bool,
    place_leads: bool = False,
    subject: Subject,
    dated: bool,
    without: frozenset[str],
    paper: bool,
) -> Layout:
    """A layout in which the composition's ground and type work. price_leads: whether the price has one amount, which
    can be set large. view: whether there is one to see through a field.
    paper: whether things of paper may carry the texts: they are bright.
    decor: whether there are pictograms for those that show them. patterns: whether one may be repeated."""

    drawn = decor and shows in (Shows.DRAWING, Shows.TYPE)  # a view that shows nothing sold looks like a missing photo
    layout_has_view = view and not drawn and (style is Style.SEASONAL or draw.random() < VIEW_SHARE)
    layout_has_view = layout_has_view or place_leads

    def suits(layout: Layout) -> bool:
        plan = layout.plan
        if style not in layout.styles or (layout.priced and not priced) or (layout.price and not price_leads):
            return False
        if not layout.suits(subject) or (layout.dated and not dated) or (layout.device and not paper):
            return False
        if shows is not Shows.PHOTO and layout.poster != (composition.scheme is not None):
            return False
        if layout.poster and layout.view != layout_has_view:
            return False
        if layout.motifs and shows is Shows.TYPE and not (decor and style is Style.SEASONAL):
            return False
        if layout.motifs > 1 and not patterns:
            return False
        if layout.motifs > 1 and not decor:  # a scene of a model has no room for patterns
            return style is Style.SEASONAL and shows is Shows.DRAWING
        if layout.to_the_edges and not covers:
            return False
        if plan is None or plan is composition.plan:
            return True
        if plan not in GROUND_PLANS.get(composition.ground, (plan,)):
            return False
        return plan is not Plan.GALLERY or composition.headline <= LARGEST_CAPTION

    return choose_layout(draw, shows=shows, photos=photos, with_list=with_list, suits=suits, without=without)


def _led(words: Wording, brief: ImageBrief, draw: random.Random, *, alone: bool) -> Wording:
    """The words with what leads: the headline that was written, the name of what has a date, the offer, the price, the
    rating or a fact; and in some, a list of benefits in place of the sub-line. Only what the product holds can lead,
    and nothing goes before the customer's headline.

    alone: whether the picture is made of type. There a price that is a figure may stand large in its middle.
    """
    texts, weights = zip(*_untaken(_leads(words, brief, alone=alone), words, brief), strict=True)
    lead = draw.choices(texts, weights)[0]
    with_list = draw.random() < LIST_SHARE
    benefits, words = words.benefits, replace(words, benefits=())
    offer = clean_text(brief.offer)
    if lead in benefits or lead in brief.further_leads:
        is_below = lead.casefold() in words.subline.casefold() and "subline" not in words.quoted
        bare = not is_below and says(words.product_name, words.headline)  # the name stands above the headline
        said = words.headline if is_below and not says(words.product_name, words.headline) else words.subline
        words = replace(words, headline=lead[0].upper() + lead[1:], subline="" if bare and is_below else said)
        words = _renamed(words, brief)
    elif lead == "title":
        words = replace(words, headline=_title(words, brief), eyebrow="")
        words = replace(words, brand="" if words.brand.casefold() == words.headline.casefold() else words.brand)
    elif lead == "offer":
        words = replace(words, headline=offer, subline=words.headline)
    elif lead == "price":
        words = replace(words, headline=words.price, subline=words.headline, price="", figure_leads=True)
    elif lead == "quote" and brief.testimonial is not None:
        author = f"— {clean_text(brief.testimonial.author)}"
        words = replace(words, headline=clean_text(brief.testimonial.text), subline=author)
        words = _renamed(words, brief)
    elif lead == "terms":
        words = replace(words, headline=words.price, subline=words.headline, price="")
    elif lead == "subline":
        words = replace(words, headline=words.subline.rstrip("."), subline=words.headline)
    elif lead == "occasion":
        words = replace(words, headline=words.occasion, subline=_title(words, brief), occasion="", eyebrow="")
    elif lead == "rating" and brief.rating is not None:
        value = f"{brief.rating.value}/{brief.rating.best}"
        source = replace(brief.rating, value="", award=brief.rating.source)
        where = rating_text(source, brief.subject.language) or value
        words = replace(words, headline=value, subline=words.headline, rating=where, figure_leads=True)
    # a date, a price or its limit stays below the headline
    has_figure = any(map(str.isdigit, words.subline)) or words.figure_leads or lead in ("offer", "quote")
    if with_list and "subline" not in words.quoted and not has_figure:
        said = f"{words.headline} {words.price} {words.rating} {words.occasion}"
        kept = _unsaid(_undated(benefits, words.occasion), said)
        if len(kept) >= FEWEST_BENEFITS:
            return replace(words, benefits=kept[:MOST_IN_A_LIST], subline="")
    return words


def _untaken(leads: list[tuple[str, float]], words: Wording, brief: ImageBrief) -> list[tuple[str, float]]:
    """The leads whose texts the earlier pictures have the least often; in further pictures weaker texts may lead as
    well, but only where the others are taken."""
    taken = [_plain(headline) for headline in brief.taken.headlines]
    if not taken:
        return leads
    called = {
        "headline": words.headline,
        "title": _title(words, brief),
        "offer": clean_text(brief.offer),
        "price": words.price,
        "terms": words.price,
        "occasion": words.occasion,
        "subline": words.subline,
        "quote": clean_text(brief.testimonial.text) if brief.testimonial else "",
        "rating": f"{brief.rating.value}/{brief.rating.best}" if brief.rating else "",
    }

    def uses(lead: str) -> int:
        return taken.count(_plain(called.get(lead, lead)))

    further = _further(words, brief) if min(uses(lead) for lead, _ in leads) else []
    known = {_plain(called.get(lead, lead)) for lead, _ in leads}
    leads = [*leads, *((lead, 1.0) for lead in further if _plain(called.get(lead, lead)) not in known)]
    least = min(uses(lead) for lead, _ in leads)
    return [(lead, weight) for lead, weight in leads if uses(lead) == least]


def _further(words: Wording, brief: ImageBrief) -> list[str]:
    """The texts that may lead where better ones are taken: facts of little weight, the name of the product, its price
    with what it buys, its days, and a sub-line that is a whole sentence."""
    if "headline" in words.quoted or brief.subject.sensitive:
        return []
    leads = [fact for fact in brief.further_leads if not is_noted(fact, words.language)]
    title = _title(words, brief)
    if title and title.casefold() != words.brand.casefold() and not says(words.headline, title):
        leads.append("title")
    if "subline" in words.quoted:
        return leads
    is_worded = len(words.price) > FIGURE_CHARACTERS and any(map(str.isalpha, words.price))
    if is_worded and len(words.price) <= LONGEST_FACT and not words.old_price:
        leads.append("terms")
    if words.occasion:
        leads.append("occasion")
    is_line = JOINT not in words.subline and len(words.subline.split()) > WHOLE_FACT
    if is_line and len(words.subline) <= LONGEST_FACT and price_parts(words.subline) is None:
        leads.append("subline")
    return leads


def _leads(words: Wording, brief: ImageBrief, *, alone: bool) -> list[tuple[str, float]]:
    """The texts that may lead, each with its weight: facts as they are, others by what they are called."""
    leads, offer = [("headline", HEADLINE_WEIGHT)], clean_text(brief.offer)
    if "headline" in words.quoted or brief.subject.sensitive:
        return leads
    leading = words.benefits if brief.leading_benefits is None else brief.leading_benefits
    whole = [fact for fact in words.benefits if len(fact) <= LONGEST_FACT and fact in leading]
    # fewer words say too little by themselves: they lead further pictures of a set only
    facts = [fact for fact in whole if brief.taken.headlines or _whole_words(fact) >= WHOLE_FACT]
    facts = [fact for fact in facts if not says(words.headline, fact)]
    if facts and says(words.product_name, words.headline) and not words.occasion:
        leads = [("headline", BARE_NAME_WEIGHT)]
    if facts and is_noted(words.headline, words.language):
        leads = []
    leads += zip(facts, FACT_WEIGHTS, strict=False)
    if words.occasion and _title(words, brief).casefold() != words.headline.casefold():
        leads.append(("title", TITLE_WEIGHT))
    if "subline" in words.quoted:
        return leads
    if _fits(offer):
        leads.append(("offer", OFFER_WEIGHT))
    figure = alone and 0 < len(words.price) <= FIGURE_CHARACTERS and words.price[-1:] not in ".,:"
    if words.price and (words.old_price or figure):
        leads.append(("price", PRICE_WEIGHT if words.old_price else PRICE_WEIGHT / 2))
    if words.stars is not None and brief.rating is not None:
        leads.append(("rating", 1.0))
    if brief.testimonial is not None and not brief.subject.regulated:
        leads.append(("quote", QUOTE_WEIGHT))
    return leads


def _title(words: Wording, brief: ImageBrief) -> str:
    """The name of what has a date, without it; the headline where it is too long for one."""
    title = without_occasion(short_name(words.product_name, brief.subject.subject), words.occasion)
    has_day = bool(words.occasion) and words.occasion in title
    return title if title and len(title) <= LONGEST_TITLE and not has_day else words.headline


def _renamed(words: Wording, brief: ImageBrief) -> Wording:
    """The words with the product's name above a headline that does not say it."""
    eyebrow = eyebrow_of(words, brief.subject.subject)
    return replace(words, eyebrow="" if is_noted(eyebrow, words.language) else eyebrow)


def _undated(facts: Iterable[str], occasion: str) -> list[str]:
    """The facts without the days that stand large on the picture."""
    return [without_occasion(fact, occasion) for fact in facts]


def with_further(words: Wording, brief: ImageBrief) -> Wording:
    """The words with facts for layouts that have room for a list: those that a sub-line of facts joins, then those
    that no other text says. A sub-line of facts that the headline says is left out."""
    if words.benefits or "subline" in words.quoted:
        return words
    facts = {_bare(fact) for fact in (*brief.benefits, *brief.features)}
    joined = [part.strip() for part in words.subline.split(JOINT) if part.strip()]
    if len(joined) < 2 and not all(_bare(part) in facts for part in joined):
        joined = []
    joined = [_unstopped(part) for part in joined if not words.price or not says(words.price, part)]
    unsaid = [part for part in joined if not says(words.headline, part)]
    if joined and not unsaid:
        words = replace(words, subline="")
    joined = unsaid
    said = f"{words.headline} {words.price} {words.eyebrow} {words.rating} {words.subline} {words.occasion}"
    further = _unsaid(
        [
            fact
            for fact in _undated(brief.benefits, words.occasion)
            if not unsupported_characters(fact, words.language) and not is_noted(fact, words.language)
        ],
        said,
    )
    return replace(words, further=(*joined, *further), joined=len(joined))


def _unsaid(facts: Iterable[str], said: str) -> tuple[str, ...]:
    """The facts that neither a text nor another fact before says."""
    kept: list[str] = []
    for fact in facts:
        if not says(said, fact):
            kept.append(fact)
            said = f"{said} {fact}"
    return tuple(kept)


def _unstopped(text: str) -> str:
    """The text without its full stop; that of an abbreviation such as "p.m." stays."""
    return text if "." in text.rpartition(" ")[2][:-1] else text.rstrip(".")


def _bare(text: str) -> str:
    return text.casefold().strip(" .!")


def _plain(text: str) -> str:
    return _bare(text).replace("’", "'")


def _whole_words(text: str) -> int:
    return sum(len(word) >= WHOLE_WORD and word.isalpha() for word in text.split())


def with_icons_of(words: Wording, *, installed: bool) -> tuple[Wording, list[str]]:
    """Returns the words with icons for the list's items where some fit, or a note that they are not installed."""
    names = icons_for(words.benefits, words.language)
    if not any(name != TICK for name in names):
        return words, []
    return (replace(words, icons=names), []) if installed else (words, [NO_ICONS])


def _fits(offer: str) -> bool:
    """Whether an offer can be a headline: short, and in letters that the bundled faces have."""
    known = not unsupported_characters(offer)
    return 0 < len(offer) <= LONGEST_OFFER and known


def _season(brief: ImageBrief) -> str:
    """The season of the date: no feast beside illness or death, and no sale of shops where none is a shop's."""
    subject = brief.subject
    return season_of(brief.date, feasts=not subject.sensitive, sales=subject.kind in SHOPS)


def _printable(words: Wording) -> tuple[Wording, str]:
    """The words without characters that no bundled face could draw, and those characters.

    Raises InputFault when nothing of the headline is left: an ad of empty boxes is not worth its credits.
    """
    missing = ""

    def kept(text: str) -> str:
        nonlocal missing
        absent = unsupported_characters(text, words.language)
        missing += "".join(letter for letter in absent if letter not in missing)
        return clean_text("".join(letter for letter in text if letter not in absent)) if absent else text

    printable = replace(
        words,
        brand=kept(words.brand),
        eyebrow=kept(words.eyebrow),
        headline=kept(words.headline),
        subline=kept(words.subline),
        occasion=kept(words.occasion),
        price=kept(words.price),
        call_to_action=kept(words.call_to_action),
        old_price=kept(words.old_price),
        badge=kept(words.badge),
        rating=kept(words.rating),
        benefits=tuple(text for text in words.benefits if not unsupported_characters(text, words.language)),
    )
    if words.headline and not any(letter.isalnum() for letter in printable.headline):
        raise InputFault("SCRIPT_UNSUPPORTED", unsupported_script(words.headline))
    return printable, missing


def _without(words: Wording, omitted: frozenset[str]) -> Wording:
    """The words without what the prompt wants left out; the headline always stays."""
    if "price" in omitted:
        words = replace(words, price="", old_price="", badge=words.badge if "badge" in words.quoted else "")
    if "brand" in omitted:
        words = replace(words, brand="")
    if "call_to_action" in omitted:
        words = replace(words, call_to_action="")
    if "text" in omitted:
        words = replace(words, eyebrow="", subline="")
    return words


def _hidden_by_photo(steering: Steering, layout: Layout) -> list[str]:
    """What the prompt asks for that a photo shown as a photograph does not take."""
    asked = {
        "setting": steering.setting,
        "season": steering.season,
        "light": steering.light,
        "layout": steering.layout,
        "pattern": steering.pattern if layout.to_the_edges or steering.pattern in overlays.OVERLAYS else "",
        "mood": steering.mood
        if layout.to_the_edges and not any(boxes.panel for boxes in layout.boxes.values())
        else "",
    }
    return [f"{kind} {value}" for kind, value in asked.items() if value]


def _prompt_notes(steering: Steering, refused: Mapping[str, str], refused_texts: list[str]) -> list[str]:
    notes: list[str] = []
    used: dict[str, str] = {}
    dropped: list[str] = []
    for word, meaning in steering.heard:
        kind, _, value = meaning.partition(" ")
        single = {
            "season": steering.season,
            "mood": steering.mood,
            "setting": steering.setting,
            "light": steering.light,
        }
        single |= {"pattern": steering.pattern, "layout": steering.layout}
        if meaning in refused:
            dropped.append(f"“{word}” ({refused[meaning]})")
        elif kind in single and single[kind] != value:
            dropped.append(f"“{word}” (another {kind} was named first)")
        else:
            used[word] = kind
    if used:
        notes.append("Applied from the prompt: " + ", ".join(f"{word} ({kind})" for word, kind in used.items()) + ".")
    quoted = [role.replace("_", " ") for role, text in (steering.quoted or {}).items() if text not in refused_texts]
    if quoted:
        notes.append(f"Set word for word from the prompt: {', '.join(quoted)}.")
    if dropped:
        notes.append("Not applied: " + "; ".join(dropped) + ".")
    if steering.unknown:
        notes.append("Not understood and left out: " + ", ".join(steering.unknown) + ".")
    return notes

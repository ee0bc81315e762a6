"""Conversions between the protobuf messages of image jobs and the domain's values."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from adwright.catalog.v1 import catalog_pb2
from adwright.copy.v1 import copy_pb2
from adwright.image.v1 import image_pb2
from adwright.job.v1 import job_pb2
from adwright.video.v1 import video_pb2

from services.chassis.banned_words import BriefNotPossible, first_banned_word
from services.chassis.errors import FieldViolation, ValidationFailed
from services.image.domain import AspectRatio, ImageBrief, Rating, RenderedImage, Style, Subject, Taken
from services.image.known_price import UNPRICED, known_price
from services.image.occasion import occasion_of
from services.image.price_terms import least_behind, price_terms, states_other_amounts, with_terms
from services.image.providers.local.prices import price_text
from services.image.providers.local.prompt_parsing import read_prompt, split_quoted_texts
from services.image.testimonial import Testimonial, testimonial_of
from services.media.writing_systems import is_unsupported, unsupported_script

JOB_TYPE = "static_ad"
VARIANT_PRICE = "static_ad_variant"
FILM_TYPE = "video"  # of the jobs that make films
FILM_VARIANT_PRICE = "video_variant"
NOTHING_TAKEN: Final = Taken()
UNDETERMINED = "und"  # BCP 47: the language is not known
TEXT_FIELDS: Final = ("headline", "subline", "cta", "badge")  # of a request, printed verbatim
MUST_SAY: Final = ("headline", "cta")  # those that need a letter or digit
# Of facts that stand in a list. Prices have a line of their own; conditions, contacts and legal lines praise nothing.
BENEFIT_ROLES: Final = frozenset({"benefit", "feature", "figure", "logistics", "proof", "offer"})
FEWEST_WORDS: Final = 2  # of a short sentence of a description that stands in a list: "Live." says too little
SHORT_DESCRIPTION: Final = 160  # characters of one that is a list of facts itself: "Gas Safe. No call-out fee."
# Of facts that may be headlines, above which the product's name stands.
LEADING_ROLES: Final = frozenset({"benefit", "proof", "offer", "feature"})
DATED_ROLES: Final = frozenset({"benefit", "feature", "figure", "logistics"})  # of facts that may say when
LEAST_STRENGTH: Final = 0.55  # of such a fact; weaker ones are details that no one is won by
BENEFIT_CHARACTERS: Final = 48  # more is not read in a list on a picture
MOST_TEXTS: Final = 100  # that the copy service takes
MOST_BENEFITS: Final = 6  # four stand in a list; each may be a headline
JOINT: Final = " · "  # between the facts of a sub-line
# Of facts that may be the headline of a further picture, by where they stand.
FURTHER_STRENGTH: Final = {"features": 0.3, "description": 0.6, "offer": 0.0, "proof": 0.3}
FEWEST_OF_LEAD: Final = 3  # words
FEED_KEY: Final = re.compile(r"^\w+\s?=")  # "price=44.95 AUD"
GOOD_SHARE: Final = Decimal("0.8")  # of the best rating, from which a rating speaks for a product

# Tone of the headline by style; the brand's tone words take precedence.
TONES = {
    Style.PRODUCT_HERO: "bold",
    Style.LIFESTYLE: "casual",
    Style.MINIMAL: "luxe",
    Style.BOLD: "bold",
    Style.SEASONAL: "playful",
    Style.MODERN: "professional",
}


def job_submission(
    request: image_pb2.GenerateStaticAdRequest, brief: catalog_pb2.Brief, user_id: str, notes: Sequence[str] = ()
) -> job_pb2.SubmitJobRequest:
    """Builds the job of a request, with a copy of the current brief. `notes` become notes of the finished job."""
    return job_pb2.SubmitJobRequest(
        user_id=user_id,
        type=JOB_TYPE,
        project_id=request.project_id,
        product_id=request.product_id,
        idempotency_key=request.idempotency_key,
        quantity=request.variants if request.HasField("variants") else 1,
        parameters=image_pb2.ImageJobParameters(request=request, brief=brief, notes=notes).SerializeToString(),
    )


def variant_submission(
    request: image_pb2.GenerateVariantRequest,
    scene: image_pb2.Scene,
    found: job_pb2.GetAssetSceneResponse,
    user_id: str,
    notes: Sequence[str] = (),
) -> job_pb2.SubmitJobRequest:
    """Builds the job that draws a changed scene. `notes` become notes of the finished job."""
    parameters = image_pb2.ImageJobParameters(
        notes=notes, scene=scene, parent_asset_id=request.asset_id, parent_key=found.key
    )
    return job_pb2.SubmitJobRequest(
        user_id=user_id,
        type=JOB_TYPE,
        priced_as=VARIANT_PRICE,
        project_id=found.project_id,
        product_id=found.product_id,
        idempotency_key=request.idempotency_key,
        parameters=parameters.SerializeToString(),
    )


def film_variant_submission(
    request: image_pb2.GenerateVariantRequest,
    film: video_pb2.VideoJobParameters,
    found: job_pb2.GetAssetSceneResponse,
    user_id: str,
    notes: Sequence[str] = (),
) -> job_pb2.SubmitJobRequest:
    """Builds the job that makes a changed film. `notes` become notes of the finished job."""
    parameters = video_pb2.VideoJobParameters(notes=notes, parent_asset_id=request.asset_id, parent_key=found.key)
    parameters.MergeFrom(film)
    return job_pb2.SubmitJobRequest(
        user_id=user_id,
        type=FILM_TYPE,
        priced_as=FILM_VARIANT_PRICE,
        project_id=found.project_id,
        product_id=found.product_id,
        idempotency_key=request.idempotency_key,
        parameters=parameters.SerializeToString(),
    )


def copy_instructions(prompt: str) -> str:
    """Returns what copy may know of the prompt: it steers the look, and its words are never printed."""
    return "No price." if "price" in read_prompt(prompt).omitted else ""


def tone_of(style: str) -> str:
    """Returns the tone of the headline for a request's style; empty means product_hero."""
    return TONES[Style(style or Style.PRODUCT_HERO)]


def check_texts(request: image_pb2.GenerateStaticAdRequest, brief: catalog_pb2.Brief) -> None:
    """Raises ValidationFailed for texts and figures of a request that cannot be printed: banned words, a headline
    without a letter, an old price without a higher one to compare it to."""
    found: list[FieldViolation] = []
    for name in TEXT_FIELDS:
        text = getattr(request, name)
        word = first_banned_word(text, brief.project.brand.banned_words) if text else None
        if word is not None:
            found.append(
                FieldViolation(field=name, message=f"must not contain “{word}”, one of the project's banned words")
            )
        elif request.HasField(name) and name in MUST_SAY and not any(letter.isalnum() for letter in text):
            found.append(FieldViolation(field=name, message="must contain a letter or a digit"))
    for text in quoted_texts(request.prompt):
        word = first_banned_word(text, brief.project.brand.banned_words)
        if word is not None:
            message = f"must not quote “{word}”, one of the project's banned words"
            found.append(FieldViolation(field="prompt", message=message))
    if request.HasField("old_price"):
        now, _ = prices(request, brief.product)
        if now is None:
            found.append(FieldViolation(field="oldPrice", message="needs a price of the product"))
        elif Decimal(request.old_price) <= Decimal(now):
            found.append(FieldViolation(field="oldPrice", message=f"must be higher than the price, which is {now}"))
    if found:
        raise ValidationFailed(found)


def prices(request: image_pb2.GenerateStaticAdRequest, product: catalog_pb2.Product) -> tuple[str | None, str | None]:
    """Returns what is paid now and what was paid before, None for what is not known."""
    if not product.HasField("price"):
        return None, None
    now, before = product.price, product.old_price if product.HasField("old_price") else None
    if product.HasField("sale_price"):
        now, before = product.sale_price, product.price
    return now, request.old_price if request.HasField("old_price") else before


def rating(request: image_pb2.GenerateStaticAdRequest, product: catalog_pb2.Product) -> Rating | None:
    """Returns the rating to show: the request's, else the product's if it speaks for the product; None: none.

    Number and source of ratings belong to the product's value and are shown with it only.
    """
    proof, best = product.proof, product.proof.best or 5
    own = request.rating if request.HasField("rating") else ""
    same = bool(proof.rating) and best == 5 and bool(own) and Decimal(own) == Decimal(proof.rating)
    if own and not same:
        return Rating(value=own)
    good = bool(proof.rating) and Decimal(proof.rating) / best >= GOOD_SHARE
    if own or good:
        return Rating(value=own or proof.rating, best=best, count=proof.count, source=proof.source)
    return Rating(award=proof.award) if proof.award else None


def benefits(brief: catalog_pb2.Brief) -> tuple[str, ...]:
    """Returns short facts of the product for a list, the strongest first; without an understanding, its features.

    These are features that the customer named: sentences of a description may be conditions, notes or opening hours.
    Where no feature is named, the short sentences of a short description are, in the customer's order.
    """
    facts, product = brief.understanding.facts, brief.product
    named = {_bare(text) for text in product.features}
    said = [fact.text for fact in facts if fact.role in BENEFIT_ROLES] if facts else product.features
    if named or not facts:
        said = [text for text in said if _bare(text) in named]
    else:
        said = _short_sentences(product.description, said)
    texts = [_as_item(text) for text in (least_behind(text, product.description) for text in said) if text]
    texts = [text for text in texts if "?" not in text]  # a question needs its answer
    short = [text for text in texts if 3 <= len(text) <= BENEFIT_CHARACTERS]
    return tuple({text.casefold(): text for text in reversed(short)}.values())[::-1][:MOST_BENEFITS]


def _as_item(text: str) -> str:
    """A fact as an item of a list: on one line, without a mark at its end, with a capital unless its first word has one
    of its own ("iPhone")."""
    item = " ".join(text.split()).rstrip(".;,")
    first = item.split(" ", 1)[0]
    return item[:1].upper() + item[1:] if first.islower() else item


def _short_sentences(description: str, facts: Sequence[str]) -> list[str]:
    """The facts that are sentences of a short description, in its order."""
    whole = " ".join(description.split())
    if len(whole) > SHORT_DESCRIPTION:
        return []
    found = [(whole.find(" ".join(text.split()).rstrip(".;,")), text) for text in facts]
    return [text for place, text in sorted(found) if place >= 0 and len(text.split()) >= FEWEST_WORDS]


def new_beside(headline: str, items: Iterable[str]) -> tuple[str, ...]:
    """The items of a list that a headline does not hold."""
    said = _bare(headline)
    return tuple(item for item in items if _bare(item) not in said)


def _bare(text: str) -> str:
    return " ".join(text.split()).strip(" .;,!").casefold()


def first_of_two(headline: str, items: Sequence[str]) -> str:
    """The headline, or the first of two facts of a list that it joins: the other one stands in that list."""
    first, stop, second = headline.partition(". ")
    named = {_bare(item) for item in items}
    return first if stop and _bare(first) in named and _bare(second) in named else headline


def _with_least(subline: str, description: str) -> str:
    """A sub-line of facts whose prices have the least quantity that belongs to them; facts without room for it go, and
    questions among other facts do."""
    facts = [least_behind(fact, description) for fact in subline.split(JOINT)]
    facts = facts if len(facts) == 1 else [fact for fact in facts if fact and "?" not in fact]
    return JOINT.join(fact for fact in facts if fact)


def leading_benefits(brief: catalog_pb2.Brief) -> frozenset[str] | None:
    """Returns those of `benefits` that may be headlines; None without an understanding: all.

    These are features that the customer named: what else a description says is left to the written headline.
    """
    facts = brief.understanding.facts
    named = {_bare(text) for text in brief.product.features}
    strong = {
        _as_item(fact.text)
        for fact in facts
        if fact.role in LEADING_ROLES
        and not fact.limited_by
        and fact.strength >= LEAST_STRENGTH
        and _bare(fact.text) in named
    }
    return frozenset(strong.intersection(benefits(brief))) if facts else None


def further_leads(brief: catalog_pb2.Brief) -> tuple[str, ...]:
    """Returns short facts that may be the headlines of further pictures, the strongest first: weaker features, and
    strong statements of the description."""
    leads = [
        _as_item(fact.text)
        for fact in brief.understanding.facts
        if fact.role in BENEFIT_ROLES
        and not fact.limited_by
        and fact.strength >= FURTHER_STRENGTH.get(fact.source, 1.0)
        and len(fact.text.split()) >= FEWEST_OF_LEAD
    ]
    short = [text for text in leads if len(text) <= BENEFIT_CHARACTERS and "?" not in text]
    return tuple({text.casefold(): text for text in reversed(short)}.values())[::-1][:MOST_BENEFITS]


def check_scripts(request: image_pb2.GenerateStaticAdRequest, brief: catalog_pb2.Brief, date: datetime.date) -> None:
    """Raises BriefNotPossible for a text of the request, the brand or the product's name in a script that no typeface
    has, and for a product of which no statement could be printed; single statements in such a script are left out."""
    given = (request.headline, request.subline, request.cta, request.badge, *quoted_texts(request.prompt))
    for text in (*given, brief.project.name, brief.product.name):
        if is_unsupported(text):
            raise BriefNotPossible(unsupported_script(text))
    stated = [text for text in (_current_offer(brief.product, date), *benefits(brief)) if text]
    if stated and all(map(is_unsupported, stated)):
        raise BriefNotPossible(unsupported_script(stated[0]))


def _current_offer(product: catalog_pb2.Product, date: datetime.date) -> str:
    return product.offer.text if not product.offer.ends or product.offer.ends >= date.isoformat() else ""


def _occasion(brief: catalog_pb2.Brief) -> str:
    """The days on which the product takes place, by its name and the features that the customer named."""
    understanding, product = brief.understanding, brief.product
    named = {_bare(text) for text in product.features}
    dated = [fact.text for fact in understanding.facts if fact.role in DATED_ROLES]
    facts = [text for text in dated if len(text) <= BENEFIT_CHARACTERS]
    facts.sort(key=lambda text: _bare(text) not in named)
    language = "" if understanding.language == UNDETERMINED else understanding.language
    return occasion_of(product.name, facts if understanding.facts else product.features, language or "en")


def quoted_texts(prompt: str) -> tuple[str, ...]:
    """Returns the texts that a prompt quotes, which are printed word for word."""
    return tuple(split_quoted_texts(prompt)[0].values())


def product_texts(parameters: image_pb2.ImageJobParameters) -> list[str]:
    """Returns the texts of the product and the prompt that the picture may print beside the written lines; the copy
    service names those that rules of advertising forbid."""
    product = parameters.brief.product
    texts = [
        *benefits(parameters.brief),
        *further_leads(parameters.brief),
        *product.features,
        product.description,
        product.offer.text,
        product.proof.source,
        product.proof.award,
        *_known_prices(product),
        *_said_of(parameters.brief),
        *quoted_texts(parameters.request.prompt),
    ]
    return [*dict.fromkeys(text for text in texts if text)][:MOST_TEXTS]


def image_brief(
    parameters: image_pb2.ImageJobParameters,
    *,
    seed: str,
    date: datetime.date,
    photo: Path | None,
    more_photos: Sequence[Path] = (),
    logo: Path | None,
    headline: copy_pb2.WriteHeadlineResponse,
    taken: Taken = NOTHING_TAKEN,
) -> ImageBrief:
    """Builds the provider's brief from a job's parameters and its downloaded files."""
    request, project, product = parameters.request, parameters.brief.project, parameters.brief.product
    price, old_price = prices(request, product)
    forbidden, banned = frozenset(headline.forbidden_texts), project.brand.banned_words

    def printable(text: str) -> str:
        return "" if text in forbidden or first_banned_word(text, banned) is not None else text

    if old_price is None:  # a reduced price stands beside the old one; any other with what belongs to it
        price = _price_in_words(parameters.brief, headline.price, printable)
    written = first_of_two(headline.headline, benefits(parameters.brief))
    said = _said_of(parameters.brief)
    proof = rating(request, product)
    if proof is not None:
        proof = replace(proof, source=printable(proof.source), award=printable(proof.award))
        proof = proof if proof.value or proof.award else None
    return ImageBrief(
        product_name=parameters.brief.understanding.name or product.name,
        description=printable(product.description),
        features=tuple(filter(printable, product.features)),
        price=price,
        currency=product.currency if product.HasField("currency") else None,
        audience=product.audience,
        brand_name=project.name,
        brand_colours=tuple(project.brand.colours),
        brand_font=project.brand.font,
        tone_words=tuple(project.brand.tone_words),
        style=Style(request.style) if request.HasField("style") else Style.PRODUCT_HERO,
        aspect_ratio=AspectRatio(request.aspect_ratio) if request.HasField("aspect_ratio") else AspectRatio.SQUARE,
        prompt=request.prompt,
        photo=photo,
        logo=logo,
        headline=request.headline or written,
        subline=request.subline or _with_least(headline.subline, product.description),
        call_to_action=request.cta or headline.call_to_action,
        seed=request.seed or seed,
        date=date,
        format=request.file_format if request.HasField("file_format") else "png",
        subject=_subject(parameters.brief.understanding),
        more_photos=tuple(more_photos),
        old_price=old_price,
        benefits=new_beside(request.headline or written, filter(printable, benefits(parameters.brief))),
        leading_benefits=leading_benefits(parameters.brief),
        further_leads=tuple(filter(printable, further_leads(parameters.brief))),
        offer=printable(_current_offer(product, date)),
        occasion=_occasion(parameters.brief),
        badge=request.badge,
        rating=proof,
        testimonial=Testimonial(*said) if said and all(map(printable, said)) else None,
        forbidden_texts=forbidden,
        given=frozenset(name for name in TEXT_FIELDS if request.HasField(name)),
        concept=concept_of(request, seed),
        taken=taken,
        visible_mark=request.visible_mark,
    )


def _price_in_words(brief: catalog_pb2.Brief, written: str, printable: Callable[[str], str]) -> str | None:
    """The price with what belongs to it and limits it: as it was written, or else as the customer's texts name it; None
    where it cannot be printed with all that."""
    product, understanding = brief.product, brief.understanding
    amount = product.price if product.HasField("price") else None
    is_offer = understanding.kind not in UNPRICED and not (understanding.regulated or understanding.sensitive)
    price = "" if states_other_amounts(written, amount) else written
    if FEED_KEY.match(price):
        price = amount or ""
    if not price and amount is not None and is_offer:
        price = next(filter(printable, _known_prices(product)), "")
    if not price or amount is None:
        return price or None
    terms = price_terms(amount, price, product.features, product.description)
    if not terms:
        return price if terms is not None else None
    stated = price_text(price, product.currency, understanding.language)
    return with_terms(stated, terms)


def _said_of(brief: catalog_pb2.Brief) -> tuple[str, ...]:
    """What somebody whom the product's texts name says of it, and their name; () without such, or of the brand."""
    found = testimonial_of((*brief.product.features, brief.product.description))
    if found is None or _bare(found.author) in _bare(brief.project.name):
        return ()
    return (found.text, found.author)


def _known_prices(product: catalog_pb2.Product) -> list[str]:
    """The customer's own texts for the price, of all texts and of the description alone."""
    if not product.HasField("price"):
        return []
    known = (known_price(product.price, features, product.description) for features in (product.features, ()))
    return [*dict.fromkeys(text for text in known if text)]


def concept_of(request: image_pb2.GenerateStaticAdRequest, job_id: str) -> str:
    """Returns what headline, colours and typefaces of a job's pictures are drawn from."""
    return request.concept or request.seed or job_id


def variant_parameters(
    parameters: image_pb2.ImageJobParameters, job_id: str, number: int
) -> image_pb2.ImageJobParameters:
    """Returns the parameters of one of a job's variants, from 1: those of a job with a seed of its own.

    The first has the seed of the request, so that it is the picture that a request for one would get.
    """
    own = image_pb2.ImageJobParameters()
    own.CopyFrom(parameters)
    own.request.ClearField("variants")
    seed = parameters.request.seed or job_id
    own.request.seed = seed if number == 1 else f"{seed} #{number}"
    return own


def shares_headline(request: image_pb2.GenerateStaticAdRequest) -> bool:
    """Whether all pictures of a request have the same headline, as it asks for."""
    return request.HasField("headline") or request.HasField("concept")


def facts(rendered: RenderedImage, *, visible_mark: bool) -> job_pb2.AssetFacts:
    """What is recorded of a finished picture. visible_mark: whether a line on it says how it was made."""
    found = job_pb2.AssetFacts(
        width=rendered.width,
        height=rendered.height,
        origin=rendered.origin.rpartition("/")[2],
        visible_mark=visible_mark,
    )
    if rendered.text_areas is not None:
        found.text_areas.areas.extend(job_pb2.TextArea(**asdict(area)) for area in rendered.text_areas)
        found.text_areas.SetInParent()  # a picture without type is recorded too
    return found


def _subject(message: catalog_pb2.Understanding) -> Subject:
    """The understanding of a job; an empty one in jobs that were submitted before the catalog made one."""
    return Subject(
        trade=message.trade,
        trade_name=message.trade_name,
        sector=message.sector,
        kind=message.kind,
        confidence=message.confidence,
        subject=message.subject,
        language="" if message.language == UNDETERMINED else message.language,
        sensitive=frozenset(message.sensitive),
        regulated=frozenset(message.regulated),
    )

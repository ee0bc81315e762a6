"""Which drawing stands for a product without a photo: the likeliest one that fits, or none."""

from __future__ import annotations

import random
from collections.abc import Collection
from typing import Final

from services.media.object_model import likelihoods
from services.media.object_signs import Product
from services.media.trade_drawings import trade_drawings

FLOOR: Final = (
    0.7  # likelihood of the best drawing, below which none stands: at most 2 in 100 pictures show another thing
)
ALIKE: Final = 0.85  # of the best one's, from which another drawing may stand as well
GOODS: Final = frozenset(
    {"good", "food"}
)  # kinds whose own words may name a drawing; a place may sell what it does not
SERVED: Final = frozenset({"eating_out"})  # sectors whose places are named by what they serve


def drawing_for(
    *,
    trade: str,
    sector: str,
    kind: str,
    confidence: str,
    sensitive: Collection[str],
    subject: str,
    language: str,
    seed: str,
    name: str = "",
    description: str = "",
    brand: str = "",
) -> str:
    """Returns the name of the drawing for a product, or "" where none certainly fits.

    The arguments but the last three, the product's and its project's own texts, are fields of
    adwright.catalog.v1.Understanding. seed: the same gives the same drawing; others may give another one that is about
    as likely to fit, the likeliest most often.
    """
    if kind in GOODS or sector in SERVED:
        table = trade_drawings()
        named = table.named(subject, language, sector)
        if named is not None:
            return named if named and table.may_stand(named, said=f"{name} {subject}", sensitive=sensitive) else ""
    product = Product(
        name=name or subject,
        description=description,
        brand=brand,
        subject=subject,
        trade=trade,
        sector=sector,
        kind=kind,
        confidence=confidence,
        language=language,
    )
    likely = sorted(likelihoods(product, frozenset(sensitive)).items(), key=lambda pair: (-pair[1], pair[0]))
    if not likely or likely[0][1] < FLOOR:
        return ""
    alike = [drawing for drawing, value in likely if value >= max(FLOOR, ALIKE * likely[0][1])]
    weights = [2.0**-place for place in range(len(alike))]
    return random.Random(f"{seed}|{trade}|{sector}").choices(alike, weights)[0]

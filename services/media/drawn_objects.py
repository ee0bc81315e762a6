"""Drawings of objects as they are seen on a colour: in their own colours, or in tones of a brand's."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from services.media.colour import Colour, contrast
from services.media.drawings import EDGE, Drawing, Tones, blending, render_own, render_toned, rimmed
from services.media.signs import is_sign
from services.media.trade_drawings import trade_drawings

ALONE: Final = 1.7  # contrast of a drawing's middle tone with what is behind it, at least
HUED: Final = 0.035  # chroma from which a colour has a hue
VIVID: Final = 0.085  # chroma of such a middle tone, at least: a dark colour made lighter is grey without it
PLAIN: Final = (0.6, 0.9)  # lightness of a middle tone without a hue
INKED: Final = 0.12  # of what is behind, in such a tone
SHADED: Final = 0.3  # likewise, in its darkest tone
YELLOW: Final = 100.0  # degrees of OKLCH
YELLOW_REACH: Final = 45.0  # degrees from it within which a colour has some of what follows
YELLOW_RISE: Final = 0.13  # of lightness that yellow tones have more
YELLOW_TURN: Final = 28.0  # degrees towards red that the darkest tone of yellow is turned by
MIDDLE: Final = (0.46, 0.74)  # lightness of a middle tone, where that is seen
DEEPER: Final = 0.27  # of lightness between the middle and the darkest tone
DARK, DARKEST = 0.44, 0.17  # lightness of the darkest tone, at most and at least
LIGHT: Final = 0.94  # lightness of the lightest tone
PAPER: Final = 0.4  # of the paper in it
APART: Final = 0.13  # distance in OKLab at which the edge of a drawing in its own colours is seen
MOST_LOST: Final = 0.5  # of its edge that may be nearer: a rim that is not needed makes a sticker of it
RIM: Final = 0.011  # of its size
PALE: Final = 0.86  # lightness of a ground on which a paper rim would not be seen


def drawn(path: Path, name: str, *, behind: Colour, base: Colour, paper: Colour, strength: float = 1.0) -> Drawing:
    """Renders a drawing for what is behind it. Raises KeyError, OSError and ValueError as drawings.render_own does.

    An article that is made in any colour and a sign take tones of `base`, at `strength`; all others keep their own
    colours. A drawing whose edge is lost on a ground that is not pale has a rim of the paper's colour, as stickers
    have; on a pale one its shadow shows it.
    """
    if is_sign(name) or name in trade_drawings().any_colour:
        return render_toned(path, name, tones(base, behind, paper).mixed(behind, 1 - strength))
    drawing = render_own(path, name)
    if behind.lightness < PALE and blending(drawing, behind, APART) > MOST_LOST:
        return rimmed(drawing, paper, round(EDGE * RIM))
    return drawing


def tones(base: Colour, behind: Colour, paper: Colour) -> Tones:
    """Returns the tones of a drawing in a colour that is seen on what is behind it: with a deep shade of it and paper.

    A colour without a hue takes some of what is behind it, as paper does beside a coloured wall. Yellow stays light and
    its shadows turn to orange: dark yellow is olive, which looks like mould.
    """
    if base.chroma < HUED:
        pale = base.with_lightness(min(max(base.lightness, PLAIN[0]), PLAIN[1])).mixed(behind, INKED)
        middle = pale if contrast(pale, behind) >= ALONE else base
        dark = middle.mixed(behind, SHADED).with_lightness(max(middle.lightness - DEEPER, DARKEST))
    else:
        yellow = max(0.0, 1 - abs(base.hue - YELLOW) / YELLOW_REACH)
        middle = base.with_chroma(max(base.chroma, VIVID))
        middle = middle.with_lightness(min(max(middle.lightness, MIDDLE[0]), MIDDLE[1] + YELLOW_RISE * yellow))
        if contrast(middle, behind) < ALONE:
            middle = base
        lightness = max(min(middle.lightness - DEEPER, DARK + YELLOW_RISE * yellow), DARKEST)
        dark = Colour.from_oklch(lightness, middle.chroma, middle.hue - YELLOW_TURN * yellow)
    light = middle.with_lightness(LIGHT).mixed(paper, PAPER)
    return Tones(dark=dark, middle=middle, light=light)

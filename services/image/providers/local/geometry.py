"""Boxes on the picture, and the frame with its margins and the platforms' safe zones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.image.domain import AspectRatio

# What apps lay over a vertical picture: shares of its height (top, bottom) and width (right) that stay free of type and
# buttons; pictures may run under them. The larger ones of Meta's Stories and Reels and of TikTok's feed, as in
# services/campaign/pack/data/platforms.toml, which names the sources.
STORY_TOP: Final = 0.14
STORY_BOTTOM: Final = 0.35
STORY_RIGHT: Final = 0.1389


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def centre_x(self) -> float:
        return (self.left + self.right) / 2

    @property
    def centre_y(self) -> float:
        return (self.top + self.bottom) / 2

    def inset(self, x: float, y: float | None = None) -> Box:
        """Smaller by x on the left and right and y (x when left out) above and below."""
        by = x if y is None else y
        return Box(self.left + x, self.top + by, self.right - x, self.bottom - by)

    def moved(self, x: float, y: float) -> Box:
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y)

    def overlaps(self, other: Box, tolerance: float = 0.5) -> bool:
        """Whether more than `tolerance` pixels are shared both ways."""
        return (
            min(self.right, other.right) - max(self.left, other.left) > tolerance
            and min(self.bottom, other.bottom) - max(self.top, other.top) > tolerance
        )

    def contains(self, other: Box, tolerance: float = 0.5) -> bool:
        return (
            other.left >= self.left - tolerance
            and other.top >= self.top - tolerance
            and other.right <= self.right + tolerance
            and other.bottom <= self.bottom + tolerance
        )

    def joined(self, other: Box) -> Box:
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def fitted(self, aspect: float, *, anchor_y: float = 1.0, anchor_x: float = 0.5) -> Box:
        """The largest box of `aspect` (width / height) inside, resting at the anchors (0 left/top .. 1)."""
        width = min(self.width, self.height * aspect)
        height = width / aspect
        left = self.left + (self.width - width) * anchor_x
        top = self.top + (self.height - height) * anchor_y
        return Box(left, top, left + width, top + height)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The picture's size, its unit (8 px at 1080, the step of the baseline grid), and where type may stand."""

    ratio: AspectRatio
    width: int
    height: int

    @classmethod
    def of(cls, ratio: AspectRatio) -> Frame:
        width, height = ratio.pixels
        return cls(ratio=ratio, width=width, height=height)

    @property
    def unit(self) -> float:
        return min(self.width, self.height) / 135

    @property
    def whole(self) -> Box:
        return Box(0, 0, self.width, self.height)

    @property
    def safe(self) -> Box:
        """Where type and buttons may stand."""
        margin = 9 * self.unit
        if self.ratio is AspectRatio.STORY:
            right = self.width * (1 - STORY_RIGHT)
            return Box(margin, self.height * STORY_TOP, right, self.height * (1 - STORY_BOTTOM))
        if self.landscape:
            return Box(margin * 1.35, margin, self.width - margin * 1.35, self.height - margin)
        return Box(margin, margin, self.width - margin, self.height - margin)

    @property
    def centred(self) -> Box:
        """The part of the safe area that is as far from the left edge as from the right: for centred type."""
        safe = self.safe
        apart = max(safe.left, self.width - safe.right)
        return Box(apart, safe.top, self.width - apart, safe.bottom)

    @property
    def landscape(self) -> bool:
        """Whether it is much wider than high."""
        return self.ratio in (AspectRatio.LANDSCAPE, AspectRatio.WIDE)

    @property
    def wide(self) -> bool:
        """Whether columns stand side by side better than above each other."""
        return self.landscape or self.ratio is AspectRatio.SQUARE

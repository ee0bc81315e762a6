"""What a presenter looks like: one value a person, and the table of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from services.media.colour import Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Skin:
    """The tones of a skin, made from one."""

    tone: Colour
    light: Colour
    shade: Colour
    deep: Colour
    line: Colour
    blush: Colour

    @classmethod
    def of(cls, text: str) -> Skin:
        tone = Colour.of(text)
        lightness, chroma, hue = tone.oklch
        return cls(
            tone=tone,
            light=Colour.from_oklch(lightness + 0.045, chroma * 0.85, hue + 4),
            shade=Colour.from_oklch(lightness - 0.085, chroma + 0.018, hue - 6),
            deep=Colour.from_oklch(lightness - 0.19, chroma + 0.02, hue - 10),
            line=Colour.from_oklch(lightness - 0.27, chroma + 0.005, hue - 8),
            blush=Colour.from_oklch(lightness - 0.05, chroma + 0.07, 22),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A person, in numbers and names of drawings.

    head_width, jaw_width, chin_width: half widths; chin: how far the chin reaches down. eye_size, brow_weight,
    lip_fullness: 1 is usual. age 0 (twenty) .. 1 (seventy) draws its lines.
    """

    skin: str
    hair: str
    hair_colour: str
    eye_colour: str
    clothes: str
    cloth_colour: str
    cloth_second: str = "#ffffff"
    head_width: float = 168
    jaw_width: float = 148
    chin_width: float = 92
    chin: float = 222
    nose: str = "soft"
    lip_colour: str = "#c8625d"
    lip_fullness: float = 1.0
    eye_size: float = 1.0
    lashes: bool = False
    brow_colour: str = ""
    brow_weight: float = 1.0
    brow_arch: float = 10.0
    beard: str = ""
    glasses: str = ""
    glasses_colour: str = "#2b2622"
    earrings: str = ""
    freckles: bool = False
    age: float = 0.15
    shoulders: float = 430
    tones: Skin = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tones", Skin.of(self.skin))


MALE_LIPS: Final = "#b8705f"

LOOKS: Final[dict[str, Look]] = {
    "maya": Look(
        skin="#efb491", hair="bob", hair_colour="#4a2a1b", eye_colour="#8a5a24", clothes="blazer",
        cloth_colour="#3547b8", cloth_second="#f6f1ea", lashes=True, earrings="stud", age=0.3, brow_weight=0.85,
        lip_colour="#c9565a",
    ),
    "leo": Look(
        skin="#e9ae86", hair="quiff", hair_colour="#2c2019", eye_colour="#4c7a52", clothes="tee",
        cloth_colour="#23303f", jaw_width=154, chin_width=104, chin=228, beard="stubble", nose="straight",
        lip_colour=MALE_LIPS, lip_fullness=0.8, brow_weight=1.25, brow_arch=5, shoulders=490, eye_size=0.92,
    ),
    "amara": Look(
        skin="#8a5636", hair="afro", hair_colour="#241812", eye_colour="#3f2413", clothes="scoop",
        cloth_colour="#f0a51d", head_width=164, jaw_width=142, nose="wide", lip_colour="#a2433f", lip_fullness=1.35,
        lashes=True, earrings="hoop", eye_size=1.06, age=0.05,
    ),
    "kenji": Look(
        skin="#f0c29b", hair="fringe", hair_colour="#1a1718", eye_colour="#33241b", clothes="turtleneck",
        cloth_colour="#2e3138", head_width=164, jaw_width=140, chin_width=86, glasses="round", nose="soft",
        lip_colour="#c07a69", lip_fullness=0.8, brow_arch=5, shoulders=460, eye_size=0.88,
    ),
    "ingrid": Look(
        skin="#f6cbb0", hair="waves", hair_colour="#d9ae63", eye_colour="#4d86b8", clothes="knit",
        cloth_colour="#7fa893", lashes=True, head_width=162, jaw_width=140, chin_width=86, brow_colour="#a5793c",
        lip_colour="#cf6a6c", age=0.15,
    ),
    "omar": Look(
        skin="#c98f63", hair="crop", hair_colour="#1e1613", eye_colour="#4a2d16", clothes="shirt",
        cloth_colour="#e9eef4", cloth_second="#c3d0de", jaw_width=156, chin_width=106, chin=232, beard="full",
        nose="strong", lip_colour="#a8604f", lip_fullness=0.85, brow_weight=1.45, brow_arch=4, shoulders=510,
        eye_size=0.92, age=0.3,
    ),
    "rosa": Look(
        skin="#e7b08f", hair="bun", hair_colour="#c9c6c4", eye_colour="#6a5136", clothes="cardigan",
        cloth_colour="#8d3f5c", cloth_second="#f3e6da", glasses="cat", glasses_colour="#7c2f3d", head_width=166,
        jaw_width=150, chin_width=96, brow_colour="#9c938e", brow_weight=0.8, lip_colour="#bb5a5d",
        earrings="pearl", age=0.95, eye_size=0.92,
    ),
    "henry": Look(
        skin="#eebb9c", hair="parted", hair_colour="#6c6663", eye_colour="#54748a", clothes="suit",
        cloth_colour="#27324a", cloth_second="#9b2f3b", jaw_width=156, chin_width=108, chin=230, nose="strong",
        glasses="square", lip_colour=MALE_LIPS, lip_fullness=0.7, brow_colour="#5b5450", brow_weight=1.2, brow_arch=4,
        shoulders=500, eye_size=0.88, age=0.8,
    ),
    "priya": Look(
        skin="#c58a5f", hair="long", hair_colour="#1d1310", eye_colour="#3c2212", clothes="vneck",
        cloth_colour="#d99a1c", head_width=162, jaw_width=140, chin_width=86, lashes=True, brow_weight=1.1,
        lip_colour="#a84a4a", lip_fullness=1.1, earrings="drop", age=0.1,
    ),
    "dante": Look(
        skin="#6f4530", hair="shaved", hair_colour="#1a1210", eye_colour="#2e1a0f", clothes="hoodie",
        cloth_colour="#5a4fcf", jaw_width=156, chin_width=104, chin=230, beard="goatee", nose="wide",
        lip_colour="#7d4138", lip_fullness=1.15, brow_weight=1.2, brow_arch=5, shoulders=510, eye_size=0.92, age=0.3,
    ),
    "layla": Look(
        skin="#dfa87e", hair="headscarf", hair_colour="#c26a7c", eye_colour="#5b3a1e", clothes="collarless",
        cloth_colour="#6d3b58", head_width=162, jaw_width=140, chin_width=86, lashes=True, brow_colour="#3a241a",
        lip_colour="#bf5560", lip_fullness=1.05, eye_size=1.08, age=0.15,
    ),
    "finn": Look(
        skin="#f8cfb4", hair="curls", hair_colour="#b9551f", eye_colour="#5c8a4a", clothes="overshirt",
        cloth_colour="#3f6b4a", cloth_second="#f2efe6", head_width=164, jaw_width=146, freckles=True,
        brow_colour="#9c4a1e", lip_colour="#c98072", lip_fullness=0.85, brow_arch=6, shoulders=460, age=0.0,
    ),
    "zoe": Look(
        skin="#f3c4a4", hair="pixie", hair_colour="#2f2a35", eye_colour="#3d8f87", clothes="denim",
        cloth_colour="#3c5f8f", cloth_second="#f4efe8", lashes=True, head_width=162, jaw_width=140, chin_width=84,
        lip_colour="#c2475f", earrings="stud", eye_size=1.06, age=0.1,
    ),
    "marcus": Look(
        skin="#9a6542", hair="fade", hair_colour="#1b1411", eye_colour="#3a2112", clothes="blazer",
        cloth_colour="#5b4636", cloth_second="#f5f2ec", jaw_width=156, chin_width=106, chin=230, beard="moustache",
        nose="wide", lip_colour="#91524a", lip_fullness=1.05, brow_weight=1.25, brow_arch=5, shoulders=500,
        eye_size=0.92, age=0.5,
    ),
}  # fmt: skip

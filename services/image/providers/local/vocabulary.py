"""Words a prompt may steer with, and what each means to the compositor."""

from __future__ import annotations

from typing import Final

SEASONS: Final[dict[str, str]] = {
    "spring": "spring", "springtime": "spring", "easter": "spring", "blossom": "spring", "blossoms": "spring",
    "cherry blossom": "spring", "mother's day": "spring", "mothers day": "spring",
    "summer": "summer", "summery": "summer", "summertime": "summer", "tropical": "summer",
    "autumn": "autumn", "autumnal": "autumn", "fall": "autumn", "harvest": "autumn", "thanksgiving": "autumn",
    "pumpkin": "autumn", "back to school": "autumn",
    "halloween": "halloween", "spooky": "halloween",
    "winter": "winter", "wintry": "winter", "snow": "winter", "snowy": "winter", "frosty": "winter", "ice": "winter",
    "christmas": "christmas", "xmas": "christmas", "holiday season": "christmas", "festive": "christmas",
    "advent": "christmas", "santa": "christmas", "holidays": "christmas",
    "new year": "new_year", "new year's": "new_year", "fireworks": "new_year", "nye": "new_year",
    "valentine": "valentine", "valentines": "valentine", "valentine's": "valentine", "hearts": "valentine",
    "black friday": "black_friday", "cyber monday": "black_friday",
}  # fmt: skip

MOODS: Final[dict[str, str]] = {
    "dark": "dark", "moody": "dark", "night": "dark", "dramatic": "dark", "midnight": "dark", "black background": "dark",
    "mysterious": "dark", "noir": "dark", "evening": "dark",
    "light": "light", "airy": "light", "white": "light", "white background": "light", "clean": "light",
    "bright background": "light", "minimalist": "light", "fresh": "light", "crisp": "light", "simple": "light",
    "vivid": "vivid", "bright": "vivid", "vibrant": "vivid", "colourful": "vivid", "colorful": "vivid",
    "saturated": "vivid", "energetic": "vivid", "pop": "vivid", "neon": "vivid", "punchy": "vivid", "playful": "vivid",
    "loud": "vivid",
    "pastel": "pastel", "pastels": "pastel", "soft": "pastel", "gentle": "pastel", "delicate": "pastel",
    "dreamy": "pastel", "calm": "pastel", "muted": "pastel", "subtle": "pastel", "soothing": "pastel",
}  # fmt: skip

COLOURS: Final[dict[str, str]] = {
    "red": "#d92b3a", "crimson": "#b3122f", "scarlet": "#e0261c", "burgundy": "#6d1530", "maroon": "#6b1a1f",
    "orange": "#f07a1f", "coral": "#ff6f5e", "peach": "#ffb48f", "apricot": "#f9a66c", "terracotta": "#c0583a",
    "yellow": "#f4c20d", "gold": "#c99a2e", "golden": "#c99a2e", "mustard": "#d0a024", "lemon": "#f5de3c",
    "green": "#1f8a4c", "emerald": "#0c8a5f", "mint": "#8edcb6", "sage": "#93ab8b", "olive": "#707a33",
    "lime": "#a4d233", "forest green": "#1d5b38", "teal": "#0f8b8d", "turquoise": "#22bdb7", "aqua": "#3cc8d4",
    "cyan": "#14b8d8", "blue": "#2563eb", "navy": "#16264f", "sky blue": "#6fb9ee", "cobalt": "#1747b8",
    "indigo": "#4338ca", "purple": "#7c3aed", "violet": "#7f48d8", "lavender": "#b8a4ec", "lilac": "#c5a3e3",
    "magenta": "#d6249f", "pink": "#ec4f92", "hot pink": "#f72585", "blush": "#f0b3b3", "rose": "#e0557f",
    "brown": "#7a4b2a", "chocolate": "#5a3220", "caramel": "#b9733a", "beige": "#d9c4a0", "cream": "#efe3c8",
    "sand": "#dcc49b", "tan": "#c8a27a", "grey": "#7d8088", "gray": "#7d8088", "silver": "#a7abb3",
    "black": "#111216", "monochrome": "#3a3b40",
}  # fmt: skip

SETTINGS: Final[dict[str, str]] = {
    "beach": "beach", "seaside": "beach", "sea": "beach", "ocean": "beach", "coast": "beach", "sand dunes": "desert",
    "pool": "pool", "poolside": "pool", "water": "pool", "underwater": "pool", "splash": "pool",
    "desert": "desert", "dunes": "desert", "canyon": "desert",
    "mountain": "mountains", "mountains": "mountains", "alps": "mountains", "hiking": "mountains",
    "outdoors": "mountains", "outdoor": "mountains", "adventure": "mountains", "camping": "mountains",
    "forest": "forest", "woods": "forest", "jungle": "forest", "nature": "forest", "trees": "forest",
    "garden": "garden", "meadow": "garden", "flowers": "garden", "floral": "garden", "park": "garden",
    "kitchen": "kitchen", "breakfast": "kitchen", "countertop": "kitchen", "cooking": "kitchen", "cafe": "kitchen",
    "café": "kitchen", "table": "kitchen",
    "bathroom": "bathroom", "spa": "bathroom", "tiles": "bathroom", "shower": "bathroom",
    "living room": "room", "room": "room", "home": "room", "interior": "room", "cosy": "room", "cozy": "room",
    "bedroom": "room", "sofa": "room",
    "desk": "desk", "office": "desk", "workspace": "desk", "work": "desk", "study": "desk",
    "city": "city", "urban": "city", "street": "city", "skyline": "city", "downtown": "city",
    "gym": "gym", "workout": "gym", "fitness": "gym", "training": "gym",
    "studio": "studio", "podium": "studio", "pedestal": "studio", "stage": "studio",
    "sky": "sky", "clouds": "sky", "cloud": "sky", "space": "space", "stars": "space", "galaxy": "space",
    "cosmic": "space",
}  # fmt: skip

LIGHTS: Final[dict[str, str]] = {
    "sunset": "sunset", "golden hour": "sunset", "sunrise": "sunset", "dusk": "sunset", "dawn": "sunset",
    "warm": "warm", "warm light": "warm", "candlelight": "warm", "sunny": "warm", "sunlight": "warm",
    "cool": "cool", "cold": "cool", "moonlight": "cool", "icy": "cool",
    "spotlight": "spotlight", "spot light": "spotlight", "backlit": "spotlight", "glow": "spotlight",
    "glowing": "spotlight",
}  # fmt: skip

PATTERNS: Final[dict[str, str]] = {
    "confetti": "confetti", "party": "confetti", "celebration": "confetti", "celebrate": "confetti",
    "dots": "dots", "polka dots": "dots", "polka dot": "dots", "halftone": "halftone", "comic": "halftone",
    "stripes": "stripes", "striped": "stripes", "lines": "stripes",
    "grid": "grid", "checked": "checks", "checkerboard": "checks", "gingham": "checks", "retro": "sunburst",
    "sunburst": "sunburst", "rays": "sunburst", "burst": "sunburst", "vintage": "sunburst",
    "waves": "waves", "wavy": "waves", "curves": "waves", "blobs": "blobs", "abstract": "blobs",
    "organic": "blobs", "geometric": "geometric", "shapes": "geometric", "memphis": "geometric",
    "bauhaus": "geometric", "gradient": "mesh", "mesh": "mesh", "aurora": "mesh", "arch": "arch", "arches": "arch",
    "circles": "rings", "rings": "rings", "bubbles": "bubbles", "sparkle": "sparkles", "sparkles": "sparkles",
    "glitter": "sparkles", "sparkly": "sparkles", "leaves": "leaves", "foliage": "leaves", "botanical": "leaves",
    "plants": "leaves", "palm": "leaves",
}  # fmt: skip

LAYOUTS: Final[dict[str, str]] = {
    "text left": "text_left", "text on the left": "text_left", "headline left": "text_left",
    "headline on the left": "text_left", "copy left": "text_left", "product right": "text_left",
    "product on the right": "text_left", "left aligned": "text_left", "left-aligned": "text_left",
    "text right": "text_right", "text on the right": "text_right", "headline right": "text_right",
    "headline on the right": "text_right", "copy right": "text_right", "product left": "text_right",
    "product on the left": "text_right",
    "centered": "centred", "centred": "centred", "center": "centred", "centre": "centred",
    "symmetrical": "centred", "centered text": "centred", "text centered": "centred", "text centred": "centred",
    "text top": "text_top", "text on top": "text_top", "headline on top": "text_top", "text at the top": "text_top",
    "headline at the top": "text_top", "product at the bottom": "text_top", "product below": "text_top",
    "text bottom": "text_bottom", "text at the bottom": "text_bottom", "headline at the bottom": "text_bottom",
    "headline below": "text_bottom", "text below": "text_bottom", "product on top": "text_bottom",
    "product at the top": "text_bottom",
}  # fmt: skip

OMISSIONS: Final[dict[str, str]] = {
    "no price": "price", "without price": "price", "hide the price": "price", "without the price": "price",
    "no logo": "brand", "without logo": "brand", "no button": "call_to_action", "without button": "call_to_action",
    "no cta": "call_to_action", "no text": "text", "without text": "text",
}  # fmt: skip

# Words that say nothing the compositor could draw; left out of the "not understood" note.
SILENT: Final = frozenset(
    """a an the and or with without in on of for at to from by as is are be it its this that these those very really
    please make create use using want like look looks looking feel feels feeling vibe vibes style styled ad advert
    advertisement picture photo image creative background backdrop color colour colors colours tone tones palette mood
    atmosphere theme themed scene setting product products our my your we i me some more less bit little lot lots big
    bigger large small nice good great beautiful amazing cool-looking modern bold minimal seasonal lifestyle hero shot
    shots around behind under over above below next near into onto through text headline title say says saying reads
    caption copy button logo price brand sale offer campaign poster banner design designed composition layout high
    quality professional premium elegant luxury luxurious natural realistic style, focus show showing shows put place
    placed add include including plenty lots sale day time feeling just only but not no so up down out off all any
    each every both between while then than there here has have had will would should can could may might must do
    does did done was were been being""".split()
)

"""Brazilian Portuguese words to phonemes: letters and stress by rule, open e and o by a dictionary.

The symbols are those that the model's Portuguese voices were trained on: a nasal vowel has a tilde or a nasal behind
it, weak vowels at the end of a word have symbols of their own. A mark of stress stands before its vowel.
"""

from __future__ import annotations

import re
from typing import Final

from services.video.providers.local.pronunciation.dictionary import known
from services.video.script.languages import words_of

LANGUAGE: Final = "pt"
TILDE: Final = "\u0303"
VOWELS: Final = "aeiouáâãàéêíóôõúü"
PLAIN: Final = {"á": "a", "à": "a", "â": "a", "ã": "a", "é": "ɛ", "ê": "e", "í": "i", "ó": "ɔ", "ô": "o", "õ": "o",
                "ú": "u", "ü": "u"}  # fmt: skip
FRONT: Final = "eiéêí"
MARKED: Final = "áâéêíóôú"
UNITS: Final = {"aɪ": "I", "aʊ": "W", "eɪ": "A"}  # symbols of the model for two vowels in one syllable
WEAK: Final = {"a": "æ", "e": "y", "o": "ʊ"}  # at the end of a word, also before s
SOUNDED_U: Final = re.compile(  # where the u between q or g and e or i is heard
    r"cinqu|frequ|sequ(?=[eê]n)|delinqu|eloqu|tranqu|equ(?=estr|in|id)|quinqu|ubiqu|aguent|lingu(?=i[çs]|ístic)|pingu(?=i)"
    r"|ungu(?=ent)|bil[ií]ngu|trilíngu|ambigu|antigu(?=id)|sagu(?=i$|is$)|argu(?=i)|^equ"
)
HISSED_X: Final = re.compile(r"^(?:pr[oó]x|m[aá]x|aux|troux|sintax)")
DOUBLE_X: Final = re.compile(
    r"^(?:t[aá]x|fix|afix|prefix|sufix|crucifix|sex(?!t)|anex|conex|complex|reflex|flex|perplex|convex|ox[ií]|t[oó]x|int[oó]x|box"
    r"|ax|m[ií]x|pix|max|lat?ex|nex|prolix|par[aá]dox|ortod[oó]x|matri|cax)"
)
VOICED: Final = re.compile("h?[aeiouáâãàéêíóôõúübdgjlmnvz]")
UNSTRESSED: Final = words_of(LANGUAGE).words("unstressed")  # small words lean on the next one
WHOLE: Final = words_of(LANGUAGE).data["sounds"]  # of words that spelling misleads about
LAST_BUT_ONE: Final = re.compile(r"(?:[aeo]s?|am|em|ens)$")  # endings without the stress


def phonemes(word: str, following: str = "") -> str:
    """The phonemes of one word of letters, in any case; "" for a word without a sound. following: the word that is said
    right after it, which gives its last s a voice."""
    said = _alone(word.lower())
    return f"{said[:-1]}z" if said.endswith("s") and VOICED.match(following.lower()) else said


def _alone(text: str) -> str:
    if text in WHOLE:
        return str(WHOLE[text])
    nuclei, glides = _syllables(text)
    stress = -1 if text in UNSTRESSED or not nuclei else _stressed(text, nuclei)
    quality = _quality(text) if stress >= 0 and text[stress] in "eo" else ""
    sounds: list[str] = []
    place = 0
    while place < len(text):
        letter = text[place]
        if letter in VOWELS or (letter == "y" and place):
            sound, length = _vowel(text, place, stress, glides, quality)
        else:
            sound, length = _consonant(text, place, stress, nuclei)
        sounds.append(sound)
        place += length
    said = "".join(sounds)
    for pair, unit in UNITS.items():
        said = said.replace(pair, unit)
    return said


def _syllables(text: str) -> tuple[list[int], set[int]]:
    """The places of the vowels that carry a syllable, and of those that glide into or out of one."""
    nuclei: list[int] = []
    glides: set[int] = set()
    marked = any(letter in MARKED for letter in text)
    for place, letter in enumerate(text):
        if letter not in VOWELS:
            continue
        if _off_glide(text, place, begun=nuclei[-1:] == [place - 1]):
            glides.add(place)
        elif letter in "iu" and marked and re.fullmatch(r"[aeo]s?", text[place + 1 :]) and _marked_before(text, place):
            glides.add(place)  # "família", "água"
        else:
            nuclei.append(place)
    return nuclei, glides


def _off_glide(text: str, place: int, *, begun: bool) -> bool:
    """Whether a vowel belongs to the one beside it: u behind q and g, i and u behind a vowel, "ãe", "ão".
    begun: whether the letter before carries a syllable."""
    letter, before, after = text[place], text[place - 1 : place], text[place + 1 : place + 2]
    if letter in "uü" and before in ("q", "g"):
        return bool(after) and after in VOWELS
    if letter in "eo":
        return before in ("ã", "õ")
    return letter in "iu" and begun and not _parted(text, place)


def _marked_before(text: str, place: int) -> bool:
    return any(letter in MARKED for letter in text[:place])


def _parted(text: str, place: int) -> bool:
    """Whether i or u behind a vowel begins a syllable of its own: "ra-iz", "a-inda", "ru-im", "ra-inha"."""
    if text[place - 1 : place + 1] in ("ii", "uu"):
        return True
    rest = text[place + 1 :]
    return re.match(r"nh|[lmnrz](?:$|[^aeiouáâãàéêíóôõúüh])", rest) is not None and not rest.startswith("ns")


def _stressed(text: str, nuclei: list[int]) -> int:
    """The place of the stressed vowel: the one with an accent, else by the ending."""
    for place in nuclei:
        if text[place] in MARKED:
            return place
    for place in nuclei:
        if text[place] in "ãõ":
            return place
    last = nuclei[-1]
    glided = re.search(f"[{VOWELS}][iu]s?$", text) is not None and text.rstrip("s")[-1:] in "iu"
    light = LAST_BUT_ONE.search(text) is not None and not glided
    return nuclei[-2] if light and len(nuclei) > 1 else last


def _quality(text: str) -> str:
    """The dictionary's sound of the stressed e or o: of the word, its singular or its masculine; "" where unknown."""
    for form in (
        text,
        re.sub(r"s$", "", text),
        re.sub(r"as?$", "o", text) if not text.endswith(("osa", "osas")) else "",
    ):
        found = known(form, LANGUAGE) if form else None
        heard = re.search("ˈ([eɛoɔ])", found or "")
        if heard:
            return heard[1]
    return "ɔ" if re.search(r"os(?:a|as|os)$", text) else ""


def _vowel(text: str, place: int, stress: int, glides: set[int], quality: str) -> tuple[str, int]:
    """The sound of the vowel at a place, with its mark and a nasal behind it, and how many letters it takes."""
    letter, rest = text[place], text[place + 1 :]
    if place in glides:
        return _glide(text, place), 1
    mark = "ˈ" if place == stress else ""
    if letter in "ãõ":
        return f"{mark}{'ɐ' if letter == 'ã' else 'o'}{TILDE}", 1
    sound = PLAIN.get(letter, "i" if letter == "y" else letter)
    nasal = re.match(r"([mn])(?![hmn]|[aeiouáâãàéêíóôõúü])", rest)
    if nasal:
        return f"{mark}{_nasal(sound, rest[1:], stressed=bool(mark))}", 2
    if mark:
        if letter in "eo" and quality and not re.match(r"[mn]", rest):
            sound = quality
        return f"{mark}{'ɐ' + TILDE if sound == 'a' and re.match('[mn]', rest) else sound}", 1
    ends = re.fullmatch(r"s?", rest) is not None
    if ends and letter in "eo":
        return WEAK[letter], 1
    if letter == "a" and stress >= 0 and (ends or place > stress or re.match(r"[mn](?!h)", rest)):
        return WEAK["a"], 1
    return ("ɐ" + TILDE if sound == "a" and rest.startswith("nh") else sound), 1


def _nasal(sound: str, rest: str, *, stressed: bool) -> str:
    """A vowel before m or n that closes its syllable; rest: the letters behind."""
    closing = "m" if rest[:1] in ("p", "b") else "ŋ"
    if sound == "a":
        return f"ɐ{TILDE}ʊ{TILDE}" if not rest and not stressed else f"ɐ{TILDE}{closing}"
    if sound in "eɛ":
        return f"eɪ{closing}"
    if sound == "u":
        return f"u{TILDE}{closing}"
    return f"{'o' if sound == 'ɔ' else sound}{closing}"


def _glide(text: str, place: int) -> str:
    letter, before, after = text[place], text[place - 1 : place], text[place + 1 : place + 2]
    if letter in "uü" and before in ("q", "g") and after:
        listed = any(found.start() <= place < found.end() for found in SOUNDED_U.finditer(text))
        heard = after not in tuple(FRONT) or letter == "ü" or listed
        return "w" if heard else ""
    if before in ("ã", "õ"):
        return {"o": f"ʊ{TILDE}", "e": "j" if before == "õ" else "y"}.get(letter, letter)
    if after and after in VOWELS and before not in tuple(VOWELS):
        return "j" if letter == "i" else "w"
    if letter == "u":
        return "w" if before == "o" else "ʊ"
    return "ɪ"


def _consonant(text: str, place: int, stress: int, nuclei: list[int]) -> tuple[str, int]:
    """The sound of the consonant at a place and how many letters it takes."""
    letter, two = text[place], text[place : place + 2]
    before, after = text[place - 1 : place] if place else "", text[place + 1 : place + 2]
    pairs = {
        "ch": "ʃ",
        "lh": "lj",
        "nh": "ɲ",
        "rr": "x",
        "ss": "s",
        "sh": "ʃ",
        "ph": "f",
        "th": "t",
        "ck": "k",
        "tz": "ts",
    }
    if two in pairs:
        return pairs[two], 2
    if two in ("sc", "xc", "sç") and (text[place + 2 : place + 3] in tuple(FRONT) or two == "sç"):
        return "s", 2
    if letter in "td":
        weak = re.fullmatch(r"es?", text[place + 1 :]) is not None and place + 1 != stress
        if after in ("i", "í") or weak:
            return {"t": "ʧ", "d": "ʤ"}[letter], 1
    if letter in "bcdfgklmnpt" and letter == after:
        return _consonant(text, place + 1, stress, nuclei)[0], 2
    if letter == "c":
        return ("s" if after in tuple(FRONT) and after else "k"), 1
    if letter == "g":
        return ("ʒ" if after in tuple(FRONT) and after else "ɡ"), 1
    if letter == "s":
        between = before in tuple(VOWELS) and bool(before) and after in tuple(VOWELS) and bool(after)
        return ("z" if between or (bool(before) and after in tuple("bdgvmnlrz") and bool(after)) else "s"), 1
    if letter == "x":
        return _x(text, place), 1
    if letter == "r":
        return _r(text, place), 1
    if letter == "l" and (not after or after not in VOWELS):
        return ("ʊ" if before in tuple(VOWELS) and before else "l"), 1
    if letter == "z":
        return ("z" if after else "s"), 1
    simple = {"ç": "s", "j": "ʒ", "q": "k", "h": "", "w": "w", "y": "j", "k": "k"}
    return simple.get(letter, letter if letter in "bdfklmnptv" else ""), 1


def _x(text: str, place: int) -> str:
    before, after = text[:place], text[place + 1 : place + 2]
    if not before:
        return "ʃ"
    if HISSED_X.match(text):
        return "s"
    if DOUBLE_X.match(text) or not after:
        return "ks"
    if after not in VOWELS:
        return "s"
    return "z" if re.fullmatch("(?:in)?[eê]", before) else "ʃ"


def _r(text: str, place: int) -> str:
    before, after = text[place - 1 : place] if place else "", text[place + 1 : place + 2]
    if not before or before in "nls":
        return "x"
    if after and after in VOWELS:
        return "ɾ" if before in VOWELS else "r"
    return "r" if not after else "ɾə"

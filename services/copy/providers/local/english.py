"""Words: articles, verb forms, number and case. Verb and noun forms come from lemminflect's tables."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

from services.copy.providers.local.vocabulary import words

with warnings.catch_warnings():
    # its loader touches a deprecated numpy name on import; nothing we could do about it here
    warnings.simplefilter("ignore")
    from lemminflect import getAllLemmas, getInflection

# inflect was tried for articles and says "a 8-hour" and "an UV-C": numbers and spelled-out letters need their sound.

_SPELLED = re.compile(r"[A-Z](?:[A-Z0-9]*)(?:\b|-|s\b)")
_SPELLED_AN = frozenset("AEFHILMNORSX")
# Acronyms that are spoken as words.
_SPOKEN_AS_WORDS = words("english", "spoken_as_words")


@lru_cache(maxsize=4096)
def article(phrase: str) -> str:
    """ "a" or "an", by the sound that the phrase begins with."""
    word = phrase.lstrip("\"'“‘(").split(" ", 1)[0]
    if not word:
        return "a"
    if word[0].isdigit():
        digits = re.match(r"\d+", word)
        number = digits.group(0) if digits else word
        return "an" if number[0] == "8" or number in {"11", "18"} else "a"
    head = re.split(r"[-/]", word)[0]
    if len(head) >= 1 and _SPELLED.fullmatch(head) and (len(head) > 1 or "-" in word) and head not in _SPOKEN_AS_WORDS:
        return "an" if head[0] in _SPELLED_AN else "a"
    lower = word.lower()
    if re.match(r"hour|honest|honou?r|heir", lower):
        return "an"
    if re.match(r"one\b|one-|once|eu|ewe|uni(?!n|m)|us[aeiu]|uti|ubiq|ukul|uro", lower):
        return "a"
    return "an" if lower[0] in "aeiou" else "a"


_ARTICLE = re.compile(r"\b([Aa])n? (?=[\"'“‘(]?([A-Za-z0-9][\w\-/]*))")


def fix_articles(text: str) -> str:
    """Makes every "a" and "an" agree with the word after it."""

    def agreed(match: re.Match[str]) -> str:
        chosen = article(match.group(2))
        return (chosen.capitalize() if match.group(1) == "A" else chosen) + " "

    return _ARTICLE.sub(agreed, text)


@lru_cache(maxsize=4096)
def verb_of(word: str) -> str | None:
    """The verb that "keeps" is the third person of ("keep"); None if the word is no such form."""
    lower = word.lower()
    if lower in {"is", "has", "does"}:
        return {"is": "be", "has": "have", "does": "do"}[lower]
    if not lower.endswith("s") or lower.endswith("ss") or not lower.isalpha():
        return None
    lemmas = getAllLemmas(lower, "VERB").get("VERB", ())
    for lemma in lemmas:
        if lower in getInflection(lemma, "VBZ"):
            return str(lemma)
    return None


@lru_cache(maxsize=4096)
def third_person(verb: str) -> str:
    if verb in {"be", "have", "do"}:
        return {"be": "is", "have": "has", "do": "does"}[verb]
    forms = getInflection(verb, "VBZ")
    return str(forms[0]) if forms else verb + "s"


@lru_cache(maxsize=4096)
def gerund(verb: str) -> str:
    if verb == "be":
        return "being"
    forms = getInflection(verb, "VBG")
    return str(forms[0]) if forms else verb + "ing"


@lru_cache(maxsize=4096)
def is_base_verb(word: str) -> bool:
    return word.lower() in getAllLemmas(word.lower(), "VERB").get("VERB", ())


_PLURALS = words("english", "plurals")  # the tables know these as verbs or not at all


@lru_cache(maxsize=4096)
def is_plural_noun(word: str) -> bool:
    """Whether a word is the plural of a noun that has another singular ("shoes", not "glass" or "series")."""
    lower = word.lower()
    if lower in _PLURALS:
        return True
    lemmas = getAllLemmas(lower, "NOUN").get("NOUN", ())
    if (not lemmas or lower in lemmas) and re.search(r"[a-z]{5}(?<![sui])s$", lower):
        return bool(getAllLemmas(lower[:-1], "NOUN").get("NOUN", ()))  # its table lacks some plurals
    return bool(lemmas) and lower not in lemmas and lower not in {"less", "news", "plus"}


@lru_cache(maxsize=4096)
def is_word(word: str) -> bool:
    """Whether the lower-case form is an English noun, verb, adjective or adverb."""
    return bool(getAllLemmas(word.lower()))


@lru_cache(maxsize=4096)
def is_adjective_only(word: str) -> bool:
    lemmas = getAllLemmas(word.lower())
    return "ADJ" in lemmas and "NOUN" not in lemmas


@lru_cache(maxsize=4096)
def plural(noun: str) -> str:
    forms = getInflection(noun, "NNS")
    return str(forms[0]) if forms else noun + "s"


_ALWAYS_CAPITAL = words("english", "always_capital")


def lower_first(phrase: str, *, proper: frozenset[str] = frozenset()) -> str:
    """The phrase as it stands inside a sentence: its first letter small unless the word is a name or an acronym."""
    word = re.split(r"[\s\-,/’']", phrase, maxsplit=1)[0]
    if not word or not word[0].isupper():
        return phrase
    lower = word.lower()
    if lower in _ALWAYS_CAPITAL or lower in proper or any(letter.isupper() for letter in word[1:]):
        return phrase
    if not lower.isalpha() or (len(word) == 1 and word != "A"):
        return phrase
    if not is_word(word) and lower not in _FUNCTION_WORDS and not _ORDINARY_END.search(lower):
        return phrase
    return lower[0] + phrase[1:]


_ORDINARY_END = re.compile(
    r"(?:able|ible|less|ful|ing|ed|ly|ness|ment|ation|ity|ance|ence|ism|ics|ous|ive|al|ware|proof|resistant)$"
)
_FUNCTION_WORDS = words("english", "function_words")

_INNER_CAPITAL = re.compile(r"^[a-z]+[A-Z0-9]")


def upper_first(phrase: str) -> str:
    """The phrase as it stands at the head of a sentence; names like "iPhone" keep their case."""
    if not phrase or not phrase[0].islower():
        return phrase
    return phrase if _INNER_CAPITAL.match(phrase) else phrase[0].upper() + phrase[1:]


_SENTENCE_HEAD = re.compile(r"((?:^|[.!?…][”\"’)]?\s+|\n+(?:[•✓] )?)[“\"]?)([a-z][\w\-’']*)")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|vs|no|approx|ca|incl|max|min|St|Dr|Mr|Mrs)\.\s+$", re.IGNORECASE)


def sentence_case(text: str, *, keep: frozenset[str] = frozenset()) -> str:
    """A capital at the head of every sentence, except for words written small on purpose."""

    def raised(match: re.Match[str]) -> str:
        lead, word = match.group(1), match.group(2)
        if word in keep or _INNER_CAPITAL.match(word) or _ABBREVIATION.search(text[: match.start(2)]):
            return match.group(0)
        return lead + word[0].upper() + word[1:]

    return _SENTENCE_HEAD.sub(raised, text)


def series(items: list[str] | tuple[str, ...], *, joint: str = "and") -> str:
    """ "a", "a and b", "a, b and c"; items that hold an "and" themselves are parted so that the list stays readable."""
    if len(items) <= 1:
        return items[0] if items else ""
    if any(f" {joint} " in item for item in items):
        return f"{', '.join(items[:-1])}, plus {items[-1]}" if joint == "and" else f", {joint} ".join(items)
    return f"{', '.join(items[:-1])} {joint} {items[-1]}"

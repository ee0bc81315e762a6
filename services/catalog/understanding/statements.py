"""Makes of a cleaned text its statements: joins what may not stand apart, and drops what states nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.catalog.understanding import mess, prices, roles, text
from services.catalog.understanding.roles import Cues
from services.catalog.understanding.values import ProductTexts
from services.catalog.understanding.withdrawals import without_ended, without_withdrawn

FEW_WORDS = 4  # of an answer that is no sentence
FEWEST_QUESTIONS = 2  # of a list of questions with answers
FEWEST_REFUSED = 3  # words of a refusal that stands without its question
NAMED_PRICE = 2  # words before the amount of an answer that says what it is the price of
QUESTION_WORDS = 5  # of a question that an offer answers
MAX_PRICED = 200  # characters of a price with its fees
# Numbers that say something without a word.
_TELLING = (roles.MONEY, roles.PERCENT_OFF, roles.RATING, roles.TIME, roles.DATE, roles.PHONE)
_FEED_PRICE = re.compile(r"(price|sale price): (\d+(?:\.\d+)?) ([A-Z]{3})")
_IN_DOUBT = re.compile(
    r"\?{2}|\d[.,]?\?(?!\S)|\(\?\)|(?<!\w)[xX]{2,4}(?!\w)[.,]?[xX%€£$]"
)  # "Tax £20???", "1.? spoons"
_FEED_KEY = re.compile(
    r"(?:[a-z]+_[a-z_]+|mrp|gst|hsn|g|mpn|ean|gtin|upc|sku):(?!//)\S"
    r"|(?:art|artikel|item|ref|cod|réf)\.? ?-?(?:nr|no|code)\.?:?(?: ?[\w-]*\d.*)?$"
    r"|(?-i:[A-Z]{2,12}|[a-z]+_[a-z_]+) ?[:=] ?(?:(?-i:Y|N|TRUE|FALSE|NULL)|n/a)(?!\w)"  # "UFH:Y"
    r"|(?:lagerbestand|stock|giacenza|existencias): ?\d+$",
    re.IGNORECASE,
)
_FEED_FIELD = re.compile(r"(?<!\S)[a-z]+(?:_[a-z]+)+ ?[:=]")  # "139.99 USD sale_price: 119.99 USD"
_BARE_CODE = re.compile(r"(?=\S*\d)(?=\S*[A-Z])[A-Z0-9]+(?:-[A-Z0-9]+){2,}")  # "MB-TH21-3B", and nothing else
_CODES = re.compile(r"\b(?:sku|ean|gtin|mpn|asin|upc)\b[:# ]*[\w-]*\d|(?<![\d+])\d{12,14}(?!\d)", re.IGNORECASE)
_QUESTIONS = mess.DATA["questions"]
_LABEL = re.compile(rf"^(?:{mess.any_of(_QUESTIONS['labels'])}) ?:\s+", re.IGNORECASE)
_ANSWER = re.compile(rf"(?:{mess.any_of(_QUESTIONS['answers'])})(?!\w)")
_BARE_ANSWER = re.compile(
    rf"(?:(?:{mess.any_of(_QUESTIONS['bare_answers'])})(?:, |[.!:] |\\s[–—-] |[.!]?$)"
    rf"|(?:{mess.any_of(_QUESTIONS['bare_phrases'])})(?!\\w))",
    re.IGNORECASE,
)
_KEPT_LABEL = re.compile(rf"^\W*(?:{mess.any_of(mess.DATA['kept']['labels'])}) ?[:–—,]\s+", re.IGNORECASE)
_ORDER = re.compile(rf"^(?:{mess.any_of(mess.DATA['kept']['orders'])})(?!\w)\s*", re.IGNORECASE)
_CONDITIONAL = re.compile(rf"\W*(?:{mess.any_of(_QUESTIONS['conditions'])})(?!\w)")
_QUOTED = re.compile(rf"^(?:{mess.any_of(mess.DATA['quotation']['labels'])}) ?: ?(?=[\"„“”«‹'‘])", re.IGNORECASE)
MAX_ITEM = 160  # characters of an item below a heading
_ITEM = re.compile(r"^[-–*•]\s*")


def segments_of(cleaned: str, cues: Cues) -> list[str]:
    """Returns the sentences and list items of a cleaned text: exclusions with their headings, nothing taken back."""
    divided = text.divided(_with_exclusions_joined(cleaned, cues))
    said = without_withdrawn(divided, is_binding=lambda statement: _is_binding(statement, cues))
    return _with_brackets_joined([_kept(mess.without_greeting(statement)) for statement in without_ended(said)])


def _kept(statement: str) -> str:
    """Returns a statement without what a writer says before a line that must stand in the ad."""
    label = _KEPT_LABEL.match(statement)
    rest = statement[label.end() :] if label else statement
    order = _ORDER.match(rest)
    if order is None and (label is None or not rest or label[0].rstrip().endswith(",")):
        return statement
    line = (rest[order.end() :] if order else rest).strip("\"'“”„‘’«» ")
    return line[:1].upper() + line[1:] if line[-1:] in ".!" else f"{line[:1].upper()}{line[1:]}."


def statements_of(segments: list[str], language: str, cues: Cues) -> list[str]:
    """Returns the statements of a description's segments: offers with their questions, prices with their fees."""
    whole = list(stating(_with_questions_joined(segments, cues), cues))
    return _with_one_price(_with_dues_joined(whole, cues), language)


def _is_binding(statement: str, cues: Cues) -> bool:
    """Returns True for a condition or a legal line, which no guess about its text may lose."""
    return roles.role_of(statement, cues) in {"condition", "legal"}


def _with_brackets_joined(segments: list[str]) -> list[str]:
    """Returns statements with a fee, limit or date in brackets joined to what it belongs to."""
    joined: list[str] = []
    for segment in segments:
        is_bracketed = (
            segment.startswith("(") and segment.rstrip(".!").endswith(")") and segment.find(")") >= len(segment) - 2
        )
        if not is_bracketed:
            joined.append(segment)
        elif joined and not mess.is_no_statement(segment.strip("().! ")):
            joined[-1] = f"{joined[-1].rstrip('.!')} {segment}"
    return joined


def _with_questions_joined(segments: list[str], cues: Cues) -> list[str]:
    """Returns statements joined to the question that they answer, where they say nothing without it.

    That is every answer of a list of questions, an offer or guarantee ("Dead cup? We replace it."), a limit ("Dogs
    allowed? No.") and what a question sets a condition for ("Already on the list? You need not apply."). Other answers
    state nothing: "Do they bite? Often." An answer without a question ("Yes, in the yard") is left out; of one that
    refuses something, the refusal stays.
    """
    is_list = _has_list_of_questions(segments)
    joined: list[str] = []
    for raw in segments:
        segment = _LABEL.sub("", raw)
        last = joined[-1] if joined else ""
        is_asked = last.endswith("?") and not last.startswith(text.CROSS)
        if not is_asked or segment.endswith("?"):
            if _BARE_ANSWER.match(segment):
                segment = _without_answer(segment, cues)
            elif segment != raw and _ANSWER.match(segment.lower()):
                segment = ""
            if segment:
                joined.append(segment)
        elif _stands_with_question(last, segment, cues, is_labelled=segment != raw, is_list=is_list):
            joined[-1] = f"{last} {segment}"
        elif _stands_alone(segment, cues):
            joined[-1] = segment
        elif is_list or segment != raw or _ANSWER.match(segment.lower()):
            joined.pop()
        else:
            joined.append(segment)
    return joined


def _stands_with_question(question: str, answer: str, cues: Cues, *, is_labelled: bool, is_list: bool) -> bool:
    """Returns True for an answer that is quoted together with its question."""
    if len(question) + len(answer) >= MAX_PRICED:
        return False
    if (is_list and not is_labelled) or _CONDITIONAL.match(question.lower()):
        return True
    if len(question.split()) <= QUESTION_WORDS and roles.role_of(answer, cues) in {"offer", "proof"}:
        return True
    is_answer = is_labelled or _ANSWER.match(answer.lower()) is not None
    return is_answer and roles.condition_at(answer, cues) >= 0


def _stands_alone(answer: str, cues: Cues) -> bool:
    """Returns True for a price that says what it is for ("Initial assessment £70"): it needs no question."""
    money = roles.MONEY.search(answer)
    if money is None or _ANSWER.match(answer.lower()) or roles.role_of(answer, cues) != "price":
        return False
    return len(answer[: money.start()].split()) >= NAMED_PRICE


def _has_list_of_questions(segments: list[str]) -> bool:
    """Returns True for texts with a label of questions, and for those with several questions of which one is answered
    by a word of answering or by a few words; one alone is often the writer's own ("Tired of weeds? We pull them.")."""
    asked = [at for at, segment in enumerate(segments[:-1]) if segment.endswith("?")]
    if any(_LABEL.match(segments[at]) for at in asked):
        return True
    answers = [segments[at + 1] for at in asked if not segments[at + 1].endswith("?")]
    return len(answers) >= FEWEST_QUESTIONS and any(
        _ANSWER.match(answer.lower()) or len(answer.split()) <= FEW_WORDS for answer in answers
    )


def _without_answer(segment: str, cues: Cues) -> str:
    """Returns what an answer that has lost its question refuses ("No, dogs are not allowed"); nothing of others."""
    found = _BARE_ANSWER.match(segment)
    rest = segment[found.end() :] if found else segment
    if len(rest.split()) < FEWEST_REFUSED or not cues.has("negation", rest.lower()):
        return ""
    return f"{rest[0].upper()}{rest[1:]}" if _is_binding(rest, cues) else ""


def _with_dues_joined(statements: list[str], cues: Cues) -> list[str]:
    """Returns statements with a fee, deposit or surcharge joined to the price before it: neither stands alone."""
    joined: list[str] = []
    for statement in statements:
        last = joined[-1] if joined else ""
        is_due = roles.is_due(statement, cues) and len(last) + len(statement) < MAX_PRICED
        if is_due and roles.MONEY.search(last) and roles.role_of(last, cues) in {"price", "offer"}:
            joined[-1] = f"{last} {statement}" if last.endswith((".", "!")) else f"{last}; {statement}"
        else:
            joined.append(statement)
    return joined


def _with_one_price(statements: list[str], language: str) -> list[str]:
    """Returns a feed's "price: 54.95 AUD" and "sale price: 39.95 AUD" as one statement: the first alone is not true."""
    fields = {match[1]: (at, match) for at, line in enumerate(statements) if (match := _FEED_PRICE.fullmatch(line))}
    if set(fields) != {"price", "sale price"}:
        return statements
    (at, old), (_, new) = fields["price"], fields["sale price"]
    texts = ProductTexts(project="", name="", price=old[2], sale_price=new[2], currency=new[3])
    others = [line for line in statements if not _FEED_PRICE.fullmatch(line)]
    return [*others[:at], prices.price_text(texts, language), *others[at:]]


def _with_exclusions_joined(cleaned: str, cues: Cues) -> str:
    """Returns a text in which "Not included:" and the list below it are one line: no item may stand without it."""
    lines: list[str] = []
    is_open = has_bullets = False
    for line in cleaned.split("\n"):
        is_heading = len(line) <= 60 and (line.endswith((":", "?")) or (line.isupper() and len(line.split()) <= 4))
        if lines and is_open and lines[-1].endswith(":") and is_heading:
            lines.pop()  # a heading states nothing
        if is_heading:
            is_open, has_bullets = roles.condition_at(line, cues) >= 0, False
            if is_open or not line.endswith(":"):
                lines.append(f"{line.rstrip(':?')}:" if is_open else line)
        elif line.startswith(text.CROSS):
            if is_open and lines[-1].endswith(":"):
                lines.pop()  # the crosses say it
            lines.append(line)
        elif (
            is_open
            and len(line) <= (MAX_ITEM if _ITEM.match(line) else 90)
            and not line.rstrip().endswith((".", "!"))
            and (not has_bullets or _ITEM.match(line))
        ):
            has_bullets = _ITEM.match(line) is not None
            lines[-1] += f"{' ' if lines[-1].endswith(':') else ', '}{_ITEM.sub('', line)}"
        else:
            if is_open and lines[-1].endswith(":"):
                lines.pop()
            is_open = False
            lines.append(line)
    return "\n".join(lines[:-1] if is_open and lines[-1].endswith(":") else lines)


def stating(segments: list[str], cues: Cues) -> Iterator[str]:
    """Yields statements; legal lines that follow one another are one, since none may stand without the next."""
    legal: list[str] = []
    for labelled in segments:
        segment = _QUOTED.sub("", labelled)
        lowered = segment.lower()
        if cues.patterns["skip"].match(lowered) and len(segment.split()) <= 6 and roles.condition_at(segment, cues) < 0:
            continue
        binds = _is_binding(segment, cues)
        is_slip = cues.patterns["slip"].match(lowered) is not None and not binds
        if is_slip or mess.is_no_statement(segment, binds=binds):
            continue
        if " " not in segment and segment.endswith("!") and roles.role_of(segment, cues) == "condition":  # "Attention!"
            continue
        if roles.role_of(segment, cues) == "legal" or (legal and _continues_legal(segment, legal, cues)):
            legal.append(segment)
            continue
        if legal:
            yield _joined(legal)
            legal = []
        if not _is_empty(segment) and not (_is_for_colleagues(segment) and roles.condition_at(segment, cues) < 0):
            yield segment
    if legal:
        yield _joined(legal)


def _joined(lines: list[str]) -> str:
    return "".join(f"{line} " if line.endswith((".", "!", ";")) else f"{line}; " for line in lines).rstrip("; ")


def _continues_legal(segment: str, legal: list[str], cues: Cues) -> bool:
    """Returns True for the sums of a representative example: they go on until the next line that has none."""
    return "%" in " ".join(legal) and bool(roles.MONEY.search(segment)) and len(segment) < 120


def _is_empty(segment: str) -> bool:
    """Returns True for questions, headings and hashtags: they state nothing."""
    if not any(sign.isalpha() for sign in segment):  # a number of a table
        return not any(sign.search(segment) for sign in _TELLING)
    if " " not in segment and segment.lower().endswith(("ly.", "mente.")):  # "Overwhelmingly … no:"
        return True
    return segment.endswith(("?", ":")) or all(word.startswith("#") for word in segment.split())


def _is_for_colleagues(segment: str) -> bool:
    """Returns True for codes of stock, fields of a feed and what its writer doubts. A limit among them is kept."""
    return bool(
        _IN_DOUBT.search(segment)
        or _CODES.search(segment)
        or _FEED_KEY.match(segment)
        or _FEED_FIELD.search(segment)
        or _BARE_CODE.fullmatch(segment)
    )

"""Removes what is no text from a customer's text: HTML, template marks, wrong encodings and styled letters.

The standard HTML parser is not used: it takes "a <b" and "<3" for tags and needs quadratic time for some broken input
on older Pythons. Here only names of HTML elements are tags, and every pattern is bounded.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Mapping

_BLOCKS = (
    "address|article|aside|blockquote|body|br|caption|center|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|form|"
    "h[1-6]|header|hr|html|iframe|img|legend|li|link|main|meta|nav|object|ol|optgroup|option|p|pre|section|select|summary|svg|table|tbody|"
    "tfoot|thead|tr|ul|video"
)
_INLINE = (
    "a|abbr|acronym|b|bdi|bdo|big|button|cite|code|del|dfn|em|font|i|ins|kbd|label|mark|nobr|o:p|picture|q|s|samp|small|source|"
    "span|strike|strong|sub|sup|time|tt|u|var|wbr"
)
_ATTRIBUTES = r"""(?:\s(?:[^<>"']|"[^"<>]{0,300}"|'[^'<>]{0,300}'){0,300})?"""
_BLOCK_TAG = re.compile(rf"</?(?:{_BLOCKS}){_ATTRIBUTES}\s?/?>", re.IGNORECASE)
_INLINE_TAG = re.compile(rf"</?(?:{_INLINE}){_ATTRIBUTES}\s?/?>", re.IGNORECASE)
_CELL_END = re.compile(r"\s*</t[dh]\s?>\s*", re.IGNORECASE)
_CELL_START = re.compile(rf"<t[dh]{_ATTRIBUTES}\s?>", re.IGNORECASE)
_ESCAPED_TAG = re.compile(
    r"&(?:amp;)?lt;/?(?:p|br|li|ul|ol|div|span|strong|b|i|em|h[1-6]|table|tr|td)\b", re.IGNORECASE
)
_PAIRS = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("{{", "}}"), ("{%", "%}"), ("{#", "#}"), ("${", "}"))
_ELEMENTS = ("script", "style", "head", "noscript", "template", "button")
CELL_WORDS = 4  # of a table's cell that can stand alone
_PERCENT_MARK = re.compile(r"%%[a-z_]{1,40}%%", re.IGNORECASE)
_SHORTCODE = re.compile(
    r"\[(?:/[a-z][a-z_-]{0,40}|[a-z]{1,20}[_-][a-z_-]{1,40}|[a-z][a-z_-]{0,40}\s[a-z_-]{1,40}\s?=\s?[\"'“”][^\[\]]{0,200})/?\]"
)
_BUTTON = re.compile(r"\[(btn|button|cta)(?:\s[^\[\]]{0,200})?\][^\[\]\n]{0,80}\[/\1\]", re.IGNORECASE)
# Without its semicolon only what feeds cut off: "&copy=2" in an address is no entity.
_ENTITY = re.compile(r"&(?:(?:#\d{1,6}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});|(?:amp|gt|lt|nbsp|quot)\b)", re.IGNORECASE)

_REMOVED = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069"
    "\u206a-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffd\ue000-\uf8ff\U000e0000-\U000e0fff]"
)
_JOINERS = re.compile("(?<![\u0600-\u06ff\u0900-\u0dff])[\u200c\u200d]|[\u200c\u200d](?![\u0600-\u06ff\u0900-\u0dff])")
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\t\u000b\u000c]")
_LINE_ENDS = re.compile("\r\n?|[\u0085\u2028\u2029]")
_OVERLAYS = re.compile("[\u0332\u0335-\u0338\u20d0-\u20f0]")
_MANY_MARKS = re.compile("([\u0300-\u036f]{2})[\u0300-\u036f]+")
# Ranges that NFKC turns into plain letters and digits without harm to prose.
_STYLED = re.compile(
    "[\u2460-\u249b\u249c-\u24ff\u2776-\u2793\uff01-\uff5e\uff61-\uffdc\ufb00-\ufb06\u2102\u210a-\u2112\u2115\u2118-\u211d\u2124\u2128"
    "\u212c-\u2131\u2133\u2134\U0001d400-\U0001d7ff\U0001f110-\U0001f189]"
)
_WIDE_MARKS = "，（）"  # which stand so in texts of wide signs
_REGIONAL = re.compile("[\U0001f1e6-\U0001f1ff]+")
_SMALL_CAPITALS = re.compile("[ᴀ-ᴢʙɢʜɪɴʀʏʟꜰꜱꞯ]")
# UTF-8 that was read as Windows-1252: a lead character and what may follow it.
_MOJIBAKE = re.compile(
    "[ÃÂâðÅÄÐÑÎÏ][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]{1,3}"
)
_WINDOWS_1252 = {ord(bytes([value]).decode("cp1252", "ignore") or chr(value)): value for value in range(0x80, 0xA0)}


def plain(raw: str, small_capitals: Mapping[int, str]) -> str:
    """Returns a text without markup, with ordinary letters and "\\n" between blocks, list items and table cells."""
    text = _LINE_ENDS.sub("\n", raw)
    if _ESCAPED_TAG.search(text):
        text = _unescaped(text)
    text = _without_markup(text)
    for _ in range(3):  # "&amp;amp;nbsp;" is the worst that feeds send
        unescaped = _unescaped(text)
        if unescaped == text:
            break
        text = unescaped
    for _ in range(2):  # encoded twice
        mended = _MOJIBAKE.sub(_mended, text)
        if mended == text:
            break
        text = mended
    return letters(text, small_capitals)


def letters(text: str, small_capitals: Mapping[int, str]) -> str:
    """Returns a text with ordinary letters and spaces, without invisible signs."""
    text = _LINE_ENDS.sub("\n", text)
    text = _SPACES.sub(" ", text)
    text = _REMOVED.sub("", text)
    text = _JOINERS.sub("", text)
    text = _OVERLAYS.sub("", text)
    text = _STYLED.sub(_plain_letter, text)
    text = _REGIONAL.sub(_regional_letters, text)
    if len(_SMALL_CAPITALS.findall(text)) >= 2:  # a single one is phonetics
        text = text.translate(small_capitals)
    return unicodedata.normalize("NFC", _MANY_MARKS.sub(r"\1", unicodedata.normalize("NFC", text)))


def _without_markup(text: str) -> str:
    for opening, closing in _PAIRS:
        inner = (lambda content: content) if opening == "<![CDATA[" else None
        text = _cut(text, opening, closing, inner)
    if "<" in text:
        for element in _ELEMENTS:
            text = _cut_element(text, element)
        text = "\n".join(_row(line) for line in _CELL_START.sub("", _CELL_END.sub("\x1f", text)).split("\n"))
        text = _BLOCK_TAG.sub("\n", text)
        text = _INLINE_TAG.sub("", text)
    text = text.replace("\x1f", "\n")
    text = _PERCENT_MARK.sub(" ", text)
    return _SHORTCODE.sub("\n", _BUTTON.sub("\n", text))


def _row(line: str) -> str:
    """Returns the cells of table rows one a line; a short label stays with its value: "Weight: 2 kg"."""
    if "\x1f" not in line:
        return line
    rows = []
    for row in re.split(r"</tr\s?>", line, flags=re.IGNORECASE):
        cells = row.split("\x1f")
        texts = [cell for cell in cells if cell.strip()]
        label = _BLOCK_TAG.sub("", texts[0]).strip() if len(texts) == 2 else ""
        value = _BLOCK_TAG.sub("", texts[1]).strip() if len(texts) == 2 else ""
        is_labelled = 0 < len(label) <= 30 and len(value) > 0 and not re.search(r"[:!?]", label)
        is_labelled = is_labelled and (not re.search(r"[\d.]", label) or value[:1].isdigit())  # "0,5 m: 38,90"
        if len(texts) > 2 and sum(any(sign.isdigit() for sign in cell) for cell in texts) >= 2:
            cells = [cell for cell in cells if len(cell.split()) > CELL_WORDS]  # one figure of a table says nothing
        rows.append(f"\n{label}: {texts[1].strip()}\n" if is_labelled else "\n".join(cells))
    return "\n".join(rows)


def _cut(text: str, opening: str, closing: str, inner: Callable[[str], str] | None) -> str:
    """Returns a text without what stands between two marks; of an opening without its closing only the mark goes."""
    if opening not in text:
        return text
    parts, at = [], 0
    last = text.rfind(closing)
    while (start := text.find(opening, at)) >= 0:
        parts.append(text[at:start])
        at = start + len(opening)
        if at <= last and (end := text.find(closing, at)) >= 0:
            parts.append(inner(text[at:end]) if inner else "\n" if opening == "<!--" else " ")
            at = end + len(closing)
    return "".join((*parts, text[at:]))


def _cut_element(text: str, name: str) -> str:
    lowered = text.lower()
    if len(lowered) != len(text):  # a letter whose small form is longer
        lowered = "".join(low if len(low := sign.lower()) == 1 else sign for sign in text)
    if f"</{name}" not in lowered:
        return text
    parts, at = [], 0
    last = lowered.rfind(f"</{name}")
    for match in re.finditer(rf"<{name}[\s>]", lowered):
        if match.start() < at or match.start() > last:
            continue
        parts.append(text[at : match.start()])
        end = lowered.find("</" + name, match.start())
        closed = lowered.find(">", end)
        at = closed + 1 if closed >= 0 else len(text)
    return "\n".join((*parts, text[at:]))


def _unescaped(text: str) -> str:
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text


def _mended(match: re.Match[str]) -> str:
    found = match[0]
    data = bytes(_WINDOWS_1252.get(ord(sign), ord(sign) & 0xFF) for sign in found)
    for end in range(len(found), 1, -1):
        try:
            return data[:end].decode("utf-8") + found[end:]
        except UnicodeDecodeError:
            continue
    return found


def _plain_letter(match: re.Match[str]) -> str:
    sign = match[0]
    code = ord(sign)
    beside = f"{match.string[: match.start()][-1:]}{match.string[match.end() : match.end() + 1]}"
    if sign in _WIDE_MARKS and any(unicodedata.east_asian_width(other) == "W" for other in beside):
        return sign  # the comma of Chinese and Japanese
    if 0x1F150 <= code <= 0x1F169:  # white on black circles and squares have no compatibility form
        return chr(ord("A") + code - 0x1F150)
    if 0x1F170 <= code <= 0x1F189:
        return chr(ord("A") + code - 0x1F170)
    if 0x2776 <= code <= 0x2793:
        return f"({(code - 0x2776) % 10 + 1}) "
    if 0x2460 <= code <= 0x2473 or 0x2474 <= code <= 0x249B:
        number = unicodedata.normalize("NFKC", sign).strip("().")
        return f"({number}) "
    return unicodedata.normalize("NFKC", sign)


def _regional_letters(match: re.Match[str]) -> str:
    """Returns letters for regional indicators that form no pairs; pairs are flags, which are decoration."""
    found = match[0]
    return "\n" if len(found) % 2 == 0 else "".join(chr(ord("A") + ord(sign) - 0x1F1E6) for sign in found)

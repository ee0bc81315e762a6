"""The list of facts in a long text: which make rows, and how many."""

from __future__ import annotations

from services.copy.providers.local.quotes import first_word, upper_first
from services.copy.providers.local.supply import Supply
from services.copy.providers.local.words import Words

ROW = 72  # characters of a row
ROW_STRENGTH = 0.6  # of a sentence that is a row
ROW_LETTERS = 6  # fewest letters of a row: "F 10-6" says nothing by itself
ROWS = (2, 5)  # fewest and most
BULLET = 3  # characters of the bullet and the end of the line
_ROLES = ("feature", "figure", "benefit", "logistics", "proof", "offer")


def take_rows(supply: Supply, room: int, words: Words) -> list[str]:
    """The rows of a list within `room` characters, taken from the supply; empty where there are too few."""
    rows: list[str] = []
    for found in supply.free(_ROLES):
        if found.source == "description" and found.is_prose and found.strength < ROW_STRENGTH:
            continue
        if found.dangling or supply.says_again(found) or first_word(found.text) in words.weak_start:
            continue
        text = found.within(ROW, words)
        if text is None or len(text) + BULLET > room or sum(map(str.isalpha, text)) < ROW_LETTERS:
            continue
        row = upper_first(text.rstrip("."))
        rows.append(row)
        room -= len(row) + BULLET
        supply.take(found)
        if len(rows) == ROWS[1]:
            break
    if len(rows) < ROWS[0]:
        supply.put_back(len(rows))
        return []
    return rows

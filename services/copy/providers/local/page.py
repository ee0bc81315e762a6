"""The room that a body has, and the paragraphs that fill it."""

from __future__ import annotations


class Page:
    """Paragraphs of whole texts within `room` characters; the space or line break behind each text counts as one."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._blocks: list[list[str]] = [[]]
        self._signature, self._is_apart = "", False

    @property
    def length(self) -> int:
        """Characters of what has been placed."""
        return sum(len(text) + 1 for block in self._blocks for text in block)

    @property
    def texts(self) -> list[str]:
        """Everything that has been placed, in order."""
        return [*(text for block in self._blocks for text in block), *filter(None, [self._signature])]

    @property
    def is_divided(self) -> bool:
        """Whether there is more than one paragraph."""
        return len(self._blocks) > 1

    def new_block(self) -> None:
        """Begins a paragraph."""
        if self._blocks[-1]:
            self._blocks.append([])

    def place(self, text: str) -> bool:
        """Adds a text to the paragraph, unless it stands there; False where it has no room."""
        if text and text in self.texts:
            return True
        if not text or len(text) + 1 > self.room:
            return False
        self._blocks[-1].append(text)
        self.room -= len(text) + 1
        return True

    def lead(self, text: str) -> None:
        """Puts a text that was placed before all others."""
        for block in self._blocks:
            if text in block:
                block.remove(text)
        self._blocks[0].insert(0, text)

    def reserve(self, text: str) -> bool:
        """Keeps room for a text that `close` adds; False where there is none."""
        if len(text) + 1 > self.room:
            return False
        self.room -= len(text) + 1
        return True

    def sign(self, text: str, *, apart: bool) -> bool:
        """Puts a line below all others, `apart`: below an empty one; False where there is no room."""
        needed = len(text) + 2
        if needed > self.room:
            return False
        self.room -= needed
        self._signature, self._is_apart = text, apart
        return True

    def drop(self, text: str) -> None:
        """Takes a text out."""
        for block in self._blocks:
            if text in block:
                block.remove(text)
                self.room += len(text) + 1
                return

    def close(self, tail: list[str], *, apart: bool, paragraphs: bool) -> str:
        """The whole text with what must stand at its end; `apart`: in a paragraph of its own."""
        blocks = [*self._blocks]
        if tail and apart and self.is_divided:
            blocks.append(tail)
        elif tail:
            blocks[-1] = [*blocks[-1], *tail]
        between = "\n\n" if paragraphs and len(blocks) > 1 else " "
        text = between.join(" ".join(block) for block in blocks if block)
        below = "\n\n" if self._is_apart else "\n"
        return below.join(filter(None, (text, self._signature)))

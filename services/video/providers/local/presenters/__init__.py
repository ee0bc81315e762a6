"""Drawn presenters: a table of looks, and the puppet that moves them.

All drawing is in the presenter's own space: the middle of the head is (0, 0), a head is about 344 wide and 420 tall,
y points down, and shoulders end near y = 700.
"""

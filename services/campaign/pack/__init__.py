"""Packs: the finished files and texts of a campaign as one zip, sorted and named for the platforms' upload tools.

`stream.stream_pack` makes one from the values of `entries`.
"""

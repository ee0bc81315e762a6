"""Tables of the copy engine: frames, categories, platforms, voices, claims and spelling, as TOML."""

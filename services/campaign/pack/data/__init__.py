"""Tables of packs: what the platforms take, and the columns of their sheets, as TOML."""

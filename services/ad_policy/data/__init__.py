"""The rules of advertising, their sources and word lists, as TOML."""

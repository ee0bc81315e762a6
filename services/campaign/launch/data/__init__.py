"""The rules of the launch check, as TOML."""

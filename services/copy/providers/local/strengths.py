"""Which facts may lead or be listed, by the catalog's judgement."""

from __future__ import annotations

# Roles that an ad may lead with or list; the others stand in it only where they must.
SELLING = frozenset({"benefit", "feature", "figure", "offer", "price", "proof", "logistics"})
LEADS_NOTHING = 0.15  # the catalog's strength up to which a fact stands beside others only

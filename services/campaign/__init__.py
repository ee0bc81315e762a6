"""Campaigns: sets of ads, and the packs that launch them."""

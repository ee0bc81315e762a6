"""Clients of one service that several other services and workers use."""

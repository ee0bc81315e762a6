"""Schemathesis hooks: existing project and product ids, and no waiting for jobs."""

from __future__ import annotations

import os
import random
from typing import Any

import schemathesis

EXISTING_IDS = {"projectId": os.environ["FUZZ_PROJECT_ID"], "productId": os.environ["FUZZ_PRODUCT_ID"]}
choices = random.Random(7)


def with_existing_ids(given: Any) -> Any:
    """Replaces the ids by existing ones in half of the cases."""
    if not isinstance(given, dict) or choices.random() < 0.5:
        return given
    return {
        name: EXISTING_IDS[name] if name in EXISTING_IDS and isinstance(value, str) else value
        for name, value in given.items()
    }


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    return with_existing_ids(body)


@schemathesis.hook
def map_headers(context: Any, headers: Any) -> Any:
    """Disables `Prefer: wait`: no worker runs, so each such request would take the whole wait."""
    if headers and "Prefer" in headers and "wait" in str(headers["Prefer"]).lower():
        headers["Prefer"] = "wait=0"
    return headers

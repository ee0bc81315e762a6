"""The libraries `standardwebhooks` for Python and JavaScript, which share nothing with this project."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from deploy.studio import NODE, install

FOLDER = Path(__file__).with_name("javascript")
SECONDS = 60.0
REFUSED = "WebhookVerificationError"

Delivery = tuple[Mapping[str, str], bytes]
"""The headers and the body of a request."""


def types_in_python(secret: str, deliveries: Sequence[Delivery]) -> list[str]:
    """The type of each event that verifies, else REFUSED."""
    found = []
    for headers, body in deliveries:
        try:
            found.append(str(Webhook(secret).verify(body, dict(headers))["type"]))
        except WebhookVerificationError:
            found.append(REFUSED)
    return found


def types_in_javascript(secret: str, deliveries: Sequence[Delivery]) -> list[str]:
    """The same by the npm package. Raises BuildError when npm cannot fetch it."""
    install(everything=True, folder=FOLDER)
    requests = [{"headers": dict(headers), "body": body.decode()} for headers, body in deliveries]
    done = subprocess.run(
        [sys.executable, "-c", NODE, "node", str(FOLDER / "verify.js")],
        input=json.dumps({"secret": secret, "requests": requests}), capture_output=True, text=True, check=True,
        timeout=SECONDS,
    )  # fmt: skip
    return done.stdout.split()

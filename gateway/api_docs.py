"""What the gateway serves by itself: /openapi.json and /docs, a page to read and try the API.

The page is Swagger UI as the package `flask-swagger-ui` bundles it; only its files are used. No request leaves the
machine.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

from gateway.openapi import IMAGE, openapi
from gateway.routes import read_descriptors

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Adwright API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<div id="page"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
"""
# Without a validator badge, which would ask a server on the internet about this API.
START_SCRIPT = """SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#page", deepLinking: true, validatorUrl: null, persistAuthorization: false,
  tryItOutEnabled: true, displayRequestDuration: true,
});
"""


def write_documents(folder: Path, image: Path = IMAGE) -> dict[str, tuple[str, Path]]:
    """Writes the description and the page into `folder`, and answers with what GatewaySettings.documents takes.

    Raises FileNotFoundError when the viewer's package is not installed, RouteError when `image` is not what
    `make protos` writes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "openapi.json": json.dumps(openapi(read_descriptors(image)), ensure_ascii=False),
        "docs.html": PAGE,
        "start.js": START_SCRIPT,
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    viewer = swagger_ui_folder()
    script, page = "text/javascript; charset=utf-8", "text/html; charset=utf-8"
    return {
        "/openapi.json": ("application/json", (folder / "openapi.json").resolve()),
        "/docs": (page, (folder / "docs.html").resolve()),
        "/docs/": (page, (folder / "docs.html").resolve()),
        "/docs/start.js": (script, (folder / "start.js").resolve()),
        "/docs/swagger-ui-bundle.js": (script, viewer / "swagger-ui-bundle.js"),
        "/docs/swagger-ui.css": ("text/css; charset=utf-8", viewer / "swagger-ui.css"),
    }


def swagger_ui_folder() -> Path:
    """The folder of the installed viewer; its package is found, not imported, as it would import a web framework."""
    spec = find_spec("flask_swagger_ui")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the package flask-swagger-ui is not installed")
    return Path(next(iter(spec.submodule_search_locations))) / "dist"

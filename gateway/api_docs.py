"""The documents that the gateway serves itself: /openapi.json, and /docs, a page to read and try the API.

The page is Swagger UI from the files of the package `flask-swagger-ui`. It sends no request to any other host.
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
# No validator badge: it would send this API's address to a server on the internet.
START_SCRIPT = """SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#page", deepLinking: true, validatorUrl: null, persistAuthorization: false,
  tryItOutEnabled: true, displayRequestDuration: true,
});
"""


def write_documents(folder: Path, image: Path = IMAGE) -> dict[str, tuple[str, Path]]:
    """Writes the API description and the page into `folder`, and returns the value of GatewaySettings.documents.

    Raises FileNotFoundError when the package of Swagger UI is not installed, RouteError when `image` is not a
    descriptor set of `make protos`.
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
    """Returns the folder of Swagger UI's files. Its package is not imported, since it would import a web framework."""
    spec = find_spec("flask_swagger_ui")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the package flask-swagger-ui is not installed")
    return Path(next(iter(spec.submodule_search_locations))) / "dist"

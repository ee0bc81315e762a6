"""The documents that the gateway serves itself: /openapi.json, /docs, a page to read and try the API, and /studio.

/docs is Swagger UI from the files of the package `flask-swagger-ui`; /studio is the page in studio/, a client of the
public API like any other, which `make studio` builds. Neither sends a request to any other host.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

from gateway.openapi import IMAGE, openapi
from gateway.routes import read_descriptors

STUDIO = Path(__file__).resolve().parents[1] / "studio"
FONT = Path("files") / "Inter[opsz,wght].ttf"
STUDIO_FILES = ("studio.js", "studio.css")  # in studio/dist, once it is built

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
# Shown where npm's registry could not be reached at set-up: everything else works without the page.
NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Adwright Studio</title>
<link rel="icon" href="data:,">
<h1>The studio is not built</h1>
<p>It needs packages of npm's registry, which could not be fetched. On the machine that runs Adwright, run
<code>make studio</code> and start the system again. The API works without it: <a href="/docs">/docs</a>.</p>
</html>
"""


def write_documents(folder: Path, image: Path = IMAGE, studio: Path = STUDIO) -> dict[str, tuple[str, Path]]:
    """Writes the API description and the pages into `folder`, and returns the value of GatewaySettings.documents.

    The files of /studio are copied, so that a build does not change those of a running gateway. Raises
    FileNotFoundError when the packages of Swagger UI or of the font are not installed, RouteError when `image` is not
    a descriptor set of `make protos`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "openapi.json": json.dumps(openapi(read_descriptors(image)), ensure_ascii=False),
        "docs.html": PAGE,
        "start.js": START_SCRIPT,
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    viewer = package_folder("flask-swagger-ui") / "dist"
    script, page = "text/javascript; charset=utf-8", "text/html; charset=utf-8"
    return {
        **_studio_documents(folder, studio),
        "/openapi.json": ("application/json", (folder / "openapi.json").resolve()),
        "/docs": (page, (folder / "docs.html").resolve()),
        "/docs/": (page, (folder / "docs.html").resolve()),
        "/docs/start.js": (script, (folder / "start.js").resolve()),
        "/docs/swagger-ui-bundle.js": (script, viewer / "swagger-ui-bundle.js"),
        "/docs/swagger-ui.css": ("text/css; charset=utf-8", viewer / "swagger-ui.css"),
    }


def _studio_documents(folder: Path, studio: Path) -> dict[str, tuple[str, Path]]:
    """The documents of /studio; without a build only a page that says so."""
    page = "text/html; charset=utf-8"
    index = (folder / "studio.html").resolve()
    built = [studio / "dist" / name for name in STUDIO_FILES]
    if not all(path.is_file() for path in built):
        index.write_text(NOT_BUILT, encoding="utf-8")
        return {"/studio": (page, index), "/studio/": (page, index)}
    index.write_bytes((studio / "index.html").read_bytes())
    for path in built:
        (folder / path.name).write_bytes(path.read_bytes())
    return {
        "/studio": (page, index),
        "/studio/": (page, index),
        "/studio/studio.js": ("text/javascript; charset=utf-8", (folder / "studio.js").resolve()),
        "/studio/studio.css": ("text/css; charset=utf-8", (folder / "studio.css").resolve()),
        "/studio/font.ttf": ("font/ttf", (package_folder("fontpkg-inter") / FONT).resolve()),
    }


def package_folder(name: str) -> Path:
    """Returns the folder of a package's files. The package is not imported: Swagger UI's would import a web framework.

    Raises FileNotFoundError when it is not installed.
    """
    spec = find_spec(name.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"the package {name} is not installed")
    return Path(next(iter(spec.submodule_search_locations)))

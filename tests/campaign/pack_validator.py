"""A reader of packs that knows nothing of the code that makes them: zip, JSON, CSV and pictures, and the documents."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from pathlib import PurePosixPath

from PIL import Image

NAME = re.compile(r"(?:(?:google|meta|tiktok|linkedin|pinterest|all_platforms)/)?[A-Za-z0-9][A-Za-z0-9_.-]{0,129}")
DOCUMENTS = {"manifest.json", "launch-check.json", "launch-check.html", "README.txt", "copy.csv"}
FILE_COLUMNS = ("Image File Name", "Video File Name", "Video Name", "Image Name", "Media File Name")
WIDE = re.compile(r"[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]")


def problems(pack: bytes) -> list[str]:
    """What is wrong with a pack, in plain words; empty if nothing is."""
    found: list[str] = []
    try:
        archive = zipfile.ZipFile(io.BytesIO(pack))
        damaged = archive.testzip()
    except (zipfile.BadZipFile, OSError) as error:
        return [f"no zip: {error}"]
    if damaged:
        return [f"{damaged} is damaged"]
    names = archive.namelist()
    if len({name.lower() for name in names}) != len(names):
        found.append("a name stands twice on a disk that ignores case")
    found += [f"{name!r} is no safe name" for name in names if not NAME.fullmatch(name)]
    for document in DOCUMENTS - {"copy.csv"} - set(names):
        found.append(f"{document} is missing")
    if found:
        return found
    manifest = json.loads(archive.read("manifest.json"))
    listed = {path: file for file in manifest["files"] for path in file["paths"]}
    members = {name for name in names if not name.endswith(".csv")} - DOCUMENTS
    found += [f"{name} is not in the manifest" for name in members - set(listed)]
    found += [f"{name} is in the manifest only" for name in set(listed) - members]
    for path in members & set(listed):
        found += _file(path, archive.read(path), listed[path])
    for name in names:
        if name.endswith(".csv"):
            found += _sheet(name, archive.read(name), members)
    return found


def _file(path: str, content: bytes, stated: dict[str, object]) -> list[str]:
    found = []
    if hashlib.sha256(content).hexdigest() != stated["sha256"] or len(content) != stated["sizeBytes"]:
        found.append(f"{path} differs from the manifest")
    if path.endswith((".png", ".jpg")):
        with Image.open(io.BytesIO(content)) as picture:
            if picture.size != (stated["width"], stated["height"]):
                found.append(f"{path} has {picture.size}")
    ratio = str(stated["ratio"]).replace(":", "x").replace(".", "-")
    if f"_{ratio}_v{stated['variant']}" not in path:
        found.append(f"{path} does not tell its ratio and variant")
    return found


def _sheet(name: str, content: bytes, members: set[str]) -> list[str]:
    found = []
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    header, body = rows[0], rows[1:]
    if len(set(header)) != len(header) or not body:
        found.append(f"{name}: a column twice, or no rows")
    for row in body:
        if len(row) != len(header):
            found.append(f"{name}: a row has {len(row)} cells of {len(header)}")
            continue
        cells = dict(zip(header, row, strict=True))
        found += [f"{name}: {cell!r} may run" for cell in row if cell[:1] in "=+-@\t\r" and cell]
        for column in FILE_COLUMNS:
            file = cells.get(column)
            if file and str(PurePosixPath(name).with_name(file)) not in members:
                found.append(f"{name}: {file} is not beside it")
        if name.startswith("google/"):
            found += _google(name, cells)
    return found


def _google(name: str, cells: dict[str, str]) -> list[str]:
    limits = {"Headline": 30, "Long headline": 90, "Description": 90, "Business name": 25}
    texts: dict[str, list[str]] = {}
    for column, cell in cells.items():
        kind = re.sub(r" \d+$", "", column)
        if cell and kind in limits:
            texts.setdefault(kind, []).append(cell)
    found = [
        f"{name}: {text!r} is too long"
        for kind, some in texts.items()
        for text in some
        if len(WIDE.sub("WW", text)) > limits[kind]
    ]
    if len(texts.get("Headline", ())) < 3 or len(texts.get("Description", ())) < 2:
        found.append(f"{name}: fewer than 3 headlines or 2 descriptions")
    if name.endswith("performance_max.csv"):
        if min(map(len, texts["Headline"])) > 15 or min(map(len, texts["Description"])) > 60:
            found.append(f"{name}: no short headline or description")
        if not (texts.get("Long headline") and cells["Landscape image 1"] and cells["Square image 1"]):
            found.append(f"{name}: no long headline, or no picture 1.91:1 or 1:1")
    return found

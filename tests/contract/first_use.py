"""Times a first use of the system, from `make up` in an empty home to a downloaded picture, texts and a film.

Run: python -m tests.contract.first_use [--pause SECONDS] [--out FOLDER]

A person without any knowledge of the API opens the link that `make up` prints, types at an ordinary speed and looks at
each screen for a moment before the next click. Needs Chromium and an installed checkout.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from PIL import Image, ImageDraw
from playwright.sync_api import Locator, expect

from local.home import ROOT
from tests.contract.browser import running_browser
from tests.contract.studio import StudioTab

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_SECONDS = 180.0
START_SECONDS = 300.0
KEY_MILLISECONDS = 60  # about 200 characters a minute of a person who types with all fingers: 300
PAUSE_SECONDS = 2.0
NAME = "Fjord Mug"
DESCRIPTION = (
    "A double-walled mug of stoneware that keeps coffee hot for an hour. Dishwasher safe, 350 ml, made in Porto."
)
PRICE, CURRENCY = "24", "EUR"
LINK = re.compile(r"(http\S+/studio)#token=(\S+)")


class Clock:
    """Seconds since `make up` was entered, by milestone, with the load average of the machine at that time."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.milestones: dict[str, float] = {}

    def record(self, milestone: str) -> None:
        seconds = self.milestones[milestone] = time.monotonic() - self.began
        print(f"{seconds:7.1f} s  {milestone}  (load {os.getloadavg()[0]:.1f})", flush=True)


class Person:
    """Types and clicks at the speed of a person."""

    def __init__(self, tab: StudioTab, pause: float) -> None:
        self.tab = tab
        self.pause = pause

    def look(self) -> None:
        """Reads a screen."""
        time.sleep(self.pause)

    def type(self, label: str, text: str) -> None:
        box = self.tab.page.get_by_label(label, exact=True).first
        box.click()
        box.press_sequentially(text, delay=KEY_MILLISECONDS)

    def click(self, name: str | re.Pattern[str]) -> None:
        self.tab.button(name).click()

    def download(self, link: Locator, folder: Path) -> Path:
        with self.tab.page.expect_download() as download:
            link.click()
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path


@contextmanager
def made_up(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Runs `make up` with an empty home in the folder; yields the address of the studio, its token, and the output."""
    output = folder / "make-up.txt"
    with output.open("w") as shown:
        process = _make_up(folder / "home", shown)
    try:
        yield _link(process, output)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)


def _make_up(home: Path, shown: TextIO) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["make", "up"],
        cwd=ROOT,
        env={**os.environ, "ADWRIGHT_HOME": str(home), "PYTHONUNBUFFERED": "1", "COLUMNS": "200"},
        stdout=shown,
        stderr=shown,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def _link(process: subprocess.Popen[bytes], output: Path) -> tuple[str, str, str]:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        text = output.read_text()
        if found := LINK.search(text):
            return found.group(1), found.group(2), text
        time.sleep(0.1)
    raise RuntimeError(f"make up printed no link: {output.read_text()[-2000:]}")


def photo(path: Path) -> Path:
    """A photo of a mug before a plain ground, as a phone takes it."""
    picture = Image.new("RGB", (1200, 1500), "#e9e4dc")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((690, 640, 980, 1000), outline="#2f5d62", width=60)
    draw.rounded_rectangle((320, 520, 800, 1130), 60, fill="#2f5d62")
    draw.ellipse((330, 490, 790, 570), fill="#1e3d41")
    picture.save(path, quality=90)
    return path


def use(person: Person, folder: Path, record: Callable[[str], None]) -> None:
    """From the open page to the three files."""
    tab, page = person.tab, person.tab.page
    tab.heading("Whose ads are these?").wait_for()
    record("the studio is open and signed in")
    person.look()
    person.click("New project")
    person.type("Name of the brand", "Fjord")
    person.click("Save and continue")
    tab.heading("What is advertised?").wait_for()
    person.look()
    person.type("Name", NAME)
    person.type("Description (optional)", DESCRIPTION)
    page.locator(".drop input[type=file]").set_input_files(photo(folder / "mug.jpg"))
    person.type("Price (optional)", PRICE)
    person.type("Currency (optional)", CURRENCY)
    person.click("Save and continue")
    tab.heading("What we understood").wait_for()
    page.locator(".loading").wait_for(state="hidden")
    record("the product is understood")
    person.look()
    person.click("Continue")
    tab.heading("What shall we make?").wait_for()
    person.look()
    page.get_by_role("checkbox", name=re.compile("^Film")).check()
    person.look()
    person.click(re.compile("^Make it for"))
    tab.heading("Results").wait_for()
    record("texts, a picture and a film are ordered")
    page.locator(".variants li").nth(4).wait_for()
    record("texts are shown")
    page.locator(".pictures img").first.wait_for()
    record("the picture is shown")
    picture = person.download(page.locator(".pictures a", has_text="Download"), folder)
    with Image.open(BytesIO(picture.read_bytes())) as opened:
        assert opened.size == (1080, 1080), opened.size
    record(f"the picture is downloaded: {picture.name}")
    texts = page.get_by_role("article", name=re.compile("^Texts"))
    record(
        f"the texts are downloaded: {person.download(texts.get_by_role('button', name='Download all'), folder).name}"
    )
    page.locator("figure.film video").wait_for(timeout=1000 * LIMIT_SECONDS)
    record("the film is shown")
    film = person.download(page.locator("figure.film a.primary"), folder)
    assert film.read_bytes()[4:8] == b"ftyp", "no film"
    record(f"the film is downloaded: {film.name}")
    expect(page.get_by_role("alert")).to_have_count(0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pause", type=float, default=PAUSE_SECONDS, help="seconds to look at each screen")
    parser.add_argument("--out", type=Path, help="folder for the files and a screenshot")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="adwright-first-use-") as temporary:
        folder = arguments.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        Path(temporary).chmod(0o755)  # as root, PostgreSQL runs as another user and must read its folder
        clock = Clock()
        with made_up(folder) as (address, token, _), running_browser() as browser:
            clock.record("make up printed the link")
            tab = StudioTab(browser, address.removesuffix("/studio"), viewport={"width": 1280, "height": 900})
            try:
                tab.open(token)
                use(Person(tab, arguments.pause), folder, clock.record)
            finally:
                tab.page.screenshot(path=folder / "last-screen.png", full_page=True)
                tab.close()
    took = max(clock.milestones.values())
    print(f"{took:.1f} s of at most {LIMIT_SECONDS:g} s; errors of the page: {tab.errors or 'none'}")
    return 0 if took <= LIMIT_SECONDS and not tab.errors else 1


if __name__ == "__main__":
    sys.exit(main())

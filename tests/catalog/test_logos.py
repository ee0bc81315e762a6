"""Logos of projects: uploaded as PNG, JPEG, WebP or SVG, of which nothing dangerous is stored."""

from __future__ import annotations

import pytest

from tests.catalog.harness import CatalogHarness, Refused
from tests.catalog.photos import photo

OPENING = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 80 20">'
DANGEROUS = (
    OPENING
    + '<script>alert(1)</script><a xlink:href="javascript:alert(1)"><path d="M0 0h9v9z"/></a>'
    + "<style>@import url(http://example.com/a.css); .a{fill:url(http://example.com/b)} .b{fill:#f00}</style>"
    + '<rect class="b" width="80" height="20" onload="alert(1)" style="mask:url(//example.com/c)"/></svg>'
)
BOMB = (
    OPENING
    + '<g id="a0"><path d="M0 0h9v9z"/></g>'
    + "".join(f'<g id="a{step}">' + f'<use xlink:href="#a{step - 1}"/>' * 10 + "</g>" for step in range(1, 9))
    + "</svg>"
)


CLIPS = (
    OPENING
    + '<clipPath id="c0"><path d="M0 0h9v9z"/></clipPath>'
    + "".join(
        f'<clipPath id="c{step}">' + f'<path d="M0 0h9v9z" clip-path="url( #c{step - 1})"/>' * 2 + "</clipPath>"
        for step in range(1, 16)
    )
    + '<path d="M0 0h9v9z" clip-path="url(#c15)"/></svg>'
)
CHAIN = (
    OPENING
    + "".join(f'<use id="u{step}" xlink:href="#u{step + 1}"/>' for step in range(4_000))
    + '<path id="u4000" d="M0 0h9v9z"/></svg>'
)


async def upload(harness: CatalogHarness, project_id: str, content: bytes) -> object:
    image = {"content_type": "application/octet-stream", "data": content}
    return await harness.user().call("UploadProjectLogo", project_id=project_id, image=image)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_logo_is_stored_replaced_and_deleted(harness: CatalogHarness, kind: str) -> None:
    project_id = await harness.user().create_project()
    await upload(harness, project_id, photo("blue"))
    await upload(harness, project_id, photo(kind=kind))
    assert harness.photos() == [photo(kind=kind)]
    read = await harness.user(replica=1).call("GetProjectLogo", project_id=project_id)
    assert (read.content_type, read.data) == (f"image/{kind.lower()}", photo(kind=kind))
    assert (await harness.user().call("GetProject", project_id=project_id)).has_logo
    assert not (await harness.user().call("DeleteProjectLogo", project_id=project_id)).has_logo
    assert harness.photos() == []
    with pytest.raises(Refused) as refused:
        await harness.user().call("DeleteProjectLogo", project_id=project_id)
    assert refused.value.reason == "IMAGE_NOT_FOUND"


async def test_svg_logo_is_stored_without_scripts_events_and_addresses(harness: CatalogHarness) -> None:
    project_id = await harness.user().create_project()
    await upload(harness, project_id, DANGEROUS.encode())
    read = await harness.user().call("GetProjectLogo", project_id=project_id)
    assert read.content_type == "image/svg+xml"
    assert b'fill="#f00"' in read.data
    assert not any(word in read.data for word in (b"script", b"onload", b"example.com", b"import", b"alert"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(BOMB.encode(), "IMAGE_TOO_LARGE", id="repeats"),
        pytest.param(CLIPS.encode(), "IMAGE_TOO_LARGE", id="clip paths in clip paths"),
        pytest.param(CHAIN.encode(), "IMAGE_TOO_LARGE", id="chain of references"),
        pytest.param(f"{OPENING}<mask id='m'/></svg>".encode(), "IMAGE_UNREADABLE", id="mask"),
        pytest.param(f"{OPENING}{'<g/>' * 6000}</svg>".encode(), "IMAGE_TOO_LARGE", id="too many elements"),
        pytest.param(
            b"<!DOCTYPE svg [<!ENTITY a 'b'>]>" + OPENING.encode() + b"</svg>", "IMAGE_UNREADABLE", id="entity"
        ),
        pytest.param(f"{OPENING}<text>Brand</text></svg>".encode(), "IMAGE_UNREADABLE", id="text"),
        pytest.param(f"{OPENING}</svg>".encode(), "IMAGE_UNREADABLE", id="empty"),
        pytest.param(f"{OPENING}<path".encode(), "IMAGE_UNREADABLE", id="cut off"),
        pytest.param(b"no logo", "IMAGE_UNREADABLE", id="no image"),
    ],
)
async def test_unusable_logo_is_refused_and_the_former_one_stays(
    harness: CatalogHarness, content: bytes, reason: str
) -> None:
    project_id = await harness.user().create_project()
    await upload(harness, project_id, photo())
    with pytest.raises(Refused) as refused:
        await upload(harness, project_id, content)
    assert refused.value.reason == reason
    assert refused.value.message.startswith("The logo ")
    assert harness.photos() == [photo()]


async def test_brief_carries_the_logo_for_as_long_as_the_project_has_it(harness: CatalogHarness) -> None:
    project_id = await harness.user().create_project()
    product_id = await harness.user().create_product(project_id)

    async def logo_of_brief() -> bytes | None:
        key = (await harness.service().brief("u", project_id, product_id)).logo_key
        return (harness.assets / key).read_bytes() if key else None

    assert await logo_of_brief() is None
    await upload(harness, project_id, photo())
    assert await logo_of_brief() == photo()
    await harness.user().call("DeleteProjectLogo", project_id=project_id)
    assert await logo_of_brief() is None


async def test_logo_goes_with_its_project(harness: CatalogHarness) -> None:
    project_id = await harness.user().create_project()
    await upload(harness, project_id, photo())
    await harness.user().call("DeleteProject", project_id=project_id)
    assert harness.photos() == []

"""A face of a person is one that is certainly seen in a photo and in its mirror image."""

from __future__ import annotations

import numpy
import pytest
from PIL import Image

from services.media import faces
from services.media.faces import CERTAIN_PERSON, Found, Pixels, largest_face

WIDTH, HEIGHT = 400, 200


@pytest.mark.parametrize(
    ("certainties", "places", "share"),
    [
        ((0.9, 0.8), (60, 240), 0.5),  # of the photo and of its mirror image, where it stands on the other side
        ((0.9, CERTAIN_PERSON - 0.1), (60, 240), 0.0),
        ((CERTAIN_PERSON - 0.1, 0.9), (60, 240), 0.0),
        ((0.9, 0.8), (60, 60), 0.0),  # another thing that looks like one
    ],
)
def test_face_is_seen_in_the_mirror_as_well(
    monkeypatch: pytest.MonkeyPatch, certainties: tuple[float, float], places: tuple[int, int], share: float
) -> None:
    def found(pixels: Pixels, folder: object) -> list[Found]:
        side = 0 if pixels[0, 0, 0] else 1  # the photo has a white corner on its left
        box = (float(places[side]), 50.0, 100.0, 0.5 * HEIGHT)
        return [Found(box=box, eyes=((0.0, 0.0), (1.0, 0.0)), certainty=certainties[side])]

    monkeypatch.setattr(faces, "found_faces", found)
    pixels = numpy.zeros((HEIGHT, WIDTH, 3), numpy.uint8)
    pixels[0, 0] = 255
    assert largest_face(Image.fromarray(pixels), None) == share

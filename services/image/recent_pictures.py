"""What the last pictures of equal requests look like, so that the next one differs."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import replace
from typing import Final

from adwright.image.v1 import image_pb2

from services.image.domain import RenderedImage, Taken
from services.image.variants import VariantState

MOST_REQUESTS: Final = 1_000  # about a megabyte; the ones that were not repeated for the longest time go first
MOST_HEADLINES: Final = 9  # of one request: what the copy service takes besides the one that is written


class RecentPictures:
    """Headlines and layouts of the pictures that this process drew, by request; lost when it ends.

    Requests that ask for a picture of their own choice (seed, concept or headline) neither have nor leave any.
    """

    def __init__(self) -> None:
        self._states: OrderedDict[bytes, VariantState] = OrderedDict()

    def taken(self, parameters: image_pb2.ImageJobParameters) -> Taken:
        """Headlines and layouts of the earlier pictures of equal requests, the oldest first."""
        state = self._states.get(_key(parameters)) if _may_differ(parameters.request) else None
        return state.taken if state is not None else Taken()

    def add(self, parameters: image_pb2.ImageJobParameters, image: RenderedImage) -> None:
        """Records a finished picture of a request."""
        if not _may_differ(parameters.request):
            return
        key = _key(parameters)
        state = self._states.pop(key, VariantState()).after(1, image)
        newest = state.taken.headlines[-MOST_HEADLINES:]
        self._states[key] = replace(state, taken=replace(state.taken, headlines=newest))
        if len(self._states) > MOST_REQUESTS:
            self._states.popitem(last=False)


def _may_differ(request: image_pb2.GenerateStaticAdRequest) -> bool:
    return not any(request.HasField(name) for name in ("seed", "concept", "headline"))


def _key(parameters: image_pb2.ImageJobParameters) -> bytes:
    """The same for requests that ask for the same of an unchanged product."""
    own = image_pb2.ImageJobParameters(request=parameters.request, brief=parameters.brief)
    own.request.ClearField("idempotency_key")
    own.request.ClearField("webhook_url")
    return hashlib.sha256(own.SerializeToString(deterministic=True)).digest()

"""tests/gateway/test_resource_limits.py, against the Envoy that Envoy Gateway would have configured."""

from __future__ import annotations

import pytest

from tests.gateway.test_resource_limits import *  # noqa: F403
from tests.platform import tools

pytestmark = [pytest.mark.slow, pytest.mark.timeout(tools.BUILD_SECONDS + 300)]

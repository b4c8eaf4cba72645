"""What the tests of the architecture share: the parsed tree of our files."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def nodes_stay() -> Iterator[None]:
    """Look for no garbage among millions of nodes that stay: it would take as long as to parse them."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()

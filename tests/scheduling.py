"""Tests that one process of pytest-xdist runs: those of a file, and some of several files that share what is expensive."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

from tests.tiers import is_journey


class Groups(LoadFileScheduling):
    """Tests by file; but all of the architecture, which share the parsed tree, and the journeys of `make test`, which
    share a browser."""

    def _split_scope(self, nodeid: str) -> str:
        if self.config.getoption("--tier") == "quick" and is_journey(nodeid):
            return "journeys"
        if nodeid.startswith("tests/architecture/"):
            return "tests/architecture"
        return super()._split_scope(nodeid)

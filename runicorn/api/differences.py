"""Differences of runs, nearest runs and sources, as methods of the client."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from runicorn.api import urls
from runicorn.api.transport import Transport

if TYPE_CHECKING:
    from runicorn.api.responses.differences import Difference, NearRun, SourceTree


class DifferencesAPI:
    """Methods of `RunicornClient` about differences."""

    _transport: Transport

    def differ(self, a: str, b: str | Sequence[str] = "previous") -> Difference:
        """Return what changed from run `a` to run `b`: config, code, packages, environment, command, hardware, data, seed.

        Args:
            a: id of a run.
            b: id of another, or of several runs of a group; "previous" compares the run before `a` with `a`.

        Returns:
            One entry for each section, empty without a change; `parting` has the first step from which the curves of a
            metric stay apart, and `sentences` has everything in words.

        Raises:
            NotFoundError: one of the runs does not exist, or there is no previous one.
        """
        others = b if isinstance(b, str) else ",".join(b)
        answer = self._transport.json(
            "GET", urls.path("v2", "differ"), params=urls.query({"a": a, "b": others})
        )
        return cast("Difference", answer)

    def nearest(
        self,
        project: str,
        config: Mapping[str, Any] | None = None,
        *,
        run_id: str | None = None,
        limit: int = 5,
    ) -> list[NearRun]:
        """Return the runs of a project whose configs are nearest to `config`, or to that of a run, nearest first.

        Raises:
            BadRequestError: neither or both of `config` and `run_id` are given.
        """
        text = None if config is None else json.dumps(config)
        params = {"project": project, "config": text, "run": run_id, "limit": limit}
        answer = self._transport.json("GET", urls.path("v2", "nearest"), params=urls.query(params))
        return cast("list[NearRun]", answer["runs"])

    def get_sources(self, run_id: str) -> SourceTree:
        """Return the source files that are stored with a run.

        Raises:
            NotFoundError: there is no such run.
        """
        answer = self._transport.json("GET", urls.path("v2", "experiments", run_id, "sources"))
        return cast("SourceTree", answer)

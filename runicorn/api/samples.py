"""Samples of runs: rollouts, completions, evaluated examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from runicorn.api import urls
from runicorn.api.transport import Transport

if TYPE_CHECKING:
    from runicorn.api.responses import samples as responses

MOST = 1000


class SamplesAPI:
    """Samples on the server, as `client.samples`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def sets(self, run_id: str) -> list[responses.SampleSet]:
        """Return the sample sets of a run, with their steps and columns.

        Raises:
            NotFoundError: there is no such run.
        """
        answer = self._transport.json("GET", urls.path("v2", "experiments", run_id, "samples"))
        return cast("list[responses.SampleSet]", answer["samples"])

    def page(self, run_id: str, name: str, **query: Any) -> responses.SamplePage:
        """Return one page of samples.

        Args:
            run_id: id of the run.
            name: name of the sample set.
            **query: `step`, `sample` (an `id`), `where` (`reward < 0.2 and truncated`), `q` (words that all occur),
                `order_by` (a column, `-` before it for descending), `page`, `per_page` (up to 1000), `full` (texts are
                not cut at 2,000 characters), `row` (one sample by its `_row`).

        Raises:
            NotFoundError: there is no such run, sample set or row.
            BadRequestError: a condition is malformed.
        """
        path = urls.path("v2", "experiments", run_id, "samples", *name.split("/"))
        answer = self._transport.json("GET", path, params=urls.query(query))
        return cast("responses.SamplePage", answer)

    def rows(self, run_id: str, name: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield the samples that match, whole unless `full=False`; `query` and errors as of `page`."""
        number = 1
        while True:
            params = {"full": True, "per_page": 200, **query, "page": number}
            answer = self.page(run_id, name, **params)
            yield from answer["rows"]
            if not answer["has_next"]:
                return
            number += 1

    def notes(self, run_id: str, name: str | None = None) -> list[responses.SampleNote]:
        """Return the labels and notes of a run, or of one sample set, newest first.

        Raises:
            NotFoundError: there is no such run.
        """
        parts = [] if name is None else name.split("/")
        path = urls.path("v2", "experiments", run_id, "sample-notes", *parts)
        return cast("list[responses.SampleNote]", self._transport.json("GET", path)["notes"])

    def set_note(
        self, run_id: str, name: str, row: int, *, label: str = "", note: str = ""
    ) -> list[responses.SampleNote]:
        """Set label and note of the sample with a `_row`, or remove them if both are empty; return those of the set.

        Raises:
            NotFoundError: there is no such run, sample set or row.
            AuthenticationError: the caller may not change the run.
        """
        path = urls.path("v2", "experiments", run_id, "sample-notes", *name.split("/"))
        body = {"row": row, "label": label, "note": note}
        return cast("list[responses.SampleNote]", self._transport.json("POST", path, body=body)["notes"])

    def compare(
        self,
        runs: Sequence[str],
        name: str,
        *,
        sample: str | None = None,
        step: int | None = None,
        limit: int | None = None,
    ) -> responses.SampleComparison:
        """Return the same samples of several runs, those first whose reward fell from the first run to the last.

        Args:
            runs: ids; `ID@STEP` for the samples of a step.
            name: name of the sample set.
            sample: only this `id`, with its texts.
            step: step of the runs without one of their own.
            limit: maximum number of samples, 200 by default.
        """
        query = {"runs": ",".join(runs), "name": name, "sample": sample, "step": step, "limit": limit}
        path = urls.path("v2", "samples", "compare")
        return cast("responses.SampleComparison", self._transport.json("GET", path, params=urls.query(query)))

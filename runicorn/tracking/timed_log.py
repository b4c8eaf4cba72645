"""Methods of a run for records and files of other trackers, which have times of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runicorn.store import values
from runicorn.store.notices import Notices


class TimedLog:
    """Write records and files with the time at which they happened."""

    _notices: Notices

    def log_file(
        self,
        kind: str,
        key: str,
        content: bytes,
        suffix: str,
        step: int | None = None,
        moment: float | None = None,
        **more: Any,
    ) -> str:
        """Store a file under `media/`.

        Args:
            kind: type of its event in the journal, such as "image".
            key: name; files with the same key are a series.
            content: its bytes.
            suffix: its suffix without the dot.
            step: step, independent of that of the metrics.
            moment: Unix seconds; by default now.
            **more: further fields of the event, such as `caption`.

        Returns:
            The path relative to the run's folder; "" if it could not be stored, which is reported once.
        """
        return self._keep(kind, key, content, suffix, step, moment=moment, **more)

    def log_record(
        self, metrics: Mapping[str, Any], step: int | None = None, moment: float | None = None
    ) -> None:
        """Write one record of metrics that happened at `moment`, in Unix seconds."""
        record = values.metrics(metrics, self._notices)
        self._append(record, None if step is None else self._whole_step(step), None, moment or 0)

    def _append(self, record: dict[str, Any], step: int | None, stage: str | None, at: float = 0) -> None:
        raise NotImplementedError

    def _keep(
        self, kind: str, key: object, content: bytes, suffix: str, step: int | None, **more: Any
    ) -> str:
        raise NotImplementedError

    def _whole_step(self, step: Any) -> int | None:
        raise NotImplementedError

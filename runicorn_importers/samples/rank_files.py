"""What the trainer of miles computed for each sample: `train_data/<rollout>_<rank>.pt`, a file for each rank.

Format: https://github.com/radixark/miles (`miles/dashboard/dump_reader.py`). Tensor-parallel ranks repeat the values, only the last
pipeline stage has some of them, and context-parallel ranks have slices: two of 2 × `cp_size` chunks of the sequence, one from each
end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

INCOMPLETE = "train_data_incomplete"
"""Key of the names whose values some rank has not written, or whose slices have unexpected lengths."""


@dataclass
class TrainedRow:
    """A sample in the files of several ranks.

    Attributes:
        tokens: of prompt and response; with `response_length` they tell samples of one index apart.
        sequence_length: what the chunks divide: the padded length in batches of padded sequences.
        cp_size: number of context-parallel ranks.
        slices: for each name, the values of each context-parallel rank.
    """

    tokens: list[int]
    response_length: int
    sequence_length: int
    cp_size: int
    slices: dict[str, dict[int, list[Any]]] = field(default_factory=dict)


class RankFiles:
    """The rank files of one rollout.

    Args:
        names: columns of the trainer, by the names that they get.
        load: loads a pickle.
    """

    def __init__(self, paths: list[Path], names: Mapping[str, str], load: Callable[..., Any]) -> None:
        self._rows: dict[Any, list[TrainedRow]] = {}
        for path in paths:
            content = load(path, map_location="cpu", weights_only=False)
            self._add(content, content.get("rollout_data") or {}, names)

    def fields(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was computed for the tokens of the response of a sample."""
        tokens, length = _list(sample.get("tokens") or ()), sample.get("response_length")
        for row in self._rows.get(sample.get("index"), ()):
            if row.tokens == tokens and row.response_length == length:
                values = {name: _assemble(row, slices) for name, slices in row.slices.items()}
                missing = [name for name, value in values.items() if value is None]
                complete = {name: value for name, value in values.items() if value is not None}
                return {**complete, INCOMPLETE: missing} if missing else complete
        return {}

    def _add(self, content: Mapping[str, Any], columns: Mapping[str, Any], names: Mapping[str, str]) -> None:
        cp_rank = int(content.get("cp_rank") or 0)
        for number, index in enumerate(_list(columns.get("sample_indices") or ())):
            row = self._row(index, content, columns, number)
            for column, name in names.items():
                if columns.get(column) is not None:
                    slices = row.slices.setdefault(name, {})
                    if cp_rank not in slices:
                        slices[cp_rank] = _list(columns[column][number])

    def _row(
        self, index: Any, content: Mapping[str, Any], columns: Mapping[str, Any], number: int
    ) -> TrainedRow:
        tokens, length = _list(columns["tokens"][number]), int(columns["response_lengths"][number])
        rows = self._rows.setdefault(index, [])
        for row in rows:
            if row.tokens == tokens and row.response_length == length:
                return row
        is_padded = content.get("qkv_format", "thd") != "thd" and columns.get("max_seq_lens") is not None
        sequence_length = columns["max_seq_lens" if is_padded else "total_lengths"][number]
        rows.append(TrainedRow(tokens, length, int(sequence_length), int(content.get("cp_size") or 1)))
        return rows[-1]


def rank_files(folder: Path, rollout: str) -> list[Path]:
    """Return the files of the ranks for a rollout, by rank."""
    pattern = re.compile(rf"{re.escape(rollout)}_(\d+)\.pt")
    paths = {path: pattern.fullmatch(path.name) for path in (folder / "train_data").glob("*.pt")}
    return sorted((path for path, match in paths.items() if match), key=lambda path: (len(path.name), path))


def _assemble(row: TrainedRow, slices: Mapping[int, list[Any]]) -> list[Any] | None:
    """Return the values of all tokens of the response; None if slices are missing or do not fit."""
    if row.cp_size == 1:
        values = slices.get(0)
        return values if values is not None and len(values) == row.response_length else None
    result: list[Any] = [None] * row.response_length
    for cp_rank in range(row.cp_size):
        places = list(_places(row, cp_rank))
        if cp_rank not in slices or len(slices[cp_rank]) != len(places):
            return None
        for place, value in zip(places, slices[cp_rank], strict=True):
            result[place] = value
    return result


def _places(row: TrainedRow, cp_rank: int) -> Iterator[int]:
    """Yield the tokens of the response, from 0, that a context-parallel rank has."""
    size = -(-row.sequence_length // (2 * row.cp_size))
    # The logits of a token are at the position before it.
    first, end = len(row.tokens) - row.response_length - 1, len(row.tokens) - 1
    for chunk in (cp_rank, 2 * row.cp_size - cp_rank - 1):
        for position in range(max(chunk * size, first), min((chunk + 1) * size, end)):
            yield position - first


def _list(values: Any) -> list[Any]:
    return list(values.tolist() if hasattr(values, "tolist") else values)

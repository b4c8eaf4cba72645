"""Rows of a sample set that match a condition, in an order, a page at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from runicorn.api.responses.samples import SampleColumn
from runicorn.json_value import JsonObject
from runicorn.store.samples.names import Chunk
from runicorn.store.samples.reader import OpenChunk
from runs.query.where.ast import Node
from runs.store.lazy_numpy import np
from samples.query import where
from samples.query.search import Search
from samples.store.piece import NO_STEP, Piece, read_line

if TYPE_CHECKING:
    from numpy.typing import NDArray


MOST_VERIFIED = 2000
"""Candidates of a text search that are read for one response; more are counted without being read."""
SEARCH_SECONDS = 2.0
"""After which a text search ends with the matches so far."""
LONGEST_LINE = 256 * 1024 * 1024


class RowPlace(NamedTuple):
    """Where a sample is: its piece, and its number in the piece."""

    piece: int
    row: int


@dataclass(frozen=True)
class Filter:
    """Which samples, all conditions together.

    Attributes:
        step: of this step.
        sample: with this `id`.
        node: the condition `where`.
        text: words to search for.
    """

    step: int | None = None
    sample: str | None = None
    node: Node | None = None
    text: str = ""


@dataclass
class Selection:
    """Matching samples in order.

    Attributes:
        places: their places; with a text search those that may match, unless `is_exact`.
        is_exact: whether each of them matches.
    """

    pieces: Sequence[Piece]
    numbers: NDArray[np.int64]
    is_exact: bool = True
    search: Search | None = None
    starts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.numbers)

    def place(self, number: int) -> RowPlace:
        piece = int(np.searchsorted(self.starts, number, "right")) - 1
        return RowPlace(piece, number - int(self.starts[piece]))


def select(pieces: Sequence[Piece], query: Filter) -> Selection:
    """Return the samples that match, in the order in which they were written."""
    search = Search(query.text) if query.text.strip() else None
    masks = [_mask(piece, query, search) for piece in pieces]
    starts = np.cumsum([0, *(piece.rows for piece in pieces)])[:-1].astype(np.int64)
    numbers = np.flatnonzero(np.concatenate(masks)) if masks else np.zeros(0, np.int64)
    return Selection(pieces, numbers, search is None, search, starts)


def _mask(piece: Piece, query: Filter, search: Search | None) -> NDArray[np.bool_]:
    mask = np.ones(piece.rows, bool)
    if query.step is not None:
        mask &= piece.steps == query.step
    if query.sample is not None and mask.any():
        mask &= piece.equal("id", query.sample)
    if query.node is not None and mask.any():
        mask &= where.matching(query.node, piece)
    if search is not None and mask.any():
        mask &= piece.candidates(search.bits)
    return mask


def by_piece(selection: Selection) -> Iterator[tuple[Piece, NDArray[np.int64]]]:
    """Yield the pieces that have samples of a selection in the order in which they were written, with their rows."""
    bounds = np.append(np.searchsorted(selection.numbers, selection.starts), len(selection))
    for number, piece in enumerate(selection.pieces):
        rows = selection.numbers[bounds[number] : bounds[number + 1]]
        if len(rows):
            yield piece, rows - selection.starts[number]


def numbers(selection: Selection, name: str) -> NDArray[np.float64]:
    """Return a column of the selected samples as numbers, NaN for texts."""
    values = [where.numbers_of(piece, name) for piece in selection.pieces]
    return (np.concatenate(values) if values else np.zeros(0))[selection.numbers]


def column(selection: Selection, name: str) -> NDArray[np.float64]:
    """Return a column of the selected samples as numbers; texts become their rank."""
    pieces = selection.pieces
    if not any(piece.kinds.get(name) == "text" for piece in pieces):
        return numbers(selection, name)
    columns = [piece.texts(name) for piece in pieces]
    ranks = {text: n for n, text in enumerate(sorted({text for _, texts in columns for text in texts}))}
    parts = []
    for codes, texts in columns:
        by_code = np.array([*(ranks[text] for text in texts), np.nan], np.float64)
        parts.append(by_code[codes])  # code -1, missing, is the last
    return np.concatenate(parts)[selection.numbers]


def ordered(selection: Selection, order_by: str, first: int) -> Selection:
    """Sort by a column, `-` before its name for descending; missing values last, ties as written.

    Args:
        first: only so many samples have to be in order.
    """
    name = order_by.removeprefix("-")
    values = column(selection, name)
    keys = -values if order_by.startswith("-") else values
    keys = np.where(np.isnan(keys), np.inf, keys)
    if first < len(keys) // 4:
        # Ties at the limit count, so that the order as written decides among them.
        limit = np.partition(keys, first)[first]
        head = np.flatnonzero(keys <= limit)
        head = head[np.argsort(keys[head], kind="stable")]
        rest = np.flatnonzero(keys > limit)
        order = np.concatenate([head, rest])
    else:
        order = np.argsort(keys, kind="stable")
    return Selection(
        selection.pieces, selection.numbers[order], selection.is_exact, selection.search, selection.starts
    )


class Lines:
    """Reader of samples by their places, which keeps the last chunks open."""

    def __init__(self, source: Path, pieces: Sequence[Piece]) -> None:
        self._source = source
        self._pieces = pieces
        self._open: dict[int, OpenChunk] = {}
        self._tables: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        for chunk in self._open.values():
            chunk.close()

    def content(self, place: RowPlace) -> bytes:
        piece = self._pieces[place.piece]
        if place.piece not in self._tables:
            self._tables[place.piece] = (piece.offsets(), piece.sizes())
        offsets, sizes = self._tables[place.piece]
        number = piece.name.chunk
        if number not in self._open:
            if len(self._open) > 32:
                self._open.pop(next(iter(self._open))).close()
            self._open[number] = OpenChunk(Chunk(number, self._source))
        return self._open[number].read(int(offsets[place.row]), min(int(sizes[place.row]), LONGEST_LINE))


class Page(NamedTuple):
    """Samples of a page.

    Attributes:
        rows: dicts with `_step`, `_row`, `_time`.
        total: number of samples that match; with `is_exact` false an upper limit, wrong by less than a thousandth of the
            samples where they have up to 900 different words.
    """

    rows: list[dict[str, Any]]
    total: int
    is_exact: bool
    has_next: bool


def page(source: Path, selection: Selection, number: int, size: int) -> Page:
    """Return a page of a selection; a text search reads no more candidates than the page needs."""
    begin = (number - 1) * size
    with Lines(source, selection.pieces) as lines:
        if selection.search is None:
            places = [selection.place(int(n)) for n in selection.numbers[begin : begin + size]]
            rows = [row for place in places if (row := read_row(lines, selection.pieces, place)) is not None]
            return Page(rows, len(selection), True, begin + size < len(selection))
        matches: list[dict[str, Any]] = []
        count = checked = 0
        deadline = time.monotonic() + SEARCH_SECONDS
        for place in (selection.place(int(n)) for n in selection.numbers):
            enough = count > begin + size
            if checked >= MOST_VERIFIED and enough:
                break
            # A page of a frequent word needs few of its samples; the rest is counted by signatures.
            if enough and len(selection) > MOST_VERIFIED:
                break
            # A phrase of frequent words that is nowhere would be looked for in all samples.
            if checked % 64 == 63 and time.monotonic() > deadline:
                break
            checked += 1
            row = _matching_row(lines, selection, place)
            if row is None:
                continue
            count += 1
            if begin < count <= begin + size:
                matches.append(row)
        is_exact = checked == len(selection)
        total = count if is_exact else count + len(selection) - checked
        return Page(matches, total, is_exact, count > begin + size)


def _matching_row(lines: Lines, selection: Selection, place: RowPlace) -> JsonObject | None:
    search = selection.search
    content = lines.content(place)
    if search is None or not search.may_match(content):
        return None
    row = read_row(lines, selection.pieces, place, content)
    return row if row is not None and search.matches(row) else None


def read_row(
    lines: Lines, pieces: Sequence[Piece], place: RowPlace, content: bytes | None = None
) -> JsonObject | None:
    """Return a sample with its step, row and time; None if its line is damaged."""
    sample = read_line(lines.content(place) if content is None else content)
    if sample is None:
        return None
    piece = pieces[place.piece]
    step, moment, data = sample
    return {**data, "_step": step, "_row": row_number(piece, place.row), "_time": moment}


def row_number(piece: Piece, row: int) -> int:
    """Return the number that identifies a sample in its set for good."""
    return (piece.name.chunk << 32) + piece.name.first + row


def find_row(pieces: Sequence[Piece], number: int) -> RowPlace | None:
    """Return the place of a sample by its number."""
    chunk, row = number >> 32, number & 0xFFFFFFFF
    for n, piece in enumerate(pieces):
        if piece.name.chunk == chunk and piece.name.first <= row < piece.name.first + piece.rows:
            return RowPlace(n, row - piece.name.first)
    return None


def steps_of(pieces: Sequence[Piece]) -> list[int]:
    steps = [np.unique(piece.steps) for piece in pieces]
    every = np.unique(np.concatenate(steps)) if steps else np.zeros(0, np.int64)
    return [int(step) for step in every if step != NO_STEP]


def columns_of(pieces: Sequence[Piece]) -> list[SampleColumn]:
    """Return the columns with their types; one that has texts anywhere is a text."""
    kinds: dict[str, str] = {}
    for piece in pieces:
        for name, kind in piece.kinds.items():
            before = kinds.get(name, kind)
            kinds[name] = kind if before == kind else "text" if "text" in (kind, before) else "number"
    return [{"name": name, "type": kind} for name, kind in sorted(kinds.items())]


def cut(value: Any, longest: int, mark: str = "…") -> tuple[Any, bool]:
    """Return a value whose texts and lists have at most `longest` characters or elements, and whether any was cut.

    `mark` is appended to a text that was cut.
    """
    if isinstance(value, str):
        return (value[:longest] + mark, True) if len(value) > longest else (value, False)
    if isinstance(value, list):
        items = [cut(item, longest, mark) for item in value[:longest]]
        return [item for item, _ in items], len(value) > longest or any(is_cut for _, is_cut in items)
    if isinstance(value, dict):
        pairs = {key: cut(item, longest, mark) for key, item in value.items()}
        return {key: item for key, (item, _) in pairs.items()}, any(is_cut for _, is_cut in pairs.values())
    return value, False


def verified(source: Path, selection: Selection) -> Selection:
    """Return a selection without the candidates of a text search that do not match; of very many, the first are read."""
    if selection.search is None:
        return selection
    with Lines(source, selection.pieces) as lines:
        numbers = [
            number
            for number in selection.numbers[:MOST_VERIFIED]
            if _matching_row(lines, selection, selection.place(int(number))) is not None
        ]
    return Selection(selection.pieces, np.array(numbers, np.int64), True, None, selection.starts)


def group_keys(selection: Selection) -> NDArray[np.float64]:
    """Return for each sample a number that those of one group and step share."""
    name = "group" if any("group" in piece.kinds for piece in selection.pieces) else "id"
    keys = column(selection, name)
    steps = column(selection, "_step")
    alone = np.isnan(keys)
    keys = np.where(alone, -1.0 - np.arange(len(keys)), keys)
    _, by_key = np.unique(keys, return_inverse=True)
    _, by_step = np.unique(np.nan_to_num(steps, nan=-1), return_inverse=True)
    return np.asarray(by_key + by_step * (by_key.max(initial=0) + 1.0), np.float64)

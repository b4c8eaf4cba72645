"""Pieces of the index of samples: columns, places and signatures of consecutive samples of a chunk, in one file.

The name of a piece says what it covers: `<chunk>.<start>.<end>.<first>.<rows>.<bad>.<head>.<tail>.piece`, bytes of the
uncompressed chunk, the number of its first sample, and the CRC-32 of the beginning of the chunk and of the end of its last
line: a chunk that was replaced has others. A piece never changes.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from runicorn import _platform
from runicorn.json_value import JsonObject
from runicorn.store.journal import checksums
from runicorn.store.samples.lines import decode
from runicorn.store.samples.reader import Line
from runs.store.lazy_numpy import np
from samples.store.fields import MOST_COLUMNS, Value, content_of
from samples.store.words import BITS, SignatureBuilder

if TYPE_CHECKING:
    from numpy.typing import NDArray


NO_STEP = -(2**63)
_NAME = re.compile(
    r"([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9a-f]{8})\.([0-9a-f]{8})\.piece"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_HEAD = struct.Struct("<4sI")
_MAGIC = b"rsp6"
_ALIGN = 64
TAIL_BYTES = 256
LONGEST_SEARCHED = 2 * 1024 * 1024
"""Bytes of a line without a signature: a search always reads it."""


class PieceName(NamedTuple):
    """What a piece covers."""

    chunk: int
    start: int
    end: int
    first: int
    rows: int
    bad: int
    head: str
    tail: str

    def __str__(self) -> str:
        return ".".join(map(str, self)) + ".piece"


def parse_name(text: str) -> PieceName | None:
    match = _NAME.fullmatch(text)
    if match is None:
        return None
    chunk, start, end, first, rows, bad = map(int, match.groups()[:6])
    return PieceName(chunk, start, end, first, rows, bad, match[7], match[8])


def write_piece(
    folder: Path, chunk: int, start: int, first: int, head: str, lines: Iterable[Line]
) -> PieceName:
    """Write a piece of the lines of a chunk and return its name.

    Args:
        folder: of the index.
        chunk: number of the chunk.
        start: offset of the first line.
        first: number of the first sample in the chunk.
        head: checksum of the beginning of the chunk.
        lines: complete lines from `start` on.
    """
    build = _Build()
    end, last = start, b""
    for line in lines:
        build.add(line)
        end, last = line.offset + len(line.content) + 1, line.content
    name = PieceName(chunk, start, end, first, len(build.offsets), build.bad, head, tail_of(last))
    path = folder / str(name)
    beside = folder / f".{name}.{os.getpid()}.tmp"
    try:
        with open(beside, "wb") as file:
            for part in build.parts():
                file.write(part)
        os.replace(beside, path)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()
    return name


def tail_of(content: bytes) -> str:
    """Return the checksum of the end of a line."""
    return f"{zlib.crc32(content[-TAIL_BYTES:]):08x}"


class _Build:
    def __init__(self) -> None:
        self.offsets: list[int] = []
        self.sizes: list[int] = []
        self.steps: list[int] = []
        self.times: list[float] = []
        self.bad = 0
        self._columns: dict[str, tuple[list[int], list[Value]]] = {}
        self._long: dict[str, list[int]] = {}
        self._signatures = SignatureBuilder()

    def add(self, line: Line) -> None:
        if not line.content:
            return
        sample = read_line(line.content)
        if sample is None:
            self.bad += 1
            return
        step, moment, data = sample
        row = len(self.offsets)
        self.offsets.append(line.offset)
        self.sizes.append(len(line.content))
        self.steps.append(NO_STEP if step is None else step)
        self.times.append(moment)
        content = content_of(data)
        columns = self._columns
        for name, value in content.columns:
            column = columns.get(name)
            if column is None:
                if len(columns) >= MOST_COLUMNS:
                    continue
                column = columns[name] = ([], [])
            column[0].append(row)
            column[1].append(value)
        for name in content.long:
            if name in self._long or len(self._long) < MOST_COLUMNS:
                self._long.setdefault(name, []).append(row)
        # Of a very long text every word would have to be hashed, and nearly all bits would be set.
        is_long = len(line.content) > LONGEST_SEARCHED
        self._signatures.add(None if is_long else "\n".join(content.texts))

    def parts(self) -> Iterable[bytes]:
        arrays: list[NDArray[Any]] = [
            np.array(self.offsets, np.int64),
            np.array(self.sizes, np.int64),
            np.array(self.steps, np.int64),
            np.array(self.times, np.float64),
        ]
        header: dict[str, Any] = {"rows": len(self.offsets), "columns": {}}
        for name, (rows, values) in self._columns.items():
            header["columns"][name] = {"kind": _kind(values), "arrays": len(arrays)}
            arrays += _arrays(header["columns"][name]["kind"], len(self.offsets), rows, values)
        header["long"] = {}
        for name, rows in self._long.items():
            header["long"][name] = len(arrays)
            arrays.append(np.array(rows, np.int32))
        header["signatures"] = len(arrays)
        arrays.append(self._signatures.finish())
        places, place = [], 0
        for array in arrays:
            places.append([place, array.nbytes])
            place += -(-array.nbytes // _ALIGN) * _ALIGN
        header["places"] = places
        text = orjson.dumps(header, option=orjson.OPT_NON_STR_KEYS)
        yield _HEAD.pack(_MAGIC, len(text)) + text
        for array in arrays:
            yield array.tobytes()
            yield bytes(-array.nbytes % _ALIGN)


def read_line(content: bytes) -> tuple[int | None, float, JsonObject] | None:
    """Return step, time and row of a line; None if it holds no sample. NaN and lone surrogates cost more."""
    if checksums.is_intact(content) is True:
        try:
            record = orjson.loads(content)
            return record["step"], record["ts"], record["data"]
        except (orjson.JSONDecodeError, LookupError, TypeError):
            pass
    sample = decode(content)
    return None if sample is None else (sample.step, sample.time, _encodable(sample.data))


def _encodable(value: Any) -> Any:
    """Replace lone surrogates, which no UTF-8 can hold."""
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    return value


def _kind(values: list[Value]) -> str:
    kinds = set(map(type, values))
    return "text" if str in kinds else "flag" if kinds == {bool} else "number"


def _arrays(kind: str, count: int, rows: list[int], values: list[Value]) -> list[NDArray[Any]]:
    """Return the arrays of a column: numbers with NaN where missing; or codes, ends and the texts, sorted."""
    if kind != "text":
        numbers = np.full(count, np.nan)
        numbers[rows] = values
        return [numbers]
    texts = [value if type(value) is str else _text_of(value) for value in values]
    unique = sorted(set(texts))
    numbering = {text: n for n, text in enumerate(unique)}
    codes = np.full(count, -1, np.int32)
    codes[rows] = [numbering[text] for text in texts]
    encoded = [text.encode("utf-8", "replace") for text in unique]
    ends = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    return [codes, ends, np.frombuffer(b"".join(encoded), np.uint8)]


def _text_of(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


class Piece:
    """A piece that is read; its file stays open until `close`."""

    def __init__(self, path: Path, name: PieceName) -> None:
        self.name = name
        self._fd = _platform.open_regular(path, follow_links=False)
        head = _platform.read_at(self._fd, _HEAD.size, 0)
        magic, length = _HEAD.unpack(head) if len(head) == _HEAD.size else (b"", 0)
        if magic != _MAGIC:
            os.close(self._fd)
            raise OSError("not a piece of an index")
        self._header = orjson.loads(_platform.read_at(self._fd, length, _HEAD.size))
        self._begin = _HEAD.size + length
        self.kinds: dict[str, str] = {name: about["kind"] for name, about in self._header["columns"].items()}
        self.long: dict[str, int] = self._header["long"]
        """Names whose texts are too long for a column, at least in one sample."""

    def close(self) -> None:
        os.close(self._fd)

    @property
    def rows(self) -> int:
        return self.name.rows

    @cached_property
    def steps(self) -> NDArray[np.int64]:
        return self._array(2, np.int64)

    def offsets(self) -> NDArray[np.int64]:
        return self._array(0, np.int64)

    def sizes(self) -> NDArray[np.int64]:
        return self._array(1, np.int64)

    def times(self) -> NDArray[np.float64]:
        return self._array(3, np.float64)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return a column of numbers or flags, NaN where missing or a text."""
        if self.kinds.get(name, "text") == "text":
            return np.full(self.rows, np.nan)
        return self._array(self._header["columns"][name]["arrays"], np.float64)

    def long_mask(self, name: str) -> NDArray[np.bool_]:
        """Return which samples have a text under a name that is too long for a column."""
        mask = np.zeros(self.rows, bool)
        if name in self.long:
            mask[self._array(self.long[name], np.int32)] = True
        return mask

    def texts(self, name: str) -> tuple[NDArray[np.int32], list[str]]:
        """Return the codes of a column of texts, -1 where missing, and its distinct texts, sorted."""
        if name not in self.kinds:
            return np.full(self.rows, -1, np.int32), []
        place = self._header["columns"][name]["arrays"]
        if self.kinds[name] != "text":
            numbers = self._array(place, np.float64)
            is_flag = self.kinds[name] == "flag"
            labels = [_text_of(bool(n) if is_flag else float(n)) for n in numbers if n == n]
            unique = sorted(set(labels))
            codes = np.full(self.rows, -1, np.int32)
            codes[np.flatnonzero(numbers == numbers)] = [unique.index(label) for label in labels]
            return codes, unique
        ends = self._array(place + 1, np.int64).tolist()
        blob = self._blob(place + 2)
        texts = [
            blob[start:end].decode("utf-8", "replace") for start, end in zip([0, *ends], ends, strict=False)
        ]
        return self._array(place, np.int32), texts

    def equal(self, name: str, text: str) -> NDArray[np.bool_]:
        """Return which samples have a text in a column."""
        if self.kinds.get(name) != "text":
            codes, texts = self.texts(name)
            return np.asarray(codes == (texts.index(text) if text in texts else -2))
        place = self._header["columns"][name]["arrays"]
        ends, blob, target = (
            self._array(place + 1, np.int64),
            self._blob(place + 2),
            text.encode("utf-8", "replace"),
        )
        low, high = 0, len(ends)
        while low < high:  # UTF-8 sorts as its characters do
            middle = (low + high) // 2
            if blob[int(ends[middle - 1]) if middle else 0 : int(ends[middle])] < target:
                low = middle + 1
            else:
                high = middle
        is_there = low < len(ends) and blob[int(ends[low - 1]) if low else 0 : int(ends[low])] == target
        codes = self._array(place, np.int32)
        return np.asarray(codes == (low if is_there else -2))

    def containing(self, name: str, text: str) -> NDArray[np.bool_]:
        """Return which samples have a column that contains a text, ignoring case."""
        codes, texts = self.texts(name)
        lower = text.lower()
        matching = [n for n, item in enumerate(texts) if lower in item.lower()]
        return np.isin(codes, matching)

    def _blob(self, number: int) -> bytes:
        begin, length = self._header["places"][number]
        return _platform.read_at(self._fd, length, self._begin + begin)

    def candidates(self, bits: list[int]) -> NDArray[np.bool_]:
        """Return which samples may have all of the words whose bits are given."""
        width = (self.rows + 7) // 8
        begin, length = self._header["places"][self._header["signatures"]]
        if length != BITS * width:
            return np.ones(self.rows, bool)
        result: NDArray[np.uint8] | None = None
        for bit in bits:
            slice_ = np.frombuffer(
                _platform.read_at(self._fd, width, self._begin + begin + bit * width), np.uint8
            )
            result = slice_ if result is None else result & slice_
        if result is None:
            return np.ones(self.rows, bool)
        return np.unpackbits(result)[: self.rows].view(bool)

    def _array(self, number: int, kind: Any) -> NDArray[Any]:
        begin, length = self._header["places"][number]
        return np.frombuffer(_platform.read_at(self._fd, length, self._begin + begin), kind)

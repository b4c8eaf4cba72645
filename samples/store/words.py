"""Words of texts, and signatures that tell which samples cannot have a word.

A word is a run of letters, marks and digits, in lower case. A character of Chinese, Japanese or Korean is a word of its own,
and so is a symbol beyond ASCII.

A signature is a Bloom filter of `BITS` bits with `HASHES` hashes for each sample, stored by bits: a query reads, for each
of the hashes of a word, one bit of every sample.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from runs.store.lazy_numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


BITS = 16384
BLOCK = 8
"""Samples whose bits are set in one matrix of bytes: its 128 KB stay in the cache of the CPU."""
MARKED_BYTES = 128 * 1024
"""Bytes of texts whose words are hashed at once, which limits the temporary arrays."""
GROUP = 8 * BLOCK
"""Samples whose words are hashed one block after another: NumPy is slow at first after other code."""
WAITING_BYTES = 2 * 1024 * 1024
"""Bytes of texts that wait for that at most."""
WORD_BYTES = 8
"""Words that agree in so many bytes have the same signature; they are compared as a whole later."""
HASHES = 5
"""Of 700 different words they set 19 % of the bits: one sample of 3,700 without a word is read for it."""
_FACTOR = 0x9E3779B97F4A7C15
_PLACES = (BITS - 1) * BLOCK
_TABLE = bytes(
    byte + 32 if 65 <= byte <= 90 else byte if 48 <= byte <= 57 or 97 <= byte <= 122 or byte >= 128 else 32
    for byte in range(256)
)
_SEPARATOR, _LETTER, _SINGLE = range(3)
_LAST = 0x20000
"""This and all later code points are of Chinese characters."""
_SINGLES = ((0x2E80, 0x2FDF), (0x3040, 0x9FFF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF))
_SELECTORS = range(0xFE00, 0xFE10)
"""Variation selectors, which follow an emoji or not."""


class _Alphabet(NamedTuple):
    """Class of each code point, and the code point that stands for it in comparisons."""

    classes: NDArray[np.uint8]
    folded: NDArray[np.int32]


@cache
def _alphabet() -> _Alphabet:
    classes = np.zeros(_LAST + 1, np.uint8)
    folded = np.arange(_LAST + 1, dtype=np.int32)
    for code in range(0x80, _LAST):
        letter = chr(code)
        kind = unicodedata.category(letter)[0]
        if kind == "L":
            lower = letter.lower()
            # Letters that change their length, such as the Kelvin sign, stay as they are.
            if lower != letter and len(lower) == 1 and _length(ord(lower)) == _length(code):
                folded[code] = ord(lower)
        if kind in "LNM" and code not in _SELECTORS:
            classes[code] = _LETTER
        elif kind == "S":
            classes[code] = _SINGLE
    for first, last in _SINGLES:
        classes[first : last + 1] = _SINGLE
    classes[_LAST] = _SINGLE
    folded[ord("ς")] = ord("σ")
    return _Alphabet(classes, folded)


def _length(code: int) -> int:
    """Return the bytes of a code point in UTF-8."""
    return 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4


class _Marked(NamedTuple):
    """UTF-8 with its words.

    Attributes:
        content: the bytes, letters beyond ASCII in lower case.
        is_word: which of them belong to words.
        is_break: where a word begins or ends beside another one; None if that is nowhere.
    """

    content: NDArray[np.uint8]
    is_word: NDArray[np.bool_]
    is_break: NDArray[np.bool_] | None


def _marked(text: bytes) -> _Marked:
    content = np.frombuffer(text, np.uint8)
    is_word = (((content | 32) - np.uint8(97)) < 26) | ((content - np.uint8(48)) < 10)
    if text.isascii():
        return _Marked(content, is_word, None)
    content = content.copy()
    is_word |= content >= 0x80
    is_break = np.zeros(len(content), bool)
    alphabet = _alphabet()
    for length, mask, head in ((2, 0xE0, 0xC0), (3, 0xF0, 0xE0), (4, 0xF8, 0xF0)):
        leads = np.flatnonzero((content & mask) == head)
        codes = (content[leads] & (0x7F >> length)).astype(np.int32)
        for n in range(1, length):
            codes <<= 6
            codes |= content[leads + n] & 0x3F
        codes = np.minimum(codes, _LAST)
        folded = alphabet.folded[codes]
        is_changed = folded != codes
        if is_changed.any():
            _write(content, leads[is_changed], length, folded[is_changed])
        classes = alphabet.classes[codes]
        separators = leads[classes == _SEPARATOR]
        singles = leads[classes == _SINGLE]
        for n in range(length):
            is_word[separators + n] = False
        is_break[singles] = True
        is_break[singles + length] = True
    return _Marked(content, is_word, is_break if is_break.any() else None)


def _write(
    content: NDArray[np.uint8], leads: NDArray[np.int64], length: int, codes: NDArray[np.int32]
) -> None:
    """Replace code points by others of the same length."""
    for n in range(length - 1, 0, -1):
        content[leads + n] = 0x80 | (codes & 0x3F)
        codes = codes >> 6
    content[leads] = (0xF00 >> length & 0xFF) | codes


def plain(text: str) -> bytes:
    """Return a text as words in UTF-8, each between two blanks."""
    content = b" " + text.encode("utf-8", "replace") + b" "
    if text.isascii():
        return content.translate(_TABLE)
    letters, is_word, is_break = _marked(content)
    blanked = np.where(is_word, letters, np.uint8(32))
    if is_break is not None:
        spaced = np.full(len(blanked) + np.count_nonzero(is_break), 32, np.uint8)
        spaced[np.arange(len(blanked)) + np.cumsum(is_break)] = blanked
        blanked = spaced
    return blanked.tobytes().translate(_TABLE)


def words(text: str) -> list[bytes]:
    return plain(text).split()


@cache
def _masks() -> NDArray[np.uint64]:
    return np.array([(1 << (8 * n)) - 1 for n in range(WORD_BYTES)] + [2**64 - 1], np.uint64)


def bits_of(word: bytes) -> list[int]:
    """Return the bits of a word."""
    key = bytes(byte | 32 for byte in word[:WORD_BYTES]).ljust(WORD_BYTES, b"\0")
    place, stride = _hashed(np.frombuffer(key, np.uint64))
    return [int(place[0] + n * stride[0]) % (BITS * BLOCK) // BLOCK for n in range(HASHES)]


def _hashed(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first bit of words and an odd stride to the next ones (Kirsch and Mitzenmacher, 2006), times `BLOCK`."""
    hashes = keys * np.uint64(_FACTOR)
    hashes ^= hashes >> np.uint64(32)
    hashes *= np.uint64(_FACTOR)
    strides = hashes.view(np.int64)
    places = strides >> 44
    places &= _PLACES
    strides >>= 24
    strides &= _PLACES
    strides |= BLOCK
    return places, strides


class SignatureBuilder:
    """Signatures of samples that are added in order."""

    def __init__(self) -> None:
        self._rows = 0
        self._waiting: list[bytes | None] = []
        self._bytes = 0
        self._matrix = np.zeros(BITS * BLOCK, np.uint8)
        self._groups: list[NDArray[np.uint8]] = []

    def add(self, text: str | None) -> None:
        """Add the text of a sample; None for one that may have any word."""
        content = None if text is None else text.encode("utf-8", "replace")
        self._waiting.append(content)
        self._bytes += 0 if content is None else len(content)
        self._rows += 1
        if self._rows % GROUP == 0 or self._bytes >= WAITING_BYTES:
            self._mark()

    def finish(self) -> NDArray[np.uint8]:
        """Return the bits of all samples, of shape (bit, samples / 8)."""
        self._mark()
        if self._rows % BLOCK:
            self._pack(self._rows // BLOCK)
        if not self._groups:
            return np.zeros((BITS, 0), np.uint8)
        every = np.concatenate([group.view(np.uint64) for group in self._groups], axis=1)
        return every.view(np.uint8)[:, : (self._rows + BLOCK - 1) // BLOCK]

    def _mark(self) -> None:
        texts: list[bytes] = []
        owners: list[int] = []
        size = 0
        for number, text in enumerate(self._waiting, self._rows - len(self._waiting)):
            owner = number % BLOCK
            if text is None:
                self._matrix[owner::BLOCK] = 1
            else:
                texts.append(text)
                owners.append(owner)
                size += len(text)
            if texts and (owner == BLOCK - 1 or size >= MARKED_BYTES):
                _mark(self._matrix, texts, owners)
                texts, owners, size = [], [], 0
            if owner == BLOCK - 1:
                self._pack(number // BLOCK)
        if texts:
            _mark(self._matrix, texts, owners)
        self._waiting, self._bytes = [], 0

    def _pack(self, block: int) -> None:
        """Store the bits of a block."""
        column = block % (GROUP // BLOCK)
        if column == 0:
            self._groups.append(np.zeros((BITS, GROUP // BLOCK), np.uint8))
        # Flat: along an axis it takes several times as long.
        self._groups[-1][:, column] = np.packbits(self._matrix)
        self._matrix.fill(0)


def _mark(matrix: NDArray[np.uint8], texts: Sequence[bytes], owners: Sequence[int]) -> None:
    """Set the bits of the words of texts."""
    content, is_word, is_break = _marked(b"\n".join([b"", *texts, bytes(WORD_BYTES)]))
    if is_break is None:
        edges = (is_word[1:] != is_word[:-1]).nonzero()[0]
        edges += 1
    else:
        starts = (is_word[1:] & (is_break[1:] | ~is_word[:-1])).nonzero()[0]
        edges = np.empty(2 * len(starts), np.int64)
        edges[0::2] = starts + 1
        edges[1::2] = (is_word[:-1] & (is_break[1:] | ~is_word[1:])).nonzero()[0] + 1
    if not len(edges):
        return
    # `S8` instead of unaligned integers, which take twice as long.
    windows: NDArray[np.bytes_] = np.ndarray((len(content) - WORD_BYTES + 1,), "S8", content | 32, 0, (1,))
    keys = windows[edges[0::2]].view(np.uint64)
    keys &= _masks()[np.minimum(edges[1::2] - edges[0::2], WORD_BYTES)]
    places, strides = _hashed(keys)
    first = 0
    ends = list(accumulate(len(text) + 1 for text in texts))
    for owner, end in zip(owners, edges.searchsorted(ends, "right").tolist(), strict=True):
        places[first : end // 2] |= owner
        first = end // 2
    # BITS and BLOCK are powers of two: the place of a bit wraps without touching its sample.
    for n in range(HASHES):
        if n:
            places += strides
            places &= BITS * BLOCK - 1
        matrix[places] = 1

"""Words of texts, and signatures that tell which samples cannot have a word.

A signature is a Bloom filter of `BITS` bits with four hashes for each sample, stored by bits: a query reads, for each
of the hashes of a word, one bit of every sample. A word is a run of letters and digits, in lower case, or a single
character of Chinese, Japanese or Korean.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from runs.store.lazy_numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


BITS = 16384
BLOCK = 64
"""Samples whose bits are set at once: their matrix of bytes, 1 MB, stays in the cache of the CPU."""
WORD_BYTES = 8
"""Words that agree in so many bytes have the same signature; they are compared as a whole later."""

_TABLE = bytes(
    byte + 32 if 65 <= byte <= 90 else byte if 48 <= byte <= 57 or 97 <= byte <= 122 or byte >= 128 else 32
    for byte in range(256)
)
_SINGLE = re.compile("([\u2e80-\u2fdf\u3040-\u9fff\uac00-\ud7af\uf900-\ufaff])")
HASHES = 4
"""Of 600 different words they set 14 % of the bits: one sample of 3,000 without a word is read for it."""
_FACTOR = 0x9E3779B97F4A7C15


@cache
def _masks() -> NDArray[np.uint64]:
    return np.array([(1 << (8 * n)) - 1 for n in range(WORD_BYTES)] + [2**64 - 1], np.uint64)


def plain(text: str) -> bytes:
    """Return a text as words in UTF-8, each between two blanks."""
    if not text.isascii():
        text = _SINGLE.sub(r" \1 ", text.lower())
        return b" " + text.encode("utf-8", "replace").translate(_TABLE) + b" "
    return b" " + text.encode().translate(_TABLE) + b" "


def words(text: str) -> list[bytes]:
    return plain(text).split()


def bits_of(word: bytes) -> list[int]:
    """Return the bits of a word."""
    key = np.frombuffer(word[:WORD_BYTES].ljust(WORD_BYTES, b"\0"), "<u8")
    bit, stride = _hashed(key)
    return [int(bit[0] + n * stride[0]) % BITS for n in range(HASHES)]


def _hashed(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first bit of words and an odd stride to the next ones (Kirsch and Mitzenmacher, 2006)."""
    mixed = (keys ^ (keys >> np.uint64(29))) * np.uint64(_FACTOR)
    mixed ^= mixed >> np.uint64(32)
    mixed *= np.uint64(_FACTOR)
    mixed >>= np.uint64(20)
    signed = mixed.view(np.int64)
    return signed & (BITS - 1), ((signed >> 14) & (BITS - 1)) | 1


class SignatureBuilder:
    """Signatures of samples that are added in order."""

    def __init__(self) -> None:
        self._texts: list[bytes | None] = []
        self._blocks: list[NDArray[np.uint8]] = []

    def add(self, text: bytes | None) -> None:
        """Add the words of a sample, as `plain` returns them; None for one that may have any word."""
        self._texts.append(text)
        if len(self._texts) == BLOCK:
            self._flush()

    def finish(self) -> NDArray[np.uint8]:
        """Return the bits of all samples, of shape (bit, samples / 8)."""
        if self._texts:
            self._flush()
        if not self._blocks:
            return np.zeros((BITS, 0), np.uint8)
        return np.ascontiguousarray(np.concatenate(self._blocks, axis=1))

    def _flush(self) -> None:
        self._blocks.append(_signatures(self._texts))
        self._texts = []


def _signatures(samples: Sequence[bytes | None]) -> NDArray[np.uint8]:
    texts = [text or b" " for text in samples]
    joined = b"".join([*texts, bytes(WORD_BYTES)])
    content = np.frombuffer(joined, np.uint8)
    is_word = content > 32
    edges = np.flatnonzero(is_word[1:] != is_word[:-1]) + 1
    starts, ends = edges[0::2], edges[1::2]
    matrix = np.zeros(BITS * BLOCK, np.uint8)
    if len(starts):
        lengths = np.minimum(ends - starts, WORD_BYTES)
        windows = np.lib.stride_tricks.as_strided(
            np.frombuffer(joined, "<u8", 1), (len(joined) - WORD_BYTES + 1,), (1,)
        )
        keys = windows[starts] & _masks()[lengths]
        ends_of_texts = np.cumsum([len(text) for text in texts])
        counts = np.diff(np.searchsorted(starts, ends_of_texts), prepend=0)
        owners = np.repeat(np.arange(len(texts)), counts)
        bits, strides = _hashed(keys)
        # BITS and BLOCK are powers of two: the place of a bit wraps without touching its sample.
        places = bits * BLOCK + owners
        strides *= BLOCK
        for _ in range(HASHES):
            matrix[places] = 1
            places += strides
            places &= BITS * BLOCK - 1
    for number, text in enumerate(samples):
        if text is None:
            matrix[number::BLOCK] = 1
    # Flat: along an axis of 64 it takes several times as long.
    packed: NDArray[np.uint8] = np.packbits(matrix).reshape(BITS, BLOCK // 8)
    return packed[:, : (len(texts) + 7) // 8]

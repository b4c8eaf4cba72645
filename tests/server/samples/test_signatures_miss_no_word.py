"""Signatures of samples: every word of a text has its bits, in any script; few others have."""

from __future__ import annotations

import random

import numpy as np
import pytest

from samples.store import words
from samples.store.words import SignatureBuilder, bits_of, plain

LETTERS = "abcXYZ019 .,'\"\\’“”—\n\t…«»éÉßẞİıΣςσΩКкПпЁё模型的，。！？你好ＡＢ１２한국어あいカ々😀❤️→≤±²\ud800\u200d𠀀𝒜Kकि"


def signatures(texts: list[str | None]) -> np.ndarray:
    builder = SignatureBuilder()
    for text in texts:
        builder.add(text)
    return np.unpackbits(builder.finish(), axis=1)


@pytest.mark.parametrize("at_once", [words.MARKED_BYTES, 300])
def test_every_word_has_its_bits(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(words, "MARKED_BYTES", at_once)
    monkeypatch.setattr(words, "WAITING_BYTES", at_once * 4)
    chance = random.Random(3)
    texts: list[str | None] = [
        "".join(chance.choice(LETTERS) for _ in range(chance.randrange(80))) for _ in range(203)
    ]
    texts[17] = texts[200] = None
    bits = signatures(texts)
    assert bits.shape == (words.BITS, 208)
    for row, text in enumerate(texts):
        for word in words.words("anything" if text is None else text):
            assert all(bits[bit, row] for bit in bits_of(word)), (text, word)
    assert not bits[:, 203:].any()


def test_words_of_a_word_are_the_word() -> None:
    chance = random.Random(5)
    text = "".join(chance.choice(LETTERS.replace("\ud800", "")) for _ in range(3000))
    for word in words.words(text):
        assert words.words(word.decode()) == [word]


def test_few_samples_are_read_for_a_word_that_they_lack() -> None:
    chance = random.Random(7)
    texts: list[str | None] = [
        " ".join(f"word{chance.randrange(10**6)}" for _ in range(700)) for _ in range(64)
    ]
    bits = signatures(texts)
    absent = [bits_of(b"no%d" % n) for n in range(2000)]
    false = sum(int(bits[word].all(axis=0).sum()) for word in absent)
    assert false / (64 * len(absent)) < 1 / 2000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“Don’t—stop”…", "don t stop"),
        ("Äpfel ÉCOLE Москва ΟΔΟΣ οδος", "äpfel école москва οδοσ οδοσ"),
        ("模型，GPT很好。", "模 型 gpt 很 好"),
        ("x≤y ❤️ ❤ 😀!", "x ≤ y ❤ ❤ 😀"),
        ("a_b\\frac{1}{2}", "a b frac 1 2"),
        ("e\u0301 हिन्दी", "e\u0301 हिन्दी"),
    ],
)
def test_words_are_separated_by_what_is_no_letter(text: str, expected: str) -> None:
    assert plain(text).split() == [word.encode() for word in expected.split()]

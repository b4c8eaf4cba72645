"""Data of the demo: 1,797 handwritten digits of 8 × 8 pixels.

`digits.npz` is derived from the UCI data set "Optical Recognition of Handwritten Digits" (CC BY 4.0); see
`digits.LICENSE.txt`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DATA = Path(__file__).with_name("digits.npz")
SIDE = 8
PIXELS = SIDE * SIDE
CLASSES = 10
LEVELS = 16
VALIDATION_SHARE = 0.3

Floats = NDArray[np.float64]
Labels = NDArray[Any]


@dataclass(frozen=True)
class Digits:
    """Training and test data; pixels are between 0 and 1."""

    train_images: Floats
    train_labels: Labels
    val_images: Floats
    val_labels: Labels


def load() -> Digits:
    """Return the digits, always with the same stratified split."""
    with np.load(DATA) as stored:
        images, labels = stored["images"] / LEVELS, stored["labels"].astype(np.int64)
    validation = _stratified(labels, VALIDATION_SHARE)
    return Digits(images[~validation], labels[~validation], images[validation], labels[validation])


def _stratified(labels: Labels, share: float) -> NDArray[np.bool_]:
    """Choose the same share of every class at random."""
    rng = np.random.default_rng(0)
    chosen = np.zeros(len(labels), bool)
    for label in range(CLASSES):
        members = rng.permutation(np.flatnonzero(labels == label))
        chosen[members[: round(len(members) * share)]] = True
    return chosen

"""Data of the demo: 1,797 handwritten digits of 8 × 8 pixels.

`digits.npz` is derived from the UCI data set "Optical Recognition of Handwritten Digits" (CC BY 4.0); see
`digits.LICENSE.txt`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("digits.npz")
SIDE, CLASSES, LEVELS, VALIDATION_SHARE = 8, 10, 16, 0.3
PIXELS = SIDE * SIDE
Floats = NDArray[np.float64]
Labels = NDArray[Any]


class Digits(NamedTuple):
    """Training and test data; pixels are between 0 and 1."""

    train_images: Floats
    train_labels: Labels
    val_images: Floats
    val_labels: Labels


def load() -> Digits:
    """Return the digits, always with the same stratified split."""
    with np.load(FILE) as stored:
        images, labels = stored["images"] / LEVELS, stored["labels"].astype(np.int64)
    rng, is_validation = np.random.default_rng(0), np.zeros(len(labels), bool)
    for label in range(CLASSES):
        members = rng.permutation(np.flatnonzero(labels == label))
        is_validation[members[: round(len(members) * VALIDATION_SHARE)]] = True
    return Digits(
        images[~is_validation], labels[~is_validation], images[is_validation], labels[is_validation]
    )

"""The data: 1,797 handwritten digits of 8 × 8 pixels, which scikit-learn brings along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SIDE = 8
PIXELS = SIDE * SIDE
CLASSES = 10
VALIDATION_SHARE = 0.3

Floats = NDArray[np.float64]
Labels = NDArray[Any]


@dataclass(frozen=True)
class Digits:
    """What the networks learn from, and what they are judged by; pixels lie between 0 and 1."""

    train_images: Floats
    train_labels: Labels
    val_images: Floats
    val_labels: Labels


def load() -> Digits:
    """The digits, split in the same way every time and every digit in the same share."""
    images, labels = load_digits(return_X_y=True)
    train_images, val_images, train_labels, val_labels = train_test_split(
        images / 16.0, labels, test_size=VALIDATION_SHARE, stratify=labels, random_state=0
    )
    return Digits(train_images, train_labels, val_images, val_labels)

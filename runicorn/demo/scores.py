"""Scores of a classifier, from its confusion matrix. A class without samples or predictions scores 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from runicorn.demo.digits import Floats, Labels

Counts = NDArray[np.int64]


def confusion_matrix(labels: Labels, predictions: Labels, classes: int) -> Counts:
    """Return counts of shape (classes, classes): true labels as rows, predictions as columns."""
    counts = np.bincount(labels * classes + predictions, minlength=classes * classes)
    return counts.reshape(classes, classes)


def recall(confusion: Counts) -> Floats:
    return _share(confusion.diagonal(), confusion.sum(axis=1))


def f1(confusion: Counts) -> Floats:
    return _share(2 * confusion.diagonal(), confusion.sum(axis=0) + confusion.sum(axis=1))


def _share(part: Counts, total: Counts) -> Floats:
    shares: Floats = part / np.maximum(total, 1)
    return shares

"""Training of one network, tracked as a run."""

from __future__ import annotations

import struct
import traceback
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import runicorn as rn
from runicorn.demo.digits import CLASSES, PIXELS, SIDE, Digits, Floats, Labels
from runicorn.demo.network import OPTIMIZERS, Network, cross_entropy, norm
from runicorn.demo.trials import Trial

PROJECT = "digits"
SHOW_EPOCHS = 5
TILES = 16


@dataclass(frozen=True)
class Outcome:
    """Result of a run.

    Attributes:
        error: the exception that stopped it; None if it finished.
        accuracy: last test accuracy, 0-1.
    """

    run_id: str
    error: str | None
    accuracy: float


def play(trial: Trial, digits: Digits, storage: Path, group: str, after_epoch: Callable[[], None]) -> Outcome:
    """Train one network as one run.

    Args:
        trial: hyperparameters.
        group: name of the search.
        after_epoch: called after every epoch.
    """
    run = rn.init(
        PROJECT,
        trial.name,
        storage=storage,
        config=_config(trial, digits),
        tags=["demo", trial.optimizer],
        group=group,
        mode="online",
    )
    training = Training(run, trial, digits)
    try:
        with run:
            training.fit(after_epoch)
    except IndexError as error:  # the trial whose schedule is too short
        return Outcome(run.id, f"{type(error).__name__}: {error}", training.accuracy)
    return Outcome(run.id, None, training.accuracy)


class Training:
    """A network in training, and the run that it logs to."""

    def __init__(self, run: rn.Run, trial: Trial, digits: Digits) -> None:
        self.accuracy = 0.0
        self._run = run
        self._trial = trial
        self._digits = digits
        self._rng = np.random.default_rng(trial.seed)
        self._network = Network([PIXELS, *trial.hidden, CLASSES], self._rng)
        self._optimizer = OPTIMIZERS[trial.optimizer]()
        self._step = 0

    def fit(self, after_epoch: Callable[[], None]) -> None:
        """Train for all epochs.

        Raises:
            IndexError: the schedule has no learning rate for an epoch; the log of the run shows it.
        """
        self._run.set_primary_metric("val/accuracy", mode="max")
        self._run.summary({"parameters": self._network.size()})
        try:
            for epoch in range(self._trial.epochs):
                with np.errstate(over="ignore", invalid="ignore"):  # a network that diverges does so quietly
                    self._epoch(epoch)
                    self._judge(epoch)
                after_epoch()
        except IndexError:
            self._run.log_text(traceback.format_exc())
            raise
        self._run.summary({"final_accuracy": self.accuracy})

    def _epoch(self, epoch: int) -> None:
        rate = self._trial.rate(epoch)
        for batch in _batches(self._digits, self._trial, self._rng):
            images, labels = self._digits.train_images[batch], self._digits.train_labels[batch]
            loss, gradients = self._network.gradients(images, labels)
            self._step += 1
            metrics = {
                "train/loss": loss,
                "train/gradient_norm": norm(gradients),
                "train/learning_rate": rate,
            }
            self._run.log(metrics, step=self._step)
            decayed = [
                g + self._trial.decay * p for g, p in zip(gradients, self._network.parameters, strict=True)
            ]
            self._optimizer.learn(self._network.parameters, decayed, rate)

    def _judge(self, epoch: int) -> None:
        digits = self._digits
        answers = self._network.log_probabilities(digits.val_images)
        guesses = answers.argmax(axis=1)
        confusion = confusion_matrix(digits.val_labels, guesses, CLASSES)
        self.accuracy = float((guesses == digits.val_labels).mean())
        loss = cross_entropy(answers, digits.val_labels)
        trained = self._network.log_probabilities(digits.train_images).argmax(axis=1)
        metrics = {
            "epoch": epoch + 1,
            "train/accuracy": float((trained == digits.train_labels).mean()),
            "val/loss": loss,
            "val/accuracy": self.accuracy,
            "val/f1": float(f1(confusion).mean()),
            **{f"val_recall/digit_{digit}": float(recall) for digit, recall in enumerate(recall(confusion))},
        }
        self._run.log(metrics, step=self._step)
        text = f"epoch {epoch + 1}/{self._trial.epochs}: loss {loss:.4f}, accuracy {self.accuracy:.1%}"
        self._run.log_text(text)
        if epoch % SHOW_EPOCHS == SHOW_EPOCHS - 1:
            self._show(guesses, confusion)

    def _show(self, guesses: Labels, confusion: Counts) -> None:
        wrong = np.flatnonzero(guesses != self._digits.val_labels)[:TILES]
        pairs = zip(self._digits.val_labels[wrong], guesses[wrong], strict=True)
        told = ", ".join(f"{right} read as {guess}" for right, guess in pairs)
        mistakes = sheet(self._digits.val_images[wrong])
        self._run.log_image("mistakes", mistakes, step=self._step, caption=told or "No mistakes.")
        weights: Floats = self._network.parameters[0].T[:TILES]
        caption = "What the first units of the first layer look for."
        self._run.log_image("weights", sheet(weights), step=self._step, caption=caption)
        self._run.log_histogram("first_layer", self._network.parameters[0], step=self._step)
        rows = [[digit, *row] for digit, row in enumerate(confusion.tolist())]
        columns = ["digit", *(f"read as {guess}" for guess in range(CLASSES))]
        self._run.log_table("confusion", rows, columns, step=self._step)


def _config(trial: Trial, digits: Digits) -> dict[str, Any]:
    steps = trial.epochs * len(list(_batches(digits, trial)))
    settings = {key: value for key, value in asdict(trial).items() if key != "name"}
    return settings | {"hidden": "-".join(map(str, trial.hidden)) or "none", "total_steps": steps}


def _batches(digits: Digits, trial: Trial, rng: np.random.Generator | None = None) -> Iterator[Labels]:
    """Yield the indices of each batch of an epoch, shuffled."""
    count = len(digits.train_labels)
    order = np.arange(count) if rng is None else rng.permutation(count)
    for start in range(0, count, trial.batch):
        yield order[start : start + trial.batch]


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


ZOOM = 5
GAP = 4
COLUMNS = 8
GREY = 96


def sheet(tiles: Floats) -> bytes:
    """Return a PNG with small images in rows.

    Args:
        tiles: pixels of shape (count, 64), each scaled from its lowest (black) to its highest (white) value. NaN is
            grey.
    """
    rows = -(-len(tiles) // COLUMNS)
    pitch = SIDE * ZOOM + GAP
    canvas = np.full((max(rows, 1) * pitch + GAP, COLUMNS * pitch + GAP), GREY, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = (GAP + pitch * place for place in divmod(number, COLUMNS))
        pixels = _shades(tile).reshape(SIDE, SIDE).repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
        canvas[top : top + SIDE * ZOOM, left : left + SIDE * ZOOM] = pixels
    return png(canvas)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode grey pixels of shape (height, width) as PNG: W3C, "PNG Specification", 5 and 11."""
    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)  # 8 bits of grey, not interlaced
    lines = np.zeros((height, width + 1), np.uint8)  # every line begins with its filter: 0, none
    lines[:, 1:] = pixels
    chunks = _chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)), _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _shades(tile: Floats) -> NDArray[np.uint8]:
    if not np.isfinite(tile).all():
        return np.full(PIXELS, GREY, np.uint8)
    low, high = float(tile.min()), float(tile.max())
    shades: NDArray[np.uint8] = ((tile - low) / ((high - low) or 1) * 255).round().astype(np.uint8)
    return shades

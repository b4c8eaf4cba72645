"""Small networks in numpy, and their training as runs of a search.

(scikit-learn's networks raise an exception before the loss becomes NaN.)
"""

from __future__ import annotations

import struct
import traceback
import zlib
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

import runicorn as rn
from runicorn.artifacts.errors import ArtifactNotFound
from runicorn.store.project import analysis, boards, description
from runicorn_site.demo.digits import CLASSES, FILE, PIXELS, SIDE, Digits, Floats, Labels
from runicorn_site.demo.trials import EPOCHS, PROJECT, STRETCH, Trial

LEAK = 0.01
SHOW_EPOCHS, TILES, SAMPLES = 5, 16, 40
BOARD = "overfitting"
QUESTION = {"type": "text", "text": "Which digit is this?"}
DESCRIPTION = """Which small network reads handwritten digits best, and is it better or only luckier?

Each config is trained with three seeds. The **baseline** is the first config; all others are compared with it.

*deep-sgd-growing* diverges, and *wide-adam-short* crashes.
"""
ZOOM, GAP, COLUMNS, GREY = 5, 4, 8, 96


class Network:
    """Fully connected layers with leaky ReLU (He et al. 2015) and a softmax output.

    Attributes:
        parameters: all weights and biases, trained in place.
        layers: views of them of shape (inputs + 1, outputs); the last row is the bias.
    """

    def __init__(self, widths: list[int], rng: np.random.Generator) -> None:
        shapes = [(entering + 1, leaving) for entering, leaving in pairwise(widths)]
        ends = np.cumsum([rows * columns for rows, columns in shapes])
        self.parameters = np.zeros(ends[-1])
        parts = np.split(self.parameters, ends[:-1])
        self.layers = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
        for layer in self.layers:
            layer[:-1] = rng.normal(0, np.sqrt(2 / (len(layer) - 1)), layer[:-1].shape)

    def forward(self, images: Floats) -> tuple[list[Floats], Floats]:
        """Return the inputs of all layers, and the log-probabilities of shape (images, classes)."""
        inputs, values = [images], images
        for layer in self.layers:
            values = inputs[-1] @ layer[:-1] + layer[-1]
            inputs.append(np.where(values > 0, values, LEAK * values))
        values = values - values.max(axis=1, keepdims=True)
        return inputs[:-1], values - np.log(np.exp(values).sum(axis=1, keepdims=True))

    def loss_and_gradient(self, images: Floats, labels: Labels) -> tuple[float, Floats]:
        """Return the mean cross-entropy, and its gradient by the parameters."""
        inputs, log_probabilities = self.forward(images)
        error = np.exp(log_probabilities)
        error[np.arange(len(labels)), labels] -= 1
        error /= len(labels)
        gradients: list[Floats] = []
        for values, layer in zip(reversed(inputs), reversed(self.layers), strict=True):
            gradients = [(values.T @ error).ravel(), error.sum(axis=0), *gradients]
            error = error @ layer[:-1].T * np.where(values > 0, 1, LEAK)
        return cross_entropy(log_probabilities, labels), np.concatenate(gradients)


def cross_entropy(log_probabilities: Floats, labels: Labels) -> float:
    return float(-log_probabilities[np.arange(len(labels)), labels].mean())


class Momentum:
    """Gradient descent with momentum (Polyak 1964)."""

    speed = np.zeros(1)

    def change(self, gradient: Floats, rate: float) -> Floats:
        """Return what to add to the parameters."""
        self.speed = 0.9 * self.speed - rate * gradient
        return self.speed


class Adam:
    """Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", algorithm 1."""

    mean, square, steps = np.zeros(1), np.zeros(1), 0

    def change(self, gradient: Floats, rate: float) -> Floats:
        """Return what to add to the parameters."""
        self.steps += 1
        self.mean = self.mean + (1 - 0.9) * (gradient - self.mean)
        self.square = self.square + (1 - 0.999) * (gradient**2 - self.square)
        size: Floats = np.sqrt(self.square / (1 - 0.999**self.steps)) + 1e-8
        return -rate * self.mean / (1 - 0.9**self.steps) / size


OPTIMIZERS: dict[str, type[Momentum] | type[Adam]] = {"sgd": Momentum, "adam": Adam}


def train(trial: Trial, digits: Digits, storage: Path) -> str:
    """Train one network as one run and return its id.

    Raises:
        IndexError: the schedule of learning rates is too short.
    """
    settings = {**trial._asdict(), "hidden": "-".join(map(str, trial.hidden)) or "none", "lr": trial.rates[0]}
    del settings["group"], settings["rates"]
    config = {
        **settings,
        "epochs": EPOCHS,
        "total_steps": EPOCHS * -(-len(digits.train_labels) // trial.batch),
    }
    name, tags = f"{trial.group}-s{trial.seed}", ["demo", trial.optimizer]
    with rn.init(
        PROJECT, name, storage=storage, config=config, tags=tags, group=trial.group, mode="online"
    ) as run:
        try:
            _use_data(run)
            _fit(run, trial, digits)
        except IndexError:
            run.log_text(traceback.format_exc())
            raise
    return run.id


def describe_project(storage: Path, baseline: list[str]) -> None:
    """Give the project a description, a board and a baseline, unless it has them."""
    if not description.read(storage, PROJECT):
        description.write(storage, PROJECT, DESCRIPTION)
    if BOARD not in boards.names(storage, PROJECT):
        curves = [["train/accuracy", "val/accuracy"], ["train/loss", "val/loss"], "train/gradient_norm"]
        sections = [{"title": "Which digits are hard?", "prefix": "val_recall/"}]
        rn.board(PROJECT, BOARD, curves, title="Does it overfit?", sections=sections, storage=storage)
    analysis.update(
        storage, PROJECT, lambda content: content.update({"baseline": content["baseline"] or baseline})
    )


def _use_data(run: rn.Run) -> None:
    """Record that the run uses the digits; the first run of a store makes an artifact of them."""
    try:
        run.use_artifact("digits:latest")
    except ArtifactNotFound:
        about = "1,797 handwritten digits of 8 × 8 pixels"
        run.log_artifact(rn.Artifact("digits", "dataset", about).add_file(FILE))


def _keep_model(run: rn.Run, network: Network, accuracy: float) -> None:
    """Store the weights as a version of one model, which the digits lead to."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "weights.npy")
        np.save(path, network.parameters.astype(np.float32))
        model = rn.Artifact("digit-reader", "model", metadata={"val_accuracy": round(accuracy, 4)})
        run.log_artifact(model.add_file(path))


def _fit(run: rn.Run, trial: Trial, digits: Digits) -> None:
    rng, step, accuracy, has_diverged = np.random.default_rng(trial.seed), 0, 0.0, False
    network, optimizer = Network([PIXELS, *trial.hidden, CLASSES], rng), OPTIMIZERS[trial.optimizer]()
    run.set_primary_metric("val/accuracy", mode="max")
    run.summary({"parameters": network.parameters.size})
    shown = [
        run.log_image("digits", sheet(digits.val_images[[n]]), caption=f"digit-{n}") for n in range(SAMPLES)
    ]
    for epoch in range(1, EPOCHS + 1):
        rate, order = trial.rates[(epoch - 1) // STRETCH], rng.permutation(len(digits.train_labels))
        with np.errstate(over="ignore", invalid="ignore"):  # a network that diverges does so quietly
            for start in range(0, len(order), trial.batch):
                batch, step = order[start : start + trial.batch], step + 1
                loss, gradient = network.loss_and_gradient(
                    digits.train_images[batch], digits.train_labels[batch]
                )
                norm = float(np.linalg.norm(gradient))
                metrics = {"train/loss": loss, "train/gradient_norm": norm, "train/learning_rate": rate}
                run.log(metrics, step=step)
                network.parameters += optimizer.change(gradient + trial.decay * network.parameters, rate)
        answers = network.forward(digits.val_images)[1]
        accuracy = _log_epoch(run, network, digits, answers, epoch, step)
        if epoch % SHOW_EPOCHS == 0:
            _log_media(run, network, digits, answers, step)
            run.log_samples("answers", _samples(digits.val_labels, answers, shown), step=step)
        if not np.isfinite(loss) and not has_diverged:
            has_diverged = True
            text = f"since epoch {epoch}, at a learning rate of {rate:g}"
            run.alert("The loss is not finite", text, "error")
    run.summary({"final_accuracy": accuracy})
    if not has_diverged:
        _keep_model(run, network, accuracy)


def _log_epoch(
    run: rn.Run, network: Network, digits: Digits, answers: Floats, epoch: int, step: int
) -> float:
    """Log the metrics of an epoch; return the accuracy."""
    labels, guesses = digits.val_labels, answers.argmax(axis=1)
    loss, accuracy = cross_entropy(answers, labels), float((guesses == labels).mean())
    trained = network.forward(digits.train_images)[1].argmax(axis=1)
    recalls = {f"val_recall/digit_{n}": float((guesses[labels == n] == n).mean()) for n in range(CLASSES)}
    metrics = {
        "epoch": epoch,
        "train/accuracy": float((trained == digits.train_labels).mean()),
        "val/loss": loss,
        "val/accuracy": accuracy,
    }
    run.log(metrics | recalls, step=step)
    run.log_text(f"epoch {epoch}/{EPOCHS}: loss {loss:.4f}, accuracy {accuracy:.1%}")
    return accuracy


def _log_media(run: rn.Run, network: Network, digits: Digits, answers: Floats, step: int) -> None:
    labels, guesses, weights = digits.val_labels, answers.argmax(axis=1), network.layers[0][:-1]
    wrong = np.flatnonzero(guesses != labels)[:TILES]
    pairs = zip(labels[wrong], guesses[wrong], strict=True)
    caption = ", ".join(f"{right} read as {guess}" for right, guess in pairs) or "No mistakes."
    run.log_image("mistakes", sheet(digits.val_images[wrong]), step=step, caption=caption)
    caption = "What the first units of the first layer look for."
    run.log_image("weights", sheet(weights.T[:TILES]), step=step, caption=caption)
    run.log_histogram("first_layer", weights, step=step)
    confusion = np.bincount(labels * CLASSES + guesses, minlength=CLASSES**2).reshape(CLASSES, CLASSES)
    rows = [[digit, *row] for digit, row in enumerate(confusion.tolist())]
    run.log_table("confusion", rows, ["digit", *(f"read as {n}" for n in range(CLASSES))], step=step)


def _samples(labels: Labels, answers: Floats, images: list[str]) -> list[dict[str, Any]]:
    """Return the first validation digits as samples; the reward is the probability of the right answer."""
    return [
        {
            "id": f"digit-{n}",
            "prompt": [{"role": "user", "content": [QUESTION, {"_type": "image", "path": image}]}],
            "completion": str(answers[n].argmax()),
            "target": str(labels[n]),
            "correct": bool(answers[n].argmax() == labels[n]),
            "reward": round(float(np.exp(answers[n, labels[n]])), 4),
        }
        for n, image in enumerate(images)
    ]


def sheet(tiles: Floats) -> bytes:
    """Return a PNG of `tiles` (count, 64) in rows, each scaled from black to white, or grey if NaN."""
    rows, pitch = max(1, -(-len(tiles) // COLUMNS)), SIDE * ZOOM + GAP
    canvas = np.full((rows * pitch + GAP, COLUMNS * pitch + GAP), GREY, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = (GAP + pitch * place for place in divmod(number, COLUMNS))
        if np.isfinite(tile).all():
            shades = (tile - tile.min()) / (np.ptp(tile) or 1) * 255
            square = shades.round().astype(np.uint8).reshape(SIDE, SIDE)
            zoomed = square.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
            canvas[top : top + SIDE * ZOOM, left : left + SIDE * ZOOM] = zoomed
    return _png(canvas)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode grey pixels as PNG (W3C, "PNG Specification", 5 and 11), for Pillow need not be installed."""
    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)  # 8 bits of grey, not interlaced
    lines = np.pad(pixels, ((0, 0), (1, 0)))  # every line begins with its filter: 0, none
    content = b"\x89PNG\r\n\x1a\n"
    for kind, data in (b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""):
        content += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return content

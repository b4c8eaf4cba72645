"""Small networks in numpy that read handwritten digits (see `digits.LICENSE.txt`), and their training as runs."""

from __future__ import annotations

import traceback
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

import runicorn as rn
from runicorn.artifacts.errors import ArtifactNotFound
from runicorn.store.project import analysis, boards, description
from runicorn_site.demo.trials import EPOCHS, PROJECT, SEARCH, STRETCH, Trial

FILE = Path(__file__).with_name("digits.npz")
SIDE, CLASSES, LEVELS, SHOW_EPOCHS, TILES, SAMPLES = 8, 10, 16, 5, 16, 40
ZOOM, GAP, COLUMNS, GREY = 5, 4, 8, 96
LEAK, QUESTION = 0.01, {"type": "text", "text": "Which digit is this?"}
Floats = NDArray[np.float64]
Digits = dict[str, NDArray[Any]]


# Those of scikit-learn raise an exception before the loss becomes NaN.
class Network:
    """Fully connected layers with leaky ReLU (He et al. 2015) and a softmax output."""

    def __init__(self, widths: list[int], rng: np.random.Generator) -> None:
        shapes = [(entering + 1, leaving) for entering, leaving in pairwise(widths)]
        ends = np.cumsum([rows * columns for rows, columns in shapes])
        self.parameters = np.zeros(ends[-1])
        parts = np.split(self.parameters, ends[:-1])
        # Views of the parameters; the last row of each layer is the bias.
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

    def loss_and_gradient(self, images: Floats, labels: NDArray[Any]) -> tuple[float, Floats]:
        """Return the mean cross-entropy, and its gradient by the parameters."""
        inputs, log_probabilities = self.forward(images)
        error = (np.exp(log_probabilities) - np.eye(log_probabilities.shape[1])[labels]) / len(labels)
        gradients: list[Floats] = []
        for values, layer in zip(reversed(inputs), reversed(self.layers), strict=True):
            gradients = [(values.T @ error).ravel(), error.sum(axis=0), *gradients]
            error = error @ layer[:-1].T * np.where(values > 0, 1, LEAK)
        return cross_entropy(log_probabilities, labels), np.concatenate(gradients)


def cross_entropy(log_probabilities: Floats, labels: NDArray[Any]) -> float:
    return float(-log_probabilities[np.arange(len(labels)), labels].mean())


class Momentum:
    """Gradient descent with momentum (Polyak 1964)."""

    mean, square, steps = np.zeros(1), np.zeros(1), 0

    def change(self, gradient: Floats, rate: float) -> Floats:
        """Return what to add to the parameters."""
        self.mean = 0.9 * self.mean - rate * gradient
        return self.mean


class Adam(Momentum):
    """Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", algorithm 1."""

    def change(self, gradient: Floats, rate: float) -> Floats:
        self.steps += 1
        self.mean = self.mean + (1 - 0.9) * (gradient - self.mean)
        self.square = self.square + (1 - 0.999) * (gradient**2 - self.square)
        size = np.sqrt(self.square / (1 - 0.999**self.steps)) + 1e-8
        return np.asarray(-rate * self.mean / (1 - 0.9**self.steps) / size)


OPTIMIZERS = {"sgd": Momentum, "adam": Adam}


def load() -> Digits:
    """Return the images, with pixels between 0 and 1, and the labels of both parts of a stratified split."""
    with np.load(FILE) as archive:
        return {key: archive[key] / LEVELS if key.endswith("images") else archive[key] for key in archive}


def train(trial: Trial, digits: Digits, root: Path) -> str:
    """Train one network as one run and return its id.

    Raises:
        IndexError: the schedule of learning rates is too short.
    """
    hidden, steps = "-".join(map(str, trial.hidden)), EPOCHS * -(-len(digits["train_labels"]) // trial.batch)
    more = {"hidden": hidden or "none", "lr": trial.rates[0], "epochs": EPOCHS, "total_steps": steps}
    config = trial._asdict() | more
    del config["group"], config["rates"]
    about: dict[str, Any] = {"config": config, "tags": ["demo", trial.optimizer], "group": trial.group}
    with rn.init(PROJECT, f"{trial.group}-s{trial.seed}", storage=root, mode="online", **about) as run:
        try:
            run.use_artifact("digits:latest")
        except ArtifactNotFound:  # the first run of the store
            run.log_artifact(rn.Artifact("digits", "dataset", SEARCH["data"]).add_file(FILE))
        try:
            _fit(run, trial, digits)
        except IndexError:
            run.log_text(traceback.format_exc())
            raise
    return run.id


def describe_project(storage: Path, baseline: list[str]) -> None:
    """Give the project a description, a board and a baseline, unless it has them."""
    if not description.read(storage, PROJECT):
        description.write(storage, PROJECT, "\n".join(SEARCH["description"]))
    if SEARCH["board"]["name"] not in boards.names(storage, PROJECT):
        rn.board(PROJECT, storage=storage, **SEARCH["board"])
    analysis.update(storage, PROJECT, lambda old: old.update({"baseline": old["baseline"] or baseline}))


def _fit(run: rn.Run, trial: Trial, digits: Digits) -> None:
    rng, step, accuracy, has_diverged = np.random.default_rng(trial.seed), 0, 0.0, False
    network, optimizer = Network([SIDE**2, *trial.hidden, CLASSES], rng), OPTIMIZERS[trial.optimizer]()
    run.set_primary_metric("val/accuracy", mode="max")
    run.summary({"parameters": network.parameters.size})
    tiles = enumerate(digits["val_images"][:SAMPLES, np.newaxis])
    digit_images = [run.log_image("digits", sheet(tile), caption=f"digit-{n}") for n, tile in tiles]
    for epoch in range(1, EPOCHS + 1):
        rate, order = trial.rates[(epoch - 1) // STRETCH], rng.permutation(len(digits["train_labels"]))
        with np.errstate(over="ignore", invalid="ignore"):  # a network that diverges does so quietly
            for batch in np.split(order, range(trial.batch, len(order), trial.batch)):
                images, labels, step = digits["train_images"][batch], digits["train_labels"][batch], step + 1
                loss, gradient = network.loss_and_gradient(images, labels)
                norm = float(np.linalg.norm(gradient))
                metrics = {"train/loss": loss, "train/gradient_norm": norm, "train/learning_rate": rate}
                run.log(metrics, step=step)
                network.parameters += optimizer.change(gradient + trial.decay * network.parameters, rate)
        accuracy = _log(run, network, digits, digit_images, epoch, step)
        if not np.isfinite(loss) and not has_diverged:
            has_diverged = True
            text = f"since epoch {epoch}, at a learning rate of {rate:g}"
            run.alert("The loss is not finite", text, "error")
    run.summary({"final_accuracy": accuracy})
    if not has_diverged:  # the weights become a version of one model, which the digits lead to
        with TemporaryDirectory() as folder:
            np.save(path := Path(folder, "weights.npy"), network.parameters.astype(np.float32))
            model = rn.Artifact("digit-reader", "model", metadata={"val_accuracy": round(accuracy, 4)})
            run.log_artifact(model.add_file(path))


def _log(run: rn.Run, network: Network, digits: Digits, images: list[str], epoch: int, step: int) -> float:
    """Log the metrics, and every fifth time the media, of an epoch; return the accuracy."""
    labels, answers = digits["val_labels"], network.forward(digits["val_images"])[1]
    guesses, trained = answers.argmax(axis=1), network.forward(digits["train_images"])[1].argmax(axis=1)
    loss, accuracy = cross_entropy(answers, labels), float((guesses == labels).mean())
    metrics = {"epoch": epoch, "train/accuracy": float((trained == digits["train_labels"]).mean())}
    metrics |= {"val/loss": loss, "val/accuracy": accuracy}
    recalls = {f"val_recall/digit_{n}": float((guesses[labels == n] == n).mean()) for n in range(CLASSES)}
    run.log(metrics | recalls, step=step)
    run.log_text(f"epoch {epoch}/{EPOCHS}: loss {loss:.4f}, accuracy {accuracy:.1%}")
    if epoch % SHOW_EPOCHS == 0:
        wrong = np.flatnonzero(guesses != labels)[:TILES]
        caption = ", ".join(f"{labels[n]} read as {guesses[n]}" for n in wrong) or "No mistakes."
        run.log_image("mistakes", sheet(digits["val_images"][wrong]), step=step, caption=caption)
        weights, digit = network.layers[0][:-1], range(CLASSES)
        run.log_image("weights", sheet(weights.T[:TILES]), step=step, caption=SEARCH["weights"])
        run.log_histogram("first_layer", weights, step=step)
        confusion = [[n, *np.bincount(guesses[labels == n], minlength=CLASSES).tolist()] for n in digit]
        run.log_table("confusion", confusion, ["digit", *(f"read as {n}" for n in digit)], step=step)
        samples = [
            {
                "id": f"digit-{n}",
                "prompt": [{"role": "user", "content": [QUESTION, {"_type": "image", "path": image}]}],
                "completion": str(guesses[n]),
                "target": str(labels[n]),
                "correct": bool(guesses[n] == labels[n]),
                "reward": round(float(np.exp(answers[n, labels[n]])), 4),
            }
            for n, image in enumerate(images)
        ]
        run.log_samples("answers", samples, step=step)
    return accuracy


def sheet(tiles: Floats) -> NDArray[np.uint8]:
    """Return a picture of `tiles` (count, 64) in rows, each scaled from black to white, or grey if NaN."""
    columns, pitch = min(max(1, len(tiles)), COLUMNS), SIDE * ZOOM + GAP
    rows = max(1, -(-len(tiles) // columns))
    cells = np.full((rows * columns, pitch, pitch), GREY, np.uint8)
    for cell, tile in zip(cells, tiles, strict=False):
        if np.isfinite(tile).all():
            shades = ((tile - tile.min()) / (np.ptp(tile) or 1) * 255).round().reshape(SIDE, SIDE)
            cell[GAP:, GAP:] = shades.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
    canvas = cells.reshape(rows, columns, pitch, pitch).swapaxes(1, 2).reshape(rows * pitch, columns * pitch)
    return np.pad(canvas, ((0, GAP), (0, GAP)), constant_values=GREY)

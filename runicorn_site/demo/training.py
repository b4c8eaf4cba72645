"""Training of one network, tracked as a run."""

from __future__ import annotations

import struct
import traceback
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import runicorn as rn
from runicorn_site.demo.digits import CLASSES, PIXELS, SIDE, Digits, Floats, Labels
from runicorn_site.demo.network import OPTIMIZERS, Network, cross_entropy, norm
from runicorn_site.demo.trials import STRETCH, Trial

PROJECT = "digits"
SHOW_EPOCHS, TILES = 5, 16
ZOOM, GAP, COLUMNS, GREY = 5, 4, 8, 96


def play(trial: Trial, digits: Digits, storage: Path, group: str, after_epoch: Callable[[], None]) -> bool:
    """Train one network as one run of the search `group`; return whether it finished."""
    steps = trial.epochs * -(-len(digits.train_labels) // trial.batch)
    added_config = {"hidden": "-".join(map(str, trial.hidden)) or "none", "total_steps": steps}
    config = {key: value for key, value in trial._asdict().items() if key != "name"} | added_config
    tags = ["demo", trial.optimizer]
    run = rn.init(PROJECT, trial.name, storage=storage, config=config, tags=tags, group=group, mode="online")
    try:
        with run:
            _fit(run, trial, digits, after_epoch)
    except IndexError:  # the trial whose schedule is too short
        return False
    return True


def _fit(run: rn.Run, trial: Trial, digits: Digits, after_epoch: Callable[[], None]) -> None:
    rng = np.random.default_rng(trial.seed)
    network, optimizer = Network([PIXELS, *trial.hidden, CLASSES], rng), OPTIMIZERS[trial.optimizer]()
    run.set_primary_metric("val/accuracy", mode="max")
    run.summary({"parameters": sum(parameter.size for parameter in network.parameters)})
    step, accuracy = 0, 0.0
    try:
        for epoch in range(trial.epochs):
            rate, order = trial.rates[epoch // STRETCH], rng.permutation(len(digits.train_labels))
            with np.errstate(over="ignore", invalid="ignore"):  # a network that diverges does so quietly
                for start in range(0, len(order), trial.batch):
                    batch, step = order[start : start + trial.batch], step + 1
                    loss, gradients = network.gradients(
                        digits.train_images[batch], digits.train_labels[batch]
                    )
                    metrics = {"loss": loss, "gradient_norm": norm(gradients), "learning_rate": rate}
                    run.log({f"train/{name}": value for name, value in metrics.items()}, step=step)
                    pairs = zip(gradients, network.parameters, strict=True)
                    decayed = [gradient + trial.decay * parameter for gradient, parameter in pairs]
                    optimizer.learn(network.parameters, decayed, rate)
                accuracy = _judge(run, network, digits, (epoch, trial.epochs), step)
            after_epoch()
    except IndexError:
        run.log_text(traceback.format_exc())
        raise
    run.summary({"final_accuracy": accuracy})


def _judge(run: rn.Run, network: Network, digits: Digits, epochs: tuple[int, int], step: int) -> float:
    """Log the metrics of an epoch, of (epoch, epochs); return the accuracy."""
    epoch, labels = epochs[0] + 1, digits.val_labels
    answers = network.log_probabilities(digits.val_images)
    guesses, loss = answers.argmax(axis=1), cross_entropy(answers, labels)
    confusion = np.bincount(labels * CLASSES + guesses, minlength=CLASSES**2).reshape(CLASSES, CLASSES)
    right, is_of, is_read_as = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    recalls = right / np.maximum(is_of, 1)
    accuracy = float((guesses == labels).mean())
    trained = network.log_probabilities(digits.train_images).argmax(axis=1)
    metrics = {
        "epoch": epoch,
        "train/accuracy": float((trained == digits.train_labels).mean()),
        "val/loss": loss,
        "val/accuracy": accuracy,
        "val/f1": float((2 * right / np.maximum(is_read_as + is_of, 1)).mean()),
        **{f"val_recall/digit_{digit}": float(recall) for digit, recall in enumerate(recalls)},
    }
    run.log(metrics, step=step)
    run.log_text(f"epoch {epoch}/{epochs[1]}: loss {loss:.4f}, accuracy {accuracy:.1%}")
    if epoch % SHOW_EPOCHS == 0:
        _show(run, network, digits, guesses, step)
        rows = [[digit, *row] for digit, row in enumerate(confusion.tolist())]
        run.log_table("confusion", rows, ["digit", *(f"read as {n}" for n in range(CLASSES))], step=step)
    return accuracy


def _show(run: rn.Run, network: Network, digits: Digits, guesses: Labels, step: int) -> None:
    wrong = np.flatnonzero(guesses != digits.val_labels)[:TILES]
    pairs = zip(digits.val_labels[wrong], guesses[wrong], strict=True)
    caption = ", ".join(f"{right} read as {guess}" for right, guess in pairs) or "No mistakes."
    run.log_image("mistakes", sheet(digits.val_images[wrong]), step=step, caption=caption)
    weights, caption = network.parameters[0], "What the first units of the first layer look for."
    run.log_image("weights", sheet(weights.T[:TILES]), step=step, caption=caption)
    run.log_histogram("first_layer", weights, step=step)


def sheet(tiles: Floats) -> bytes:
    """Return a PNG with small images in rows: `tiles` of shape (count, 64), each from black to white, or grey if NaN."""
    rows, pitch = max(1, -(-len(tiles) // COLUMNS)), SIDE * ZOOM + GAP
    canvas = np.full((rows * pitch + GAP, COLUMNS * pitch + GAP), GREY, np.uint8)
    for number, tile in enumerate(tiles):
        top, x = (GAP + pitch * place for place in divmod(number, COLUMNS))
        if np.isfinite(tile).all():
            low, high = float(tile.min()), float(tile.max())
            shades = ((tile - low) / ((high - low) or 1) * 255).round().astype(np.uint8).reshape(SIDE, SIDE)
            zoomed = shades.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
            canvas[top : top + SIDE * ZOOM, x : x + SIDE * ZOOM] = zoomed
    return _png(canvas)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode grey pixels of shape (height, width) as PNG: W3C, "PNG Specification", 5 and 11."""
    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)  # 8 bits of grey, not interlaced
    lines = np.pad(pixels, ((0, 0), (1, 0)))  # every line begins with its filter: 0, none
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b"")
    encoded = (
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(encoded)

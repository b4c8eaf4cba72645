"""A small network and two optimizers in numpy, whose gradients can be logged and whose loss can become NaN.

(scikit-learn's networks raise an exception before the loss becomes NaN.)
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from runicorn_site.demo.digits import Floats, Labels

LEAK = 0.01


class Network:
    """Fully connected layers with leaky ReLU (He et al. 2015) and a softmax output.

    Attributes:
        parameters: weights and biases of each layer in turn; trained in place.
    """

    def __init__(self, widths: list[int], rng: np.random.Generator) -> None:
        self.parameters: list[Floats] = []
        for entering, leaving in pairwise(widths):
            self.parameters.append(rng.normal(0, np.sqrt(2 / entering), (entering, leaving)))
            self.parameters.append(np.zeros(leaving))

    def forward(self, images: Floats) -> tuple[list[Floats], Floats]:
        """Return the inputs of all layers, and the log-probabilities of shape (images, classes)."""
        inputs, values = [images], images
        for weights, bias in zip(self.parameters[::2], self.parameters[1::2], strict=True):
            values = inputs[-1] @ weights + bias
            inputs.append(np.where(values > 0, values, LEAK * values))
        values = values - values.max(axis=1, keepdims=True)
        return inputs[:-1], values - np.log(np.exp(values).sum(axis=1, keepdims=True))

    def log_probabilities(self, images: Floats) -> Floats:
        return self.forward(images)[1]

    def gradients(self, images: Floats, labels: Labels) -> tuple[float, list[Floats]]:
        """Return the mean cross-entropy, and its gradients by parameter."""
        inputs, log_probabilities = self.forward(images)
        error = np.exp(log_probabilities)
        error[np.arange(len(labels)), labels] -= 1
        error /= len(labels)
        gradients: list[Floats] = []
        for layer in reversed(range(len(inputs))):
            gradients = [inputs[layer].T @ error, error.sum(axis=0), *gradients]
            if layer:
                error = error @ self.parameters[2 * layer].T * np.where(inputs[layer] > 0, 1, LEAK)
        return cross_entropy(log_probabilities, labels), gradients


class Momentum:
    """Gradient descent with momentum (Polyak 1964)."""

    def __init__(self) -> None:
        self._speeds: list[Floats] = []

    def learn(self, parameters: list[Floats], gradients: list[Floats], rate: float) -> None:
        """Apply one optimization step in place."""
        self._speeds = self._speeds or [np.zeros_like(parameter) for parameter in parameters]
        for parameter, gradient, speed in zip(parameters, gradients, self._speeds, strict=True):
            speed *= 0.9
            speed -= rate * gradient
            parameter += speed


class Adam:
    """Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", algorithm 1."""

    def __init__(self) -> None:
        self._moments: list[tuple[Floats, Floats]] = []
        self._steps = 0

    def learn(self, parameters: list[Floats], gradients: list[Floats], rate: float) -> None:
        """Apply one optimization step in place."""
        self._moments = self._moments or [(np.zeros_like(p), np.zeros_like(p)) for p in parameters]
        self._steps += 1
        first, second = 0.9, 0.999
        for parameter, gradient, (mean, square) in zip(parameters, gradients, self._moments, strict=True):
            mean += (1 - first) * (gradient - mean)
            square += (1 - second) * (gradient**2 - square)
            size = np.sqrt(square / (1 - second**self._steps)) + 1e-8
            parameter -= rate * mean / (1 - first**self._steps) / size


OPTIMIZERS: dict[str, type[Momentum] | type[Adam]] = {"sgd": Momentum, "adam": Adam}


def cross_entropy(log_probabilities: Floats, labels: Labels) -> float:
    return float(-log_probabilities[np.arange(len(labels)), labels].mean())


def norm(gradients: list[Floats]) -> float:
    return float(np.sqrt(sum(float((gradient**2).sum()) for gradient in gradients)))

"""The arithmetic of the demo's networks."""

from __future__ import annotations

import numpy as np
import pytest

from runicorn_site.demo.search import OPTIMIZERS, Network, cross_entropy, sheet


@pytest.mark.parametrize("widths", [[6, 3], [6, 5, 3], [6, 5, 4, 3]])
def test_the_gradients_are_those_of_the_loss(widths: list[int]) -> None:
    rng = np.random.default_rng(0)
    network = Network(widths, rng)
    images, labels = rng.random((7, 6)), rng.integers(0, 3, 7)
    _, gradient = network.loss_and_gradient(images, labels)
    nudge = 1e-6
    parameters = network.parameters
    for place in range(parameters.size):
        middle = parameters[place]
        losses = []
        for parameters[place] in (middle + nudge, middle - nudge):
            losses.append(cross_entropy(network.forward(images)[1], labels))
        parameters[place] = middle
        assert gradient[place] == pytest.approx((losses[0] - losses[1]) / (2 * nudge), abs=1e-6)


def test_the_answers_are_probabilities() -> None:
    rng = np.random.default_rng(0)
    answers = np.exp(Network([6, 5, 3], rng).forward(1000 * rng.random((4, 6)))[1])
    assert answers.sum(axis=1) == pytest.approx(np.ones(4))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_both_ways_to_learn_find_the_lowest_point(name: str) -> None:
    parameters, target = np.zeros(3), np.array([1.0, -2.0, 3.0])
    optimizer = OPTIMIZERS[name]()
    for step in range(2000):
        parameters += optimizer.change(parameters - target, 0.1 / (1 + step / 100))
    assert parameters == pytest.approx(target, abs=1e-3)


def test_a_contact_sheet_fits_every_image() -> None:
    for count, size in ((0, (48, 48)), (1, (48, 48)), (3, (136, 48)), (8, (356, 48)), (9, (356, 92))):
        assert sheet(np.linspace(0, 1, count * 64).reshape(count, 64)).shape == size[::-1]


def test_a_picture_goes_from_black_to_white_and_what_is_no_number_is_grey() -> None:
    ramp, broken = np.linspace(-5, 5, 64), np.full(64, np.nan)
    image = sheet(np.stack([ramp, broken]))
    assert image[4, 4] == 0
    assert image[43, 43] == 255
    assert image[10, 48] == image[0, 0] == 96

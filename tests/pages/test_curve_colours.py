"""The colours of curves stay apart in normal vision and under three kinds of colour blindness, in both themes.

Differences are CIEDE2000 (G. Sharma, W. Wu, E. Dalal, "The CIEDE2000 color-difference formula", 2005); deficiencies are
simulated as by G. Machado, M. Oliveira, L. Fernandes, "A Physiologically-based Model for Simulation of Color Vision
Deficiency" (2009), with severity 1.0, in linear RGB.
"""

from __future__ import annotations

from itertools import combinations
from math import atan2, cos, degrees, exp, hypot, radians, sin, sqrt

import pytest

from tests.pages.test_colour_contrast import COLOURS, contrast

CURVES = [name for name in COLOURS if name.startswith("curve-")]
VISIONS = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
WHITE = (0.95047, 1.0, 1.08883)
Vector = tuple[float, ...]


def times(matrix: tuple[Vector, ...], vector: Vector) -> Vector:
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)


def lab(colour: str, vision: str) -> Vector:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    rgb = tuple(min(1.0, max(0.0, c)) for c in times(VISIONS[vision], linear))
    ratios = [c / white for c, white in zip(times(TO_XYZ, rgb), WHITE, strict=True)]
    x, y, z = (r ** (1 / 3) if r > 216 / 24389 else (24389 / 27 * r + 16) / 116 for r in ratios)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def ciede2000(first: Vector, second: Vector) -> float:
    (l1, a1, b1), (l2, a2, b2) = first, second
    mean = (hypot(a1, b1) + hypot(a2, b2)) / 2
    g = 0.5 * (1 - sqrt(mean**7 / (mean**7 + 25**7)))
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    c1, c2 = hypot(a1, b1), hypot(a2, b2)
    h1, h2 = degrees(atan2(b1, a1)) % 360, degrees(atan2(b2, a2)) % 360
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    dl, dc, dh = l2 - l1, c2 - c1, 2 * sqrt(c1 * c2) * sin(radians(turn) / 2)
    lm, cm = (l1 + l2) / 2, (c1 + c2) / 2
    hm = h1 + h2 if c1 * c2 == 0 else (h1 + turn / 2) % 360
    t = (
        1
        - 0.17 * cos(radians(hm - 30))
        + 0.24 * cos(radians(2 * hm))
        + 0.32 * cos(radians(3 * hm + 6))
        - 0.20 * cos(radians(4 * hm - 63))
    )
    sl = 1 + 0.015 * (lm - 50) ** 2 / sqrt(20 + (lm - 50) ** 2)
    sc, sh = 1 + 0.045 * cm, 1 + 0.015 * cm * t
    rotation = -sin(radians(60 * exp(-(((hm - 275) / 25) ** 2)))) * 2 * sqrt(cm**7 / (cm**7 + 25**7))
    return sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rotation * dc / sc * dh / sh)


def difference(first: str, other: str, theme: int) -> float:
    """The least difference of two variables in any vision."""
    colours = COLOURS[first][theme], COLOURS[other][theme]
    return min(ciede2000(*(lab(colour, vision) for colour in colours)) for vision in VISIONS)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((6.7747, -0.2908, -2.4247), (5.8714, -0.0985, -2.2286), 0.6377),
    ],
)
def test_the_difference_is_that_of_its_authors(first: Vector, second: Vector, expected: float) -> None:
    assert ciede2000(first, second) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_the_first_eight_colours_stay_apart_in_every_vision(theme: int) -> None:
    assert [f"curve-{i}" for i in range(1, 11)] == CURVES
    near = {(a, b): d for a, b in combinations(CURVES[:8], 2) if (d := difference(a, b, theme)) < 10}
    assert not near
    assert min(difference(a, b, theme) for a, b in combinations(CURVES, 2)) > 5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_no_two_of_ten_curves_are_shades_of_one_colour(theme: int) -> None:
    colours = {name: lab(COLOURS[name][theme], "normal") for name in CURVES}
    near = {(a, b): d for a, b in combinations(CURVES, 2) if (d := ciede2000(colours[a], colours[b])) < 18}
    assert not near


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_two_curves_get_colours_that_are_far_apart_and_stand_out(theme: int) -> None:
    assert difference("curve-1", "curve-2", theme) > 40
    assert all(contrast(name, "paper", theme) >= 3 for name in CURVES)

"""Student's t distribution, and polygamma functions of half-integers, by the standard library alone."""

from __future__ import annotations

import math
from functools import lru_cache

_TINY = 1e-300


def upper_tail(t: float, df: float) -> float:
    """Return P(T > t) of Student's t distribution with `df` degrees of freedom, which need not be an integer."""
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    if math.isinf(df):
        return 0.5 * math.erfc(t / math.sqrt(2))
    if t * t < df:  # where df / (df + t * t) would lose the digits of t
        tail = 0.5 - 0.5 * _incomplete_beta(t * t / (df + t * t), 0.5, df / 2)
    else:
        tail = 0.5 * _incomplete_beta(df / (df + t * t), df / 2, 0.5)
    return tail if t >= 0 else 1 - tail


@lru_cache(maxsize=4096)
def quantile(probability: float, df: float) -> float:
    """Return the value that T exceeds with probability `1 - probability`; 0.5 <= probability < 1."""
    low, high = 0.0, 1.0
    tail = 1 - probability
    while upper_tail(high, df) > tail:
        low, high = high, high * 2
    value = (low + high) / 2
    # Newton's method for the logarithm of the tail, within bounds that shrink.
    for _ in range(200):
        beyond = upper_tail(value, df)
        if beyond > tail:
            low = value
        else:
            high = value
        slope = _density(value, df)
        # Neither vanishes but far out, where halves will do.
        better = value + math.log(beyond / tail) * beyond / slope if beyond and tail and slope else low
        if not low < better < high:
            better = (low + high) / 2
        if better in (low, high) or abs(better - value) <= 1e-15 * value:
            return better
        value = better
    return value


def _density(t: float, df: float) -> float:
    if math.isinf(df):
        return math.exp(-t * t / 2) / math.sqrt(2 * math.pi)
    scale = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - 0.5 * math.log(df * math.pi)
    return math.exp(scale - (df + 1) / 2 * math.log1p(t * t / df))


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularized incomplete beta function I_x(a, b).

    Its continued fraction is evaluated as in Press et al., Numerical Recipes, 3rd ed. (2007), section 6.4.
    """
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return front * _continued_fraction(x, a, b) / a
    return 1 - front * _continued_fraction(1 - x, b, a) / b


def _continued_fraction(x: float, a: float, b: float) -> float:
    """Evaluate by Lentz's method."""
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 10_000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away_from_zero(1 + numerator * d)
            c = _away_from_zero(1 + numerator / c)
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def digamma(x: float) -> float:
    """Return the derivative of log Γ at a positive x (Abramowitz & Stegun 6.3.5 and 6.3.18)."""
    shift = 0.0
    while x < 10:
        shift, x = shift - 1 / x, x + 1
    inverse = 1 / (x * x)
    series = inverse * (1 / 12 - inverse * (1 / 120 - inverse * (1 / 252 - inverse / 240)))
    return shift + math.log(x) - 0.5 / x - series


def trigamma(x: float) -> float:
    """Return the second derivative of log Γ at a positive x (Abramowitz & Stegun 6.4.6 and 6.4.12)."""
    shift = 0.0
    while x < 10:
        shift, x = shift + 1 / (x * x), x + 1
    inverse = 1 / (x * x)
    series = inverse * (1 / 6 - inverse * (1 / 30 - inverse * (1 / 42 - inverse / 30)))
    return shift + 1 / x + 0.5 * inverse + series / x


def inverse_trigamma(value: float) -> float:
    """Return the x at which `trigamma` has a positive value, by bisection: it decreases."""
    low, high = 1e-8, 1e8
    for _ in range(200):
        middle = math.sqrt(low * high)
        if middle in (low, high):
            break
        if trigamma(middle) > value:
            low = middle
        else:
            high = middle
    return math.sqrt(low * high)

"""Comparison of a row of the runs table with the baseline of its project."""

from __future__ import annotations

import math
from dataclasses import dataclass

from runicorn_site.web.templatetags.ui import figure
from runicorn_tools.analysis.result import Verdict


@dataclass(frozen=True, slots=True)
class BaselineComparison:
    """A verdict.

    Attributes:
        verdict: None for the baseline itself.
        metric: the metric of the table that is judged.
    """

    verdict: Verdict | None
    metric: str


def difference_text(difference: float | None, relative: float | None) -> str:
    """Return a difference with its sign, and in percent of the baseline."""
    if difference is None or not math.isfinite(difference):
        return ""
    text = f"{'+' if difference > 0 else ''}{figure(difference)}"
    if relative is None or not math.isfinite(relative):
        return text
    return f"{text} ({'+' if relative > 0 else ''}{figure(float(f'{100 * relative:.3g}'))} %)"

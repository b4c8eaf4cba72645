"""Comparison of a row of the runs table with the baseline of its project."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.utils.translation import gettext

from runicorn_site.web.messages import translated
from runicorn_site.web.templatetags.ui import figure
from runicorn_tools.analysis.result import Verdict

MARKS = {"better": "✓", "worse": "✗", "within_noise": "≈", "unknown": "?"}


@dataclass(frozen=True, slots=True)
class BaselineComparison:
    """A verdict.

    Attributes:
        verdict: None for the baseline itself.
        metric: the metric of the table that is judged.
    """

    verdict: Verdict | None
    metric: str

    @property
    def text(self) -> str:
        """Return metric and verdict as a sentence in the language of the page."""
        if self.verdict is None:
            return gettext("baseline")
        return f"{self.metric}: {translated(self.verdict.sentence)}"

    @property
    def title(self) -> str:
        """Return the sentence with its method, for a tooltip."""
        return self.text if self.verdict is None else f"{self.text}\n{self.verdict.method}"

    @property
    def short(self) -> str:
        """Return the verdict as a mark, and the difference in percent of the baseline if it has a share: `✓ +0.8 %`."""
        if self.verdict is None:
            return gettext("baseline")
        difference, relative = self.verdict.difference, self.verdict.relative
        # Only the name of the metric says which direction is better.
        is_assumed = self.verdict.goal_assumed and self.verdict.verdict in ("better", "worse")
        # Two decimals: less of a percent is the rounding of floats.
        share = None if relative is None or not math.isfinite(relative) else round(relative, 4)
        amount = percent_text(share) or difference_text(difference, None)
        return f"{MARKS[self.verdict.verdict]} {amount}{'?' if is_assumed else ''}".rstrip() if amount else ""


def difference_text(difference: float | None, relative: float | None) -> str:
    """Return a difference with its sign, and in percent of the baseline."""
    if difference is None or not math.isfinite(difference):
        return ""
    text = f"{'+' if difference > 0 else ''}{figure(difference)}"
    percent = percent_text(relative)
    return f"{text} ({percent})" if percent else text


def percent_text(relative: float | None) -> str:
    """Return a share of the baseline in percent with its sign; empty without one."""
    if relative is None or not math.isfinite(relative):
        return ""
    return f"{'+' if relative > 0 else ''}{figure(float(f'{100 * relative:.3g}'))} %"

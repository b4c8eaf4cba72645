"""Query parameters of smoothing, shared by all routes of series."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from metrics.query.smoothing.smoother import Smoother
from runicorn.store.project.board_schema import LEAST_WIDTH, MOST_WEIGHT, MOST_WIDTH, SMOOTHING_METHODS
from runicorn_site.web.serializers import Query


class SmoothingQuery(Query):
    """A smoothing of the curves; becomes the argument `smoother`."""

    smoothing = serializers.ChoiceField(
        required=False,
        choices=SMOOTHING_METHODS,
        help_text="Adds `smoothed` to each curve: exponential moving average by index or along x, running mean, Gaussian.",
    )
    smoothing_weight = serializers.FloatField(
        required=False,
        min_value=0.0,
        max_value=MOST_WEIGHT,
        help_text="Of the past, for ema (each point) and time_ema (each thousandth of the range of x of the whole series).",
    )
    smoothing_half_life = serializers.FloatField(
        required=False,
        min_value=LEAST_WIDTH,
        max_value=MOST_WIDTH,
        help_text="For time_ema in place of the weight, in the unit of x.",
    )
    smoothing_window = serializers.FloatField(
        required=False, min_value=LEAST_WIDTH, max_value=MOST_WIDTH, help_text="Width of a running mean."
    )
    smoothing_sigma = serializers.FloatField(
        required=False,
        min_value=LEAST_WIDTH,
        max_value=MOST_WIDTH,
        help_text="Standard deviation of a Gaussian.",
    )
    smoothing_unit = serializers.ChoiceField(
        required=False, choices=["points", "x"], help_text="Of window and sigma; `points` by default."
    )
    smoothed_only = serializers.BooleanField(
        required=False,
        help_text="Leave `x` and `y` empty; count, min, max and last are then those of the whole series.",
    )

    def validate(self, attrs: Any) -> Any:
        """Replace the parameters by a `Smoother`."""
        params = {name: attrs.pop(name, None) for name in SmoothingQuery._declared_fields}
        method = params["smoothing"]
        if method in (None, "none"):
            return attrs
        needed = {
            "ema": ("smoothing_weight",),
            "time_ema": ("smoothing_weight", "smoothing_half_life"),
            "mean": ("smoothing_window",),
            "gaussian": ("smoothing_sigma",),
        }[method]
        if all(params[name] is None for name in needed):
            raise serializers.ValidationError(
                {needed[0]: [f"smoothing={method} needs {' or '.join(needed)}"]}
            )
        values = {
            name: params[f"smoothing_{name}"]
            for name in ("weight", "half_life", "window", "sigma", "unit")
            if params[f"smoothing_{name}"] is not None
        }
        attrs |= {"smoother": Smoother(method, **values), "smoothed_only": bool(params["smoothed_only"])}
        return attrs

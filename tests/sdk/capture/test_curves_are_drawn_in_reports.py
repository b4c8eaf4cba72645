from __future__ import annotations

import math
from pathlib import Path

from runicorn_tools.export import report, sparkline_svg
from tests.folders import write_run
from tests.large import many


def _curves(folder: Path, metrics: list[dict[str, object]]) -> tuple[dict[str, sparkline_svg.Curve], int]:
    write_run(folder, metrics=metrics)
    (path,) = folder.glob("*/*/runs/*")
    return sparkline_svg.read(path)


def test_a_spike_is_drawn_however_long_the_run(folder: Path) -> None:
    steps = 50_000
    values = [
        {"loss": 1000.0 if step == 31_234 else math.sin(step), "global_step": step}
        for step in many(range(steps))
    ]
    curves, more = _curves(folder, values)
    points = curves["loss"].points()
    assert more == 0 and len(points) <= 2 * sparkline_svg.BUCKETS and (31_234.0, 1000.0) in points
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert "1000, step" in sparkline_svg.svg("loss", curves["loss"])


def test_non_finite_values_are_not_drawn(folder: Path) -> None:
    curves, _ = _curves(
        folder,
        [{"loss": math.nan, "note": "text", "ok": True}, {"loss": 1e308}, {"loss": -1e308}, {"one": 5}],
    )
    assert set(curves) == {"loss", "one"}
    for name, curve in curves.items():
        assert "nan" not in sparkline_svg.svg(name, curve) and "inf" not in sparkline_svg.svg(name, curve)


def test_very_many_metrics_are_counted(folder: Path) -> None:
    curves, more = _curves(folder, [{f"m{n:03}": n for n in range(sparkline_svg.MOST + 7)}])
    assert (len(curves), more) == (sparkline_svg.MOST, 7)
    (path,) = folder.glob("*/*/runs/*")
    assert "Not drawn: 7 more metrics." in report.html(path)


def test_names_stay_text(folder: Path) -> None:
    curves, _ = _curves(folder, [{'"><script>alert(1)</script>': 1.0}])
    (path,) = folder.glob("*/*/runs/*")
    assert "<script" not in report.html(path) and curves

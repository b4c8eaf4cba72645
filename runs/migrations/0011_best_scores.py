"""Scores of best values, an index of pinned runs, and last values that are no finite numbers.

The planner gets statistics of the indexes, as in `0003_query_plans`.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.models import Case, F, When


RUNS = 100_000
STATISTICS = {"run_best_score": (RUNS, RUNS, 2, 1), "run_pinned": (RUNS // 1000, RUNS // 1000, 1)}


def assume(apps: Any, schema_editor: Any) -> None:
    """Insert the assumed statistics."""
    if schema_editor.connection.vendor != "sqlite":
        return
    for index, figures in STATISTICS.items():
        schema_editor.execute("DELETE FROM sqlite_stat1 WHERE idx = %s", [index])
        row = ["runs_run", index, " ".join(map(str, figures))]
        schema_editor.execute("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (%s, %s, %s)", row)
    schema_editor.execute("ANALYZE sqlite_schema")  # reads it


def forget(apps: Any, schema_editor: Any) -> None:
    """Delete the assumed statistics."""
    if schema_editor.connection.vendor == "sqlite":
        for index in STATISTICS:
            schema_editor.execute("DELETE FROM sqlite_stat1 WHERE idx = %s", [index])


def fill(apps: Any, schema_editor: Any) -> None:
    """Derive the scores from the best values."""
    run = apps.get_model("runs", "Run")
    scores = Case(When(best_metric_mode="min", then=-F("best_metric_value")), default=F("best_metric_value"))
    run.objects.exclude(best_metric_value=None).update(best_score=scores)


class Migration(migrations.Migration):
    dependencies = [("runs", "0010_names_and_colors")]

    operations = [
        migrations.AddField("run", "best_score", models.FloatField(null=True)),
        migrations.AddField("runmetric", "last_special", models.CharField(max_length=4, null=True)),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            "run",
            models.Index(
                condition=models.Q(("deleted", None)),
                fields=["root", "best_score", "id"],
                name="run_best_score",
            ),
        ),
        migrations.AddIndex(
            "run",
            models.Index(condition=models.Q(("pinned", True)), fields=["root", "id"], name="run_pinned"),
        ),
        migrations.RunPython(assume, forget),
    ]

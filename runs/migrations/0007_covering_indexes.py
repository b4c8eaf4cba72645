"""Indexes that answer alone, without a look into the tables: a condition for some of the runs, figures over all of them.

The planner is told of them as `0003_query_plans` tells it of the others.
"""

from __future__ import annotations

from django.db import migrations, models

RUNS, ROWS = 100_000, 1_000_000
STATISTICS = {
    ("runs_run", "run_live"): (RUNS, RUNS, 1),
    ("runs_run", "run_figures"): (5 * RUNS, RUNS, RUNS // 2, RUNS // 4, RUNS // 4, 2, 2, 1, 1),
    ("runs_runmetric", "metric_by_run"): (ROWS, ROWS, 1000, 1, 1, 1, 1, 1),
    ("runs_runparam", "param_by_run"): (ROWS, ROWS, 1000, 1, 1, 1),
}


def assume(apps, schema_editor):
    if schema_editor.connection.vendor != "sqlite":
        return
    for (table, index), figures in STATISTICS.items():
        schema_editor.execute("DELETE FROM sqlite_stat1 WHERE idx = %s", [index])
        rows = [table, index, " ".join(map(str, figures))]
        schema_editor.execute("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (%s, %s, %s)", rows)
    schema_editor.execute("ANALYZE sqlite_schema")  # reads it


def forget(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for _, index in STATISTICS:
            schema_editor.execute("DELETE FROM sqlite_stat1 WHERE idx = %s", [index])


class Migration(migrations.Migration):
    dependencies = [("runs", "0006_everything_newest_first")]
    operations = [
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("deleted", None)), fields=["root", "id"], name="run_live"
            ),
        ),
        migrations.AddIndex(
            model_name="runmetric",
            index=models.Index(
                fields=["root", "key", "run", "last", "best", "minimum", "maximum"], name="metric_by_run"
            ),
        ),
        migrations.AddIndex(
            model_name="runparam",
            index=models.Index(fields=["root", "key", "run", "number", "text"], name="param_by_run"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=[
                    "root",
                    "project",
                    "best_metric_name",
                    "best_metric_mode",
                    "best_metric_value",
                    "deleted",
                    "stored_bytes",
                    "journal_bytes",
                ],
                name="run_figures",
            ),
        ),
        migrations.RunPython(assume, forget),
    ]

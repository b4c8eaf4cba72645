"""States of runs, derived from status and exit reason, with indexes.

The planner gets statistics of the indexes, as in `0003_query_plans`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.db import migrations, models

from runicorn.store.state.reasons import describe

RUNS = 100_000
STATISTICS = {"run_state": (RUNS, RUNS, RUNS // 2, 1, 1), "run_by_state": (RUNS, RUNS, RUNS // 2, 1)}


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


def restore(apps: Any, schema_editor: Any) -> None:
    """Recreate the triggers and statistics: SQLite drops them when a new column makes it rebuild the table."""
    if schema_editor.connection.vendor != "sqlite":
        return
    import_module("runs.migrations.0002_search").create(apps, schema_editor)
    for name in ("0003_query_plans", "0006_everything_newest_first", "0007_covering_indexes", "0011_best_scores"):
        import_module(f"runs.migrations.{name}").assume(apps, schema_editor)


def fill(apps: Any, schema_editor: Any) -> None:
    """Derive the states. Their files are not read again while they do not change."""
    run = apps.get_model("runs", "Run")
    for pair in run.objects.values("status", "exit_reason").order_by().distinct():
        state, sentence = describe(pair)
        reason = str(sentence)[:1000] if sentence else None
        run.objects.filter(**pair).update(state=state.value, state_reason=reason)


class Migration(migrations.Migration):
    dependencies = [("runs", "0011_best_scores")]

    operations = [
        migrations.AddField("run", "state", models.CharField(default="interrupted", max_length=32)),
        migrations.AddField("run", "state_reason", models.CharField(max_length=1000, null=True)),
        migrations.AddField("run", "evidence", models.JSONField(default=dict)),
        migrations.RunPython(restore, migrations.RunPython.noop),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            "run",
            models.Index(
                condition=models.Q(("deleted", None)),
                fields=["root", "state", "-created", "-id"],
                name="run_state",
            ),
        ),
        migrations.AddIndex(
            "run",
            models.Index(
                condition=models.Q(("deleted", None)), fields=["root", "state", "id"], name="run_by_state"
            ),
        ),
        migrations.RunPython(assume, forget),
    ]

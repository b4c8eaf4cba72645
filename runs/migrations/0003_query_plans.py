"""What SQLite's planner is to assume of the tables, since it never looks by itself.

Without statistics it takes every equality for so rare that it reads an index by it and sorts what it finds, be it
100,000 rows. The figures are those of one store of 100,000 runs, and say on purpose that a project, a status or a tag
is common: a list walks the index of its order then, and what is rare is recognised by asking (`runs.query.selectivity`). The
same plans for every store, on every connection (https://sqlite.org/optoverview.html#manctrl). A later migration that
makes SQLite build one of the tables anew drops its figures and has to run `assume` again.
"""

from __future__ import annotations

from django.db import migrations

RUNS, ROWS = 100_000, 1_000_000
STATISTICS = {
    # Rows in all, then rows for each value of the first column, of the first two, and so on.
    ("runs_run", "sqlite_autoindex_runs_run_1"): (RUNS, RUNS, 1),
    ("runs_run", "run_newest"): (RUNS, RUNS, 1, 1),
    ("runs_run", "run_project"): (RUNS, RUNS, RUNS // 2, 1, 1),
    ("runs_run", "run_status"): (RUNS, RUNS, RUNS // 2, 1, 1),
    ("runs_run", "run_project_status"): (RUNS, RUNS, RUNS // 2, RUNS // 4, 1, 1),
    ("runs_run", "run_experiment"): (RUNS, RUNS, RUNS // 2, 200, 1, 1),
    ("runs_run", "run_best"): (RUNS, RUNS, 2, 1),
    ("runs_run", "run_updated"): (RUNS, RUNS, 1, 1),
    ("runs_run", "run_duration"): (RUNS, RUNS, 2, 1),
    ("runs_run", "run_by_status"): (RUNS, RUNS, RUNS // 2, 1),
    ("runs_run", "run_by_project"): (RUNS, RUNS, RUNS // 2, 1),
    ("runs_run", "run_by_name"): (RUNS, RUNS, 200, 1),
    ("runs_run", "run_deleted"): (RUNS // 100, RUNS // 100, 1, 1),
    ("runs_run", "run_folder"): (RUNS, RUNS, 1),
    ("runs_runtag", "sqlite_autoindex_runs_runtag_1"): (2 * RUNS, 2, 1),
    ("runs_runtag", "tag_runs"): (2 * RUNS, 2 * RUNS, RUNS // 2, 1),
    ("runs_runmetric", "sqlite_autoindex_runs_runmetric_1"): (ROWS, 10, 1),
    ("runs_runmetric", "metric_best"): (ROWS, ROWS, 1000, 2, 1),
    ("runs_runmetric", "metric_last"): (ROWS, ROWS, 1000, 2, 1),
    ("runs_runmetric", "metric_minimum"): (ROWS, ROWS, 1000, 2, 1),
    ("runs_runmetric", "metric_maximum"): (ROWS, ROWS, 1000, 2, 1),
    ("runs_runparam", "sqlite_autoindex_runs_runparam_1"): (ROWS, 10, 1),
    ("runs_runparam", "param_number"): (ROWS, ROWS, 1000, 100, 1),
    ("runs_runparam", "param_text"): (ROWS, ROWS, 1000, 100, 1),
}


def assume(apps, schema_editor):
    if schema_editor.connection.vendor != "sqlite":
        return
    schema_editor.execute("ANALYZE runs_storageroot")  # makes the table of statistics
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
    dependencies = [("runs", "0002_search")]
    operations = [migrations.RunPython(assume, forget)]

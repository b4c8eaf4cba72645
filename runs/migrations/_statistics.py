"""Statistics that SQLite's query planner assumes, since it never reads the tables to learn them.

Without statistics it assumes that every equality is rare: it reads an index by it and sorts the result, be it 100,000
rows. These are the statistics of a store of 100,000 runs. On purpose they say that a project, a status or a tag is common:
a list then reads the index in its order, and rare values are recognized by a query (`runs.query.selectivity`). Every store
and connection has the same plans (https://sqlite.org/optoverview.html#manctrl). A migration that makes SQLite rebuild one
of the tables drops its statistics and has to call `assume` again.
"""

from __future__ import annotations

RUNS, ROWS = 100_000, 1_000_000
FIRST = {
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
    # Lists with deleted runs need it. Five times the rows, so that lists without them use `run_newest`.
    ("runs_run", "run_everything"): (5 * RUNS, 5 * RUNS, 1, 1),
    # These answer alone, without reading the table.
    ("runs_run", "run_live"): (RUNS, RUNS, 1),
    ("runs_run", "run_figures"): (5 * RUNS, RUNS, RUNS // 2, RUNS // 4, RUNS // 4, 2, 2, 1, 1),
    ("runs_runtag", "sqlite_autoindex_runs_runtag_1"): (2 * RUNS, 2, 1),
    ("runs_runtag", "tag_runs"): (2 * RUNS, 2 * RUNS, RUNS // 2, 1),
    ("runs_runmetric", "sqlite_autoindex_runs_runmetric_1"): (ROWS, 10, 1),
    ("runs_runmetric", "metric_best"): (ROWS, ROWS, 1000, 2, 1),
    ("runs_runmetric", "metric_last"): (ROWS, ROWS, 1000, 2, 1),
    ("runs_runmetric", "metric_minimum"): (ROWS, ROWS, 1000, 2, 1),
    ("runs_runmetric", "metric_maximum"): (ROWS, ROWS, 1000, 2, 1),
    ("runs_runmetric", "metric_by_run"): (ROWS, ROWS, 1000, 1, 1, 1, 1, 1),
    ("runs_runparam", "sqlite_autoindex_runs_runparam_1"): (ROWS, 10, 1),
    ("runs_runparam", "param_number"): (ROWS, ROWS, 1000, 100, 1),
    ("runs_runparam", "param_text"): (ROWS, ROWS, 1000, 100, 1),
    ("runs_runparam", "param_by_run"): (ROWS, ROWS, 1000, 1, 1, 1),
}
STATES = {
    ("runs_run", "run_best_score"): (RUNS, RUNS, 2, 1),
    ("runs_run", "run_pinned"): (RUNS // 1000, RUNS // 1000, 1),
    ("runs_run", "run_state"): (RUNS, RUNS, RUNS // 2, 1, 1),
    ("runs_run", "run_by_state"): (RUNS, RUNS, RUNS // 2, 1),
}


def assume(schema_editor, statistics):
    """Store these statistics and have the planner read them."""
    if schema_editor.connection.vendor != "sqlite":
        return
    schema_editor.execute("ANALYZE runs_storageroot")  # creates the table of statistics
    for (table, index), numbers in statistics.items():
        schema_editor.execute("DELETE FROM sqlite_stat1 WHERE idx = %s", [index])
        row = [table, index, " ".join(map(str, numbers))]
        schema_editor.execute("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (%s, %s, %s)", row)
    schema_editor.execute("ANALYZE sqlite_schema")  # reads it


def forget(schema_editor, statistics):
    """Delete these statistics."""
    if schema_editor.connection.vendor == "sqlite":
        for _, index in statistics:
            schema_editor.execute("DELETE FROM sqlite_stat1 WHERE idx = %s", [index])

"""Smaller indexes: new runs are appended to those by time, that of numbers has no texts, that of words no lengths."""

from __future__ import annotations

from django.db import migrations, models

from runs.migrations import _search_index as search_index
from runs.migrations import _statistics as statistics

LIVE = models.Q(deleted=None)
OF_RUNS = {
    "run_newest": (LIVE, []),
    "run_project": (LIVE, ["project"]),
    "run_status": (LIVE, ["status"]),
    "run_project_status": (LIVE, ["project", "status"]),
    "run_experiment": (LIVE, ["project", "name"]),
    "run_state": (LIVE, ["state"]),
    "run_everything": (None, []),
}
NUMBER = models.Index(
    fields=["root", "key", "number", "run"], name="param_number", condition=models.Q(number__isnull=False)
)
NAMES = {*OF_RUNS, NUMBER.name}
ASSUMED = {
    key: numbers
    for key, numbers in (statistics.FIRST | statistics.STATES).items()
    if key[1] in NAMES
}


def assume(apps, schema_editor):
    # SQLite drops the statistics of an index with it.
    statistics.assume(schema_editor, ASSUMED)


def create_search_index(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        search_index.create(apps, schema_editor)


def index(name):
    condition, columns = OF_RUNS[name]
    fields = ["root", *columns, "created", "id"]
    return models.Index(fields=fields, name=name, condition=condition)


class Migration(migrations.Migration):
    dependencies = [("runs", "0016_last_texts_of_metrics")]

    operations = [
        *(migrations.RemoveIndex("run", name) for name in OF_RUNS),
        *(migrations.AddIndex("run", index(name)) for name in OF_RUNS),
        migrations.RemoveIndex("runparam", NUMBER.name),
        migrations.AddIndex("runparam", NUMBER),
        migrations.RunPython(create_search_index, create_search_index),
        migrations.RunPython(assume, assume),
    ]

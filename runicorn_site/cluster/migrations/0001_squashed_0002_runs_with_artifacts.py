"""Leases of background tasks, and an index of PostgreSQL for the runs with artifacts.

These are queried every 2 seconds (`artifacts.index.usage_links`). Without the index a million runs are read each time;
SQLite reads a row in a tenth of the time.
"""

from __future__ import annotations

from django.db import migrations, models

CREATE = (
    "CREATE INDEX IF NOT EXISTS run_with_artifacts ON runs_run (root_id, id)"
    " WHERE artifacts_created_count > 0 OR artifacts_used_count > 0"
)


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(CREATE)


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS run_with_artifacts")


class Migration(migrations.Migration):
    initial = True
    dependencies = [("runs", "0008_squashed_0012_states")]
    replaces = [
        ("cluster", "0001_leases"),
        ("cluster", "0002_runs_with_artifacts"),
    ]

    operations = [
        migrations.CreateModel(
            name='Lease',
            fields=[
                ('name', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('owner', models.CharField(max_length=64)),
                ('until', models.DateTimeField()),
            ],
        ),
        migrations.RunPython(create, remove),
    ]

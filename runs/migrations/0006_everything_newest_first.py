"""An index for lists that show what is in the recycle bin too.

The planner is told that it leaves five times as much as the index of the runs that are not, which it is to take otherwise.
"""

from __future__ import annotations

from django.db import migrations, models

TABLE, INDEX, FIGURES = "runs_run", "run_everything", "500000 500000 1 1"


def assume(apps, schema_editor):
    if schema_editor.connection.vendor != "sqlite":
        return
    schema_editor.execute("DELETE FROM sqlite_stat1 WHERE idx = %s", [INDEX])
    row = [TABLE, INDEX, FIGURES]
    schema_editor.execute("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (%s, %s, %s)", row)
    schema_editor.execute("ANALYZE sqlite_schema")  # reads it


def forget(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DELETE FROM sqlite_stat1 WHERE idx = %s", [INDEX])


class Migration(migrations.Migration):
    dependencies = [("runs", "0005_stored_bytes")]
    operations = [
        migrations.AddIndex(
            model_name="run", index=models.Index(fields=["root", "-created", "-id"], name=INDEX)
        ),
        migrations.RunPython(assume, forget),
    ]

"""Runs whose journals are summarized, and no index of folders. Neither rebuilds the table."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0014_replicas_and_definitions_of_metrics")]

    operations = [
        migrations.AddField("run", "summarized_bytes", models.BigIntegerField(null=True)),
        migrations.RemoveIndex("run", "run_folder"),
    ]

"""Keys of replicas and definitions of metrics. Nullable columns are added without rebuilding the table."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0013_owner")]

    operations = [
        migrations.AddField("run", "replica_key", models.CharField(max_length=32, null=True)),
        migrations.AddField("run", "metric_rules", models.JSONField(null=True)),
    ]

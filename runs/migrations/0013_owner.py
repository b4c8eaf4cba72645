"""Owners of runs. A nullable column is added without rebuilding the table."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0008_squashed_0012_states")]

    operations = [migrations.AddField("run", "owner", models.CharField(max_length=150, null=True))]

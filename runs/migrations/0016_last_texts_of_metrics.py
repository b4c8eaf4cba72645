"""The last value of a metric of texts. It is there with the next points of a run, or when the index is rebuilt."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0015_summarized_journals")]

    operations = [migrations.AddField("runmetric", "last_text", models.CharField(max_length=255, null=True))]

"""States, heartbeats, scores and display names of runs."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Case, F, When

from runicorn.store.state.reasons import describe
from runs.migrations import _search_index as search_index
from runs.migrations import _statistics as statistics


def restore(apps, schema_editor):
    """Recreate the triggers and statistics: SQLite drops them when a new column makes it rebuild the table."""
    if schema_editor.connection.vendor == "sqlite":
        search_index.create(apps, schema_editor)
        statistics.assume(schema_editor, statistics.FIRST)


def fill(apps, schema_editor):
    """Derive scores and states. Files are not read again while they do not change."""
    runs = apps.get_model("runs", "Run").objects
    score = Case(When(best_metric_mode="min", then=-F("best_metric_value")), default=F("best_metric_value"))
    runs.exclude(best_metric_value=None).update(best_score=score)
    for pair in runs.values("status", "exit_reason").order_by().distinct():
        state, sentence = describe(pair)
        reason = str(sentence)[:1000] if sentence else None
        runs.filter(**pair).update(state=state.value, state_reason=reason)


def assume(apps, schema_editor):
    statistics.assume(schema_editor, statistics.STATES)


def forget(apps, schema_editor):
    statistics.forget(schema_editor, statistics.STATES)


class Migration(migrations.Migration):
    dependencies = [("runs", "0001_squashed_0007_covering_indexes")]
    replaces = [
        ("runs", "0008_records_of_runs"),
        ("runs", "0009_heartbeat"),
        ("runs", "0010_names_and_colors"),
        ("runs", "0011_best_scores"),
        ("runs", "0012_states"),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='journal_end',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='journal_records',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='records_unwritten',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='records_written',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='heartbeat',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='color',
            field=models.CharField(max_length=7, null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='display_name',
            field=models.CharField(max_length=255, null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='best_score',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='runmetric',
            name='last_special',
            field=models.CharField(max_length=4, null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='state',
            field=models.CharField(default='interrupted', max_length=32),
        ),
        migrations.AddField(
            model_name='run',
            name='state_reason',
            field=models.CharField(max_length=1000, null=True),
        ),
        migrations.AddField(
            model_name='run',
            name='evidence',
            field=models.JSONField(default=dict),
        ),
        migrations.RunPython(restore, migrations.RunPython.noop),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('deleted', None)), fields=['root', 'best_score', 'id'], name='run_best_score'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('pinned', True)), fields=['root', 'id'], name='run_pinned'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('deleted', None)), fields=['root', 'state', '-created', '-id'], name='run_state'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('deleted', None)), fields=['root', 'state', 'id'], name='run_by_state'),
        ),
        migrations.RunPython(assume, forget),
    ]

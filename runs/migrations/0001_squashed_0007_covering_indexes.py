"""Runs with their values and tags, the index of their text, and assumed statistics."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

from runs.migrations import _search_index as search_index
from runs.migrations import _statistics as statistics


def assume(apps, schema_editor):
    statistics.assume(schema_editor, statistics.FIRST)


def forget(apps, schema_editor):
    statistics.forget(schema_editor, statistics.FIRST)


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    replaces = [
        ("runs", "0001_initial"),
        ("runs", "0002_search"),
        ("runs", "0003_query_plans"),
        ("runs", "0004_journal_problems"),
        ("runs", "0005_stored_bytes"),
        ("runs", "0006_everything_newest_first"),
        ("runs", "0007_covering_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name='StorageRoot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(max_length=4096, unique=True)),
                ('opened_at', models.FloatField()),
                ('listed_at', models.FloatField(null=True)),
                ('device', models.DecimalField(decimal_places=0, max_digits=20, null=True)),
                ('problems', models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run_id', models.CharField(max_length=255)),
                ('folder', models.CharField(max_length=2048)),
                ('signature', models.CharField(default='', max_length=255)),
                ('warnings', models.JSONField(default=list)),
                ('other_folders', models.JSONField(default=list)),
                ('project', models.CharField(max_length=255)),
                ('name', models.CharField(max_length=255)),
                ('group', models.CharField(default='', max_length=255)),
                ('status', models.CharField(max_length=64)),
                ('exit_reason', models.CharField(max_length=255, null=True)),
                ('created', models.FloatField()),
                ('updated', models.FloatField()),
                ('started', models.FloatField(null=True)),
                ('ended', models.FloatField(null=True)),
                ('duration', models.FloatField(null=True)),
                ('pid', models.BigIntegerField(null=True)),
                ('process_start', models.FloatField(null=True)),
                ('hostname', models.CharField(default='', max_length=255)),
                ('machine_id', models.CharField(default='', max_length=128)),
                ('boot_id', models.CharField(default='', max_length=128)),
                ('pid_namespace', models.CharField(default='', max_length=128)),
                ('best_metric_name', models.CharField(max_length=255, null=True)),
                ('best_metric_value', models.FloatField(null=True)),
                ('best_metric_step', models.BigIntegerField(null=True)),
                ('best_metric_mode', models.CharField(max_length=8, null=True)),
                ('last_step', models.BigIntegerField(null=True)),
                ('description', models.TextField(default='')),
                ('tags', models.JSONField(default=list)),
                ('pinned', models.BooleanField(default=False)),
                ('archived', models.BooleanField(default=False)),
                ('summary', models.JSONField(default=dict)),
                ('config', models.JSONField(default=dict)),
                ('environment_available', models.BooleanField(default=False)),
                ('artifacts_created_count', models.IntegerField(default=0)),
                ('artifacts_used_count', models.IntegerField(default=0)),
                ('journal_bytes', models.BigIntegerField(default=0)),
                ('media_offset', models.BigIntegerField(default=0)),
                ('media_mark', models.CharField(default='', max_length=128)),
                ('search', models.TextField(default='')),
                ('deleted', models.FloatField(null=True)),
                ('delete_reason', models.CharField(default='', max_length=255)),
                ('original_status', models.CharField(default='', max_length=64)),
                ('root', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='runs.storageroot')),
                ('journal_problems', models.JSONField(null=True)),
                ('stored_bytes', models.BigIntegerField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('deleted', None)), fields=['root', '-created', '-id'], name='run_newest'), models.Index(condition=models.Q(('deleted', None)), fields=['root', 'project', '-created', '-id'], name='run_project'), models.Index(condition=models.Q(('deleted', None)), fields=['root', 'status', '-created', '-id'], name='run_status'), models.Index(condition=models.Q(('deleted', None)), fields=['root', 'project', 'status', '-created', '-id'], name='run_project_status'), models.Index(condition=models.Q(('deleted', None)), fields=['root', 'project', 'name', '-created', '-id'], name='run_experiment'), models.Index(condition=models.Q(('deleted', None)), fields=['root', 'best_metric_value', 'id'], name='run_best'), models.Index(condition=models.Q(('deleted', None)), fields=['root', 'updated', 'id'], name='run_updated'), models.Index(condition=models.Q(('deleted', None)), fields=['root', 'duration', 'id'], name='run_duration'), models.Index(condition=models.Q(('deleted', None)), fields=['root', 'status', 'id'], name='run_by_status'), models.Index(condition=models.Q(('deleted', None)), fields=['root', 'project', 'id'], name='run_by_project'), models.Index(condition=models.Q(('deleted', None)), fields=['root', 'name', 'id'], name='run_by_name'), models.Index(condition=models.Q(('deleted', None), _negated=True), fields=['root', '-deleted', '-id'], name='run_deleted'), models.Index(fields=['root', 'folder'], name='run_folder'), models.Index(fields=['root', '-created', '-id'], name='run_everything'), models.Index(condition=models.Q(('deleted', None)), fields=['root', 'id'], name='run_live'), models.Index(fields=['root', 'project', 'best_metric_name', 'best_metric_mode', 'best_metric_value', 'deleted', 'stored_bytes', 'journal_bytes'], name='run_figures')],
                'constraints': [models.UniqueConstraint(fields=('root', 'run_id'), name='run_once_per_root')],
            },
        ),
        migrations.CreateModel(
            name='RunMedia',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=255)),
                ('path', models.CharField(max_length=1024)),
                ('step', models.BigIntegerField(null=True)),
                ('caption', models.TextField(null=True)),
                ('created', models.FloatField()),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='media_rows', to='runs.run')),
            ],
            options={
                'indexes': [models.Index(fields=['run', 'id'], name='media_of_run')],
            },
        ),
        migrations.CreateModel(
            name='RunTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tag', models.CharField(max_length=255)),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tag_rows', to='runs.run')),
                ('root', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='runs.storageroot')),
            ],
            options={
                'indexes': [models.Index(fields=['root', 'tag', 'run'], name='tag_runs')],
                'constraints': [models.UniqueConstraint(fields=('run', 'tag'), name='tag_once_per_run')],
            },
        ),
        migrations.CreateModel(
            name='RunMetric',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=255)),
                ('count', models.BigIntegerField(default=0)),
                ('last', models.FloatField(null=True)),
                ('last_step', models.BigIntegerField(null=True)),
                ('minimum', models.FloatField(null=True)),
                ('minimum_step', models.BigIntegerField(null=True)),
                ('maximum', models.FloatField(null=True)),
                ('maximum_step', models.BigIntegerField(null=True)),
                ('best', models.FloatField(null=True)),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='metric_rows', to='runs.run')),
                ('root', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='runs.storageroot')),
            ],
            options={
                'indexes': [models.Index(fields=['root', 'key', 'best', 'run'], name='metric_best'), models.Index(fields=['root', 'key', 'last', 'run'], name='metric_last'), models.Index(fields=['root', 'key', 'minimum', 'run'], name='metric_minimum'), models.Index(fields=['root', 'key', 'maximum', 'run'], name='metric_maximum'), models.Index(fields=['root', 'key', 'run', 'last', 'best', 'minimum', 'maximum'], name='metric_by_run')],
                'constraints': [models.UniqueConstraint(fields=('run', 'key'), name='metric_once_per_run')],
            },
        ),
        migrations.CreateModel(
            name='RunParam',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=255)),
                ('number', models.FloatField(null=True)),
                ('text', models.CharField(default='', max_length=255)),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='param_rows', to='runs.run')),
                ('root', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='runs.storageroot')),
            ],
            options={
                'indexes': [models.Index(fields=['root', 'key', 'number', 'run'], name='param_number'), models.Index(fields=['root', 'key', 'text', 'run'], name='param_text'), models.Index(fields=['root', 'key', 'run', 'number', 'text'], name='param_by_run')],
                'constraints': [models.UniqueConstraint(fields=('run', 'key'), name='param_once_per_run')],
            },
        ),
        migrations.RunPython(search_index.create, search_index.remove),
        migrations.RunPython(assume, forget),
    ]

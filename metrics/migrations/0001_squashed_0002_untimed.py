"""Series, their tiles and tails, and cursors of journals."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = [("runs", "0001_squashed_0007_covering_indexes")]
    replaces = [
        ("metrics", "0001_initial"),
        ("metrics", "0002_untimed"),
    ]

    operations = [
        migrations.CreateModel(
            name='Series',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('generation', models.IntegerField()),
                ('lane', models.SmallIntegerField()),
                ('name', models.CharField(max_length=255)),
                ('uid', models.BigIntegerField()),
                ('kinds', models.SmallIntegerField(default=0)),
                ('staged', models.BooleanField(default=False)),
                ('count', models.BigIntegerField(default=0)),
                ('minimum', models.FloatField(null=True)),
                ('minimum_step', models.BigIntegerField(null=True)),
                ('maximum', models.FloatField(null=True)),
                ('maximum_step', models.BigIntegerField(null=True)),
                ('last', models.FloatField(null=True)),
                ('last_text', models.TextField(null=True)),
                ('last_step', models.BigIntegerField(null=True)),
                ('last_time', models.FloatField(null=True)),
                ('last_row', models.BigIntegerField(null=True)),
                ('first_step', models.BigIntegerField(null=True)),
                ('top_step', models.BigIntegerField(null=True)),
                ('first_time', models.FloatField(null=True)),
                ('segment', models.IntegerField(default=0)),
                ('segment_tiles', models.IntegerField(default=0)),
                ('boundary', models.BigIntegerField(null=True)),
                ('boundary_open', models.BooleanField(default=False)),
                ('nodes', models.IntegerField(default=0)),
                ('pending', models.IntegerField(default=0)),
                ('tail_count', models.IntegerField(default=0)),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='series', to='runs.run')),
            ],
        ),
        migrations.CreateModel(
            name='Tail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first_row', models.BigIntegerField()),
                ('count', models.IntegerField()),
                ('data', models.BinaryField()),
                ('series', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tails', to='metrics.series')),
            ],
        ),
        migrations.CreateModel(
            name='Tile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('level', models.SmallIntegerField()),
                ('segment', models.IntegerField()),
                ('seq', models.IntegerField()),
                ('count', models.BigIntegerField()),
                ('distinct', models.BigIntegerField()),
                ('first_step', models.BigIntegerField()),
                ('last_step', models.BigIntegerField()),
                ('stride', models.BigIntegerField()),
                ('first_row', models.BigIntegerField()),
                ('last_row', models.BigIntegerField()),
                ('first_time', models.FloatField()),
                ('last_time', models.FloatField()),
                ('mip', models.BinaryField()),
                ('data', models.BinaryField(null=True)),
                ('series', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tiles', to='metrics.series')),
            ],
        ),
        migrations.CreateModel(
            name='Journal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('generation', models.IntegerField(default=1)),
                ('offset', models.BigIntegerField(default=0)),
                ('rows', models.BigIntegerField(default=0)),
                ('bad_lines', models.BigIntegerField(default=0)),
                ('size', models.BigIntegerField(default=0)),
                ('inode', models.CharField(default='', max_length=64)),
                ('head', models.CharField(default='', max_length=64)),
                ('before', models.CharField(default='', max_length=64)),
                ('checksum', models.BigIntegerField(default=0)),
                ('last_time', models.FloatField(default=0.0)),
                ('lease_owner', models.CharField(default='', max_length=64)),
                ('lease_until', models.FloatField(default=0.0)),
                ('run', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='journal', to='runs.run')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('size__gt', models.F('offset'))), fields=['run'], name='journal_behind')],
            },
        ),
        migrations.AddConstraint(
            model_name='series',
            constraint=models.UniqueConstraint(fields=('run', 'generation', 'lane', 'name'), name='series_once_per_run'),
        ),
        migrations.AddConstraint(
            model_name='tail',
            constraint=models.UniqueConstraint(fields=('series', 'first_row'), name='tail_once_per_series'),
        ),
        migrations.AddIndex(
            model_name='tile',
            index=models.Index(fields=['series', 'id'], name='tile_newest'),
        ),
        migrations.AddConstraint(
            model_name='tile',
            constraint=models.UniqueConstraint(fields=('series', 'level', 'segment', 'seq'), name='tile_once_per_place'),
        ),
        migrations.AddField(
            model_name='journal',
            name='untimed',
            field=models.BigIntegerField(default=0),
        ),
    ]

"""Known hosts, saved connections and sessions of remote viewers."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    replaces = [
        ("remote", "0001_initial"),
        ("remote", "0002_viewer_sessions"),
    ]

    operations = [
        migrations.CreateModel(
            name='KnownHost',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.PositiveIntegerField(unique=True)),
                ('host', models.CharField(max_length=253)),
                ('port', models.PositiveIntegerField()),
                ('known_hosts_host', models.CharField(max_length=512)),
                ('key_type', models.CharField(max_length=64)),
                ('key_base64', models.TextField()),
                ('fingerprint_sha256', models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('host', models.CharField(max_length=253)),
                ('port', models.PositiveIntegerField()),
                ('username', models.CharField(max_length=255)),
                ('auth_method', models.CharField(max_length=16)),
                ('host_key_fingerprint', models.CharField(max_length=64)),
                ('first_connected', models.FloatField()),
                ('last_connected', models.FloatField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('username', 'host', 'port'), name='connection_once_per_address')],
            },
        ),
        migrations.CreateModel(
            name='ViewerSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('session_id', models.CharField(max_length=16, unique=True)),
                ('remote_root', models.TextField()),
                ('environment', models.TextField()),
                ('local_port', models.PositiveIntegerField()),
                ('remote_port', models.PositiveIntegerField()),
                ('remote_pid', models.PositiveBigIntegerField(null=True)),
                ('state', models.CharField(max_length=16)),
                ('stage', models.CharField(max_length=16)),
                ('trouble', models.TextField()),
                ('started', models.FloatField()),
                ('owner_pid', models.PositiveBigIntegerField()),
                ('owner_start', models.FloatField(null=True)),
                ('machine_id', models.CharField(max_length=64)),
                ('boot_id', models.CharField(max_length=64)),
                ('pid_namespace', models.CharField(max_length=64)),
                ('connection', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='viewer_sessions', to='remote.connection')),
            ],
        ),
    ]

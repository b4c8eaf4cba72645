"""The models of alerts, whose tables the app `metrics` created."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [('metrics', '0006_alerts_have_an_app'), ('runs', '0008_squashed_0012_states')]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='AlertChannel',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('name', models.CharField(max_length=200)),
                        ('kind', models.CharField(max_length=64)),
                        ('url', models.TextField()),
                        ('secret', models.TextField(default='')),
                        ('enabled', models.BooleanField(default=True)),
                        ('created_at', models.FloatField()),
                        ('last_error', models.CharField(max_length=500, null=True)),
                    ],
                    options={
                        'db_table': 'metrics_alertchannel',
                    },
                ),
                migrations.CreateModel(
                    name='AlertRule',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('name', models.CharField(max_length=200)),
                        ('when', models.JSONField()),
                        ('where', models.TextField(default='')),
                        ('channels', models.JSONField(default=list)),
                        ('enabled', models.BooleanField(default=True)),
                        ('created_at', models.FloatField()),
                        ('changed_at', models.FloatField()),
                        ('last_fired_at', models.FloatField(null=True)),
                    ],
                    options={
                        'db_table': 'metrics_alertrule',
                    },
                ),
                migrations.CreateModel(
                    name='AlertEvent',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('title', models.CharField(max_length=200)),
                        ('level', models.CharField(default='warn', max_length=8)),
                        ('kind', models.CharField(max_length=16)),
                        ('subject', models.CharField(default='', max_length=255)),
                        ('at', models.FloatField()),
                        ('stored_at', models.FloatField()),
                        ('text', models.TextField()),
                        ('details', models.JSONField(default=dict)),
                        ('value', models.FloatField(null=True)),
                        ('acknowledged', models.BooleanField(default=False)),
                        ('episode', models.CharField(max_length=300, null=True, unique=True)),
                        ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='alert_events', to='runs.run')),
                        ('rule', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='events', to='alerts.alertrule')),
                    ],
                    options={
                        'db_table': 'metrics_alertevent',
                    },
                ),
                migrations.CreateModel(
                    name='AlertMemory',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('generation', models.IntegerField(default=0)),
                        ('judged', models.FloatField(default=0.0)),
                        ('content', models.TextField(default='{}')),
                        ('run', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='alert_memory', to='runs.run')),
                    ],
                    options={
                        'db_table': 'metrics_alertmemory',
                    },
                ),
                migrations.CreateModel(
                    name='AlertWatch',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('since', models.FloatField()),
                        ('alive_at', models.FloatField()),
                        ('off_from', models.FloatField(default=0.0)),
                        ('off_until', models.FloatField(default=0.0)),
                        ('root', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='alert_watch', to='runs.storageroot')),
                    ],
                    options={
                        'db_table': 'metrics_alertwatch',
                    },
                ),
                migrations.CreateModel(
                    name='AlertDelivery',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('status', models.CharField(default='pending', max_length=8)),
                        ('tries', models.IntegerField(default=0)),
                        ('due_at', models.FloatField()),
                        ('claim', models.CharField(default='', max_length=64)),
                        ('claimed_until', models.FloatField(default=0.0)),
                        ('channel', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='alerts.alertchannel')),
                        ('event', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='alerts.alertevent')),
                    ],
                    options={
                        'db_table': 'metrics_alertdelivery',
                        'indexes': [models.Index(condition=models.Q(('status', 'pending')), fields=['channel', 'due_at'], name='alert_due')],
                        'constraints': [models.UniqueConstraint(fields=('event', 'channel'), name='alert_once_per_channel')],
                    },
                ),
                migrations.AddIndex(
                    model_name='alertevent',
                    index=models.Index(condition=models.Q(('acknowledged', False), ('kind', 'fired')), fields=['-id'], name='alert_unseen'),
                ),
            ]
        )
    ]

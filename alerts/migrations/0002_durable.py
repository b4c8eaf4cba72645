"""Channels, rules, events and deliveries in the durable database; their tables in the index stay for older versions."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('alerts', '0001_initial')]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel(name)
                for name in ('AlertDelivery', 'AlertEvent', 'AlertRule', 'AlertChannel')
            ]
        ),
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
        ),
        migrations.CreateModel(
            name='AlertEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('root', models.CharField(max_length=4096)),
                ('run_id', models.CharField(default='', max_length=255)),
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
                ('identity', models.CharField(max_length=64, unique=True)),
                ('rule', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='events', to='alerts.alertrule')),
            ],
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
                'indexes': [models.Index(condition=models.Q(('status', 'pending')), fields=['channel', 'due_at'], name='delivery_due')],
                'constraints': [models.UniqueConstraint(fields=('event', 'channel'), name='once_per_channel')],
            },
        ),
        migrations.AddIndex(
            model_name='alertevent',
            index=models.Index(condition=models.Q(('acknowledged', False), ('kind', 'fired')), fields=['-id'], name='event_unseen'),
        ),
        migrations.AddIndex(
            model_name='alertevent',
            index=models.Index(fields=['root', 'run_id'], name='event_of_run'),
        ),
    ]

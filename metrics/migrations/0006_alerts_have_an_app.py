"""The models of alerts belong to the app `alerts`; their tables stay."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [("metrics", "0003_squashed_0005_alerts")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel(name)
                for name in ("AlertDelivery", "AlertEvent", "AlertMemory", "AlertWatch", "AlertRule", "AlertChannel")
            ]
        )
    ]

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("remote", "0001_squashed_0002_viewer_sessions")]

    operations = [migrations.RenameField("viewersession", "trouble", "error_message")]

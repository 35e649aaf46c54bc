"""The application may add to the log and to what a person said; it may not change or remove either."""

from django.conf import settings
from django.db import migrations

ADD_ONLY = ("privacy_event", "privacy_logleaf", "privacy_checkpoint", "privacy_sharereceipt")
KEPT = ("privacy_consent",)


def narrow(apps, schema_editor):
    role = settings.DB_APP_ROLE
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [role])
        if cursor.fetchone() is None:
            return
        name = schema_editor.quote_name(role)
        for table in ADD_ONLY:
            cursor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {name}")
        for table in KEPT:
            cursor.execute(f"REVOKE DELETE, TRUNCATE ON {table} FROM {name}")


class Migration(migrations.Migration):

    dependencies = [("privacy", "0002_consent")]

    operations = [migrations.RunPython(narrow, migrations.RunPython.noop)]

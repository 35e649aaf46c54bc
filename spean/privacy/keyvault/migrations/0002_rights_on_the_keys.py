"""The application may add and destroy data keys; it may not remove the row that proves it."""

from django.conf import settings
from django.db import migrations


def narrow(apps, schema_editor):
    role = settings.DB_APP_ROLE
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [role])
        if cursor.fetchone() is not None:
            name = schema_editor.quote_name(role)
            cursor.execute(f"REVOKE DELETE, TRUNCATE ON keyvault_datakey FROM {name}")


class Migration(migrations.Migration):

    dependencies = [("keyvault", "0001_data_keys")]

    operations = [migrations.RunPython(narrow, migrations.RunPython.noop)]

"""The application may have the table of data keys written anew, so that destroyed ones leave its file."""

from django.conf import settings
from django.db import migrations

FIRST_WITH_THE_RIGHT = 170000


def allow(apps, schema_editor):
    role = settings.DB_APP_ROLE
    if schema_editor.connection.pg_version < FIRST_WITH_THE_RIGHT:
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [role])
        if cursor.fetchone() is not None:
            name = schema_editor.quote_name(role)
            cursor.execute(f"GRANT MAINTAIN ON keyvault_datakey TO {name}")


class Migration(migrations.Migration):

    dependencies = [("keyvault", "0002_rights_on_the_keys")]

    operations = [migrations.RunPython(allow, migrations.RunPython.noop)]

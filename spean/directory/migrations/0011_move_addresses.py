"""Each address leaves its service and is sealed anew for the place where it now stands.

The bytes are bound to field and row, so that they cannot simply be copied. A key that is missing or a text that does
not open stops the migration before anything is changed.
"""

from django.db import migrations

from spean.privacy import vault


def move(apps, schema_editor):
    Service = apps.get_model("directory", "Service")
    ShelterLocation = apps.get_model("directory", "ShelterLocation")
    for service in Service.objects.all():
        sealed = service.address
        if sealed is not None:
            sealed = vault.move_sealed(
                service.pk, service.pk, sealed, frm="directory.Service.address", to="directory.ShelterLocation.address"
            )
        ShelterLocation.objects.create(id=service.pk, service=service, address=sealed)


class Migration(migrations.Migration):

    dependencies = [
        ('directory', '0010_shelter_locations'),
    ]

    operations = [migrations.RunPython(move)]

"""Initials in clear let a thief of the database guess every third family name; they are sealed like the names."""

from django.db import migrations

import spean.privacy.fields


class Migration(migrations.Migration):

    dependencies = [("people", "0001_first_tables")]

    operations = [
        # No installation holds people yet; whoever tried one gets initials back at the next correction.
        migrations.RemoveField("person", "initials"),
        migrations.AddField(
            "person", "initials", spean.privacy.fields.SealedField(blank=True, null=True, section="identity")
        ),
    ]

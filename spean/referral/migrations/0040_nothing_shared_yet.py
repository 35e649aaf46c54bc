import django.contrib.postgres.fields
from django.db import migrations, models

SECTIONS = ("identity", "contact", "whereabouts", "narrative", "health", "protection", "justice", "documents")


class Migration(migrations.Migration):

    dependencies = [("referral", "0001_first_tables")]

    operations = [
        migrations.AlterField(
            model_name="referral",
            name="sections",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(choices=[(name, name) for name in SECTIONS], max_length=20),
                blank=True,
                default=list,
                size=None,
            ),
        ),
    ]

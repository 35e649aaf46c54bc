
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0030_operational_facts'),
    ]

    operations = [
        migrations.AddField(
            model_name='case',
            name='erased_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]

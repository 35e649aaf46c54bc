from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('directory', '0011_move_addresses'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='service',
            name='address',
        ),
    ]

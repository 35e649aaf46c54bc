import django.db.models.deletion
import spean.lib.clock
import spean.privacy.fields
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0001_organisations_and_users'),
        ('cases', '0040_withdrawal_notices'),
    ]

    operations = [
        migrations.CreateModel(
            name='OperationalFact',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('place', spean.privacy.fields.SealedField(blank=True, long=True, null=True, section='justice')),
                ('time', spean.privacy.fields.SealedField(blank=True, null=True, section='justice')),
                ('plan', spean.privacy.fields.SealedField(blank=True, long=True, null=True, section='justice')),
                ('over_at', models.DateTimeField()),
                ('written_at', models.DateTimeField(default=spean.lib.clock.now)),
                ('version', models.PositiveIntegerField(default=1)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.organisation')),
                ('written_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-written_at', 'id'),
            },
        ),
        migrations.CreateModel(
            name='OperationReader',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_at', models.DateTimeField(default=spean.lib.clock.now)),
                ('until_at', models.DateTimeField(blank=True, null=True)),
                ('fact', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='readers', to='cases.operationalfact')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('from_at', 'id'),
            },
        ),
        migrations.AddIndex(
            model_name='operationalfact',
            index=models.Index(fields=['case'], name='operation_case'),
        ),
        migrations.AddConstraint(
            model_name='operationreader',
            constraint=models.UniqueConstraint(condition=models.Q(('until_at__isnull', True)), fields=('fact', 'user'), name='operation_reader_once'),
        ),
    ]


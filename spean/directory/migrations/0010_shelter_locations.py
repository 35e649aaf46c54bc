import django.db.models.deletion
import spean.lib.clock
import spean.privacy.fields
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0001_organisations_and_users'),
        ('cases', '0002_first_tables'),
        ('directory', '0001_first_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='ShelterLocation',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('address', spean.privacy.fields.SealedField(blank=True, long=True, null=True, section='whereabouts')),
                ('given_at', models.DateTimeField(default=spean.lib.clock.now)),
                ('service', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='location', to='directory.service')),
            ],
        ),
        migrations.CreateModel(
            name='LocationGrant',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('basis', models.CharField(choices=[('placement', 'placement'), ('shelter', 'shelter')], max_length=20)),
                ('basis_id', models.UUIDField(blank=True, null=True)),
                ('from_at', models.DateTimeField(default=spean.lib.clock.now)),
                ('until_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('case', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case')),
                ('closed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('granted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.organisation')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('location', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='directory.shelterlocation')),
            ],
            options={
                'ordering': ('-from_at', 'id'),
            },
        ),
        migrations.AddConstraint(
            model_name='shelterlocation',
            constraint=models.CheckConstraint(condition=models.Q(('id', models.F('service'))), name='location_is_of_its_service'),
        ),
        migrations.AddIndex(
            model_name='locationgrant',
            index=models.Index(fields=['location', 'until_at'], name='location_grant_open'),
        ),
        migrations.AddIndex(
            model_name='locationgrant',
            index=models.Index(fields=['basis_id'], name='location_grant_basis'),
        ),
        migrations.AddConstraint(
            model_name='locationgrant',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('organisation__isnull', True), ('user__isnull', False)), models.Q(('organisation__isnull', False), ('user__isnull', True)), _connector='OR'), name='location_grant_to_one'),
        ),
        migrations.AddConstraint(
            model_name='locationgrant',
            constraint=models.CheckConstraint(condition=models.Q(('until_at__gte', models.F('from_at'))), name='location_grant_ends_after_it_begins'),
        ),
        migrations.AddConstraint(
            model_name='locationgrant',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('basis', 'placement'), ('case__isnull', False), ('organisation__isnull', False)), models.Q(('basis', 'shelter'), ('case__isnull', True)), _connector='OR'), name='location_grant_basis'),
        ),
        migrations.AddConstraint(
            model_name='locationgrant',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('closed_by__isnull', True)), models.Q(('closed_at__isnull', False), ('closed_by__isnull', False), ('until_at__lte', models.F('closed_at'))), _connector='OR'), name='location_grant_closed_pair'),
        ),
    ]


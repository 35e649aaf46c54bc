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
        ('detection', '0001_first_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='Informant',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', spean.privacy.fields.SealedField(blank=True, null=True, section='identity')),
                ('phone', spean.privacy.fields.SealedField(blank=True, null=True, section='contact')),
                ('safe_times', spean.privacy.fields.SealedField(blank=True, long=True, null=True, section='contact')),
                ('received_at', models.DateTimeField(default=spean.lib.clock.now)),
                ('destroy_at', models.DateTimeField(db_index=True)),
                ('renewed_at', models.DateTimeField(blank=True, null=True)),
                ('renewal_reason', spean.privacy.fields.SealedField(blank=True, long=True, null=True, section='narrative')),
                ('destroyed_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.organisation')),
                ('received_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('renewed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-received_at', 'id'),
                'constraints': [models.UniqueConstraint(condition=models.Q(('destroyed_at__isnull', True)), fields=('case',), name='one_informant_per_case'), models.CheckConstraint(condition=models.Q(models.Q(('renewed_at__isnull', True), ('renewed_by__isnull', True)), models.Q(('renewed_at__isnull', False), ('renewed_by__isnull', False)), _connector='OR'), name='informant_renewed_pair'), models.CheckConstraint(condition=models.Q(('destroyed_at__isnull', True), models.Q(('name__isnull', True), ('phone__isnull', True), ('renewal_reason__isnull', True), ('safe_times__isnull', True)), _connector='OR'), name='informant_destroyed_is_empty')],
            },
        ),
    ]


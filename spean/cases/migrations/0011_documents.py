
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import spean.country.fields
import spean.lib.clock
import spean.privacy.fields
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0001_organisations_and_users'),
        ('cases', '0010_erased_at'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', spean.country.fields.CodeField(codelist='document_type', max_length=60)),
                ('title', spean.privacy.fields.SealedField(blank=True, null=True, section='documents')),
                ('media', models.CharField(choices=[('pdf', 'pdf'), ('jpeg', 'jpeg'), ('png', 'png'), ('webp', 'webp'), ('text', 'text')], max_length=10)),
                ('chunks', models.PositiveSmallIntegerField()),
                ('attached_at', models.DateTimeField(default=spean.lib.clock.now)),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('attached_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='cases.case')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.organisation')),
                ('removed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-attached_at', 'id'),
                'indexes': [models.Index(fields=['case'], name='document_case')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('removed_at__isnull', True), ('removed_by__isnull', True)), models.Q(('removed_at__isnull', False), ('removed_by__isnull', False)), _connector='OR'), name='document_removed_pair'), models.CheckConstraint(condition=models.Q(('media__in', {'jpeg': 'image/jpeg', 'pdf': 'application/pdf', 'png': 'image/png', 'text': 'text/plain; charset=utf-8', 'webp': 'image/webp'})), name='document_media_known'), models.CheckConstraint(condition=models.Q(('chunks__gte', 1)), name='document_has_chunks')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='document',
            trigger=pgtrigger.compiler.Trigger(name='as_attached', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."case_id" IS DISTINCT FROM (NEW."case_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."media" IS DISTINCT FROM (NEW."media") OR OLD."chunks" IS DISTINCT FROM (NEW."chunks") OR OLD."attached_at" IS DISTINCT FROM (NEW."attached_at") OR OLD."attached_by_id" IS DISTINCT FROM (NEW."attached_by_id") OR OLD."organisation_id" IS DISTINCT FROM (NEW."organisation_id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='9be4226400f9a2be0b94683769dd6370cd6d399a', operation='UPDATE', pgid='pgtrigger_as_attached_fe2a7', table='cases_document', when='BEFORE')),
        ),
    ]

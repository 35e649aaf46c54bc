import django.contrib.postgres.fields
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
import spean.lib.clock
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('size', models.BigIntegerField(primary_key=True, serialize=False)),
                ('root', models.BinaryField(max_length=32)),
                ('frontier', models.BinaryField()),
                ('note', models.TextField()),
                ('algorithm', models.PositiveSmallIntegerField()),
                ('made_at', models.DateTimeField()),
            ],
            options={
                'ordering': ('size',),
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('format', models.PositiveSmallIntegerField(default=1)),
                ('at', models.DateTimeField(default=spean.lib.clock.now)),
                ('written_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('actor_id', models.UUIDField(null=True)),
                ('organisation_id', models.UUIDField(null=True)),
                ('action', models.CharField(max_length=60)),
                ('object_type', models.CharField(blank=True, max_length=60)),
                ('object_id', models.UUIDField(null=True)),
                ('case_id', models.UUIDField(null=True)),
                ('subject', models.UUIDField(null=True)),
                ('fields', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), default=list, size=None)),
                ('purpose', models.CharField(blank=True, max_length=40)),
                ('facts', models.JSONField(default=dict)),
            ],
            options={
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='LogLeaf',
            fields=[
                ('index', models.BigIntegerField(primary_key=True, serialize=False)),
                ('event_id', models.BigIntegerField(unique=True)),
                ('hash', models.BinaryField(max_length=32)),
            ],
            options={
                'ordering': ('index',),
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='checkpoint',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='49492deec585c7ec8207f9b856b34a94ed4593f1', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_e1c6b', table='privacy_checkpoint', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('case_id__isnull', False)), fields=['case_id', 'id'], name='event_case'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('object_id__isnull', False)), fields=['object_id', 'id'], name='event_object'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('subject__isnull', False)), fields=['subject', 'id'], name='event_subject'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['actor_id', 'id'], name='event_actor'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='event',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='e5719ca20fdf93b6e86c58992eb63fc5c43b90e2', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_da4ba', table='privacy_event', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='logleaf',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='cf194c73f688c20555acf1e03a139081b5386316', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_3a985', table='privacy_logleaf', when='BEFORE')),
        ),
    ]

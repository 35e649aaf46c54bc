
import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import spean.country.fields
import spean.lib.clock
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0001_organisations_and_users'),
        ('cases', '0002_first_tables'),
        ('privacy', '0030_emergency_access'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LegalHold',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(max_length=20)),
                ('version', models.PositiveIntegerField(default=1)),
                ('ground', models.CharField(choices=[('criminal_case', 'criminal_case'), ('court_order', 'court_order'), ('compensation_claim', 'compensation_claim'), ('complaint', 'complaint')], max_length=30)),
                ('until_on', models.DateField(blank=True, null=True)),
                ('placed_at', models.DateTimeField(default=spean.lib.clock.now)),
                ('lifted_at', models.DateTimeField(blank=True, null=True)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='legal_holds', to='cases.case')),
                ('lifted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.organisation')),
                ('placed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('placed_at', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(editable=False, max_length=12, unique=True)),
                ('status', models.CharField(max_length=20)),
                ('version', models.PositiveIntegerField(default=1)),
                ('ground', models.CharField(choices=[('wish_of_person', 'wish_of_person'), ('retention', 'retention'), ('recorded_in_error', 'recorded_in_error')], max_length=30)),
                ('evidence', spean.country.fields.CodeField(blank=True, codelist='consent_evidence', max_length=60)),
                ('requested_at', models.DateTimeField(default=spean.lib.clock.now)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('decline_reason', models.CharField(blank=True, choices=[('wish_not_clear', 'wish_not_clear'), ('needed_by_law', 'needed_by_law'), ('wrong_person', 'wrong_person')], max_length=30)),
                ('subjects', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, size=None)),
                ('erased_at', models.DateTimeField(blank=True, null=True)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='erasures', to='cases.case')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.organisation')),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-requested_at', 'id'),
                'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'requested')), fields=('case',), name='erasure_requested_once'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True)), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='erasure_decided_pair'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'confirmed'), _negated=True), models.Q(('decided_by__isnull', False), models.Q(('decided_by', models.F('requested_by')), _negated=True), ('subjects__len__gt', 0)), _connector='OR'), name='erasure_confirmed_by_another'), models.CheckConstraint(condition=models.Q(('erased_at__isnull', True), ('status', 'confirmed'), _connector='OR'), name='erasure_only_when_confirmed'), models.CheckConstraint(condition=models.Q(('ground__in', ('wish_of_person', 'retention', 'recorded_in_error'))), name='erasure_ground_known')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='erasure',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{requested:withdrawn,requested:declined,requested:confirmed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='f34e2821c56d8ec48bfcf3cae9ba04e08ceb018a', operation='UPDATE', pgid='pgtrigger_status_moves_9dbc9', table='privacy_erasure', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='erasure',
            trigger=pgtrigger.compiler.Trigger(name='status_starts', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.status NOT IN ('requested') THEN RAISE EXCEPTION 'a new row of privacy.Erasure cannot begin as %', NEW.status; END IF; RETURN NEW;", hash='1433a94e2ccb9cace544a6b1d208601a6a6cf7eb', operation='INSERT', pgid='pgtrigger_status_starts_2f2b0', table='privacy_erasure', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='erasure',
            trigger=pgtrigger.compiler.Trigger(name='never_removed', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='9c4cafe4505e6ce4e747827d4f601294efdb7586', operation='DELETE', pgid='pgtrigger_never_removed_da4e4', table='privacy_erasure', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='erasure',
            trigger=pgtrigger.compiler.Trigger(name='as_requested', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."code" IS DISTINCT FROM (NEW."code") OR OLD."case_id" IS DISTINCT FROM (NEW."case_id") OR OLD."ground" IS DISTINCT FROM (NEW."ground") OR OLD."evidence" IS DISTINCT FROM (NEW."evidence") OR OLD."requested_at" IS DISTINCT FROM (NEW."requested_at") OR OLD."requested_by_id" IS DISTINCT FROM (NEW."requested_by_id") OR OLD."organisation_id" IS DISTINCT FROM (NEW."organisation_id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='7ff0af8f95b1ce87c617d9f979f0482c25591b6a', operation='UPDATE', pgid='pgtrigger_as_requested_48c03', table='privacy_erasure', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='legalhold',
            index=models.Index(fields=['case'], name='legal_hold_case'),
        ),
        migrations.AddConstraint(
            model_name='legalhold',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('lifted_at__isnull', True), ('lifted_by__isnull', True), ('status', 'standing')), models.Q(('lifted_at__isnull', False), ('lifted_by__isnull', False), ('status', 'lifted')), _connector='OR'), name='legal_hold_lifted_pair'),
        ),
        migrations.AddConstraint(
            model_name='legalhold',
            constraint=models.CheckConstraint(condition=models.Q(('ground__in', ('criminal_case', 'court_order', 'compensation_claim', 'complaint'))), name='legal_hold_ground_known'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='legalhold',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{standing:lifted}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='81d7a27081624f42f7bc82a2a6c870f2139c7d31', operation='UPDATE', pgid='pgtrigger_status_moves_2b271', table='privacy_legalhold', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='legalhold',
            trigger=pgtrigger.compiler.Trigger(name='status_starts', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.status NOT IN ('standing') THEN RAISE EXCEPTION 'a new row of privacy.LegalHold cannot begin as %', NEW.status; END IF; RETURN NEW;", hash='a71b4501968965452ac20afa27b56d750d95ab64', operation='INSERT', pgid='pgtrigger_status_starts_9613b', table='privacy_legalhold', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='legalhold',
            trigger=pgtrigger.compiler.Trigger(name='never_removed', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='23148a354f39b736ecd734516a4ab79c6d3dc587', operation='DELETE', pgid='pgtrigger_never_removed_53be3', table='privacy_legalhold', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='legalhold',
            trigger=pgtrigger.compiler.Trigger(name='as_placed', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."case_id" IS DISTINCT FROM (NEW."case_id") OR OLD."ground" IS DISTINCT FROM (NEW."ground") OR OLD."until_on" IS DISTINCT FROM (NEW."until_on") OR OLD."placed_at" IS DISTINCT FROM (NEW."placed_at") OR OLD."placed_by_id" IS DISTINCT FROM (NEW."placed_by_id") OR OLD."organisation_id" IS DISTINCT FROM (NEW."organisation_id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='b2e0358b7ebd3a2c75caf73030e1f4ace9d6c0c2', operation='UPDATE', pgid='pgtrigger_as_placed_e51cd', table='privacy_legalhold', when='BEFORE')),
        ),
    ]

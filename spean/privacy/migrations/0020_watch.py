"""Alerts for the auditor, canary persons, extensions of the daily budget; what the counting and the leak review ask."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import spean.lib.clock
import spean.privacy.fields
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0001_organisations_and_users'),
        ('privacy', '0003_rights_on_the_log'),
    ]

    operations = [
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('canary_opened', 'canary_opened'), ('canary_refused', 'canary_refused'), ('canary_looked_at', 'canary_looked_at'), ('canary_passed_on', 'canary_passed_on'), ('refusals', 'refusals'), ('over_budget', 'over_budget')], max_length=30)),
                ('status', models.CharField(default='open', max_length=20)),
                ('version', models.PositiveIntegerField(default=1)),
                ('at', models.DateTimeField(default=spean.lib.clock.now)),
                ('event_id', models.BigIntegerField()),
                ('actor_id', models.UUIDField(blank=True, null=True)),
                ('organisation_id', models.UUIDField(blank=True, null=True)),
                ('finding', models.CharField(blank=True, choices=[('misuse', 'misuse'), ('mistake', 'mistake'), ('in_order', 'in_order'), ('not_clear', 'not_clear')], max_length=20)),
                ('cleared_at', models.DateTimeField(blank=True, null=True)),
                ('cleared_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-at', 'id'),
                'indexes': [models.Index(fields=['actor_id', 'kind', 'at'], name='alert_actor')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('cleared_at__isnull', True), ('cleared_by__isnull', True), ('finding', ''), ('status', 'open')), models.Q(('cleared_at__isnull', False), ('cleared_by__isnull', False), ('status', 'cleared'), models.Q(('finding', ''), _negated=True)), _connector='OR'), name='alert_cleared_with_finding')],
            },
        ),
        migrations.CreateModel(
            name='Canary',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('digest', models.BinaryField(max_length=32, unique=True)),
                ('case_code', spean.privacy.fields.SealedField(blank=True, null=True, section='documents')),
            ],
            options={
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='BudgetExtension',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('day', models.DateField()),
                ('persons', models.PositiveSmallIntegerField()),
                ('reason', models.CharField(choices=[('many_arrivals', 'many_arrivals'), ('stands_in_for_colleague', 'stands_in_for_colleague'), ('review_of_files', 'review_of_files'), ('other_urgent_work', 'other_urgent_work')], max_length=30)),
                ('granted_at', models.DateTimeField(default=spean.lib.clock.now)),
                ('granted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.organisation')),
            ],
            options={
                'ordering': ('-granted_at', 'id'),
                'constraints': [models.UniqueConstraint(fields=('user', 'day'), name='one_extension_a_day'), models.CheckConstraint(condition=models.Q(('granted_by', models.F('user')), _negated=True), name='extension_by_another')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='alert',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{open:cleared}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='9bcdead5b697859e457f77d07292794ea5e833ab', operation='UPDATE', pgid='pgtrigger_status_moves_c5df0', table='privacy_alert', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='alert',
            trigger=pgtrigger.compiler.Trigger(name='never_removed', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='460b8046ee18ec411045820811c90f63b8610d35', operation='DELETE', pgid='pgtrigger_never_removed_d2018', table='privacy_alert', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='alert',
            trigger=pgtrigger.compiler.Trigger(name='what_happened_stays', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."at" IS DISTINCT FROM (NEW."at") OR OLD."event_id" IS DISTINCT FROM (NEW."event_id") OR OLD."actor_id" IS DISTINCT FROM (NEW."actor_id") OR OLD."organisation_id" IS DISTINCT FROM (NEW."organisation_id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='66526245ad2e72fdc712a96106f42975b8f6cc71', operation='UPDATE', pgid='pgtrigger_what_happened_stays_7e319', table='privacy_alert', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='canary',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='21ae3851e8b2c0fb29347ccbcecb6dc35eeaa404', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_9c0b1', table='privacy_canary', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='budgetextension',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='bf52f3b115f565bf46b6f4c058eea27c57d6e18b', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_0e764', table='privacy_budgetextension', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('action__in', ('identity.revealed', 'content.read'))), fields=['actor_id', 'at'], name='event_opened'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=django.contrib.postgres.indexes.GinIndex(condition=models.Q(('action', 'people.searched')), fields=['facts'], name='event_search', opclasses=['jsonb_path_ops']),
        ),
    ]

import datetime
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
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
        ('cases', '0002_first_tables'),
        ('privacy', '0041_witnesses_of_the_log'),
    ]

    operations = [
        migrations.CreateModel(
            name='EmergencyAccess',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(max_length=20)),
                ('version', models.PositiveIntegerField(default=1)),
                ('reason', models.CharField(choices=[('danger_to_life', 'danger_to_life'), ('medical_emergency', 'medical_emergency'), ('person_missing', 'person_missing'), ('removal_imminent', 'removal_imminent')], max_length=30)),
                ('sections', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('identity', 'identity'), ('contact', 'contact'), ('whereabouts', 'whereabouts'), ('narrative', 'narrative'), ('health', 'health'), ('protection', 'protection'), ('justice', 'justice'), ('documents', 'documents')], max_length=20), size=None)),
                ('wanted', spean.privacy.fields.SealedField(blank=True, null=True, section='identity')),
                ('text', spean.privacy.fields.SealedField(blank=True, long=True, null=True, section='narrative')),
                ('alone', models.BooleanField(default=False)),
                ('asked_at', models.DateTimeField(default=spean.lib.clock.now)),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('from_at', models.DateTimeField(blank=True, null=True)),
                ('until_at', models.DateTimeField(blank=True, null=True)),
                ('review_by', models.DateTimeField(blank=True, null=True)),
                ('finding', spean.privacy.fields.SealedField(blank=True, long=True, null=True, section='narrative')),
                ('reviewed_at', models.DateTimeField(blank=True, null=True)),
                ('answered_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='emergency_accesses', to='cases.case')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.organisation')),
                ('reviewed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('second', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-asked_at', 'id'),
            },
        ),
        migrations.CreateModel(
            name='EmergencyNotice',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=spean.lib.clock.now)),
                ('mailed_at', models.DateTimeField(blank=True, null=True)),
                ('access', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='privacy.emergencyaccess')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('created_at', 'id'),
            },
        ),
        migrations.AddIndex(
            model_name='emergencyaccess',
            index=models.Index(fields=['asked_by', 'status'], name='emergency_asked_by'),
        ),
        migrations.AddConstraint(
            model_name='emergencyaccess',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answered_at__isnull', True), ('answered_by__isnull', True)), models.Q(('answered_at__isnull', False), ('answered_by__isnull', False)), _connector='OR'), name='emergency_answered_pair'),
        ),
        migrations.AddConstraint(
            model_name='emergencyaccess',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('reviewed_at__isnull', True), ('reviewed_by__isnull', True)), models.Q(('reviewed_at__isnull', False), ('reviewed_by__isnull', False), models.Q(('reviewed_by', models.F('asked_by')), _negated=True)), _connector='OR'), name='emergency_reviewed_by_another'),
        ),
        migrations.AddConstraint(
            model_name='emergencyaccess',
            constraint=models.CheckConstraint(condition=models.Q(('answered_by__isnull', True), models.Q(('answered_by', models.F('asked_by')), _negated=True), _connector='OR'), name='emergency_never_confirmed_by_oneself'),
        ),
        migrations.AddConstraint(
            model_name='emergencyaccess',
            constraint=models.CheckConstraint(condition=models.Q(('second__isnull', True), models.Q(('second', models.F('asked_by')), _negated=True), _connector='OR'), name='emergency_second_is_another'),
        ),
        migrations.AddConstraint(
            model_name='emergencyaccess',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('alone', False), ('reason', 'danger_to_life')), models.Q(('sections__contains', ['whereabouts']), _negated=True), _connector='OR'), name='emergency_place_only_for_life'),
        ),
        migrations.AddConstraint(
            model_name='emergencyaccess',
            constraint=models.CheckConstraint(condition=models.Q(('alone', False), ('sections__contained_by', ['contact']), _connector='OR'), name='emergency_alone_contact_only'),
        ),
        migrations.AddConstraint(
            model_name='emergencyaccess',
            constraint=models.CheckConstraint(condition=models.Q(('sections__contained_by', ['identity', 'contact', 'narrative', 'whereabouts']), ('sections__len__gt', 0)), name='emergency_sections'),
        ),
        migrations.AddConstraint(
            model_name='emergencyaccess',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('from_at__isnull', True), ('review_by__isnull', True), ('until_at__isnull', True)), models.Q(('from_at__isnull', False), ('review_by__isnull', False), ('until_at__isnull', False), ('until_at__lte', django.db.models.expressions.CombinedExpression(models.F('from_at'), '+', models.Value(datetime.timedelta(seconds=14400))))), _connector='OR'), name='emergency_four_hours'),
        ),
        migrations.AddConstraint(
            model_name='emergencyaccess',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ('granted', 'justified')), _negated=True), ('from_at__isnull', False), _connector='OR'), name='emergency_granted_has_time'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='emergencyaccess',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{asked:granted,asked:refused,granted:justified,granted:not_justified}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='c6f6f5cf4f4a1ea8134553bfbcbee7c16b007c63', operation='UPDATE', pgid='pgtrigger_status_moves_e1685', table='privacy_emergencyaccess', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='emergencyaccess',
            trigger=pgtrigger.compiler.Trigger(name='status_starts', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.status NOT IN ('asked', 'granted') THEN RAISE EXCEPTION 'a new row of privacy.EmergencyAccess cannot begin as %', NEW.status; END IF; RETURN NEW;", hash='657317eacc7f77aeb8ca6353521d012aac54271b', operation='INSERT', pgid='pgtrigger_status_starts_4eaca', table='privacy_emergencyaccess', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='emergencyaccess',
            trigger=pgtrigger.compiler.Trigger(name='never_removed', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='31660bba50cdc54e425a7aef7a9b4ce029316d70', operation='DELETE', pgid='pgtrigger_never_removed_ec72b', table='privacy_emergencyaccess', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='emergencyaccess',
            trigger=pgtrigger.compiler.Trigger(name='what_was_asked_stays', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."case_id" IS DISTINCT FROM (NEW."case_id") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."sections" IS DISTINCT FROM (NEW."sections") OR OLD."alone" IS DISTINCT FROM (NEW."alone") OR OLD."asked_at" IS DISTINCT FROM (NEW."asked_at") OR OLD."asked_by_id" IS DISTINCT FROM (NEW."asked_by_id") OR OLD."organisation_id" IS DISTINCT FROM (NEW."organisation_id") OR OLD."second_id" IS DISTINCT FROM (NEW."second_id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='a735ddfc3a21c5367d3871e73d510e968593d0f2', operation='UPDATE', pgid='pgtrigger_what_was_asked_stays_e5e61', table='privacy_emergencyaccess', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='emergencyaccess',
            trigger=pgtrigger.compiler.Trigger(name='words_stay', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF (OLD.wanted, OLD.text) IS DISTINCT FROM (NEW.wanted, NEW.text) THEN RAISE EXCEPTION 'what was written in an emergency stays'; END IF; RETURN NEW;", hash='081c7484fc18e03df7e890de6d54b30807ded872', operation='UPDATE', pgid='pgtrigger_words_stay_e35eb', table='privacy_emergencyaccess', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='emergencynotice',
            index=models.Index(condition=models.Q(('mailed_at__isnull', True)), fields=['created_at'], name='emergency_notice_waiting'),
        ),
        migrations.AddConstraint(
            model_name='emergencynotice',
            constraint=models.UniqueConstraint(fields=('access', 'user'), name='emergency_notice_once'),
        ),
    ]


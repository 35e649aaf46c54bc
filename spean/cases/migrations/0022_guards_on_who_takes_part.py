"""Triggers, constraints and indexes of who takes part."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('cases', '0021_open_parts_run_out'),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name='exclusion',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{active:lift_asked,lift_asked:lifted,lift_asked:active}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='60df204e83c7141ab41e52067bce9b95bf7c7654', operation='UPDATE', pgid='pgtrigger_status_moves_e7b94', table='cases_exclusion', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='exclusion',
            trigger=pgtrigger.compiler.Trigger(name='status_starts', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.status NOT IN ('active') THEN RAISE EXCEPTION 'a new row of cases.Exclusion cannot begin as %', NEW.status; END IF; RETURN NEW;", hash='9ef32dc78493da9a28a9dd006caded0173437d46', operation='INSERT', pgid='pgtrigger_status_starts_e50b3', table='cases_exclusion', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='involvement',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{open:ended}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='c4b9ca3dc138837bffa5e69944da8e01347cdf06', operation='UPDATE', pgid='pgtrigger_status_moves_600c4', table='cases_involvement', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='exclusion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('asked_at__isnull', True), ('asked_by__isnull', True)), models.Q(('asked_at__isnull', False), ('asked_by__isnull', False)), _connector='OR'), name='exclusion_asked_pair'),
        ),
        migrations.AddConstraint(
            model_name='exclusion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('lifted_at__isnull', False), ('status', 'lifted')), models.Q(models.Q(('status', 'lifted'), _negated=True), ('lifted_at__isnull', True)), _connector='OR'), name='exclusion_lifted_status'),
        ),
        migrations.AddConstraint(
            model_name='exclusion',
            constraint=models.CheckConstraint(condition=models.Q(('lifted_by__isnull', True), models.Q(models.Q(('lifted_by', models.F('created_by')), _negated=True), models.Q(('lifted_by', models.F('asked_by')), _negated=True)), _connector='OR'), name='exclusion_lifted_by_second_person'),
        ),
        migrations.AddConstraint(
            model_name='involvement',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'ended'), _negated=True), ('until_at__isnull', False), _connector='OR'), name='involvement_ended_since'),
        ),
        migrations.AddIndex(
            model_name='conference',
            index=models.Index(fields=['case'], name='conference_case'),
        ),
        migrations.AddConstraint(
            model_name='conference',
            constraint=models.CheckConstraint(condition=models.Q(('until_at__gte', models.F('meets_at'))), name='conference_ends_after_it_meets'),
        ),
        migrations.AddConstraint(
            model_name='conference',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('recorded_at__isnull', True), ('recorded_by__isnull', True)), models.Q(('recorded_at__isnull', False), ('recorded_by__isnull', False)), _connector='OR'), name='conference_recorded_pair'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='conference',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{called:held,called:cancelled}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='0a9366bd3c6dc40d71599673c2d2e9ac417516a9', operation='UPDATE', pgid='pgtrigger_status_moves_568b3', table='cases_conference', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='conference',
            trigger=pgtrigger.compiler.Trigger(name='status_starts', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.status NOT IN ('called') THEN RAISE EXCEPTION 'a new row of cases.Conference cannot begin as %', NEW.status; END IF; RETURN NEW;", hash='2a70fdd127f28bd5dfcbe42326de67b754f118f7', operation='INSERT', pgid='pgtrigger_status_starts_33ec7', table='cases_conference', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='handover',
            index=models.Index(fields=['to_organisation', 'status'], name='hand_over_inbox'),
        ),
        migrations.AddConstraint(
            model_name='handover',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'offered')), fields=('case',), name='one_waiting_hand_over'),
        ),
        migrations.AddConstraint(
            model_name='handover',
            constraint=models.CheckConstraint(condition=models.Q(('to_organisation', models.F('from_organisation')), _negated=True), name='hand_over_to_another'),
        ),
        migrations.AddConstraint(
            model_name='handover',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answered_at__isnull', True), ('answered_by__isnull', True)), models.Q(('answered_at__isnull', False), ('answered_by__isnull', False)), _connector='OR'), name='hand_over_answered_pair'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='handover',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{offered:accepted,offered:declined,offered:withdrawn}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='6af230ea15ebd0bae1a835a3765e11d9bc3eb25d', operation='UPDATE', pgid='pgtrigger_status_moves_9bf9c', table='cases_handover', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='handover',
            trigger=pgtrigger.compiler.Trigger(name='status_starts', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.status NOT IN ('offered') THEN RAISE EXCEPTION 'a new row of cases.HandOver cannot begin as %', NEW.status; END IF; RETURN NEW;", hash='e47d44a306a670f2f1175d489d5b294e98f5da57', operation='INSERT', pgid='pgtrigger_status_starts_f397c', table='cases_handover', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='invitation',
            index=models.Index(fields=['user', 'status'], name='invitation_user'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'invited')), fields=('conference', 'user'), name='one_invitation_each'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('withdrawn_at__isnull', True), ('withdrawn_by__isnull', True)), models.Q(('withdrawn_at__isnull', False), ('withdrawn_by__isnull', False)), _connector='OR'), name='invitation_withdrawn_pair'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invitation',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{invited:withdrawn}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='fee1a684dc96c303b3dc7014ddc04db102fb8cfe', operation='UPDATE', pgid='pgtrigger_status_moves_85385', table='cases_invitation', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invitation',
            trigger=pgtrigger.compiler.Trigger(name='status_starts', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.status NOT IN ('invited') THEN RAISE EXCEPTION 'a new row of cases.Invitation cannot begin as %', NEW.status; END IF; RETURN NEW;", hash='a1e21d258ab27b64d43c1db2cc253f926975d3ec', operation='INSERT', pgid='pgtrigger_status_starts_3afa1', table='cases_invitation', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='reason',
            index=models.Index(fields=['object_id'], name='reason_object'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='reason',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='d5520b50c145f6e34b09ce3ee140428bad233bbc', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_00bc8', table='cases_reason', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='suspect',
            index=models.Index(fields=['case'], name='suspect_case'),
        ),
        migrations.AddConstraint(
            model_name='suspect',
            constraint=models.CheckConstraint(condition=models.Q(('organisation__isnull', True), ('user__isnull', True), _connector='OR'), name='suspect_of_one'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='suspect',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{recorded:cleared}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='e942a56ae233df9250b3d4843751cd7d537c1f0a', operation='UPDATE', pgid='pgtrigger_status_moves_ddb35', table='cases_suspect', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='suspect',
            trigger=pgtrigger.compiler.Trigger(name='status_starts', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.status NOT IN ('recorded') THEN RAISE EXCEPTION 'a new row of cases.Suspect cannot begin as %', NEW.status; END IF; RETURN NEW;", hash='28db9a92cceee070d497744e27783978d2b0657c', operation='INSERT', pgid='pgtrigger_status_starts_5c4fe', table='cases_suspect', when='BEFORE')),
        ),
    ]

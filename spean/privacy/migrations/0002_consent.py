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
        ('privacy', '0001_event_log'),
        ('access', '__first__'),
        ('cases', '__first__'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(max_length=20)),
                ('version', models.PositiveIntegerField(default=1)),
                ('ground', models.CharField(choices=[('consent', 'consent'), ('best_interests', 'best_interests'), ('court_order', 'court_order'), ('danger_to_life', 'danger_to_life')], default='consent', max_length=20)),
                ('purpose', spean.country.fields.CodeField(codelist='consent_purpose', max_length=60)),
                ('classes', spean.country.fields.CodesField(blank=True, codelist='information_class', default=list, size=None)),
                ('given_by', models.CharField(choices=[('person', 'person'), ('guardian', 'guardian'), ('authorised_adult', 'authorised_adult')], default='person', max_length=20)),
                ('guardian_is_not_suspect', models.BooleanField(default=False)),
                ('language', spean.country.fields.CodeField(blank=True, codelist='language', max_length=60)),
                ('interpreter', models.BooleanField(default=False)),
                ('interpreter_not_from_scene', models.BooleanField(default=False)),
                ('told_interview', models.BooleanField(default=False)),
                ('told_purpose', models.BooleanField(default=False)),
                ('told_uses', models.BooleanField(default=False)),
                ('told_research', models.BooleanField(default=False)),
                ('told_access', models.BooleanField(default=False)),
                ('told_retention', models.BooleanField(default=False)),
                ('told_withdrawal', models.BooleanField(default=False)),
                ('evidence', spean.country.fields.CodeField(blank=True, codelist='consent_evidence', max_length=60)),
                ('valid_until', models.DateField(blank=True, null=True)),
                ('given_at', models.DateTimeField(default=spean.lib.clock.now)),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('given_at', 'id'),
            },
        ),
        migrations.CreateModel(
            name='ShareReceipt',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(editable=False, max_length=12, unique=True)),
                ('purpose', spean.country.fields.CodeField(codelist='consent_purpose', max_length=60)),
                ('asked', spean.country.fields.CodesField(codelist='information_class', default=list, size=None)),
                ('shared', spean.country.fields.CodesField(codelist='information_class', default=list, size=None)),
                ('consents', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
                ('shared_at', models.DateTimeField(default=spean.lib.clock.now)),
            ],
            options={
                'ordering': ('shared_at', 'id'),
            },
        ),
        migrations.AddField(
            model_name='consent',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consents', to='cases.case'),
        ),
        migrations.AddField(
            model_name='consent',
            name='confirmed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='consent',
            name='recipient',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.organisation'),
        ),
        migrations.AddField(
            model_name='consent',
            name='recorded_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='consent',
            name='recorded_organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.organisation'),
        ),
        migrations.AddField(
            model_name='consent',
            name='withdrawn_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='sharereceipt',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='share_receipts', to='cases.case'),
        ),
        migrations.AddField(
            model_name='sharereceipt',
            name='organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.organisation'),
        ),
        migrations.AddField(
            model_name='sharereceipt',
            name='recipient',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.organisation'),
        ),
        migrations.AddField(
            model_name='sharereceipt',
            name='shared_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='consent',
            index=models.Index(fields=['case', 'purpose'], name='consent_case_purpose'),
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'withdrawn'), ('withdrawn_at__isnull', False), ('withdrawn_by__isnull', False)), models.Q(models.Q(('status', 'withdrawn'), _negated=True), ('withdrawn_at__isnull', True), ('withdrawn_by__isnull', True)), _connector='OR'), name='consent_withdrawn_pair'),
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at__isnull', True), ('confirmed_by__isnull', True)), models.Q(('confirmed_at__isnull', False), ('confirmed_by__isnull', False), models.Q(('confirmed_by', models.F('recorded_by')), _negated=True)), _connector='OR'), name='consent_confirmed_by_another'),
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'refused'), ('classes__len__gt', 0), _connector='OR'), name='consent_names_classes'),
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'refused'), models.Q(('ground', 'consent'), _negated=True), ('given_by', 'person'), ('guardian_is_not_suspect', True), _connector='OR'), name='consent_guardian_not_suspect'),
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'refused'), ('interpreter', False), ('interpreter_not_from_scene', True), _connector='OR'), name='consent_interpreter_not_from_scene'),
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=models.CheckConstraint(condition=models.Q(('ground__in', ('consent', 'best_interests', 'court_order', 'danger_to_life'))), name='consent_ground_known'),
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=models.CheckConstraint(condition=models.Q(('given_by__in', ('person', 'guardian', 'authorised_adult'))), name='consent_giver_known'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='consent',
            trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{given:withdrawn}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='57432d9e7afb715fe0bc6c1a647d6746cbc56d4b', operation='UPDATE', pgid='pgtrigger_status_moves_24d78', table='privacy_consent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='consent',
            trigger=pgtrigger.compiler.Trigger(name='status_starts', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.status NOT IN ('given', 'refused') THEN RAISE EXCEPTION 'a new row of privacy.Consent cannot begin as %', NEW.status; END IF; RETURN NEW;", hash='acc049ca1aa93882dfc7418ee29a332c91dd5274', operation='INSERT', pgid='pgtrigger_status_starts_9f8fa', table='privacy_consent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='consent',
            trigger=pgtrigger.compiler.Trigger(name='never_removed', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='356801ca03c5bfba43cc73b8aae9ac793cdee51f', operation='DELETE', pgid='pgtrigger_never_removed_1adda', table='privacy_consent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='consent',
            trigger=pgtrigger.compiler.Trigger(name='her_words_stay', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."case_id" IS DISTINCT FROM (NEW."case_id") OR OLD."ground" IS DISTINCT FROM (NEW."ground") OR OLD."purpose" IS DISTINCT FROM (NEW."purpose") OR OLD."recipient_id" IS DISTINCT FROM (NEW."recipient_id") OR OLD."classes" IS DISTINCT FROM (NEW."classes") OR OLD."given_by" IS DISTINCT FROM (NEW."given_by") OR OLD."guardian_is_not_suspect" IS DISTINCT FROM (NEW."guardian_is_not_suspect") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."interpreter" IS DISTINCT FROM (NEW."interpreter") OR OLD."interpreter_not_from_scene" IS DISTINCT FROM (NEW."interpreter_not_from_scene") OR OLD."told_interview" IS DISTINCT FROM (NEW."told_interview") OR OLD."told_purpose" IS DISTINCT FROM (NEW."told_purpose") OR OLD."told_uses" IS DISTINCT FROM (NEW."told_uses") OR OLD."told_research" IS DISTINCT FROM (NEW."told_research") OR OLD."told_access" IS DISTINCT FROM (NEW."told_access") OR OLD."told_retention" IS DISTINCT FROM (NEW."told_retention") OR OLD."told_withdrawal" IS DISTINCT FROM (NEW."told_withdrawal") OR OLD."evidence" IS DISTINCT FROM (NEW."evidence") OR OLD."valid_until" IS DISTINCT FROM (NEW."valid_until") OR OLD."given_at" IS DISTINCT FROM (NEW."given_at") OR OLD."recorded_by_id" IS DISTINCT FROM (NEW."recorded_by_id") OR OLD."recorded_organisation_id" IS DISTINCT FROM (NEW."recorded_organisation_id"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='d32482f2dee25e6f29f6c55921fca0d28d8be6f6', operation='UPDATE', pgid='pgtrigger_her_words_stay_744df', table='privacy_consent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='sharereceipt',
            constraint=models.CheckConstraint(condition=models.Q(('shared__contained_by', models.F('asked')), ('shared__len__gt', 0)), name='receipt_shared_was_asked'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='sharereceipt',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='2a21d7c96e849dca309102db5c6bc941948d3a66', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_d38d4', table='privacy_sharereceipt', when='BEFORE')),
        ),
    ]

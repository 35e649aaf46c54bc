"""Suspects, reasons, hand-overs, conferences; involvements and exclusions get a lifecycle; reminders."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import spean.country.fields
import spean.lib.clock
import spean.privacy.fields


class Migration(migrations.Migration):
    dependencies = [
        ('access', '0001_organisations_and_users'),
        ('cases', '0002_first_tables'),
        ('privacy', '0002_consent'),
    ]

    operations = [
        migrations.CreateModel(
            name='Conference',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(default='called', max_length=10)),
                ('version', models.PositiveIntegerField(default=1)),
                ('purpose', models.CharField(choices=[('safety', 'safety'), ('services', 'services'), ('return', 'return'), ('justice', 'justice'), ('other', 'other')], max_length=20)),
                ('sections', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('identity', 'identity'), ('contact', 'contact'), ('whereabouts', 'whereabouts'), ('narrative', 'narrative'), ('health', 'health'), ('protection', 'protection'), ('justice', 'justice'), ('documents', 'documents')], max_length=20), blank=True, default=list, size=None)),
                ('meets_at', models.DateTimeField()),
                ('until_at', models.DateTimeField()),
                ('called_at', models.DateTimeField(default=spean.lib.clock.now)),
                ('record', spean.privacy.fields.SealedField(blank=True, long=True, null=True, section='protection')),
                ('recorded_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('-meets_at', 'id'),
            },
        ),
        migrations.CreateModel(
            name='HandOver',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(default='offered', max_length=10)),
                ('version', models.PositiveIntegerField(default=1)),
                ('sections', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('identity', 'identity'), ('contact', 'contact'), ('whereabouts', 'whereabouts'), ('narrative', 'narrative'), ('health', 'health'), ('protection', 'protection'), ('justice', 'justice'), ('documents', 'documents')], max_length=20), default=list, size=None)),
                ('offered_at', models.DateTimeField(default=spean.lib.clock.now)),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('-offered_at', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(default='invited', max_length=10)),
                ('version', models.PositiveIntegerField(default=1)),
                ('sections', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('identity', 'identity'), ('contact', 'contact'), ('whereabouts', 'whereabouts'), ('narrative', 'narrative'), ('health', 'health'), ('protection', 'protection'), ('justice', 'justice'), ('documents', 'documents')], max_length=20), blank=True, default=list, size=None)),
                ('invited_at', models.DateTimeField(default=spean.lib.clock.now)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('invited_at', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Reason',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('verb', models.CharField(max_length=40)),
                ('object_id', models.UUIDField()),
                ('text', spean.privacy.fields.SealedField(blank=True, long=True, null=True, section='protection')),
                ('written_at', models.DateTimeField(default=spean.lib.clock.now)),
            ],
            options={
                'ordering': ('-written_at', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Suspect',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(default='recorded', max_length=10)),
                ('version', models.PositiveIntegerField(default=1)),
                ('role', spean.country.fields.CodeField(codelist='suspect_role', max_length=60)),
                ('name', spean.privacy.fields.SealedField(blank=True, null=True, section='justice')),
                ('description', spean.privacy.fields.SealedField(blank=True, long=True, null=True, section='justice')),
                ('recorded_at', models.DateTimeField(default=spean.lib.clock.now)),
            ],
            options={
                'ordering': ('recorded_at', 'id'),
            },
        ),
        migrations.AddField(
            model_name='exclusion',
            name='asked_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='exclusion',
            name='asked_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='exclusion',
            name='status',
            field=models.CharField(default='active', max_length=12),
        ),
        migrations.AddField(
            model_name='exclusion',
            name='version',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='involvement',
            name='status',
            field=models.CharField(default='open', max_length=10),
        ),
        migrations.AddField(
            model_name='involvement',
            name='version',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='task',
            name='shows_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='conference',
            name='called_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='conference',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='conferences', to='cases.case'),
        ),
        migrations.AddField(
            model_name='conference',
            name='organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.organisation'),
        ),
        migrations.AddField(
            model_name='conference',
            name='recorded_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='handover',
            name='answered_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='handover',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='hand_overs', to='cases.case'),
        ),
        migrations.AddField(
            model_name='handover',
            name='from_organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.organisation'),
        ),
        migrations.AddField(
            model_name='handover',
            name='offered_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='handover',
            name='receipt',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='privacy.sharereceipt'),
        ),
        migrations.AddField(
            model_name='handover',
            name='to_organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.organisation'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='conference',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='cases.conference'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='invited_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='invitation',
            name='organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.organisation'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='receipt',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='privacy.sharereceipt'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='invitation',
            name='withdrawn_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='reason',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reasons', to='cases.case'),
        ),
        migrations.AddField(
            model_name='reason',
            name='written_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='suspect',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='suspects', to='cases.case'),
        ),
        migrations.AddField(
            model_name='suspect',
            name='organisation',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.organisation'),
        ),
        migrations.AddField(
            model_name='suspect',
            name='recorded_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='suspect',
            name='recorded_organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.organisation'),
        ),
        migrations.AddField(
            model_name='suspect',
            name='user',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
    ]

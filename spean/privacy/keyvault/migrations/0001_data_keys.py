
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
            name='DataKey',
            fields=[
                ('subject', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('wrapped', models.BinaryField(null=True)),
                ('kek_id', models.CharField(max_length=16)),
                ('created_at', models.DateTimeField(default=spean.lib.clock.now)),
                ('destroyed_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['kek_id'], name='data_key_kek')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('destroyed_at__isnull', False), ('wrapped__isnull', True)), models.Q(('destroyed_at__isnull', True), ('wrapped__isnull', False)), _connector='OR'), name='data_key_is_there_or_destroyed')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='datakey',
            trigger=pgtrigger.compiler.Trigger(name='never_removed', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='acc4d3beaad5cf4892e69c50c4b164288e67e3d0', operation='DELETE', pgid='pgtrigger_never_removed_101c9', table='keyvault_datakey', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='datakey',
            trigger=pgtrigger.compiler.Trigger(name='never_brought_back', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."wrapped" IS NULL OR OLD."subject" IS DISTINCT FROM (NEW."subject"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='332ae25b07cb67cfb836a0149bea0caff023fcca', operation='UPDATE', pgid='pgtrigger_never_brought_back_e9b6a', table='keyvault_datakey', when='BEFORE')),
        ),
    ]

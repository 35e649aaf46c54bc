"""What had no end gets one, as if it were renewed today; what had ended says so."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ('cases', '0020_who_takes_part'),
    ]

    operations = [
        migrations.RunSQL(
            """
            UPDATE cases_exclusion SET status = 'lifted' WHERE lifted_at IS NOT NULL;
            UPDATE cases_involvement SET status = 'ended' WHERE until_at IS NOT NULL;
            UPDATE cases_involvement SET until_at = greatest(now(), from_at) + interval '90 days'
            WHERE until_at IS NULL AND task NOT IN ('focal', 'screening');
            """,
            migrations.RunSQL.noop,
        ),
    ]

"""Jobs of the privacy room, run by `spean worker`. Their arguments are ids and nothing else."""

from datetime import timedelta

from django.core.mail import send_mail
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from spean.access.models import Membership, User
from spean.access.roles import AUDITOR
from spean.lib import clock
from spean.privacy import vault, witness
from spean.privacy.watch import Alert


@app.task(retry=RetryStrategy(max_attempts=8, exponential_wait=4))
def tell_auditors(alert_id: str) -> int:
    """Mail every auditor that something waits. The mail says neither who nor what: it travels in the open."""
    if not Alert.objects.filter(pk=alert_id, status="open").exists():
        return 0
    now = clock.now()
    holding = Membership.objects.filter(
        Q(until_at__isnull=True) | Q(until_at__gt=now), from_at__lte=now, role=AUDITOR, organisation__active=True
    )
    told = list(User.objects.filter(is_active=True, pk__in=holding.values("user_id")))
    for user in told:
        with translation.override(user.language):
            send_mail(
                _("Spean: something waits for you"),
                _("An alert waits for you in Spean. Sign in to read it; this message says nothing about it."),
                None,
                [user.email],
            )
    return len(told)


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="ask_witnesses")
def ask_witnesses(timestamp: int) -> int:
    """Show the log's newest checkpoint to every witness, also when nothing is new: silence is counted."""
    return witness.ask_all()


@app.periodic(cron="*/2 * * * *")
@app.task(queueing_lock="retry_stalled", pass_context=True)
async def retry_stalled(context: JobContext, timestamp: int) -> int:
    """Begin again what a worker that was killed had begun: it sends no sign of life any more."""
    jobs = context.app.job_manager
    left = [job for job in await jobs.get_stalled_jobs() if job.id != context.job.id]
    for job in left:
        await jobs.retry_job(job)
    return len(left)


@app.periodic(cron="40 * * * *")
@app.task(queueing_lock="remove_remains")
def remove_remains(timestamp: int) -> bool:
    """What was destroyed since yesterday leaves the files of the key vault as well.

    Again each hour for a day: as long as a backup or a report reads an older state, the database keeps the bytes.
    """
    return vault.remove_remains(clock.now() - timedelta(hours=26))

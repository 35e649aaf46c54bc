"""Jobs of the privacy room, run by `spean worker`. Their arguments are ids and nothing else."""

from django.core.mail import send_mail
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from spean.access.models import Membership, User
from spean.access.roles import AUDITOR
from spean.lib import clock
from spean.privacy import witness
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

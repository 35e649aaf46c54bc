"""Mail that says that something waits, and nothing of what it is: no name, no code, no organisation, no address.

A mailbox is read by others too. Whoever gets it signs in and reads the rest there.
"""

from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from spean.lib import clock
from spean.privacy.emergency import EmergencyNotice


def mail_emergency_notices() -> int:
    """Send what waits; what cannot be sent waits for the next minute. Returns how many were sent."""
    sent = 0
    for pk in EmergencyNotice.objects.filter(mailed_at__isnull=True).values_list("pk", flat=True)[:200]:
        with transaction.atomic():
            # Two workers never send the same one.
            rows = EmergencyNotice.objects.select_for_update(of=("self",), skip_locked=True).select_related("user")
            notice = rows.filter(pk=pk, mailed_at__isnull=True).first()
            if notice is None or not _sent(notice):
                continue
            notice.mailed_at = clock.now()
            notice.save(update_fields=["mailed_at"])
            sent += 1
    return sent


def _sent(notice: EmergencyNotice) -> bool:
    with translation.override(notice.user.language):
        message = EmailMessage(
            subject=_("Spean: an emergency access needs your attention"),
            body=_("Please sign in as you always do, and look at your page for today."),
            to=[notice.user.email],
        )
    try:
        return bool(message.send())
    except OSError:  # smtplib's errors are among them
        return False

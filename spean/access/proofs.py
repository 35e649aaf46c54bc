"""What follows each time somebody proves who he is, or fails to: a row of the log, and a new key of the session.

Who has to prove what, and when, stands in `pages.py` and `adapters.py`.
"""

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.signals import authentication_step_completed
from allauth.mfa.signals import authentication_failed
from allauth.usersessions.models import UserSession
from django.dispatch import receiver
from django.http import HttpRequest

from spean.access.models import User
from spean.privacy import events


def shown(request: HttpRequest, user: User) -> list[str]:
    """What this session has shown so far, as codes: `password`, `totp`, `recovery_codes`, `webauthn`, `demo`."""
    records = get_authentication_records(request, user)
    return sorted({str(record.get("type") or record["method"]) for record in records})


@receiver(authentication_step_completed, dispatch_uid="spean.access.proofs")
def new_key(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Whoever proves himself in an open session goes on under a new key: one that was seen before is worth nothing.

    At sign-in Django makes the new key itself; there nobody is signed in yet when a step is completed.
    """
    if getattr(request, "user", None) != user or not request.session.session_key:
        return
    before = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=before).update(session_key=request.session.session_key)


@receiver(authentication_failed, dispatch_uid="spean.access.proofs")
def second_step_failed(user: User, **kwargs: Any) -> None:
    """A wrong code after a right password: somebody may know that password. So the row says whose account it was."""
    events.record("user.refused", actor=None, obj=user, purpose="second_step")

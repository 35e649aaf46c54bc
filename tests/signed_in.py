"""A browser that has signed in, for tests of pages: through a real one-time link, as in a demonstration."""

from datetime import timedelta

from django.test import Client

from spean.access import links
from spean.access.models import User


def signed_in(user: User, **headers: str) -> Client:
    """A client in a session of this user that counts as strongly signed in."""
    client = Client(headers=headers or None)
    path = links.issue_link(user, "demo", timedelta(hours=1))
    answer = client.post(path)
    assert answer.status_code == 302, (answer.status_code, answer.headers)
    return client

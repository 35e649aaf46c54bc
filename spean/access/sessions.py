"""Sessions in the database, which tell a session that was ended from a database that is away for a moment."""

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as InDatabase
from django.db import InterfaceError, OperationalError


class SessionStore(InDatabase):
    """Django's own, but for one answer.

    It takes every fault of the database for a session that somebody ended, and answers 400. A database that restarts
    is answered as everywhere: 503, with what was typed.
    """

    def save(self, must_create: bool = False) -> None:
        try:
            super().save(must_create)
        except UpdateError as error:
            if isinstance(error.__context__, OperationalError | InterfaceError):
                raise error.__context__ from None
            raise

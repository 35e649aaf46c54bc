"""A log line never repeats what somebody entered."""

import logging
import sys

from spean.run.logs import QuietFormatter


def _record(message: str, *arguments: object, name: str = "spean", **extra: object) -> logging.LogRecord:
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, message, arguments, None)
    record.__dict__.update(extra)
    return record


def test_the_message_of_an_exception_is_left_out() -> None:
    try:
        raise ValueError("Key (family_name)=(Canary) already exists")
    except ValueError:
        record = _record("failed")
        record.exc_info = sys.exc_info()
    line = QuietFormatter().format(record)
    assert "ValueError" in line
    assert "test_logs.py" in line
    assert "Canary" not in line


def test_a_line_is_one_line_in_universal_time() -> None:
    """What somebody sent cannot begin a line of its own, which would pass for one of ours, nor colour a terminal."""
    record = _record("gone: %s", "a\n2026-01-01 ERROR spean forged\x1b[31m\u2028")
    record.created, record.msecs = 1_790_000_000.5, 500.0
    line = QuietFormatter().format(record)
    assert line == ("2026-09-21T14:13:20.500Z ERROR spean gone: a\\x0a2026-01-01 ERROR spean forged\\x1b[31m\\x2028")


def test_the_address_of_a_request_is_left_out() -> None:
    record = _record(
        "%s: %s", "Internal Server Error", "/persons/canary/?q=Canary", name="django.request", status_code=500
    )
    line = QuietFormatter().format(record)
    assert "500" in line
    assert "anary" not in line


def test_what_django_refuses_is_not_repeated() -> None:
    """Its own messages carry the host, the referring page or the address that it did not like."""
    for name in ("django.security.DisallowedHost", "django.security.csrf"):
        line = QuietFormatter().format(
            _record("Invalid HTTP_HOST header: %r (%s)", "canary.example", "/canary/", name=name)
        )
        assert "canary" not in line
        assert name in line
        # Django puts it into the message itself, too.
        assert "canary" not in QuietFormatter().format(
            _record("Invalid HTTP_HOST header: 'canary.example'.", name=name)
        )

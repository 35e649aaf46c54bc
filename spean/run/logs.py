"""How log lines look: what happened and where in the code, never what somebody entered.

Messages of exceptions are left out because databases and validators quote values in them.
"""

from __future__ import annotations

import logging
import time
import traceback
from types import TracebackType
from typing import TypeAlias

ExceptionInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class QuietFormatter(logging.Formatter):
    """One line per record; a traceback as file, line and function without its values."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        # In UTC and saying so, like the event log: lines of two machines stand side by side.
        self.default_time_format, self.default_msec_format = "%Y-%m-%dT%H:%M:%S", "%s.%03dZ"

    converter = staticmethod(time.gmtime)

    def formatMessage(self, record: logging.LogRecord) -> str:
        """One line: what somebody sent cannot begin a line of its own, nor colour a terminal."""
        return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in super().formatMessage(record))

    def formatException(self, ei: ExceptionInfo) -> str:
        kind, _, trace = ei
        frames = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
        return "\n".join([*frames, kind.__name__ if kind else ""])

    def format(self, record: logging.LogRecord) -> str:
        if record.name.startswith("django.request"):
            # Its arguments are the reason and the path; the path alone says enough with the status.
            request = getattr(record, "request", None)
            match = getattr(request, "resolver_match", None)
            status = getattr(record, "status_code", "")
            record = logging.makeLogRecord(record.__dict__)
            record.msg = f"answered {status} at {match.view_name if match else 'an unknown page'}"
            record.args = ()
        elif record.name.startswith("django.security"):
            # Django repeats the host, the referring page or the address that it refused.
            record = logging.makeLogRecord(record.__dict__)
            record.msg = "refused a request"
            record.args, record.exc_info, record.exc_text, record.stack_info = (), None, None, None
        return super().format(record)

"""The web server: Granian in front of the WSGI application, with no line per request.

An access log would be a second, unguarded record of who looked at whom.
"""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from spean.run.state import SetupFault
from spean.run.supervisor import follow_parent

if TYPE_CHECKING:
    from django.core.handlers.wsgi import WSGIHandler

THREADS = 4


def build() -> WSGIHandler:
    """The application, in the worker process that serves it."""
    follow_parent()
    from config.wsgi import application

    return application


def serve(host: str, port: int, workers: int = 1) -> None:
    """Serve until told to stop."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    Granian(
        "spean.run.web:build",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        # Each thread keeps its database connections; letting threads go would cost a new one.
        blocking_threads_idle_timeout=600,
        backpressure=THREADS * 8,
        websockets=False,
        log_level=LogLevels.error,
        log_access=False,
        respawn_failed_workers=True,
        # Browsers keep connections open; what is being saved takes less.
        workers_kill_timeout=2,
    ).serve()


def require_free(host: str, port: int) -> None:
    """A plain sentence now instead of a server that dies later."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            if fault.errno == errno.EADDRINUSE:
                raise SetupFault(f"Port {port} is taken by another program; choose one with --port.") from fault
            if fault.errno == errno.EACCES:
                raise SetupFault(f"Port {port} needs special rights; choose one above 1023 with --port.") from fault
            raise SetupFault(f"{host}:{port} is not an address this computer can serve.") from fault

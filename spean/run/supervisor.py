"""Keeps the processes of one installation together: all run, or none does.

Every child has a process group of its own, so Ctrl-C in a terminal reaches only the supervisor,
which then stops the children in order. A child whose supervisor is killed ends by itself.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

from spean.run.state import SetupFault

# Set for children only: under systemd or nohup a change of parent means nothing.
FOLLOW = "SPEAN_FOLLOW_PARENT"
STOP_WITHIN = 8.0
RESTARTS = 5


def follow_parent() -> bool:
    """End this process soon after the one that started it is gone, if a supervisor started it."""
    if not os.environ.get(FOLLOW):
        return False
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
        os._exit(1)

    threading.Thread(target=watch, name="follow-parent", daemon=True).start()
    return True


@dataclass
class Child:
    """One `spean` command run as a process."""

    name: str
    arguments: list[str]
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    restarts: int = field(default=0, init=False)

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "spean", *self.arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # what goes wrong is on stderr
            start_new_session=True,
            env={**os.environ, FOLLOW: "1"},
        )

    def signal(self, number: int) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


class Supervisor:
    """Starts children, restarts one that ends by accident, and stops all of them."""

    def __init__(self, children: list[Child]) -> None:
        self.children = children
        self.stopping = threading.Event()

    def listen(self) -> None:
        """From now on Ctrl-C, a closed terminal and `kill` mean an orderly stop."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop_asked)

    def _stop_asked(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()

    def start(self) -> None:
        for child in self.children:
            child.start()

    def watch(self) -> None:
        """Until asked to stop. A child that keeps ending is a fault and stops everything."""
        while not self.stopping.wait(0.3):
            for child in self.children:
                if child.process is None or child.process.poll() is None:
                    continue
                if child.restarts >= RESTARTS:
                    raise SetupFault(f"The {child.name} process ends again and again; its message stands above.")
                child.restarts += 1
                if not self.stopping.wait(1.0):
                    child.start()

    def stop(self) -> None:
        for child in self.children:
            child.signal(signal.SIGTERM)
        until = time.monotonic() + STOP_WITHIN
        for child in self.children:
            if child.process is not None:
                with suppress(subprocess.TimeoutExpired):
                    child.process.wait(max(0.1, until - time.monotonic()))
            # Also ends grandchildren that outlived their parent.
            child.signal(signal.SIGKILL)
            if child.process is not None:
                child.process.wait()

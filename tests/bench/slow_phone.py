"""A slow phone: Chromium with its processor and its network held back. Shared by what measures the app."""

import time
from collections.abc import Callable
from typing import Any

PROCESSOR = 6
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync")  # fmt: skip
SCREEN = {"width": 360, "height": 640}
FREE: dict[str, Any] = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


def network(kbit: int, latency: int) -> dict[str, Any]:
    """So many kbit/s both ways, and so many milliseconds more until an answer begins."""
    return {"offline": False, "latency": latency, "downloadThroughput": kbit * 125, "uploadThroughput": kbit * 125}


SLOW = network(150, 500)


def slowed(context: Any, page: Any, wire: dict[str, Any], processor: float = PROCESSOR) -> Any:
    """Hold a page back; gives the session that does it."""
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", wire)
    session.send("Emulation.setCPUThrottlingRate", {"rate": processor})
    return session


def timed(step: Callable[[], Any]) -> float:
    """Seconds."""
    began = time.perf_counter()
    step()
    return round(time.perf_counter() - began, 2)


class Told(dict[str, Any]):
    """Says each figure as soon as it is there: the whole takes minutes."""

    def __setitem__(self, name: str, value: Any) -> None:
        print(f"{name}: {value}", flush=True)
        super().__setitem__(name, value)

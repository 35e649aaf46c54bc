"""`spean demo`: set up, load fictional people, serve, and print how to sign in.

Only ever over an empty database or an earlier demonstration, and only in the embedded cluster.
"""

from __future__ import annotations

import fcntl
import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from spean.run import databases, embedded, install, state, web
from spean.run.state import SetupFault
from spean.run.supervisor import Child, Supervisor


def run(host: str, port: int, *, fresh: bool, links: bool) -> None:
    if databases.external():
        raise SetupFault("A demonstration uses its own embedded database; unset DATABASE_URL.")
    directory = state.prepare()
    with _only_one(directory, f"http://{_shown(host)}:{port}/"):
        _wait_until_free(host, port)
        supervisor = Supervisor(
            [
                Child("web", ["serve", "--host", host, "--port", str(port)]),
                Child("worker", ["worker"]),
                Child("search", ["search"]),
            ]
        )
        began = time.monotonic()
        _say("Starting the embedded database …")
        with install.opened() as cluster:
            assert cluster is not None
            _load(cluster, directory / "demonstration", fresh=fresh)
            supervisor.listen()
            supervisor.start()
            try:
                if _wait_for_answer(supervisor, host, port):
                    _announce(f"http://{_shown(host)}:{port}", time.monotonic() - began, links=links)
                    supervisor.watch()
            finally:
                _say("\nStopping …")
                supervisor.stop()
    _say("Stopped. Run it again to go on where you left.")


def _load(cluster: embedded.Cluster, mark: Path, *, fresh: bool) -> None:
    found = install.kind()
    if found == "real":
        raise SetupFault(
            "This database holds real data, and a demonstration never runs over it; "
            "set SPEAN_STATE to another directory."
        )
    # Without the mark an earlier loading was interrupted, and what it left is of no use.
    if found == "demonstration" and (fresh or not mark.exists()):
        from django.db import connections

        connections.close_all()
        cluster.recreate_databases()
        mark.unlink(missing_ok=True)
    _say("Bringing tables and pages up to date …")
    install.migrate()
    install.collect_static()
    if install.kind() == "empty":
        _say("Loading fictional people and their cases …")
        import_module("spean.demo.load").load()
        mark.touch()


def _announce(address: str, seconds: float, *, links: bool) -> None:
    from django.db import connections

    lines = ["", f"Spean is ready after {seconds:.0f} s:  {address}/", ""]
    if links:
        lines.append("Everybody in it is invented. Sign in with a link (each works once, for 12 hours):")
        rows = import_module("spean.access.links").issue_demo_links()
        width = max((len(title) for title, _, _ in rows), default=0)
        wide = max((len(name) for _, name, _ in rows), default=0)
        lines += [f"  {title:<{width}}  {name:<{wide}}  {address}{path}" for title, name, path in rows]
        lines.append("")
    lines.append("Ctrl-C stops it.")
    connections.close_all()
    _say("\n".join(lines))


def _wait_for_answer(supervisor: Supervisor, host: str, port: int) -> bool:
    """Whether the web server answers; false when we were asked to stop meanwhile."""
    until = time.monotonic() + 180
    while time.monotonic() < until:
        if supervisor.stopping.wait(0.1):
            return False
        if any(child.process and child.process.poll() for child in supervisor.children if child.name == "web"):
            break
        try:
            connection = http.client.HTTPConnection(_reached(host), port, timeout=20)
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()
        except OSError:
            continue
        return True
    raise SetupFault("The web server did not start; its message stands above.")


def _wait_until_free(host: str, port: int) -> None:
    """A demonstration that was killed a moment ago may still hold the port."""
    for _ in range(20):
        try:
            return web.require_free(host, port)
        except SetupFault:
            time.sleep(0.1)
    return web.require_free(host, port)


@contextmanager
def _only_one(directory: Path, address: str) -> Iterator[None]:
    with (directory / "demo.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise SetupFault(f"A demonstration is running here already: {lock.read().strip()}") from None
        lock.truncate(0)
        lock.write(address)
        lock.flush()
        yield


def _shown(host: str) -> str:
    """The address as typed into a browser."""
    reached = _reached(host)
    return f"[{reached}]" if ":" in reached else reached


def _reached(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def _say(text: str) -> None:
    print(text, flush=True)

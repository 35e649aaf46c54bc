"""What the `spean` command calls to run the product. Faults of the surroundings become one sentence."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import wraps
from typing import cast

from spean.run import databases, install
from spean.run.state import SetupFault
from spean.run.supervisor import follow_parent

FULL = ("No space left on device", "could not extend file", "disk full")


def plain(function: Callable[..., int | None]) -> Callable[..., int]:
    """Exit 1 with a sentence for what an operator can mend; anything else is a defect and shows its trace."""

    @wraps(function)
    def called(*arguments: object) -> int:
        try:
            return function(*arguments) or 0
        except SetupFault as fault:
            return _complain(str(fault))
        except Exception as fault:
            if (isinstance(fault, OSError) and fault.errno == 28) or any(sign in str(fault) for sign in FULL):
                return _complain("The disk is full; free some space and run again.")
            raise

    return called


def _complain(sentence: str) -> int:
    print(f"spean: {sentence}", file=sys.stderr)
    return 1


@contextmanager
def current(*, for_requests: bool = False) -> Iterator[None]:
    """An installation whose tables are those of this version."""
    with install.opened(for_requests=for_requests):
        if install.is_behind():
            raise SetupFault("The database is not yet at this version; run: spean migrate")
        if install.is_fenced_otherwise():
            raise SetupFault("SPEAN_ROW_SECURITY is not as it was at the last migration; run: spean migrate")
        yield


@plain
def demo(options: argparse.Namespace) -> None:
    from spean.run import demo as demonstration

    demonstration.run(options.host, options.port, fresh=options.fresh, links=not options.no_browser_links)


@plain
def serve(options: argparse.Namespace) -> None:
    from spean.run import web

    web.require_free(options.host, options.port)
    if follow_parent():
        # The supervisor has seen to the tables, and the worker process loads Django for itself.
        with install.database():
            return web.serve(options.host, options.port, options.workers)
    with current(for_requests=True):
        install.collect_static()
        return web.serve(options.host, options.port, options.workers)


@plain
def worker(options: argparse.Namespace) -> None:
    """Jobs, the sequencer that turns log rows into a signed tree, and what phones sent, which becomes cases."""
    follow_parent()
    with current():
        from procrastinate.contrib.django import app
        from procrastinate.contrib.django.django_connector import DjangoConnector

        from spean.exchange import taking_in
        from spean.privacy import sequencer

        stop = threading.Event()
        beside = [
            threading.Thread(target=sequencer.run_forever, args=(stop,), name="sequencer"),
            threading.Thread(target=taking_in.run_forever, args=(stop,), name="working-off"),
        ]
        for thread in beside:
            thread.start()
        try:
            connector = cast(DjangoConnector, app.connector).get_worker_connector()
            with app.replace_connector(connector) as jobs:
                # Two at a time: a linking of long lists takes minutes, and an emergency is told meanwhile.
                jobs.run_worker(concurrency=2)
        finally:
            stop.set()  # what was logged until now is still signed, and what was begun is worked off
            for thread in beside:
                thread.join()


@plain
def search(options: argparse.Namespace) -> int:
    follow_parent()
    with current():
        from spean.people import search_server

        return search_server.main([])


@plain
def migrate(options: argparse.Namespace) -> None:
    with install.opened():
        install.migrate(verbosity=1)
        install.collect_static()


@plain
def setup(options: argparse.Namespace) -> None:
    """Make this a real installation and invite its first administrators."""
    if bool(options.second_email) != bool(options.second_name):
        raise SetupFault("Give --second-email and --second-name together.")
    if options.second_email and options.second_email.strip().lower() == options.email.strip().lower():
        raise SetupFault("The second administrator has to be another person, with an e-mail address of their own.")
    with install.opened():
        install.migrate()
        install.collect_static()
        from spean.access import first

        second = (options.second_email, options.second_name) if options.second_email else None
        try:
            paths = first.set_up(options.email, options.name, options.organisation, second)
        except first.AlreadySetUp:
            raise SetupFault("This installation is set up already; an administrator invites others.") from None
        print("Put the address of your server before the path and open it once, within three days:")
        for name, path in zip((options.name, options.second_name), paths, strict=False):
            print(f"  {path}   ({name})")
        if second is None:
            print("Roles that see cases take two administrators. Add the second: spean administrator")


@plain
def administrator(options: argparse.Namespace) -> None:
    """Add an administrator from the console."""
    with current():
        from spean.access import first

        try:
            path = first.add_administrator(options.email, options.name)
        except first.CannotAdd as fault:
            raise SetupFault(str(fault)) from None
        print(f"Put the address of your server before this path and open it once, within three days:\n  {path}")


@plain
def manage(arguments: Sequence[str]) -> None:
    """Django's own commands, handed on untouched; the database runs meanwhile."""
    from django.core.management import execute_from_command_line

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with install.opened():
        role = databases.as_owner() if arguments[:1] == ["migrate"] else nullcontext()
        with role:
            execute_from_command_line(["spean manage", *arguments])

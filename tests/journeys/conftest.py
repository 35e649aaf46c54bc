"""One server and one browser for all journeys: the real middleware, the real style sheet in its compressed form.

What is examined on each page is in `visitor.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.test import override_settings
from django.test.testcases import LiveServerThread

from config import settings as product
from spean.access import links
from spean.access.models import User
from tests import browser
from tests.journeys.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
Arrive = Callable[..., Visitor]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every journey drives a browser, and commits: the server has connections of its own."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True, databases=["default", "keys"]), append=False)
            if browser.unwanted():
                item.add_marker(pytest.mark.skip(reason="BROWSER=none"))


@pytest.fixture(scope="package")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the application, served with compressed static files as an installation serves them."""
    files = tmp_path_factory.mktemp("static")
    with override_settings(
        STATIC_ROOT=files, STORAGES=product.STORAGES, WHITENOISE_USE_FINDERS=False, WHITENOISE_AUTOREFRESH=False
    ):
        call_command("collectstatic", interactive=False, verbosity=0)
        thread = LiveServerThread("127.0.0.1", lambda application: application)
        thread.daemon = True
        thread.start()
        thread.is_ready.wait()
        assert thread.error is None, thread.error
        yield f"http://127.0.0.1:{thread.port}"
        thread.terminate()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    path = browser.find()
    assert path, "No browser was found; install Chromium, or leave the journeys out with BROWSER=none."
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's loop lives in this thread, and the tests' own queries run beside it, never inside it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        opened = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def arrive(request: pytest.FixtureRequest, server: str, chromium: Browser) -> Iterator[Arrive]:
    """`arrive(user)` opens a browser of its own; with a user it signs in through a one-time link."""
    there: list[Visitor] = []

    def come(user: User | None = None, **how: Any) -> Visitor:
        visitor = Visitor(chromium, server, request.node.name, who=str(user or ""), number=len(there), **how)
        there.append(visitor)
        if user is not None:
            visitor.open(links.issue_link(user, "demo", timedelta(hours=1)))
            visitor.send()
        return visitor

    yield come
    faults = [fault for visitor in there for fault in visitor.leave()]
    assert not faults, "\n".join(faults)

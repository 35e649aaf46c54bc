"""A caller leaves no trace: the real processes, requests full of canaries, and then every byte of the state directory.

Canaries stand wherever a browser or a caller could leave something: addresses in the headers of proxies, the browser's
own name, the page one came from, cookies, query strings, paths, hosts, forms that are right, wrong, too large and that
fail. None may be on disk: not in databases, their write-ahead logs, program logs or temporary files. A telephone
number that an operator writes down is there sealed, and so not to be found either.
"""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client, override_settings

from tests.installation import Installation, installed

FORWARDED = "203.0.113.77"
CANARIES = (
    FORWARDED, "2001:db8:cafe::77", "198.51.100.77", "KanariAgent", "kanari-referer", "kanari-cookie", "kanari-query",
    "kanari-path", "kanari-host", "kanari-login", "kanari-password", "kanari-big", "kanari-file", "kanari-note",
    "kanari-name", "077713985", "077 713 985", "kanari-token", "kanari-search", "kanari-header", "kanari-language",
)  # fmt: skip
HEADERS = {
    "X-Forwarded-For": f"2001:db8:cafe::77, {FORWARDED}",
    "Forwarded": "for=198.51.100.77;host=kanari-host.example",
    "X-Real-IP": "198.51.100.77",
    "User-Agent": "Mozilla/5.0 (Linux; Android 14; KanariAgent) Chrome/130.0",
    "Referer": "http://kanari-referer.example/kanari-referer-path?kanari-query",
    "X-Request-ID": "kanari-header",
    "Accept-Language": "kanari-language,en;q=0.5",
}
PEOPLE = """
from datetime import timedelta
from spean.access import links, roles
from spean.access.models import Installation, Membership, Organisation, User
Installation.objects.create(pk=1, country="cambodia", demonstration=True)
hotline = Organisation.objects.create(name="Hotline (fictional)", type="hotline")
user = User.objects.create_user("operator@example.org", "Operator")
Membership.objects.create(user=user, organisation=hotline, role=roles.HOTLINE_OPERATOR)
print("LINK " + links.issue_link(user, "demo", timedelta(hours=1)))
"""
SESSIONS = """
from django.contrib.sessions.models import Session
for row in Session.objects.all(): print(row.get_decoded())
"""
HIDDEN = re.compile(r'<input type="hidden" name="(once|version|csrfmiddlewaretoken)"(?: value="([^"]*)")?')


class Caller:
    """A browser of the simplest kind, with canaries in everything it says of itself."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {"kanari": "kanari-cookie"}
        self.at, self.page, self.status = "/", "", 0

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {**HEADERS, "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), **headers}
        try:
            connection.request(method, path, body, {key.replace("_", "-"): value for key, value in sent.items()})
            answer = connection.getresponse()
            raw = answer.read()
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        self.status, self.page = answer.status, raw.decode(errors="replace")
        place = answer.headers.get("Location")
        if place and answer.status in (301, 302):
            return self.ask("GET", place)
        self.at = path
        return self.status

    def send(self, path: str = "", **typed: Any) -> int:
        fields: list[tuple[str, Any]] = [(name, unescape(value or "")) for name, value in HIDDEN.findall(self.page)]
        given = dict.fromkeys(name for name, _ in fields)
        kept = [(name, next(value for key, value in fields if key == name)) for name in given]
        body = urlencode([*kept, *typed.items()], doseq=True).encode()
        return self.ask("POST", path or self.at, body, Content_Type="application/x-www-form-urlencoded")


def on_disk(state: Path, wanted: Sequence[str] = CANARIES) -> dict[str, list[str]]:
    """The files in which each canary stands, as it is or as UTF-16."""
    found: dict[str, list[str]] = {}
    for path in state.rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes()
        for canary in wanted:
            if canary.encode() in content or canary.encode("utf-16-le") in content:
                found.setdefault(canary, []).append(str(path.relative_to(state)))
    return found


@pytest.fixture
def installation() -> Iterator[Installation]:
    with installed() as made:
        yield made


def call(installation: Installation, link: str) -> None:
    """An operator writes down what a caller says, in a session of his own."""
    operator = Caller(installation.port)
    assert operator.ask("GET", link) == 200
    assert operator.send() == 200
    assert operator.ask("GET", "/screening/start/?kanari-query=1") == 200
    assert operator.send(instrument="first_responder", exploitation="labour") == 200
    if operator.at.endswith("/caller/"):  # who called is kept apart, and sealed
        assert operator.send(name="kanari-name", phone="077 713 985", safe_times="kanari-note") == 200
    assert operator.at.endswith("/before/"), operator.at
    operator.send(
        private_place="yes", interpreter_kind="none", preferred_interviewer_asked="yes", interview_language="km"
    )
    # Once wrong, so that what was typed comes back from a form with an error, and once right.
    assert operator.send(stated_name="kanari-name", age="a hundred", age_disputed="no", sex="female") == 422
    operator.send(stated_name="kanari-name", age="25", age_disputed="no", sex="female")
    about = {
        "nationality": "KHM", "languages": ["km"], "other_language": "", "detection_context": "hotline",
        "detected_province": "01", "stated_contact": "077 713 985",
    }  # fmt: skip
    here, page = operator.at, operator.page
    with installation.database() as connection:
        # The log is away: what was typed fails in the middle of being written.
        connection.execute("ALTER TABLE privacy_event RENAME TO away")
        assert operator.send(**about) == 500
        connection.execute("ALTER TABLE away RENAME TO privacy_event")
    operator.at, operator.page = here, page
    operator.send(**about)
    assert operator.at.endswith("/journey/"), operator.at
    operator.ask("GET", "/people/?words=kanari-search")
    operator.send("/people/", words="kanari-search 077713985")
    operator.ask("GET", "/cases/?show=kanari-query&page=077713985")


def visit(installation: Installation) -> None:
    """Somebody who never signs in: public pages, sign-in, and everything that goes wrong."""
    caller = Caller(installation.port)
    for path in ("/", "/sign-in/?next=/kanari-query", "/privacy/", "/robots.txt", "/static/nothing-kanari-path.css"):
        caller.ask("GET", path)
    assert caller.ask("GET", "/kanari-path/077713985/?kanari-query=2") == 404
    assert caller.ask("GET", "/sign-in/link/kanari-token") == 404
    assert caller.ask("GET", "/", Host="kanari-host.example") == 400
    caller.ask("GET", "/sign-in/")
    for _ in range(8):  # beyond the limit as well
        caller.send("/sign-in/", login="kanari-login@example.org", password="kanari-password 077713985")
    assert caller.ask("POST", "/sign-in/", b"login=kanari-login&password=kanari-password") == 403  # no token
    token = {"X-CSRFToken": "kanari-token"}
    assert caller.ask("POST", "/sign-in/", b"login=kanari-login", **token) == 403
    caller.ask("GET", "/sign-in/")
    big = b"login=" + b"kanari-big" * 300_000
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert caller.ask("POST", "/sign-in/", big, **kind) in (400, 403, 413)
    parts = b'--x\r\nContent-Disposition: form-data; name="f"; filename="kanari-file"\r\n\r\n'
    parts += b"kanari-file" * 300_000 + b"\r\n--x--\r\n"
    caller.ask("POST", "/sign-in/", parts, **{"Content-Type": "multipart/form-data; boundary=x"})
    caller.ask("POST", "/sign-in/", b"--x\r\nkanari-file", **{"Content-Type": "multipart/form-data; boundary=x"})
    caller.ask("POST", "/language/", b"language=kanari-language&next=//kanari-host.example/", **kind)
    caller.ask("TRACE", "/kanari-path/")
    with socket.create_connection(("127.0.0.1", installation.port)) as raw:
        raw.sendall(b"GET /kanari-path HTTP/9.9\r\nHost: kanari-host\r\nkanari-header\r\n\r\n")
        raw.settimeout(10)
        with suppress(OSError):
            raw.recv(1000)
    with installation.database() as connection:
        connection.execute("ALTER TABLE cache RENAME TO away")
        caller.ask("GET", "/sign-in/")
        assert caller.send("/sign-in/", login="kanari-login@example.org", password="kanari-password") == 500
        connection.execute("ALTER TABLE away RENAME TO cache")


@pytest.mark.slow
def test_no_trace_of_a_caller_is_on_disk(installation: Installation) -> None:
    link = installation.run("manage", "shell", "-v", "0", "-c", PEOPLE).split("LINK ")[1].split()[0]
    installation.start()
    visit(installation)
    call(installation, link)
    rows = installation.rows()
    assert "operator@example.org" in rows
    assert {canary for canary in CANARIES if canary in rows} == set()
    with installation.database() as connection:
        sealed = connection.execute("SELECT count(*) FROM detection_screening WHERE stated_contact IS NOT NULL")
        assert sealed.fetchone() == (1,)  # it was written down, and only sealed
    sessions = installation.run("manage", "shell", "-v", "0", "-c", SESSIONS)
    assert sessions.strip()
    assert {canary for canary in CANARIES if canary in sessions} == set()
    installation.stop()  # the last one stops the database, which writes out everything it holds
    assert not (installation.state / "postgres" / "postmaster.pid").exists()
    assert on_disk(installation.state) == {}
    assert "answered 500" in installation.said()

    # The search would have found it: the same in a table, in a log, and in nothing but the write-ahead log.
    installation.start()
    with installation.database() as connection:
        connection.execute("CREATE TABLE told (words text)")
        connection.execute("INSERT INTO told VALUES ('kanari-note of a caller')")
        connection.execute("DROP TABLE told")
    (installation.logs / "access").write_text(f'{FORWARDED} - - "GET /kanari-path/"\n')
    installation.stop()
    found = on_disk(installation.state)
    assert set(found) == {"kanari-note", FORWARDED, "kanari-path"}
    assert any("pg_wal" in name for name in found["kanari-note"])


def test_a_large_upload_of_a_stranger_is_not_put_on_disk(db: None, tmp_path: Path) -> None:
    """Django would write it to a temporary file while it looks for the form's token."""
    content = b"kanari-file" * 300_000
    body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n' + content + b"\r\n--x--\r\n"
    with override_settings(FILE_UPLOAD_TEMP_DIR=str(tmp_path / "there is no such folder")):
        client = Client(enforce_csrf_checks=True)
        client.get("/sign-in/")  # with its cookie, the token is looked for in the form
        answer = client.generic("POST", "/sign-in/", body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 403

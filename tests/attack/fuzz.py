"""A stranger with a form and much patience: every page is sent what no browser would send.

Signed in as each role and as nobody; every address with ids that exist and ids that do not; every form that the page
shows, filled with hostile values in every field. Held is: no server error, no trace of the program in an answer, and
answers of kinds that pages may give. Whatever a value contains must come back escaped.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

from tests.attack import stage
from tests.attack.results import Result, counted

REQUESTS = 10_000
KNOWN = {200, 204, 301, 302, 303, 304, 400, 401, 403, 404, 405, 410, 413, 422, 429, 503}
TRACES = (b"Traceback (most recent", b"django.db", b"psycopg", b"site-packages", b'File "/')
TAG = "<script>alert(7)</script>"
HOSTILE: tuple[Any, ...] = (
    "", " ", "\x00", "a\x00b", "\ud7ff\ue000", "‮evil‬", "﷽" * 50, "é" * 3000, "A" * 1_000_000, TAG,
    "'; DROP TABLE people_person; --", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}{% debug %}", "=cmd|' /C calc'!A0",
    "+1-1", "@SUM(1)", "\t=1", "../../../../etc/passwd", "..\\..\\secrets", "file:///etc/passwd", "%2e%2e%2f", "\r\nX-Evil: 1",
    "Location: http://evil.example\r\n", "-1", "0", "1e309", "NaN", "999999999999999999999999", "1.5", "2026-02-30",
    "0000-00-00", "9999-12-31", "២០២៦-០១-០១", "null", "true", "[]", "{}", "00000000-0000-0000-0000-000000000000",
    "xn--nxasmq6b", "Ṩ̷̛̤̈́a̴l̷g̸o̵", "🇰🇭" * 500, "​", "﻿name", "1\n2\n3",
)  # fmt: skip
FIELD = re.compile(r'<(?:input|textarea|select)[^>]*?\bname="([^"]+)"', re.S)
MADE_UP = ("once", "version", "next", "page", "csrfmiddlewaretoken", "id", "user", "organisation", "status", "purpose")


def run(*, quick: bool = False) -> list[Result]:
    with stage.scratch() as state, stage.installation(state), stage.search():
        return _Fuzz(REQUESTS // 10 if quick else REQUESTS).run()


class _Fuzz:
    def __init__(self, wanted: int) -> None:
        from django.conf import settings
        from django.test import Client

        from tests.cast import make_cast
        from tests.crawling import build, pages, tables
        from tests.signed_in import signed_in

        settings.ALLOWED_HOSTS = ["testserver"]
        self.wanted = wanted
        self.rng = random.Random(17)
        cast = make_cast()
        build(cast)
        self.clients = {name: signed_in(user) for name, user in cast.users.items()}
        self.clients["nobody"] = Client()
        self.users = cast.users
        self.pages = list(pages())
        self.ids: list[UUID] = [
            pk for model in tables() for pk in model._default_manager.values_list("pk", flat=True)[:3]
        ]
        self.count: Counter[int] = Counter()
        self.errors: list[str] = []
        self.traces: list[str] = []
        self.unescaped: list[str] = []

    def run(self) -> list[Result]:
        while sum(self.count.values()) < self.wanted:
            self._one()
        for fault in (self.errors + self.traces + self.unescaped)[:20]:
            print("   ", fault, flush=True)
        asked = f"{sum(self.count.values()):,} requests"
        unknown = sum(number for status, number in self.count.items() if status not in KNOWN)
        return [
            counted("fuzz", "no server error", len(self.errors), asked),
            counted("fuzz", "no trace of the program in an answer", len(self.traces), asked),
            counted("fuzz", "no answer of a kind that pages do not give", unknown, asked),
            counted("fuzz", "nothing typed comes back as markup", len(self.unescaped), asked),
        ]

    def _one(self) -> None:
        from tests.crawling import address

        name = self.rng.choice(list(self.clients))
        pattern = self.rng.choice(self.pages)
        pk = self.rng.choice(self.ids) if self.rng.random() < 0.9 else uuid4()
        url = address(pattern, pk)
        if url is None:
            return
        client = self.clients[name]
        client.raise_request_exception = False
        query = self.rng.choice(HOSTILE[:20]) if self.rng.random() < 0.3 else None
        answer = client.get(url, {"page": query, "q": query} if query else {})
        self._look(name, str(pattern.name), answer)
        fields = set(FIELD.findall(answer.content.decode(errors="replace"))) if not answer.streaming else set()
        for _ in range(2 if fields or self.rng.random() < 0.4 else 0):
            self._look(name, str(pattern.name), client.post(url, self._fill(fields)))
        if name != "nobody" and "_auth_user_id" not in client.session:
            # It signed itself out, or was thrown out.
            from tests.signed_in import signed_in

            self.clients[name] = signed_in(self.users[name])

    def _fill(self, fields: set[str]) -> dict[str, Any]:
        named = {*fields, *self.rng.sample(MADE_UP, 2)}
        data: dict[str, Any] = {}
        for field in named:
            value = self.rng.choice(HOSTILE)
            data[field] = [value, self.rng.choice(HOSTILE)] if self.rng.random() < 0.1 else value
        if self.rng.random() < 0.02:
            data["large"] = "L" * 10_000_000
        if self.rng.random() < 0.1:
            data["file"] = self._upload()
        return data

    def _upload(self) -> Any:
        from django.core.files.uploadedfile import SimpleUploadedFile

        name = self.rng.choice(
            ("../../evil.py", "a\r\nX: 1.pdf", "nul\x00.png", "x" * 300 + ".pdf", "bomb.zip", "ok.pdf")
        )
        body = self.rng.choice(
            (b"", b"%PDF-1.4\n", b"PK\x03\x04" + b"\0" * 100, b"\x89PNG\r\n\x1a\n", b"\0" * 3_000_000)
        )
        return SimpleUploadedFile(
            name, body, content_type=self.rng.choice(("application/pdf", "text/html", "image/svg+xml"))
        )

    def _look(self, visitor: str, page: str, answer: Any) -> None:
        self.count[answer.status_code] += 1
        if answer.status_code >= 500 and answer.status_code != 503:
            self.errors.append(f"{visitor} {page}: status {answer.status_code}")
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if any(trace in body for trace in TRACES):
            self.traces.append(f"{visitor} {page}")
        if TAG.encode() in body or "X-Evil" in answer.headers:
            self.unescaped.append(f"{visitor} {page}")

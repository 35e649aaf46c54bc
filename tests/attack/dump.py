"""The thief of the disk: canaries over every file of a working installation, and names guessed from what stands in clear.

A case with a canary in every sealed field is worked on through a real web server, job worker and search process;
then every file of the installation (tables, write-ahead log, program logs, job tables, uploads, backups) is searched
for the canaries in every encoding a program might have used. A word written in clear on purpose must be found, or the
search itself is broken. The frequency attack gives each value of a column the name of the same rank in a public list.
"""

from __future__ import annotations

import base64
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from tests.attack import stage
from tests.attack.results import Result, counted

MARK = "Kanariedump"
CONTROL = "Kontrollwort"
PERSONS = 20_000


def run(*, quick: bool = False) -> list[Result]:
    with stage.scratch() as state, stage.installation(state):
        _work()
        files = _search_files(state)
        return [*files, *_frequency(2_000 if quick else PERSONS)]


def forms(text: str) -> set[bytes]:
    """The encodings in which a text may lie in a file; base64 in each of its three alignments."""
    raw = text.encode()
    found = {raw, raw.lower(), raw.upper(), text.encode("utf-16-le"), text.encode("utf-16-be"), raw.hex().encode()}
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw)
        found.add(whole[4 if shift else 0 : -4])
    return found


def hits(state: Path, words: set[bytes]) -> list[Path]:
    """The files under a directory in which one of the words stands."""
    found = []
    for path in state.rglob("*"):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            if any(word in content for word in words):
                found.append(path)
    return found


def _work() -> None:
    """The case, its pages and forms, and something for the jobs and logs to write about."""
    from django.conf import settings
    from django.urls import reverse

    from spean.access.models import Organisation
    from tests.cast import make_cast
    from tests.crawling import addresses, full
    from tests.signed_in import signed_in

    settings.ALLOWED_HOSTS = ["testserver"]
    with stage.search():
        cast = make_cast()
        case = full(cast, MARK)
        for name in ("manager", "provider", "officer", "registry"):
            client = signed_in(getattr(cast, name))
            client.raise_request_exception = False
            for _, url in addresses():
                client.get(url)
            client.post(reverse("person_search"), {"words": f"{MARK}family {MARK}given"})
            client.post(reverse("case_name", args=[case.pk]), {"purpose": "casework"})
    Organisation.objects.create(name=CONTROL, type="oversight", province="12")


def _search_files(state: Path) -> list[Result]:
    from django.db import connections

    from spean.run import databases

    with databases.as_owner():
        for alias in connections:
            connections[alias].close()
    from spean.run import embedded

    cluster = embedded.cluster()
    with cluster.connect_as_superuser() as connection:
        connection.execute("CHECKPOINT")
    places = [path for path in state.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in places) / 1e6
    found = hits(state, forms(MARK))
    control = hits(state, forms(CONTROL))
    for path in found[:10]:
        print("   ", path.relative_to(state), flush=True)
    of = f"{len(places):,} files, {size:,.0f} MB"
    return [
        counted("dump", "no sealed text in any file of the installation", len(found), of),
        Result("dump", "the search finds a word written in clear", f"{len(control)} files", "≥ 1", bool(control)),
    ]


def _frequency(persons: int) -> list[Result]:
    """What rank matching gains over naming everybody by the commonest name, for the best of all columns."""
    from django.db import connections

    from spean.people.models import Person
    from tests.bench.filling import fill

    Person.objects.filter(pk__isnull=False).update(same_as=None)
    before = set(Person.objects.values_list("pk", flat=True))
    from spean.access.models import Installation

    Installation.objects.all().delete()
    fill(persons)
    truth = _truth(before)
    listed = [name for name, _ in Counter(truth.values()).most_common()]
    base = Counter(truth.values()).most_common(1)[0][1] / len(truth)
    best, where = 0.0, "none"
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT * FROM people_person")
        columns = [column.name for column in cursor.description]
        rows = cursor.fetchall()
    at = columns.index("id")
    for place, name in enumerate(columns):
        values = {row[at]: _plain(row[place]) for row in rows if row[at] in truth}
        gained = _ranked(values, truth, listed) - base
        if gained > best:
            best, where = gained, name
    token = {pk: str(hash(name)) for pk, name in truth.items()}
    control = _ranked(token, truth, listed) - base
    return [
        Result(
            "dump", "family names guessed from a column by frequency, beyond the commonest name",
            f"{100 * best:.2f} % of {len(truth):,} (best column: {where})", "≤ 1 %", best <= 0.01,
        ),
        Result(
            "dump", "the same attack on a name token, had there been one", f"{100 * control:.0f} %", "> 10 %",
            control > 0.1,
        ),
    ]  # fmt: skip


def _truth(before: set[Any]) -> dict[Any, str]:
    """The family name of every row, opened with the installation's own keys to judge the guesses."""
    from spean.people.models import Person
    from spean.privacy.vault import Sealed, label_of, open_sealed

    rows = list(Person.objects.exclude(pk__in=before).iterator())
    label = label_of(Person, "family_name")
    opened = open_sealed([Sealed(row.subject, label, row.pk, row.family_name) for row in rows])
    return {row.pk: one.text or "" for row, one in zip(rows, opened, strict=True) if one.text}


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else str(value)


def _ranked(values: dict[Any, Any], truth: dict[Any, str], listed: list[str]) -> float:
    """The share of rows named rightly when the n-th commonest value is given the n-th commonest name."""
    groups: dict[Any, list[Any]] = defaultdict(list)
    for pk, value in values.items():
        groups[value].append(pk)
    order = sorted(groups.values(), key=len, reverse=True)
    right = sum(truth[pk] == name for group, name in zip(order, listed, strict=False) for pk in group)
    return right / len(truth)

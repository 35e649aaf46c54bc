"""`python -m tests.bench.statistics`: all shipped tables from a million persons, counted and protected; and a public page.

Rows are written by the database itself, without sealed fields: counting reads none. One invented person is among
them, so that leaving her out is measured too. Nothing is asserted.
"""

import argparse
import os
import statistics
import time
from pathlib import Path

os.environ["SPEAN_STATE"] = str(Path(__file__).resolve().parents[2] / "var" / "bench-statistics")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from spean.run import install, state

state.prepare()

PEOPLE = """
INSERT INTO people_person (id, subject, code, sex, birth_year, birth_year_estimated, nationality, nationality_claimed,
    nationality_contested, languages, birth_province, disability, registered_at, updated_at, changed_in, registered_by_id,
    registered_organisation_id)
SELECT md5('p' || n)::uuid, md5('s' || n)::uuid, 'P-' || n, (ARRAY['female', 'female', 'male', 'unknown'])[1 + n %% 4], 1990, false,
    (ARRAY['KHM', 'KHM', 'KHM', 'VNM', 'THA', 'PHL'])[1 + n %% 6], '', false, '{km}', '', '{}', now(), now(), 0, %(user)s, %(office)s
FROM generate_series(1, %(n)s) n
"""
CASES = """
INSERT INTO cases_case (id, subject, code, person_id, status, legal_status, version, age_at_screening, age_disputed, sex, nationality,
    languages, exploitation_forms, detection_context, detected_province, risk_level, started_at, started_by_id,
    started_organisation_id, focal_organisation_id, closing_reason, refusal_reason)
SELECT md5('c' || n)::uuid, md5('s' || n)::uuid, 'C-' || n, md5('p' || n)::uuid, 'registered',
    (ARRAY['presumed_victim', 'presumed_victim', 'identified_victim'])[1 + n %% 3], 1, 8 + n %% 50, n %% 97 = 0, 'female', 'KHM', '{km}',
    CASE WHEN n %% 5 = 0 THEN '{ForcedLabour,Servitude}'::varchar[] WHEN n %% 7 = 0 THEN '{SexualExploitation}'
         WHEN n %% 31 = 0 THEN '{}' ELSE '{ForcedLabour}' END,
    (ARRAY['border', 'raid', 'hotline', 'self'])[1 + n %% 4], lpad((1 + n %% 25)::text, 2, '0'), '',
    timestamptz '2025-01-02' + (n %% 360) * interval '1 day', %(user)s, %(office)s, %(office)s, '', ''
FROM generate_series(1, %(n)s) n
"""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--persons", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args()
    with install.opened() as cluster:
        import django

        django.setup()
        from django.db import connections

        connections.close_all()
        assert cluster is not None
        cluster.recreate_databases()
        install.migrate()
        install.collect_static()
        fill(options.persons)
        measure(options.rounds)
    return 0


def fill(n: int) -> None:
    from django.db import connection

    from spean.access.models import Installation, Organisation, User
    from spean.cases.models import Case
    from spean.people.models import Person
    from spean.privacy import canaries
    from spean.run import databases
    from tests.bench import filling

    began = time.perf_counter()
    Installation.objects.create(pk=1, country="cambodia", demonstration=True)
    office = Organisation.objects.create(name="Office (fictional)", type="police", province="01", is_focal=True)
    user = User.objects.create_user("officer@bench.example", "Officer", None)
    for name in ("first", "second"):
        filling.user(name, "statistics_officer", office)
    given = {"user": user.pk, "office": office.pk, "n": n}
    with databases.as_owner(), connection.cursor() as cursor:
        for table, rows in (("people_person", PEOPLE), ("cases_case", CASES)):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(rows, given)
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute("UPDATE people_person SET same_as_id = md5('p1')::uuid WHERE code IN ('P-2', 'P-3')")
        cursor.execute("ANALYZE")
    case = Case.objects.order_by("code")[0]
    # Registered at once, as only the invented are.
    Person.objects.filter(pk=case.person_id).update(registered_at=case.started_at)
    canaries.mark(case.subject, case.code)
    print(f"filled with {n} persons in {time.perf_counter() - began:.0f} s", flush=True)


def measure(rounds: int) -> None:
    from datetime import date

    from django.conf import settings
    from django.test import Client
    from django.urls import reverse

    from spean.access.models import User
    from spean.statistics import actions, content, measures
    from spean.statistics.indicators import register

    settings.ALLOWED_HOSTS = ["testserver"]
    first, second = (User.objects.get(email=f"{name}@bench.example") for name in ("first", "second"))
    book = register()
    period = measures.Period(date(2025, 1, 1), date(2025, 12, 31))
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    for _ in range(3):
        began = time.perf_counter()
        counted = measures.count(book, period)
        between = time.perf_counter()
        content.made(book, counted, book.of_period(period.first, period.last), {})
        print(f"counted in {between - began:.1f} s, protected in {time.perf_counter() - between:.1f} s", flush=True)
    began = time.perf_counter()
    edition = actions.draft_edition(first, "year", period.first)
    actions.count_edition(edition)
    print(f"drafted, stored included, in {time.perf_counter() - began:.1f} s")
    actions.check_edition(first, edition)
    actions.publish_edition(second, edition)
    client = Client()
    for code in ("persons_province", "persons", "forms_province"):
        url = reverse("statistics_table", args=[edition.number, code])
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            assert client.get(url).status_code == 200
            times.append((time.perf_counter() - began) * 1000)
        times.sort()
        print(
            f"page of {code}: p50 {statistics.median(times):.0f} ms, p95 {times[int(len(times) * 0.95)]:.0f} ms, n {rounds}"
        )


if __name__ == "__main__":
    raise SystemExit(main())

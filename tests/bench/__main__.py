"""`make bench`: pages, search and registration with 100,000 persons, each beside the floor under it.

The floor is the same rows fetched and rendered by bare Django, without policy, layout or log. Everything runs in
this process, one request at a time, on a database and search process of its own. Nothing is asserted.
"""

import argparse
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

os.environ["SPEAN_STATE"] = str(Path(__file__).resolve().parents[2] / "var" / "bench")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from spean.run import install, state

state.prepare()


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--persons", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--keep", action="store_true", help="measure the database of the last run again")
    options = parser.parse_args()
    with install.opened() as cluster:
        import django

        django.setup()
        from django.db import connections

        if not options.keep:
            connections.close_all()
            assert cluster is not None
            cluster.recreate_databases()
            install.migrate()
            install.collect_static()
            began = time.perf_counter()
            from tests.bench.filling import fill

            fill(options.persons)
            print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)
            _analyze()
        measure(options.rounds)
    from tests.bench import disclosure, estimation

    estimation.measure()
    disclosure.measure()
    return 0


def _analyze() -> None:
    """What the database does by itself overnight: know how many rows there are of what."""
    from django.db import connection

    from spean.run import databases

    with databases.as_owner(), connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def measure(rounds: int) -> None:
    from django.conf import settings

    from spean.people import search_server

    settings.ALLOWED_HOSTS = ["testserver"]
    stop = threading.Event()
    serving = threading.Thread(target=search_server.run, args=(stop,))
    began = time.perf_counter()
    serving.start()
    try:
        _measure_with_search(rounds, began)
    finally:
        stop.set()
        serving.join()


def _measure_with_search(rounds: int, began: float) -> None:
    from django.template import Context, Template
    from django.urls import reverse

    from spean.access.models import User
    from spean.cases.models import Case, Task
    from spean.people import search
    from spean.people.actions import Identity, MatchesToDecide, register_person
    from spean.referral.models import Referral
    from tests.bench.made_up_people import persons
    from tests.signed_in import signed_in

    while True:
        try:
            known = search.status()["persons"]
            break
        except search.SearchUnavailable:
            time.sleep(0.2)
    print(f"search knows {known} persons after {time.perf_counter() - began:.1f} s")
    manager = User.objects.get(email="manager0@bench.example")
    client = signed_in(manager)
    office = manager.organisation
    cases = list(Case.objects.filter(focal_organisation=office, status="registered").order_by("pk")[:rounds])

    def page(url: str) -> None:
        answer = client.get(url)
        assert answer.status_code == 200, (url, answer.status_code)

    listed = Template(
        "{% for row in rows %}<li>{{ row.case.code }} {{ row.status }} {{ row.due_at }} {{ row.sent_at }}</li>{% endfor %}"
    )

    def floor_of_case(case: Any) -> None:
        row = Case.objects.select_related("person", "focal_organisation").get(pk=case.pk)
        for related in (
            "referrals",
            "needs",
            "tasks",
            "involvements",
            "consents",
            "risk_assessments",
            "screenings",
            "rights_information",
            "determinations",
            "notes",
            "reflection_periods",
        ):
            Template("{% for one in rows %}{{ one }}{% endfor %}").render(
                Context({"rows": getattr(row, related).all()[:50]})
            )

    def floor_of_home(_: Any) -> None:
        rows = Task.objects.filter(organisation=office, role="case_manager", done_at=None).select_related("case")[:50]
        listed.render(Context({"rows": rows}))

    def floor_of_queue(_: Any) -> None:
        rows = Referral.objects.filter(to_organisation=office, status__in=("sent", "acknowledged")).select_related(
            "case", "from_organisation"
        )[:25]
        listed.render(Context({"rows": rows}))

    people = list(persons(rounds * 2, seed=99))
    results = {
        "case page": (
            timed(lambda case: page(reverse("case", args=[case.pk])), cases),
            timed(floor_of_case, cases),
            200,
        ),
        "home page": (timed(lambda _: page("/"), cases), timed(floor_of_home, cases), 200),
        "referral queue": (timed(lambda _: page(reverse("referral_list")), cases), timed(floor_of_queue, cases), 200),
        "name search": (
            timed(lambda one: search.find_persons(f"{one.family_name} {one.given_name}"), people[:rounds]),
            timed(lambda one: search.status(), people[:rounds]),
            150,
        ),
    }
    waiting = list(
        Case.objects.filter(focal_organisation=office, status="referred", referrals__status="acknowledged").order_by(
            "pk"
        )[:rounds]
    )

    def register(pair: tuple[Any, Any]) -> None:
        case, one = pair
        who = Identity(
            sealed={"family_name": one.family_name, "given_name": one.given_name, "phone": one.phone,
                    "birth_date": str(one.birth_date or "")},
            coded={"sex": one.sex, "birth_year": one.birth_year, "nationality": one.nationality, "languages": ["km"]},
        )  # fmt: skip
        try:
            register_person(manager, case, who, {}, once=uuid4())
        except MatchesToDecide as found:
            register_person(manager, case, who, {row.person_id: "unsure" for row in found.candidates}, once=uuid4())

    def bare_insert(pair: tuple[Any, Any]) -> None:
        from spean.lib.identifiers import new_code
        from spean.people.models import Person

        person = Person(
            subject=uuid4(), code=new_code("P"), sex="female", registered_by=manager, registered_organisation=office
        )
        person.save(force_insert=True)

    pairs = list(zip(waiting, people[rounds:], strict=False))
    results["register with check"] = (timed(register, pairs), timed(bare_insert, pairs), 400)
    report(results)


def timed(step: Callable[[Any], Any], over: list[Any]) -> list[float]:
    for one in over[:3]:
        if step.__name__ not in ("register",):
            step(one)  # templates and plans are read once, by the first user of the day
    times = []
    for one in over:
        began = time.perf_counter()
        step(one)
        times.append((time.perf_counter() - began) * 1000)
    return times


def report(results: dict[str, tuple[list[float], list[float], int]]) -> None:
    print(f"\nload {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, Python {sys.version.split()[0]}; milliseconds\n")
    print(f"{'':22} {'p50':>8} {'p95':>8} {'floor p50':>10} {'floor p95':>10} {'aim p95':>8}  n")
    for name, (times, floor, aim) in results.items():
        low, high = statistics.median(times), _p95(times)
        print(
            f"{name:22} {low:8.1f} {high:8.1f} {statistics.median(floor):10.1f} {_p95(floor):10.1f} {aim:8}  {len(times)}"
        )
    print(
        "\n"
        + json.dumps(
            {
                name: {"p95": round(_p95(times), 1), "floor_p95": round(_p95(floor), 1)}
                for name, (times, floor, _) in results.items()
            }
        )
    )


def _p95(times: list[float]) -> float:
    return sorted(times)[min(int(len(times) * 0.95), len(times) - 1)]


if __name__ == "__main__":
    raise SystemExit(main())

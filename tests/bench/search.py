"""How fast and how well the index answers. Run by `make bench`; no limits are asserted here."""

import os
import random
import resource
import sys
import time
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from spean.people.search_index import SearchIndex
from tests.bench.made_up_people import corrupt, mistype, persons, respell


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(int(len(times) * share), len(times) - 1)]


def run(n: int = 100_000, questions: int = 300, seed: int = 7) -> dict[str, Any]:
    """Fill an index with n fictional persons, then search and check as officers do."""
    began = time.perf_counter()
    people = list(persons(n, seed))
    made = time.perf_counter() - began
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    index = SearchIndex()
    for number, person in enumerate(people):
        index.add(f"{number:08}", person)
    filled = time.perf_counter() - began
    chance = random.Random(seed + 1)
    asked = [chance.randrange(n) for _ in range(questions)]

    search_times, check_times, search_cpu, check_cpu = [], [], [], []
    found_by_name = found_by_check = first_by_check = shown = 0
    for number in asked:
        person = people[number]
        family, given = person.family_name, person.given_name
        text = f"{respell(family, chance, 1)} {respell(given, chance, 1)}"
        if chance.random() < 0.2:
            text = mistype(text, chance)
        started, cpu = time.perf_counter(), time.process_time()
        names_found = [one.person_id for one in index.find_by_name(text)]
        search_times.append(time.perf_counter() - started)
        search_cpu.append(time.process_time() - cpu)
        found_by_name += f"{number:08}" in names_found
    for number in asked:
        again = corrupt(people[number], chance)
        started, cpu = time.perf_counter(), time.process_time()
        candidates = [one.person_id for one in index.candidates(again)]
        check_times.append(time.perf_counter() - started)
        check_cpu.append(time.process_time() - cpu)
        found_by_check += f"{number:08}" in candidates
        first_by_check += candidates[:1] == [f"{number:08}"]
        shown += len(candidates)
    unknown = [next(persons(1, seed=10_000 + number)) for number in range(min(questions, 200))]
    strangers = [len(index.candidates(person)) for person in unknown]
    scale = 1024 if sys.platform != "darwin" else 1024 * 1024
    return {
        "persons": n,
        "made_s": round(made, 2),
        "filled_s": round(filled, 2),
        "index_mb": round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / scale),
        "name_search_p50_ms": round(percentile(search_times, 0.5) * 1000, 1),
        "name_search_p95_ms": round(percentile(search_times, 0.95) * 1000, 1),
        "name_search_cpu_p95_ms": round(percentile(search_cpu, 0.95) * 1000, 1),
        "name_search_recall_at_20": round(found_by_name / questions, 3),
        "check_p50_ms": round(percentile(check_times, 0.5) * 1000, 1),
        "check_p95_ms": round(percentile(check_times, 0.95) * 1000, 1),
        "check_cpu_p95_ms": round(percentile(check_cpu, 0.95) * 1000, 1),
        "check_recall_at_20": round(found_by_check / questions, 3),
        "check_recall_at_1": round(first_by_check / questions, 3),
        "shown_per_known_person": round(shown / questions, 1),
        "shown_per_newcomer": round(sum(strangers) / len(strangers), 1),
    }


if __name__ == "__main__":
    for name, value in run(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000).items():
        print(f"{name:28} {value}")

"""Verbs of the linked register: start a linking of all lists; the job that runs it, in memory.

Names are opened through the door for jobs, compared in this process, and forgotten; what stays is clusters, numbers
and pairs to decide.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from spean import country
from spean.access.models import User
from spean.country.spellings import spellings
from spean.lib import clock
from spean.linkage.clusters import Contradiction
from spean.linkage.reading import ListFault
from spean.linkage.records import Gazetteer
from spean.lists import judging, register, registered
from spean.lists.models import Clustered, Declaration, Linking, ListRow, Pair, PartnerList
from spean.lists.register import Counted, FoundPair, Row
from spean.privacy import doors
from spean.privacy.codes import unused_code
from spean.workflow.engine import Step, follow, perform, requirement

AT_ONCE = 5_000


def start(actor: User, *, seed: int = 1, once: UUID | None = None) -> Linking:
    """Link all lists as they are now, with whoever is registered. The job does it; its page shows when it is done."""
    assert actor.organisation is not None
    row = Linking(
        id=uuid4(), code=unused_code("K", Linking), organisation=actor.organisation, started_by=actor,
        started_at=clock.now(), seed=seed,
    )  # fmt: skip
    with transaction.atomic():
        with perform("start_linking", row, actor, once=once) as step:
            step.facts.update(code=row.code, seed=seed)
        from spean.lists import tasks  # which needs the jobs library, and this module

        tasks.link_lists.defer(linking_id=str(row.pk))
    return row


def run(linking: Linking) -> None:
    """Carry a linking out. May be repeated after a break: nothing of it is kept before its end."""
    if linking.status != "waiting":
        return
    actor = linking.started_by
    try:
        groups = {name: _count(linking, *given) for name, given in _groups().items()}
    except Exception as fault:
        # What a library says of a fault may hold what it was working on: the kind is kept, and nothing else.
        code = "broke_off"
        if isinstance(fault, Contradiction | ListFault):
            code = "decisions_contradict" if isinstance(fault, Contradiction) else "tokens_unread"
        # Also where whoever started it may no longer: it must not stand as running for ever.
        with follow(Step("start_linking", linking, actor), "fail_linking", linking) as step:
            step.obj.fault = code
            step.facts["fault"] = code
        return
    with transaction.atomic(), perform("finish_linking", linking, actor) as step:
        pairs = [pair for counted in groups.values() for pair in counted.pairs]
        _keep_clusters(step.obj, groups.values())
        _keep_pairs(step.obj, pairs)
        step.obj.finished_at = clock.now()
        step.obj.result = result(groups)
        step.facts.update(
            rows=sum(counted.rows for counted in groups.values()), pairs=len(pairs),
            bounds=list(step.obj.result["bounds"] or ()),
        )  # fmt: skip


def _groups() -> dict[str, tuple[QuerySet[ListRow], str]]:
    """Rows that can be compared with each other: all with names, and tokens of one key and strength."""
    rows = ListRow.objects.filter(status="accepted").select_related("partner_list").order_by("pk")
    heads = sorted(set(rows.order_by().exclude(head="").values_list("head", flat=True).distinct()))
    known = rows.filter(head="").exists() or registered.persons().exists()
    groups = {"names": (rows.filter(head=""), "")} if known else {}
    # The fingerprint of the key tells groups of tokens apart and says nothing of it.
    return groups | {head.removeprefix("# "): (rows.filter(head=head), head) for head in heads}


def _count(linking: Linking, rows: QuerySet[ListRow], head: str) -> Counted:
    same, different = decisions()
    given: list[Row] = []
    if not head:
        # Whoever is registered here is on one more list.
        given += registered.rows(linking)
        ours = registered.decisions()
        same, different = same + ours[0], different + ours[1]
        same = same + registered.agreeing(same, different, registered.begun_from_rows())
    own = {row.pk for row in given}
    known = spellings(country.pack())
    if rows.exists():
        opened = doors.in_memory(linking.started_by, "start_linking", linking, rows, ["content"], "linking")
        given += _readable(opened)
    counted = register.count(
        given, same=same, different=different, head=head, seed=linking.seed,
        gazetteer=Gazetteer(known.places, known.nationalities),
    )  # fmt: skip
    return _without(counted, own)


def _without(counted: Counted, own: set[UUID]) -> Counted:
    """Of registered persons the numbers stay and nothing else: where they stand is kept nowhere, and no pair is asked."""
    asked = [pair for pair in counted.pairs if pair.one not in own and pair.other not in own]
    return replace(
        counted, cluster={pk: number for pk, number in counted.cluster.items() if pk not in own}, pairs=asked,
        pairs_of_registered=len(counted.pairs) - len(asked),
    )  # fmt: skip


def _readable(opened: Iterable[tuple[ListRow, Mapping[str, str | None]]]) -> Iterator[Row]:
    for row, texts in opened:
        text = texts["content"]
        if text is not None:  # whose key was destroyed in this moment
            yield Row(row.pk, row.partner_list.code, judging.record(text))


def decisions() -> tuple[list[tuple[UUID, UUID]], list[tuple[UUID, UUID]]]:
    """What people decided, of rows as they stand now: a decision about a line holds for the line that replaced it."""
    now = dict(ListRow.objects.filter(status="replaced").order_by().values_list("pk", "replaced_by_id"))
    found: dict[str, list[tuple[UUID, UUID]]] = {"same": [], "not_same": []}
    decided = Pair.objects.filter(status__in=found).order_by("decided_at", "pk")
    for status, one, other in decided.values_list("status", "one_id", "other_id"):
        pair = _newest(one, now), _newest(other, now)
        if pair[0] != pair[1]:
            found[status].append((min(pair), max(pair)))
    return found["same"], found["not_same"]


def _newest(pk: UUID, now: Mapping[UUID, UUID | None]) -> UUID:
    seen = {pk}
    while (after := now.get(pk)) is not None and after not in seen:
        seen.add(after)
        pk = after
    return pk


def _keep_clusters(linking: Linking, counted: Iterable[Counted]) -> None:
    # Of earlier linkings the numbers stay; who stood together is told by the newest alone.
    Clustered.objects.exclude(linking=linking).delete()
    first = 1
    for one in counted:
        Clustered.objects.bulk_create(
            (Clustered(linking=linking, row_id=pk, cluster=first + number) for pk, number in one.cluster.items()),
            batch_size=AT_ONCE,
        )
        first += one.persons


def _keep_pairs(linking: Linking, found: Iterable[FoundPair]) -> None:
    """What nobody decided is asked as this linking sees it; decisions, and who was unsure, stay."""
    Pair.objects.filter(status="open").delete()
    kept = {(one, other): pk for one, other, pk in Pair.objects.order_by().values_list("one_id", "other_id", "pk")}
    new = []
    for pair in found:
        told = {"probability": pair.probability, "effect": pair.effect, "reasons": list(pair.reasons)}
        before = kept.get((pair.one, pair.other))
        if before is None:
            new.append(
                Pair(linking=linking, one_id=pair.one, other_id=pair.other, status="open", found_at=clock.now(), **told)
            )
        else:
            Pair.objects.filter(pk=before, status="unsure").update(linking=linking, **told)
    Pair.objects.bulk_create(new, batch_size=AT_ONCE)


# --- the answer --------------------------------------------------------------------------------------------


def result(groups: Mapping[str, Counted]) -> dict[str, Any]:
    """Numbers and codes of a linking, with the lists that could not be linked: what the page and the file show."""
    told = [_group(name, counted) for name, counted in groups.items()]
    linked = {code for one in told for code in one["lists"]}
    apart: list[dict[str, Any]] = []
    silent = []
    for row in PartnerList.objects.order_by("code").defer("mapping"):
        if row.code in linked:
            continue
        said: Declaration | None = row.declarations.first()
        if said is not None and said.lowest is not None and said.highest is not None:
            apart.append({"list": row.code, "lowest": said.lowest, "highest": said.highest})
        else:
            silent.append(row.code)
    numbers = [(one["lowest"], one["highest"]) for one in apart]
    found = register.distinct([*((one["persons"], one["persons"]) for one in told), *numbers])
    doubted = register.distinct([*((one["interval"][0], one["interval"][1]) for one in told), *numbers])
    return {
        "groups": told, "apart": apart, "silent": silent, "bounds": list(found) if found else None,
        "bounds_with_doubt": list(doubted) if doubted else None,
    }  # fmt: skip


def _group(name: str, counted: Counted) -> dict[str, Any]:
    return {
        "name": name, "lists": list(counted.sources), "rows": counted.rows, "persons": counted.persons,
        "interval": list(counted.interval), "links": counted.links, "precision": list(counted.precision),
        "recall": list(counted.recall), "learned": counted.learned, "overlap": counted.overlap,
        "pairs": len(counted.pairs), "pairs_left_out": counted.pairs_left_out,
        "pairs_of_registered": counted.pairs_of_registered,
    }  # fmt: skip


# --- requirements ------------------------------------------------------------------------------------------


@requirement("something_to_link")
def _something_to_link(linking: Linking, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if ListRow.objects.filter(status="accepted").exists() or Declaration.objects.filter(lowest__isnull=False).exists():
        return []
    return [_("There is no list with anything on it yet.")]


@requirement("no_linking_runs")
def _no_linking_runs(linking: Linking, actor: User, facts: Mapping[str, Any]) -> list[str]:
    return [_("A linking is running already.")] if Linking.objects.filter(status="waiting").exists() else []

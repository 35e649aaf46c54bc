"""The second wall: PostgreSQL itself shows a request only rows of cases that its user's organisations have to do with.

The policy decides what somebody may see; this only makes a forgotten question to the policy show nothing. It is
coarser on purpose: a tie that ever was counts, tasks and sections do not. On with SPEAN_ROW_SECURITY=1, built and
taken down by `spean migrate`. Without a setting there are no rows; requests set it for one statement at a time,
never for a session, so that nothing is left for the next request on the same connection.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.http import HttpRequest, HttpResponse

from spean.access.models import User
from spean.access.roles import AUDITOR

# Rows that say who has to do with a case: the wall stands on them, so they stand outside of it.
TIES: dict[str, tuple[str, ...]] = {
    "cases.Involvement": ("organisation_id",),
    "cases.Task": ("organisation_id", "user_id"),
    "cases.HandOver": ("from_organisation_id", "to_organisation_id"),
    "cases.Invitation": ("organisation_id", "user_id"),
    "cases.WithdrawalNotice": ("organisation_id",),
    "privacy.EmergencyAccess": ("asked_by_id", "second_id"),
    "directory.LocationGrant": ("organisation_id", "user_id"),
}
# What tells of the person or of what she said, and hangs on a case.
BEHIND = (
    "cases.Note", "cases.Document", "cases.DirectHelp", "cases.Suspect", "detection.Screening",
    "detection.IntakeInterview", "privacy.Consent",
    "protection.RightsInformation", "protection.ReflectionPeriod",
    "protection.RiskAssessment", "protection.Need", "identification.Determination",
)  # fmt: skip
POLICY = "of_our_cases"

# In a subquery each, so that they are read once per statement and not once per row.
_MINE = "(SELECT string_to_array(current_setting('spean.mine', true), ','))"
_SCOPE = "(SELECT current_setting('spean.scope', true))"
_ALL = f"{_SCOPE} = 'all'"
_OVERSIGHT = f"{_SCOPE} IN ('all', 'oversight')"


def _tied(case: str) -> str:
    # Written out in each condition: PostgreSQL lets no view stand in the way of its own pg_dump.
    ties = " UNION ALL ".join(
        f"SELECT case_id, {column} AS whose FROM {_table(label)}"  # noqa: S608
        for label, columns in TIES.items()
        for column in columns
    )
    return f"EXISTS (SELECT 1 FROM ({ties}) tie WHERE tie.case_id = {case} AND tie.whose = ANY ({_MINE}::uuid[]))"  # noqa: S608


def _is_mine(*columns: str) -> str:
    return " OR ".join(f"{column} = ANY ({_MINE}::uuid[])" for column in columns)


def conditions() -> dict[str, str]:
    """Each fenced table with what must hold for a row of it to be there."""
    cases, people = _table("cases.Case"), _table("people.Person")
    referrals, matches = _table("referral.Referral"), _table("people.PossibleMatch")
    through_case = f"EXISTS (SELECT 1 FROM {cases} of_her WHERE of_her.person_id = {people}.id)"  # noqa: S608
    # A record that may be the same as ours, of another agency: that it is there, while its names stay sealed.
    through_match = f"EXISTS (SELECT 1 FROM {matches} pair WHERE {people}.id IN (pair.person_id, pair.other_id))"  # noqa: S608
    found = {
        # Whoever starts a case writes its row before the row that says who takes part.
        cases: f"{_OVERSIGHT} OR {_is_mine('started_by_id', 'started_organisation_id')} OR {_tied(f'{cases}.id')}",
        people: f"{_OVERSIGHT} OR {_is_mine('registered_organisation_id')} OR {through_case} OR {through_match}",
        matches: f"{_OVERSIGHT} OR {_tied(f'{matches}.case_id')}",
        referrals: f"{_ALL} OR {_is_mine('from_organisation_id', 'to_organisation_id')} OR {_tied(f'{referrals}.case_id')}",
    }
    # What was passed on to whom, in codes: for who looks for a leak.
    for label, scope in (("privacy.ShareReceipt", _OVERSIGHT), *((label, _ALL) for label in BEHIND)):
        table = _table(label)
        found[table] = f"{scope} OR {_tied(f'{table}.case_id')}"
    return found


def _table(label: str) -> str:
    return apps.get_model(label)._meta.db_table


def build(connection: Any) -> None:
    """Put the wall up, as the owner of the tables. May be repeated."""
    take_down(connection)
    with connection.cursor() as cursor:
        for table, condition in conditions().items():
            cursor.execute(f"CREATE POLICY {POLICY} ON {table} USING ({condition})")
            # The owner too: an application that runs as the owner by mistake sees no more.
            cursor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")


def take_down(connection: Any) -> None:
    """No wall: for an installation without it, and while tables change. May be repeated, on any version's tables."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_policies WHERE policyname = %s", [POLICY])
        for (name,) in cursor.fetchall():
            table = connection.ops.quote_name(name)
            cursor.execute(f"DROP POLICY {POLICY} ON {table}")
            cursor.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY")


def stands(connection: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_policies WHERE policyname = %s)", [POLICY])
        return bool(cursor.fetchone()[0])


# --- what a request may see -------------------------------------------------------------------------------

_inside: ContextVar[str] = ContextVar("rows", default="")


def own(user: Any) -> str:
    """The setting for a user: the ids of his organisations and his own, and whether he oversees the others."""
    if not isinstance(user, User) or not user.is_authenticated or not user.is_active:
        return _setting((), "")
    memberships = user.memberships_now()
    oversees = any(one.role == AUDITOR or one.organisation.is_national_focal for one in memberships)
    mine = {user.pk, *(one.organisation_id for one in memberships)}
    return _setting(sorted(mine), "oversight" if oversees else "")


def _setting(mine: Any, scope: str) -> str:
    ids = ",".join(str(UUID(str(one))) for one in mine)
    return f"SELECT set_config('spean.mine', '{ids}', true), set_config('spean.scope', '{scope}', true); "


class OwnRows:
    """Middleware: every statement of a request carries what its user may see."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Who somebody is and where he works stands outside of the wall.
        with _fenced(own(request.user)):
            return self.get_response(request)


@contextmanager
def everybody(why: str) -> Iterator[None]:
    """The few places where a request has to look at a row of a case that is none of its user's business.

    What is seen there is not shown. `why` is for whoever reads the code.
    """
    if not why:
        raise ValueError("say why")
    with _set(_setting((), "all") if _inside.get() else ""):
        yield


@contextmanager
def acting_as(user: Any) -> Iterator[None]:
    """A request without a session that has proved whose it is by other means, such as the token of a phone."""
    with _set(own(user) if _inside.get() else ""):
        yield


@contextmanager
def _fenced(setting: str) -> Iterator[None]:
    with connection.execute_wrapper(_with_setting), _set(setting):
        yield


@contextmanager
def _set(setting: str) -> Iterator[None]:
    # Inside a transaction a local setting outlives its statement: what was before has to be put back.
    before = _now() if connection.in_atomic_block else ""
    token = _inside.set(setting)
    try:
        yield
    finally:
        _inside.reset(token)
        if before and connection.in_atomic_block and not connection.needs_rollback:
            with connection.connection.cursor() as cursor:
                cursor.execute(before)


def _now() -> str:
    """What is set at this moment, as the statement that sets it again."""
    with connection.connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('SELECT set_config(''spean.mine'', %L, true), set_config(''spean.scope'', %L, true)',"
            " coalesce(current_setting('spean.mine', true), ''), coalesce(current_setting('spean.scope', true), ''))"
        )
        return str(cursor.fetchone()[0])


def _with_setting(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """One statement together with its setting: sent as one, they are one transaction, and the setting ends with it."""
    setting, cursor = _inside.get(), context["cursor"]
    if not setting:
        return execute(sql, params, many, context)
    if many or getattr(cursor.cursor, "name", None):
        # Neither can be sent together; inside a transaction the setting may go before.
        if context["connection"].in_atomic_block:
            with context["connection"].connection.cursor() as before:
                before.execute(setting)
        return execute(sql, params, many, context)
    result = execute(setting + str(sql), params, many, context)
    cursor.nextset()
    return result

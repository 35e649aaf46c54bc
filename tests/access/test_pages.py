"""The gate: who reaches a page at all. The outsider comes first."""

from uuid import uuid4

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from spean.access import policy, roles
from spean.access.pages import PUBLIC, SIGNED_IN, page
from spean.privacy.models import Event
from tests.cast import PEOPLE, Cast
from tests.signed_in import signed_in
from tests.steps import registered

ADMINISTRATION = ["/organisations/", "/organisations/add/", "/users/", "/users/invite/", "/access-changes/"]


def _patterns(resolver: URLResolver) -> list[URLPattern]:
    found: list[URLPattern] = []
    for entry in resolver.url_patterns:
        found += _patterns(entry) if isinstance(entry, URLResolver) else [entry]
    return found


@pytest.mark.parametrize("path", [*ADMINISTRATION, "/log/"])
def test_the_outsider_meets_what_is_not_there(cast: Cast, path: str) -> None:
    client = signed_in(cast.outsider)
    forbidden, missing = client.get(path), client.get("/there-is-no-such-page/")
    assert (forbidden.status_code, missing.status_code) == (404, 404)
    assert forbidden.content == missing.content
    quiet = {"Content-Length", "Vary"}
    first, second = ({k: v for k, v in answer.items() if k not in quiet} for answer in (forbidden, missing))
    assert first == second


@pytest.mark.parametrize("path", ["/", *ADMINISTRATION, "/log/", "/account/"])
def test_without_signing_in_every_page_leads_to_sign_in(db: None, path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("name", sorted(set(PEOPLE) - {"administrator", "other_administrator"}))
def test_only_the_administrator_administers(cast: Cast, name: str) -> None:
    client = signed_in(getattr(cast, name))
    assert {client.get(path).status_code for path in ADMINISTRATION} == {404}


@pytest.mark.parametrize("name", sorted(set(PEOPLE) - {"auditor"}))
def test_only_the_auditor_reads_the_log(cast: Cast, name: str) -> None:
    assert signed_in(getattr(cast, name)).get("/log/").status_code == 404


@pytest.mark.parametrize("name", sorted(PEOPLE))
def test_everybody_gets_his_own_home_and_account(cast: Cast, name: str) -> None:
    client = signed_in(getattr(cast, name))
    assert client.get("/").status_code == 200
    assert client.get("/account/").status_code == 200


def test_a_password_alone_opens_nothing(cast: Cast) -> None:
    cast.manager.set_password("three quiet boats")
    cast.manager.save()
    client = Client()
    client.post("/sign-in/", {"login": cast.manager.email, "password": "three quiet boats"})
    for path in ("/", "/account/"):
        assert client.get(path)["Location"] == "/account/second-step/needed/"
    assert client.get("/account/second-step/needed/").status_code == 200


@pytest.mark.parametrize("role", roles.ALL)
def test_every_role_needs_a_second_step(cast: Cast, role: str) -> None:
    user = next(cast.users[name] for name, (held, _) in PEOPLE.items() if held == role)
    user.set_password("three quiet boats")
    user.save()
    client = Client()
    client.post("/sign-in/", {"login": user.email, "password": "three quiet boats"})
    assert client.get("/")["Location"] == "/account/second-step/needed/"


def test_what_is_refused_is_in_the_log_whether_it_exists_or_not(cast: Cast) -> None:
    client, missing = signed_in(cast.outsider), uuid4()
    case = registered(cast)
    before = Event.objects.latest("id").pk
    for path in (f"/case/{case.pk}/", f"/case/{missing}/", "/users/", "/there-is-no-such-page/"):
        assert client.get(path).status_code == 404
    assert signed_in(cast.manager).get(f"/case/{case.pk}/").status_code == 200
    rows = Event.objects.filter(pk__gt=before, action="page.refused").order_by("id")
    assert [(row.actor_id, row.facts) for row in rows] == [
        (cast.outsider.pk, {"page": "case", "id": str(case.pk)}),
        (cast.outsider.pk, {"page": "case", "id": str(missing)}),
        (cast.outsider.pk, {"page": "user_list", "id": None}),
    ]
    # Whoever works on the case is not told who tried.
    assert "refused" not in signed_in(cast.manager).get(f"/case/{case.pk}/history/").content.decode()


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PROPFIND", "PUT", "DELETE"])
def test_trace_tells_nothing_back(cast: Cast, method: str) -> None:
    """Nor does any other method than those a browser needs get as far as a page."""
    client = signed_in(cast.manager)
    for path in ("/", "/account/", "/sign-in/", "/robots.txt", "/leave/"):
        answer = client.generic(method, path, headers={"X-Kanari": "kanari"})
        assert answer.status_code == 405, path
        assert b"kanari" not in answer.content.lower()


def test_who_has_not_shown_the_second_step_leaves_no_such_row(cast: Cast) -> None:
    assert Client().get("/users/").status_code == 302
    assert not Event.objects.filter(action="page.refused").exists()


def test_a_role_that_ended_is_gone_on_the_next_request(cast: Cast) -> None:
    client = signed_in(cast.administrator)
    assert client.get("/users/").status_code == 200
    cast.administrator.memberships.update(until_at="2020-01-01T00:00:00Z", from_at="2019-01-01T00:00:00Z")
    assert client.get("/users/").status_code == 404


def test_a_deactivated_user_is_out_on_the_next_request(cast: Cast) -> None:
    client = signed_in(cast.administrator)
    type(cast.administrator).objects.filter(pk=cast.administrator.pk).update(is_active=False)
    assert client.get("/users/")["Location"].startswith("/sign-in/")


def test_every_address_names_an_action() -> None:
    patterns = _patterns(get_resolver())
    assert [str(row.pattern) for row in patterns if not policy.known(getattr(row, "action", ""))] == []


def test_no_two_addresses_share_a_name() -> None:
    names = [pattern.name for pattern in _patterns(get_resolver())]
    assert len(names) == len(set(names))


def _view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


def test_a_page_names_an_action_that_the_policy_knows() -> None:
    with pytest.raises(ValueError, match="knows no action"):
        page("x/", _view, action="do_as_you_like", name="x")


def test_only_pages_of_ones_own_account_come_before_the_second_step() -> None:
    with pytest.raises(ValueError, match="second factor"):
        page("x/", _view, action="see_case", name="x", before_second_factor=True)
    assert page("x/", _view, action=SIGNED_IN, name="x", before_second_factor=True).name == "x"
    assert page("x/", _view, action=PUBLIC, name="x").name == "x"

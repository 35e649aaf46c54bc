"""Administration and the log: what an administrator can do for others, and never for himself."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.http import Http404
from django.test import Client
from django.urls import reverse

from spean.access import actions, roles
from spean.access.models import Membership, Organisation, SignInLink, User
from spean.privacy.models import Event
from tests import steps
from tests.cast import Cast
from tests.signed_in import signed_in

ORGANISATION = {"name": "Lake House (fictional)", "type": "ngo_shelter", "province": "17"}


def logged() -> list[str]:
    return list(Event.objects.order_by("id").values_list("action", flat=True))


class TestStrangers:
    @pytest.mark.parametrize("name", ["outsider", "manager", "auditor", "statistician"])
    def test_nobody_else_can(self, cast: Cast, name: str) -> None:
        actor = getattr(cast, name)
        calls: list[Any] = [
            lambda: actions.add_organisation(actor, **ORGANISATION),
            lambda: actions.change_organisation(actor, cast.org("shelter"), name="Mine"),
            lambda: actions.deactivate_organisation(actor, cast.org("shelter")),
            lambda: actions.invite_user(
                actor, email="x@example.org", name="X", organisation=cast.org("shelter"), role=roles.AUDITOR
            ),
            lambda: actions.grant_role(actor, actor, actor.organisation, roles.ADMINISTRATOR),
            lambda: actions.end_membership(actor, cast.provider.memberships.get()),
            lambda: actions.deactivate_user(actor, cast.provider),
            lambda: actions.new_sign_in_link(actor, cast.provider),
            lambda: actions.reset_second_factor(actor, cast.provider),
        ]
        for call in calls:
            with pytest.raises(Http404):
                call()
        assert logged() == []

    def test_the_pages_answer_as_if_there_were_nothing(self, cast: Cast) -> None:
        client = signed_in(cast.outsider)
        missing = client.get("/nowhere/").content
        for name in ("user", "user_switch", "user_link", "user_reset"):
            answer = client.post(reverse(name, args=[cast.manager.pk]))
            assert (answer.status_code, answer.content) == (404, missing)


class TestHimself:
    def test_an_administrator_cannot_change_his_own_access(self, cast: Cast) -> None:
        me = cast.administrator
        calls: list[Any] = [
            lambda: actions.grant_role(me, me, cast.org("focal"), roles.CASE_MANAGER),
            lambda: actions.grant_role(me, me, cast.org("oversight"), roles.AUDITOR),
            lambda: actions.end_membership(me, me.memberships.get()),
            lambda: actions.deactivate_user(me, me),
            lambda: actions.new_sign_in_link(me, me),
            lambda: actions.reset_second_factor(me, me),
        ]
        for call in calls:
            with pytest.raises(actions.Refused, match="Another administrator"):
                call()
        assert me.memberships.count() == 1

    def test_another_administrator_cannot_make_him_see_cases_either(self, cast: Cast) -> None:
        with pytest.raises(actions.Refused, match="cannot also hold"):
            actions.grant_role(cast.other_administrator, cast.administrator, cast.org("focal"), roles.CASE_MANAGER)

    def test_the_page_says_so_and_offers_nothing(self, cast: Cast) -> None:
        page = signed_in(cast.administrator).get(reverse("user", args=[cast.administrator.pk])).content.decode()
        assert "This is you" in page
        assert "Add the role" not in page


class TestOrganisations:
    def test_add_change_and_deactivate(self, cast: Cast) -> None:
        client = signed_in(cast.administrator)
        assert client.post("/organisations/add/", ORGANISATION).status_code == 302
        added = Organisation.objects.get(name=ORGANISATION["name"])
        client.post(reverse("organisation", args=[added.pk]), {**ORGANISATION, "name": "Pond House (fictional)"})
        added.refresh_from_db()
        assert added.name == "Pond House (fictional)"
        client.post(reverse("organisation_switch", args=[added.pk]))
        added.refresh_from_db()
        assert not added.active
        assert logged()[-3:] == ["organisation.added", "organisation.changed", "organisation.deactivated"]

    def test_what_is_missing_is_told_in_our_own_words(self, cast: Cast) -> None:
        page = signed_in(cast.administrator).post("/organisations/add/", {"name": ""}).content.decode()
        assert "Choose what kind of organisation it is" in page
        assert "This field is required" not in page

    def test_forms_name_organisations_in_the_language_of_the_reader(self, cast: Cast) -> None:
        Organisation.objects.filter(pk=cast.org("shelter").pk).update(name_km="ជម្រក")
        client = signed_in(cast.administrator)
        assert cast.org("shelter").name in client.get("/users/invite/").content.decode()
        User.objects.filter(pk=cast.administrator.pk).update(language="km")
        page = client.get("/users/invite/").content.decode()
        assert "ជម្រក" in page
        assert cast.org("shelter").name not in page

    def test_its_members_are_shut_out_at_once(self, cast: Cast) -> None:
        client = signed_in(cast.manager)
        actions.deactivate_organisation(cast.administrator, cast.org("focal"))
        assert client.get(reverse("case_list")).status_code == 404
        assert cast.again("manager").roles == frozenset()

    def test_not_the_own_one(self, cast: Cast) -> None:
        with pytest.raises(actions.Refused, match="your own organisation"):
            actions.deactivate_organisation(cast.administrator, cast.org("secretariat"))

    def test_a_name_twice_is_told_at_the_form(self, cast: Cast) -> None:
        again = {**ORGANISATION, "name": cast.org("shelter").name}
        answer = signed_in(cast.administrator).post("/organisations/add/", again)
        assert answer.status_code == 422
        assert b"govuk-error-summary" in answer.content

    def test_what_did_not_change_is_no_event(self, cast: Cast) -> None:
        actions.change_organisation(cast.administrator, cast.org("shelter"), name=cast.org("shelter").name)
        assert logged() == []

    def test_one_without_members_is_marked_at_once(self, cast: Cast) -> None:
        empty = actions.add_organisation(cast.administrator, **ORGANISATION)
        assert actions.change_organisation(cast.administrator, empty, is_focal=True).change is None
        empty.refresh_from_db()
        assert empty.is_focal


class TestUsers:
    def invite(self, cast: Cast, **changes: str) -> Any:
        """A role that sees no case takes one administrator."""
        fields = {
            "name": "Keo Maly", "email": "keo.maly@example.org", "language": "km",
            "organisation": str(cast.org("secretariat").pk), "role": "statistics_officer",
        }  # fmt: skip
        return signed_in(cast.administrator).post("/users/invite/", fields | changes)

    def test_an_invitation_shows_its_link_once(self, cast: Cast) -> None:
        page = self.invite(cast).content.decode()
        user = User.objects.get(email="keo.maly@example.org")
        link = page.split('<p class="spean-secret" translate="no">')[1].split("</p>")[0]
        assert Client().get(link).status_code == 200
        assert not user.has_usable_password()
        assert [m.role for m in user.memberships.all()] == ["statistics_officer"]
        assert logged()[-2:] == ["user.invited", "role.given"]

    def test_nobody_is_invited_twice(self, cast: Cast) -> None:
        answer = self.invite(cast, email=cast.provider.email.upper())
        assert answer.status_code == 422
        assert b"is here already" in answer.content

    @pytest.mark.parametrize(
        ("field", "value"),
        [("name", ""), ("email", "not an address"), ("role", "king"), ("organisation", "x"), ("name", "x" * 121)],
    )
    def test_wrong_input_is_told_at_the_field_and_keeps_the_rest(self, cast: Cast, field: str, value: str) -> None:
        answer = self.invite(cast, **{field: value})
        assert answer.status_code == 422
        assert f'href="#id_{field}"' in answer.content.decode()
        kept = "Keo Maly" if field != "name" else "keo.maly@example.org"
        assert f'value="{kept}"' in answer.content.decode()
        assert not User.objects.filter(email="keo.maly@example.org").exists()

    def test_a_role_is_added_and_ended(self, cast: Cast) -> None:
        client = signed_in(cast.administrator)
        client.post(
            reverse("user", args=[cast.provider.pk]),
            {"organisation": cast.org("secretariat").pk, "role": "statistics_officer"},
        )
        membership = cast.provider.memberships.get(role="statistics_officer")
        client.post(reverse("membership_end", args=[membership.pk]))
        membership.refresh_from_db()
        assert membership.until_at is not None
        assert logged()[-2:] == ["role.given", "role.ended"]
        assert Event.objects.last().facts["role"] == "statistics_officer"  # type: ignore[union-attr]

    def test_a_role_is_not_given_twice(self, cast: Cast) -> None:
        with pytest.raises(actions.Refused, match="already"):
            actions.grant_role(cast.administrator, cast.provider, cast.org("shelter"), roles.SERVICE_PROVIDER)

    def test_deactivation_ends_sessions_and_links(self, cast: Cast) -> None:
        client = signed_in(cast.statistician)
        path = actions.new_sign_in_link(cast.administrator, cast.statistician).path
        actions.deactivate_user(cast.administrator, cast.statistician)
        assert client.get("/")["Location"].startswith("/sign-in/")
        assert Client().get(path).status_code == 404
        assert actions.activate_user(cast.administrator, cast.statistician).change is None

    def test_a_new_link_makes_the_old_one_useless(self, cast: Cast) -> None:
        first = actions.new_sign_in_link(cast.administrator, cast.statistician).path
        second = actions.new_sign_in_link(cast.administrator, cast.statistician).path
        assert (Client().get(first).status_code, Client().get(second).status_code) == (404, 200)
        assert SignInLink.objects.filter(user=cast.statistician, used_at__isnull=True).count() == 1

    def test_removing_the_second_step_leaves_a_trace_and_ends_sessions(self, cast: Cast) -> None:
        client = signed_in(cast.statistician)
        TOTP.activate(cast.statistician, "JBSWY3DPEHPK3PXP")
        actions.reset_second_factor(cast.administrator, cast.statistician)
        assert not Authenticator.objects.filter(user=cast.statistician).exists()
        assert logged()[-1] == "second_factor.reset"
        assert client.get("/").status_code == 302

    def test_ended_roles_are_kept(self, cast: Cast) -> None:
        membership = cast.provider.memberships.get()
        actions.end_membership(cast.administrator, membership)
        assert Membership.objects.filter(pk=membership.pk).exists()
        with pytest.raises(actions.Refused, match="ended already"):
            actions.end_membership(cast.administrator, membership)


class TestLog:
    def test_it_shows_codes_and_who(self, cast: Cast) -> None:
        actions.deactivate_organisation(cast.administrator, cast.org("shelter"))
        page = signed_in(cast.auditor).get("/log/").content.decode()
        assert "Organisation deactivated" in page
        assert cast.administrator.name in page

    def test_it_can_be_filtered(self, cast: Cast) -> None:
        actions.deactivate_organisation(cast.administrator, cast.org("shelter"))
        client = signed_in(cast.auditor)
        found = client.get("/log/", {"action": "organisation", "user": cast.administrator.email}).content.decode()
        assert "Organisation deactivated" in found
        assert "User signed in" not in found
        for nothing in (
            {"until": "2001-01-01"},
            {"case": "C-9999-9999"},
            {"case": "?"},
            {"user": "nobody@example.org"},
        ):
            assert "No event found" in client.get("/log/", nothing).content.decode()

    def test_an_event_is_found_by_the_words_the_page_shows(self, cast: Cast) -> None:
        actions.deactivate_organisation(cast.administrator, cast.org("shelter"))
        client = signed_in(cast.auditor)
        for typed in ("Organisation deactivated", "deactivated", "organisation.deact"):
            found = client.get("/log/", {"action": typed}).content.decode()
            assert "Organisation deactivated" in found, typed
            assert "User signed in" not in found

    def test_purposes_stand_in_words(self, cast: Cast) -> None:
        case = steps.registered(cast)
        signed_in(cast.manager).get(f"/case/{case.pk}/")
        page = signed_in(cast.auditor).get("/log/").content.decode()
        assert "Work on the case" in page
        assert "Referral to the focal agency" in page
        assert "casework" not in page
        assert "referral_to_focal_agency" not in page

    def test_a_wrong_date_is_told(self, cast: Cast) -> None:
        assert b'href="#id_since"' in signed_in(cast.auditor).get("/log/", {"since": "yesterday"}).content

    def test_reading_it_is_in_it(self, cast: Cast) -> None:
        signed_in(cast.auditor).get("/log/")
        assert logged()[-1] == "log.read"

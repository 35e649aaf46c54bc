"""What takes two administrators: every way in which one alone might let somebody see cases, tried."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from spean.access import actions, changes, roles
from spean.access.models import AccessChange, Organisation, SignInLink, User
from spean.lib import clock
from spean.privacy.models import Event
from spean.workflow.engine import Changed, Forbidden, Refused, WrongState
from tests.cast import PEOPLE, Cast
from tests.signed_in import signed_in

PASSWORD = "three quiet boats"


def last() -> Event:
    found = Event.objects.order_by("id").last()
    assert found is not None
    return found


def invited(cast: Cast, role: str = roles.CASE_MANAGER) -> tuple[User, str, AccessChange]:
    asked = actions.invite_user(
        cast.administrator, email="keo.maly@example.org", name="Keo Maly", organisation=cast.org("focal"), role=role
    )
    assert asked.user is not None
    assert asked.change is not None
    return asked.user, asked.path, asked.change


def open_account(path: str, **more: str) -> Any:
    return Client().post(path, {"password1": PASSWORD, "password2": PASSWORD, **more})


class TestOneAlone:
    """The corrupt administrator: whatever he does by himself, nobody gets to see a case."""

    @pytest.mark.parametrize("role", sorted(roles.GUARDED_ROLES))
    def test_no_such_role_begins(self, cast: Cast, role: str) -> None:
        user, path, change = invited(cast, role)
        assert not user.memberships.exists()
        assert change.status == "requested"
        assert open_account(path).status_code == 404

    def test_he_cannot_confirm_what_he_asked_for(self, cast: Cast) -> None:
        _, path, change = invited(cast)
        with pytest.raises(Forbidden):
            changes.confirm_access_change(cast.administrator, change)
        client = signed_in(cast.administrator)
        missing = client.get("/nowhere/").content
        for name in ("access_change_confirm", "access_change_reject"):
            answer = client.post(reverse(name, args=[change.pk]))
            assert (answer.status_code, answer.content) == (404, missing)
        assert "Confirm" not in client.get(reverse("access_change", args=[change.pk])).content.decode()
        assert open_account(path).status_code == 404

    def test_nor_in_the_database(self, cast: Cast) -> None:
        _, _, change = invited(cast)
        with pytest.raises(DatabaseError), transaction.atomic():
            AccessChange.objects.filter(pk=change.pk).update(
                status="confirmed", decided_at=clock.now(), decided_by=cast.administrator
            )
        with pytest.raises(DatabaseError), transaction.atomic():
            AccessChange.objects.filter(pk=change.pk).update(role=roles.AUDITOR)

    def test_nor_what_is_about_himself(self, cast: Cast) -> None:
        change = AccessChange(kind="role", user=cast.other_administrator, organisation=cast.org("focal"),
                              role=roles.CASE_MANAGER, requested_by=cast.administrator)  # fmt: skip
        change.status = "requested"
        change.save()
        with pytest.raises(Forbidden):
            changes.confirm_access_change(cast.other_administrator, change)

    def test_an_account_he_opened_himself_is_taken_from_him(self, cast: Cast) -> None:
        """He invites "a statistician", takes the account, and then asks for a role that sees cases."""
        asked = actions.invite_user(
            cast.administrator, email="s@example.org", name="S", organisation=cast.org("focal"),
            role=roles.STATISTICS_OFFICER,
        )  # fmt: skip
        assert asked.user is not None
        his = Client()
        his.post(asked.path, {"password1": PASSWORD, "password2": PASSWORD})
        TOTP.activate(asked.user, "JBSWY3DPEHPK3PXP")
        assert his.get("/account/second-step/").status_code == 200
        grant = actions.grant_role(cast.administrator, asked.user, cast.org("focal"), roles.CASE_MANAGER)
        assert grant.change is not None
        code = changes.confirm_access_change(cast.other_administrator, grant.change)
        assert his.get("/")["Location"].startswith("/sign-in/")
        assert not User.objects.get(pk=asked.user.pk).has_usable_password()
        assert not Authenticator.objects.filter(user=asked.user).exists()
        assert open_account(grant.path).status_code == 422
        assert open_account(grant.path, code=code).status_code == 302

    @pytest.mark.parametrize("name", ["manager", "auditor", "other_administrator"])
    def test_he_lets_nobody_into_somebody_elses_account(self, cast: Cast, name: str) -> None:
        owner = getattr(cast, name)
        TOTP.activate(owner, "JBSWY3DPEHPK3PXP")
        link = actions.new_sign_in_link(cast.administrator, owner)
        reset = actions.reset_second_factor(cast.administrator, owner)
        assert link.change is not None
        assert reset.change is not None
        assert open_account(link.path).status_code == 404
        assert Authenticator.objects.filter(user=owner).exists()

    def test_he_does_not_bring_back_who_was_shut_out(self, cast: Cast) -> None:
        actions.deactivate_user(cast.other_administrator, cast.manager)
        asked = actions.activate_user(cast.administrator, cast.manager)
        assert asked.change is not None
        assert not cast.again("manager").is_active
        changes.confirm_access_change(cast.other_administrator, asked.change)
        assert cast.again("manager").is_active

    def test_nor_a_whole_organisation(self, cast: Cast) -> None:
        shelter = cast.org("shelter")
        actions.deactivate_organisation(cast.administrator, shelter)
        asked = actions.activate_organisation(cast.administrator, shelter)
        assert asked.change is not None
        assert cast.again("provider").roles == frozenset()
        changes.confirm_access_change(cast.other_administrator, asked.change)
        assert cast.again("provider").roles == {"service_provider"}

    @pytest.mark.parametrize("duty", ["is_focal", "is_competent_authority"])
    def test_he_does_not_mark_an_organisation_so_that_it_sees_more(self, cast: Cast, duty: str) -> None:
        shelter = cast.org("shelter")
        asked = actions.change_organisation(cast.administrator, shelter, name="Pond House (fictional)", **{duty: True})
        shelter.refresh_from_db()
        assert (shelter.name, getattr(shelter, duty)) == ("Pond House (fictional)", False)
        assert asked.change is not None
        changes.confirm_access_change(cast.other_administrator, asked.change)
        assert getattr(Organisation.objects.get(pk=shelter.pk), duty)

    def test_ending_a_role_takes_one(self, cast: Cast) -> None:
        """Shutting out is not letting in: it must not wait."""
        actions.end_membership(cast.administrator, cast.manager.memberships.get())
        assert cast.again("manager").roles == frozenset()


class TestTwo:
    def test_neither_half_opens_the_account(self, cast: Cast) -> None:
        user, path, change = invited(cast)
        code = changes.confirm_access_change(cast.other_administrator, change)
        assert open_account(path).status_code == 422
        assert open_account(path, code="0000-0000").status_code == 422
        stored = SignInLink.objects.get(user=user)
        assert code.replace("-", "") not in repr(vars(stored))
        assert open_account(path, code=code.lower().replace("-", " ")).status_code == 302
        assert User.objects.get(pk=user.pk).check_password(PASSWORD)

    def test_a_code_cannot_be_guessed(self, cast: Cast) -> None:
        _, path, change = invited(cast)
        code = changes.confirm_access_change(cast.other_administrator, change)
        for number in range(5):
            assert "This is not the code" in open_account(path, code=f"2222-222{number}").content.decode()
        assert open_account(path, code=code).status_code == 404
        assert last().action == "sign_in_link.code_refused"

    def test_it_is_all_in_the_log(self, cast: Cast) -> None:
        user, _, change = invited(cast)
        changes.confirm_access_change(cast.other_administrator, change)
        given = Event.objects.get(action="role.given")
        assert (given.actor_id, given.object_id) == (cast.other_administrator.pk, user.pk)
        assert given.facts["requested_by"] == str(cast.administrator.pk)
        assert given.facts["role"] == roles.CASE_MANAGER
        asked = Event.objects.get(action="access_change.requested")
        assert (asked.actor_id, asked.facts["user"]) == (cast.administrator.pk, str(user.pk))
        assert last().action == "access_change.confirmed"

    def test_who_has_such_a_role_already_keeps_his_account(self, cast: Cast) -> None:
        cast.provider.set_password(PASSWORD)
        cast.provider.save()
        asked = actions.grant_role(cast.administrator, cast.provider, cast.org("focal"), roles.CASE_MANAGER)
        assert asked.change is not None
        assert asked.path == ""
        assert changes.confirm_access_change(cast.other_administrator, asked.change) == ""
        assert cast.again("provider").roles == {"service_provider", "case_manager"}
        assert cast.again("provider").check_password(PASSWORD)

    def test_a_lost_device(self, cast: Cast) -> None:
        client = signed_in(cast.provider)
        TOTP.activate(cast.provider, "JBSWY3DPEHPK3PXP")
        asked = actions.reset_second_factor(cast.administrator, cast.provider)
        assert asked.change is not None
        changes.confirm_access_change(cast.other_administrator, asked.change)
        assert not Authenticator.objects.filter(user=cast.provider).exists()
        assert client.get("/").status_code == 302
        assert last().action == "access_change.confirmed"
        assert Event.objects.filter(action="second_factor.reset", object_id=cast.provider.pk).exists()

    def test_a_rejected_request_lets_nobody_in(self, cast: Cast) -> None:
        user, path, change = invited(cast)
        changes.reject_access_change(cast.other_administrator, change)
        assert open_account(path).status_code == 404
        with pytest.raises(WrongState):
            changes.confirm_access_change(cast.other_administrator, change)
        assert not user.memberships.exists()

    def test_taken_back_by_who_asked_and_by_nobody_else(self, cast: Cast) -> None:
        _, path, change = invited(cast)
        with pytest.raises(Forbidden):
            changes.withdraw_access_change(cast.other_administrator, change)
        changes.withdraw_access_change(cast.administrator, change)
        assert open_account(path).status_code == 404

    def test_after_a_fortnight_it_is_asked_anew(self, cast: Cast) -> None:
        _, _, change = invited(cast)
        with clock.travel(clock.now() + changes.WAITS_AT_MOST + timedelta(minutes=1)):
            with pytest.raises(Refused, match="fourteen days"):
                changes.confirm_access_change(cast.other_administrator, change)
            assert not changes.waiting().exists()

    def test_not_for_one_who_is_no_administrator_any_more(self, cast: Cast) -> None:
        _, _, change = invited(cast)
        actions.end_membership(cast.other_administrator, cast.administrator.memberships.get())
        with pytest.raises(Refused, match="no administrator any more"):
            changes.confirm_access_change(cast.other_administrator, AccessChange.objects.get(pk=change.pk))

    def test_asked_twice_waits_once(self, cast: Cast) -> None:
        actions.new_sign_in_link(cast.administrator, cast.manager)
        with pytest.raises(actions.Refused, match="already"):
            actions.new_sign_in_link(cast.administrator, cast.manager)

    def test_the_second_to_come_is_told(self, cast: Cast) -> None:
        _, _, change = invited(cast)
        with pytest.raises(Changed):
            changes.confirm_access_change(cast.other_administrator, change, version=change.version + 1)


class TestPages:
    def test_from_the_invitation_to_the_code(self, cast: Cast) -> None:
        asking = signed_in(cast.administrator)
        page = asking.post(
            "/users/invite/",
            {"name": "Keo Maly", "email": "keo.maly@example.org", "language": "km", "role": "case_manager",
             "organisation": str(cast.org("focal").pk)},
        ).content.decode()  # fmt: skip
        assert "It opens nothing yet" in page
        path = page.split('<p class="spean-secret" translate="no">')[1].split("</p>")[0]
        change = AccessChange.objects.get()
        confirming = signed_in(cast.other_administrator)
        assert "Waits for your confirmation" in confirming.get("/").content.decode()
        assert "Waits for your confirmation" not in asking.get("/").content.decode()
        assert "Keo Maly" in confirming.get(reverse("access_change", args=[change.pk])).content.decode()
        page = confirming.post(reverse("access_change_confirm", args=[change.pk])).content.decode()
        code = page.split('<p class="spean-secret" translate="no">')[1].split("</p>")[0]
        assert open_account(path, code=code).status_code == 302
        again = confirming.post(reverse("access_change_confirm", args=[change.pk]))
        assert again.status_code == 422
        assert code not in again.content.decode()
        assert "Confirmed" in asking.get("/access-changes/").content.decode()

    def test_a_waiting_request_shows_on_the_page_of_its_user(self, cast: Cast) -> None:
        asking = signed_in(cast.administrator)
        asking.post(reverse("user_reset", args=[cast.manager.pk]))
        assert "Remove the second step" in asking.get(reverse("user", args=[cast.manager.pk])).content.decode()
        change = AccessChange.objects.get()
        asking.post(reverse("access_change_withdraw", args=[change.pk]))
        change.refresh_from_db()
        assert change.status == "withdrawn"

    def test_an_organisation_is_marked_by_two(self, cast: Cast) -> None:
        shelter = cast.org("shelter")
        asking = signed_in(cast.administrator)
        fields = {"name": shelter.name, "name_km": "", "type": shelter.type, "province": "01", "is_focal": "on"}
        answer = asking.post(reverse("organisation", args=[shelter.pk]), fields)
        assert answer["Location"] == reverse("access_change", args=[AccessChange.objects.get().pk])
        assert "focal agency" in asking.get(answer["Location"]).content.decode()

    @pytest.mark.parametrize("name", sorted(set(PEOPLE) - {"administrator", "other_administrator"}))
    def test_for_everybody_else_there_is_nothing(self, cast: Cast, name: str) -> None:
        _, _, change = invited(cast)
        client = signed_in(getattr(cast, name))
        missing = client.get("/nowhere/").content
        assert client.get("/access-changes/").content == missing
        assert client.get(reverse("access_change", args=[change.pk])).content == missing
        for url in ("access_change_confirm", "access_change_reject", "access_change_withdraw"):
            answer = client.post(reverse(url, args=[change.pk]))
            assert (answer.status_code, answer.content) == (404, missing)

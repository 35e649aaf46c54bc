"""Who may know where a shelter is, for how long, and who never: grants by placement, grants by the shelter itself."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from spean.access import policy
from spean.cases.exclusion import exclude
from spean.cases.models import Case
from spean.directory import location
from spean.directory.models import LocationGrant, Service, ShelterLocation
from spean.lib import clock
from spean.privacy import doors, vault
from spean.privacy.crypto import CannotOpen
from spean.privacy.models import Event
from spean.privacy.vault import Sealed
from spean.referral import actions as referral
from spean.referral.models import Referral
from spean.workflow.engine import Forbidden, Refused
from tests import steps
from tests.cast import PEOPLE, Cast
from tests.signed_in import signed_in

ADDRESS = "House 7, Street 99"
WHY = {"purpose": "placement"}


def placed(cast: Cast) -> Referral:
    """Somebody was placed there and the shelter said yes."""
    case = steps.registered(cast)
    steps.agree(cast, case, "service_referral", cast.org("shelter"))
    sent = referral.send_referral(
        cast.manager, case, "service", cast.org("shelter"), service=steps.service(cast, address=ADDRESS)
    )
    return referral.accept_referral(cast.provider, sent)


def where(service: Service) -> ShelterLocation:
    return ShelterLocation.objects.get(pk=service.pk)


def may(cast: Cast, name: str, found: ShelterLocation) -> bool:
    return policy.may(cast.again(name), "see_shelter_location", found)


class TestByDefault:
    @pytest.mark.parametrize("name", sorted(set(PEOPLE) - {"provider", "manager"}))
    def test_nobody_else_knows(self, cast: Cast, name: str) -> None:
        row = placed(cast)
        assert row.service is not None
        found = where(row.service)
        user = getattr(cast, name)
        assert not may(cast, name, found)
        with pytest.raises(doors.NotAllowed):
            doors.reveal(user, [found], ["address"], "placement")
        client = signed_in(user)
        here = client.post(reverse("service_location", args=[found.pk]), WHY)
        nowhere = client.post(reverse("service_location", args=[uuid4()]), WHY)
        assert (here.status_code, here.content) == (404, nowhere.content)
        for verb in ("location_close", "location_keep"):
            grant = LocationGrant.objects.get()
            assert client.post(reverse(verb, args=[grant.pk])).status_code == 404
        assert client.get(reverse("location_let_in", args=[found.pk])).status_code == 404
        grant.refresh_from_db()
        assert grant.closed_at is None

    def test_the_bytes_open_in_no_other_place(self, cast: Cast) -> None:
        found = where(steps.service(cast, address=ADDRESS))
        with pytest.raises(CannotOpen):
            vault.open_sealed([Sealed(found.subject, "directory.Service.address", found.pk, found.address)])

    def test_an_address_sealed_for_the_service_moves_to_its_location(self, cast: Cast) -> None:
        """What the migration does with each row that stood in the service itself."""
        service = steps.service(cast, address="")
        old = vault.seal(service.pk, "directory.Service.address", service.pk, ADDRESS, long=True)
        moved = vault.move_sealed(
            service.pk, service.pk, old, frm="directory.Service.address", to="directory.ShelterLocation.address"
        )
        ShelterLocation.objects.filter(pk=service.pk).update(address=moved)
        opened = doors.reveal(cast.provider, [where(service)], ["address"], "placement")
        assert opened[service.pk]["address"] == ADDRESS
        with pytest.raises(CannotOpen):
            vault.move_sealed(service.pk, uuid4(), old, frm="directory.Service.address", to="x.Y.z")


class TestPlacement:
    def test_it_ends_with_the_placement(self, cast: Cast) -> None:
        row = placed(cast)
        assert row.service is not None
        found = where(row.service)
        assert may(cast, "manager", found)
        referral.complete_referral(cast.provider, row, feedback="help_given")
        assert not may(cast, "manager", found)
        with pytest.raises(Refused):
            location.keep_open(cast.manager, LocationGrant.objects.get())
        assert list(Event.objects.filter(object_type="directory.LocationGrant").values_list("action", flat=True)) == [
            "location.let_in", "location.closed",
        ]  # fmt: skip

    def test_it_runs_out_unless_it_is_renewed(self, cast: Cast) -> None:
        row = placed(cast)
        assert row.service is not None
        found, grant = where(row.service), LocationGrant.objects.get()
        with clock.travel(grant.until_at - timedelta(seconds=1)):
            assert may(cast, "manager", found)
        with clock.travel(grant.until_at + timedelta(seconds=1)):
            assert not may(cast, "manager", found)
            assert signed_in(cast.manager).post(reverse("location_keep", args=[grant.pk])).status_code == 302
            assert may(cast, "manager", found)
        with clock.travel(grant.until_at + timedelta(days=31)):
            assert not may(cast, "manager", found)

    def test_whoever_is_excluded_from_the_case_loses_it(self, cast: Cast) -> None:
        row = placed(cast)
        assert row.service is not None
        case = Case.objects.get(pk=row.case_id)
        cast.users["colleague"].memberships.create(organisation=cast.org("focal"), role="case_manager")
        exclude(cast.again("colleague"), case, reason="related_to_suspect", user=cast.users["manager"])
        assert not may(cast, "manager", where(row.service))

    def test_the_shelter_can_close_it_and_it_stays_closed(self, cast: Cast) -> None:
        row = placed(cast)
        assert row.service is not None
        grant = LocationGrant.objects.get()
        page = signed_in(cast.provider).get(reverse("location_let_in", args=[row.service_id])).content.decode()
        assert "Provincial Social Affairs Office" in page
        signed_in(cast.provider).post(reverse("location_close", args=[grant.pk]))
        assert not may(cast, "manager", where(row.service))
        with pytest.raises(Refused):
            location.keep_open(cast.manager, grant)


class TestLetInByTheShelter:
    @pytest.mark.parametrize("name", ["investigator", "prosecutor", "clerk", "screener"])
    def test_police_and_courts_only_by_name(self, cast: Cast, name: str) -> None:
        found = where(steps.service(cast, address=ADDRESS))
        user = cast.users[name]
        assert user.organisation is not None
        location.let_in(cast.provider, found, days=7, organisation=user.organisation)
        assert not may(cast, name, found)
        location.let_in(cast.provider, found, days=7, user=user)
        assert may(cast, name, found)
        page = signed_in(user).post(reverse("service_location", args=[found.pk]), {"purpose": "justice"})
        assert ADDRESS in page.content.decode()
        with clock.travel(clock.now() + timedelta(days=7, minutes=1)):
            assert not may(cast, name, found)

    def test_an_organisation_that_helps(self, cast: Cast) -> None:
        found = where(steps.service(cast, address=ADDRESS))
        location.let_in(cast.provider, found, days=7, organisation=cast.org("other_shelter"))
        assert may(cast, "other_provider", found)
        assert not may(cast, "statistician", found)

    def test_nobody_lets_himself_in(self, cast: Cast) -> None:
        found = where(steps.service(cast, address=ADDRESS))
        for name in ("manager", "investigator", "other_provider", "administrator"):
            user = cast.users[name]
            with pytest.raises(Forbidden):
                location.let_in(user, found, days=7, user=user)
        with pytest.raises(ValidationError):
            location.let_in(cast.provider, found, days=91, user=cast.users["investigator"])
        assert not LocationGrant.objects.exists()

    def test_on_the_page(self, cast: Cast) -> None:
        found = where(steps.service(cast, address=ADDRESS))
        url = reverse("location_let_in", args=[found.pk])
        client = signed_in(cast.provider)
        for wrong in ({"days": "7"}, {"days": "7", "email": "nobody@example.org"}, {"days": "0", "email": "a@b.c"}):
            answer = client.post(url, wrong)
            assert answer.status_code == 422
            assert "There is a problem" in answer.content.decode()
        assert not LocationGrant.objects.exists()
        once = str(uuid4())
        for _ in range(2):
            client.post(url, {"days": "7", "email": "investigator@example.org", "once": once})
        grant = LocationGrant.objects.get()
        assert (grant.user, grant.organisation, grant.basis) == (cast.users["investigator"], None, "shelter")

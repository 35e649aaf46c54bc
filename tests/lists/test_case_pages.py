"""Pages from a list into case work: what the keeper is offered, in both languages, and what is not there for others."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from spean.cases.models import Case
from spean.lists import case_pages, delivering, to_case
from spean.lists.models import ListRow, PartnerList
from spean.privacy.models import Event
from tests.cast import PEOPLE, Cast
from tests.lists.files import AGREED, agreeing, as_csv, begun, rows, sent, somebody
from tests.signed_in import signed_in

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


@pytest.fixture
def partner_list(cast: Cast) -> PartnerList:
    """A list of the provider's: two who agreed, with proof, and one who did not."""
    owner = begun(cast.provider)
    sent(cast.provider, owner, as_csv(rows(agreeing("1"), agreeing("2", Gender="M"), somebody("3"), heading=AGREED)))
    return owner


def of_line(number: int) -> ListRow:
    return ListRow.objects.get(line=number, status="accepted")


def page(client: Client, name: str, pk: object) -> str:
    answer = client.get(reverse(name, args=[pk]))
    assert answer.status_code == 200, name
    return answer.content.decode()


def begin(client: Client, row: ListRow, **more: str) -> object:
    url = reverse("list_row_begin", args=[row.pk])
    given = {"instrument": "first_responder", "exploitation": "labour", "once": str(uuid4()), **more}
    return client.post(url, given)


@pytest.mark.parametrize(
    ("language", "title", "button", "case"),
    [
        ("en", "People who agreed", "Begin a screening of this person", "A case was begun from this line"),
        ("km", "បុគ្គលដែលបានយល់ព្រម", "ចាប់ផ្ដើមការពិនិត្យសម្គាល់បុគ្គលនេះ", "ករណីមួយបានចាប់ផ្ដើមពីបន្ទាត់នេះ"),
    ],
)  # fmt: skip
def test_from_the_list_to_the_interview(
    cast: Cast, partner_list: PartnerList, language: str, title: str, button: str, case: str
) -> None:
    cast.provider.language = language
    cast.provider.save()
    client = signed_in(cast.provider)
    assert title in page(client, "partner_list", partner_list.pk)
    listed = page(client, "partner_list_agreed", partner_list.pk)
    assert title in listed
    assert [reverse("list_row", args=[of_line(number).pk]) in listed for number in (2, 3, 4)] == [True, True, False]
    row = of_line(2)
    shown = page(client, "list_row", row.pk)
    assert button in shown
    assert button in page(client, "list_row_begin", row.pk)
    for told in (listed, shown):
        assert "Kanarie" not in told
    assert "Kanarie" in client.post(reverse("list_row_open", args=[row.pk])).content.decode()
    answer = begin(client, row)
    made = Case.objects.get()
    assert answer["Location"] == reverse("case_interview", args=[made.pk])  # type: ignore[index]
    assert client.get(answer["Location"], follow=True).status_code == 200  # type: ignore[index]
    shown = page(client, "list_row", row.pk)
    assert case in shown
    assert made.code in shown
    assert button not in shown
    assert made.code in page(client, "partner_list_agreed", partner_list.pk)
    assert (
        "Kanarie" in client.get(reverse("screening_step", args=[made.screenings.get().pk, "person"])).content.decode()
    )


def test_what_came_with_the_line_is_shown_and_nothing_is_answered_for_the_person(
    cast: Cast, partner_list: PartnerList
) -> None:
    """Sex and age stand there to be looked at; whether she is a child after all, only she and the keeper can say."""
    client = signed_in(cast.provider)
    screening = to_case.begin_from_row(cast.provider, of_line(2))
    form = client.get(reverse("screening_step", args=[screening.pk, "person"])).context["form"]
    shown = {name: form[name].value() for name in ("stated_name", "age", "sex", "age_disputed", "age_unknown")}
    assert shown == {
        "stated_name": "Kanarie Sreyneang", "age": screening.age, "sex": "female", "age_disputed": "",
        "age_unknown": False,
    }  # fmt: skip
    url = reverse("screening_step", args=[screening.pk, "person"])
    typed = {"age": "22", "sex": "female", "age_disputed": "no", "stated_name": "Sreyneang"}
    assert client.post(url, typed).status_code == 302
    assert client.get(url).context["form"]["age_disputed"].value() == "no"


def test_a_second_press_leads_to_the_same_case(cast: Cast, partner_list: PartnerList) -> None:
    client, row, once = signed_in(cast.provider), of_line(2), str(uuid4())
    first, again = begin(client, row, once=once), begin(client, row, once=once)
    assert first["Location"] == again["Location"]  # type: ignore[index]
    later = begin(client, row)
    assert later.status_code == 422  # type: ignore[attr-defined]
    told = later.content.decode()  # type: ignore[attr-defined]
    assert "Case begun from a row of a list" in told
    assert reverse("list_row", args=[row.pk]) in told
    assert client.get(reverse("list_row_begin", args=[row.pk]))["Location"] == reverse("list_row", args=[row.pk])
    assert Case.objects.count() == 1


def test_what_was_chosen_wrongly_begins_nothing(cast: Cast, partner_list: PartnerList) -> None:
    client = signed_in(cast.provider)
    for wrong in ({"instrument": "unheard_of"}, {"exploitation": "unheard_of"}, {"instrument": ""}):
        assert begin(client, of_line(2), **wrong).status_code == 422  # type: ignore[attr-defined]
    assert not Case.objects.exists()
    assert not Event.objects.filter(action="identity.revealed").exists()


def test_a_line_without_proof_is_neither_offered_nor_opened_nor_begun(cast: Cast, partner_list: PartnerList) -> None:
    client, row = signed_in(cast.provider), of_line(4)
    missing = client.get("/nowhere/").content
    shown = page(client, "list_row", row.pk)
    assert "Begin a screening" not in shown
    assert "Open the line" not in shown
    for answer in (
        client.get(reverse("list_row_begin", args=[row.pk])), begin(client, row),
        client.post(reverse("list_row_open", args=[row.pk])),
    ):  # fmt: skip
        assert (answer.status_code, answer.content) == (404, missing)  # type: ignore[attr-defined]
    assert not Case.objects.exists()


@pytest.mark.parametrize("name", sorted(set(PEOPLE) - {"provider"}))
def test_for_everybody_else_it_is_not_there(cast: Cast, partner_list: PartnerList, name: str) -> None:
    client, row = signed_in(getattr(cast, name)), of_line(2)
    missing = client.get("/nowhere/").content
    for answer in (
        client.get(reverse("partner_list_agreed", args=[partner_list.pk])),
        client.get(reverse("list_row_begin", args=[row.pk])), begin(client, row),
        client.post(reverse("list_row_open", args=[row.pk])),
    ):  # fmt: skip
        assert (answer.status_code, answer.content) == (404, missing)  # type: ignore[attr-defined]
    assert not Case.objects.exists()


def test_a_keeper_who_starts_no_screenings_sees_the_number_and_no_way(cast: Cast) -> None:
    owner = begun(cast.investigator)
    sent(cast.investigator, owner, as_csv(rows(agreeing(), heading=AGREED)))
    client = signed_in(cast.investigator)
    shown = page(client, "partner_list", owner.pk)
    assert "With proof that they agreed" in shown
    assert "People who agreed" not in shown
    assert client.get(reverse("partner_list_agreed", args=[owner.pk])).status_code == 404
    shown = page(client, "list_row", ListRow.objects.get().pk)
    assert "Open the line" not in shown
    assert "Begin a screening" not in shown


def test_pages_of_a_long_list(cast: Cast, partner_list: PartnerList, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_pages, "PER_PAGE", 1)
    client = signed_in(cast.provider)
    url = reverse("partner_list_agreed", args=[partner_list.pk])
    seen = [client.get(f"{url}?page={number}").content.decode() for number in (1, 2)]
    links = [reverse("list_row", args=[of_line(number).pk]) for number in (2, 3)]
    assert [[link in told for link in links] for told in seen] == [[True, False], [False, True]]


def test_nobody_who_agreed_is_said_in_words(cast: Cast) -> None:
    owner = begun(cast.provider)
    client = signed_in(cast.provider)
    assert "No line of this list has proof" in page(client, "partner_list_agreed", owner.pk)
    assert reverse("partner_list_agreed", args=[owner.pk]) not in page(client, "partner_list", owner.pk)


def test_the_page_of_a_line_says_what_became_of_its_case(cast: Cast, partner_list: PartnerList) -> None:
    client, row = signed_in(cast.provider), of_line(2)
    case = to_case.begin_from_row(cast.provider, row).case
    assert "The case that was begun from it stays" in page(client, "list_row", row.pk)
    sent(cast.provider, partner_list, as_csv(rows(agreeing("1", Phone="098 765 432"), heading=AGREED)))
    assert "with the line that replaced it" in page(client, "list_row", row.pk)
    later = ListRow.objects.get(case=case)
    assert case.code in page(client, "list_row", later.pk)
    # Answered for by somebody else, of whom this keeper need not know.
    Case.objects.filter(pk=case.pk).update(started_by=cast.other_provider)
    shown = page(client, "list_row", later.pk)
    assert "Others answer for it now" in shown
    assert case.code not in shown
    listed = page(client, "partner_list_agreed", partner_list.pk)
    assert ">begun<" in listed
    assert case.code not in listed
    ListRow.objects.filter(pk=later.pk).update(case=None)
    assert "nothing leads to it any more" in page(client, "list_row", later.pk)
    delivering.destroy_row(cast.provider, ListRow.objects.get(pk=later.pk))
    assert "The case that was begun from it stays" not in page(client, "list_row", later.pk)

"""Which passwords are refused, and that nothing else is: no rule asks for a kind of sign."""

import pytest
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.test import Client

from spean.access import links, passwords
from tests.cast import Cast
from tests.signed_in import signed_in

GUESSED = {
    "shorter than twelve": "three boats",
    "common": "administrator",
    "common, with a year": "Dragon2026!!",
    "common, twice": "dragondragon",
    "common, with signs for letters": "$un5h1ne2026",
    "digits, over and over": "123123123123",
    "the system": "Spean-2026-2026",
    "only words of the system": "spean hotline 2026",
    "words of the system around a common one": "spean-sunshine-spean",
    "the country": "Cambodia!2026!",
}
TAKEN = (
    "three quiet boats",
    "x7#9!kQ2$5%1",
    "839201746582",
    "ទូកបីស្ងាត់នៅទន្លេ",
    "only lower case letters here",
    "ONLY-UPPER-CASE-LETTERS",
    " a space before and behind ",
    "hotline to the blue mango tree",
    "y" * 3 + "long enough to be a whole sentence of one hundred signs, which a manager of passwords may well make" * 1,
)


@pytest.mark.parametrize("what", GUESSED)
def test_what_many_would_think_of_is_refused(db: None, what: str) -> None:
    with pytest.raises(ValidationError):
        password_validation.validate_password(GUESSED[what])


@pytest.mark.parametrize("password", TAKEN)
def test_everything_else_is_taken_as_it_is(db: None, password: str) -> None:
    password_validation.validate_password(password)


def test_names_of_the_user_and_of_his_organisation_are_refused(cast: Cast) -> None:
    assert cast.manager.organisation is not None
    for password in ("Provincial-2026", "social affairs office", cast.manager.email, "manager manager"):
        with pytest.raises(ValidationError):
            password_validation.validate_password(password, cast.again("manager"))


def test_far_more_than_three_thousand_long_ones_are_refused() -> None:
    """The library's list has 190 that are long enough; with a year or doubled, thousands of the short ones are."""
    words = sorted(word for word in passwords._common() if word.isalpha() and 6 <= len(word) <= 8)
    tried = [f"{word}202{year}!!" for word in words for year in (5, 6)]
    assert len(tried) > 3000
    refused = passwords._common()
    assert all(any(core in refused for core in passwords.cores(password, ())) for password in tried)


def test_the_pages_ask(cast: Cast) -> None:
    path = links.issue_link(cast.provider, "invite", links.INVITATION_LASTS)
    answer = Client().post(path, {"password1": "Dragon2026!!", "password2": "Dragon2026!!"})
    assert answer.status_code == 422
    assert "too easy to guess" in answer.content.decode()
    cast.manager.set_password("three quiet boats")
    cast.manager.save()
    client = signed_in(cast.manager)
    new = {"password1": "Spean-2026-2026", "password2": "Spean-2026-2026"}
    answer = client.post("/account/password/", {"oldpassword": "three quiet boats", **new})
    assert "too easy to guess" in answer.content.decode()


def test_a_change_asks_for_the_old_one_and_for_nothing_else(cast: Cast) -> None:
    cast.manager.set_password("three quiet boats")
    cast.manager.save()
    client = signed_in(cast.manager)
    new = {"password1": "four loud wooden carts", "password2": "four loud wooden carts"}
    client.post("/account/password/", {"oldpassword": "not the boats at all", **new})
    assert not cast.again("manager").check_password("four loud wooden carts")
    client.post("/account/password/", {"oldpassword": "three quiet boats", **new})
    assert cast.again("manager").check_password("four loud wooden carts")


def test_the_fields_hide_what_is_typed_and_let_a_manager_of_passwords_fill_them(cast: Cast) -> None:
    page = Client().get("/sign-in/").content.decode()
    field = page[page.index('name="password"') - 80 : page.index('name="password"') + 160]
    assert 'type="password"' in field
    assert 'autocomplete="current-password"' in field
    assert "onpaste" not in page

"""Fields: codes of the pack in models and forms, retired codes where a record holds them, nowhere else."""

from datetime import date
from pathlib import Path

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.migrations.writer import MigrationWriter
from django.utils import translation

from spean.country import fields
from spean.country.fields import CodeChoices, CodeField, CodesChoices, CodesField
from spean.country.pack import Pack


class Basket(models.Model):
    """Never has a table; only its fields are tried."""

    kind = CodeField(codelist="fruit", blank=True)
    others = CodesField(codelist="fruit", blank=True)

    class Meta:
        app_label = "tests_country"
        managed = False


class BasketForm(forms.ModelForm):
    class Meta:
        model = Basket
        fields = ("kind", "others")


@pytest.fixture(autouse=True)
def fruit(broken_pack: Path, monkeypatch: pytest.MonkeyPatch) -> Pack:
    text = (
        "code,label_en,label_km,valid_from,valid_to,htcds,ctdc,ictip,verified,note\n"
        "apple,Apple,ប៉ោម,,,,,,true,\n"
        "mango,Mango,ស្វាយ,,,,,,true,\n"
        "pear,Pear,ពែរ,,2020-06-30,,,,true,\n"
    )
    (broken_pack / "codelists" / "fruit.csv").write_text(text, encoding="utf-8")
    made = Pack(broken_pack)
    monkeypatch.setattr(fields, "pack", lambda: made)
    return made


class TestModel:
    def test_known_codes_are_clean_even_when_retired(self) -> None:
        Basket(kind="pear", others=["apple", "pear"]).clean_fields()
        Basket().clean_fields()

    def test_unknown_codes_are_refused_at_their_field(self) -> None:
        with pytest.raises(ValidationError) as refused:
            Basket(kind="stone", others=["apple", "stone"]).clean_fields()
        assert set(refused.value.message_dict) == {"kind", "others"}

    def test_a_code_is_held_once(self) -> None:
        with pytest.raises(ValidationError) as refused:
            Basket(others=["apple", "apple"]).clean_fields()
        assert set(refused.value.message_dict) == {"others"}

    def test_lists_are_not_shared_between_records(self) -> None:
        one, other = Basket(), Basket()
        one.others.append("apple")
        assert other.others == []

    def test_words_in_the_language_in_use(self) -> None:
        basket = Basket(kind="apple", others=["mango", "pear"])
        assert (basket.get_kind_display(), basket.get_others_display()) == ("Apple", "Mango, Pear")
        with translation.override("km"):
            assert basket.get_kind_display() == "ប៉ោម"
        assert Basket().get_kind_display() == ""

    def test_a_code_the_pack_has_lost_still_shows(self) -> None:
        assert Basket(kind="quince").get_kind_display() == "quince"

    @pytest.mark.parametrize("name", ["kind", "others"])
    def test_migrations_hold_the_list_and_not_its_codes(self, name: str) -> None:
        field = Basket._meta.get_field(name)
        written = MigrationWriter.serialize(field)[0]
        assert "codelist='fruit'" in written
        assert "apple" not in written
        _, _, args, kwargs = field.deconstruct()
        assert type(field)(*args, **kwargs).deconstruct()[1:] == field.deconstruct()[1:]

    def test_a_list_the_pack_does_not_have_is_a_system_fault(self) -> None:
        field = CodeField(codelist="vegetable")
        field.set_attributes_from_name("vegetable")
        field.model = Basket
        assert [fault.id for fault in field.check()][-1:] == ["country.E001"]


class TestForm:
    def test_offers_what_is_valid_today(self) -> None:
        form = BasketForm()
        assert [code for code, _ in form["kind"].field.choices] == ["", "apple", "mango"]
        assert [code for code, _ in form["others"].field.choices] == ["apple", "mango"]

    def test_offers_words_in_the_language_in_use(self) -> None:
        with translation.override("km"):
            assert "ស្វាយ" in str(BasketForm()["kind"])

    def test_a_retired_code_cannot_be_given_anew(self) -> None:
        form = BasketForm({"kind": "pear", "others": ["pear"]})
        assert not form.is_valid()
        assert set(form.errors) == {"kind", "others"}

    def test_a_record_keeps_the_retired_code_it_holds(self) -> None:
        held = Basket(kind="pear", others=["pear", "apple"])
        form = BasketForm({"kind": "pear", "others": ["pear"]}, instance=held)
        assert form.is_valid(), form.errors
        assert form.cleaned_data == {"kind": "pear", "others": ["pear"]}

    def test_one_records_code_does_not_leak_into_the_next_form(self) -> None:
        str(BasketForm(instance=Basket(kind="pear"))["kind"])
        assert "pear" not in [code for code, _ in BasketForm()["kind"].field.choices]
        assert not BasketForm({"kind": "pear"}).is_valid()

    def test_radio_buttons_have_no_empty_row(self) -> None:
        field = CodeChoices(codelist="fruit", widget=forms.RadioSelect)
        assert [code for code, _ in field.choices] == ["apple", "mango"]

    def test_fields_stand_on_their_own_too(self, fruit: Pack) -> None:
        assert CodeChoices(codelist="fruit").clean("apple") == "apple"
        assert CodesChoices(codelist="fruit").clean(["mango", "apple"]) == ["mango", "apple"]
        assert fruit.codelist("fruit").codes(date(2020, 1, 1)) == {"apple", "mango", "pear"}

"""Rules that hold for every table, found by reflection, so that a new one cannot forget them."""

import pytest
from django.apps import apps
from django.db import models

from spean.privacy.fields import SealedField, unclassified
from spean.workflow import tables

OURS = [model for model in apps.get_models() if model.__module__.startswith("spean.")]
EACH = pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)


@EACH
def test_every_field_is_classed(model: type[models.Model]) -> None:
    """Sealed, coded or plain: nobody adds a column without saying how sensitive it is."""
    assert hasattr(model, "Privacy"), "give the model an inner class Privacy"
    assert not unclassified(model)


@EACH
def test_no_field_is_classed_twice(model: type[models.Model]) -> None:
    named = [*getattr(model.Privacy, "coded", ()), *getattr(model.Privacy, "plain", ())]  # type: ignore[attr-defined]
    assert len(named) == len(set(named))
    real = {field.name for field in model._meta.concrete_fields}
    assert set(named) <= real


@EACH
def test_pairs_of_at_and_by_are_constrained(model: type[models.Model]) -> None:
    """Something happened and somebody did it: both are known, or neither.

    | x_at | x_by | allowed |
    |---|---|---|
    | set | set | yes |
    | none | none | yes |
    | set | none | no |
    """
    fields = {field.name: field for field in model._meta.concrete_fields}
    for name, field in fields.items():
        partner = fields.get(name.removesuffix("_at") + "_by") if name.endswith("_at") else None
        if partner is None or not (field.null and partner.null):
            continue
        checks = [
            repr(check.condition) for check in model._meta.constraints if isinstance(check, models.CheckConstraint)
        ]
        assert any(name in check and partner.name in check for check in checks), f"{name} / {partner.name}"


@EACH
def test_free_text_about_people_is_sealed(model: type[models.Model]) -> None:
    """A readable text field is either about an organisation or service, or it is technical."""
    allowed = {"access", "directory", "privacy", "workflow", "keyvault"}
    if model._meta.app_label in allowed:
        return
    for field in model._meta.concrete_fields:
        assert not isinstance(field, models.TextField), field.name


@pytest.mark.parametrize("row", tables.TRANSITIONS, ids=lambda row: row.verb)
def test_moving_tables_have_a_version(row: tables.T) -> None:
    """Two people acting at once can only be told apart by it."""
    model = apps.get_model(row.model)
    assert model._meta.get_field("version")


@EACH
def test_no_model_overrides_save(model: type[models.Model]) -> None:
    """What happens when something is saved stands in the verb, not behind the reader's back."""
    assert model.save is models.Model.save or model.__module__ == "spean.access.models"


def test_sealed_fields_name_a_section() -> None:
    from spean.access.roles import SECTIONS

    for model in OURS:
        for field in model._meta.concrete_fields:
            if isinstance(field, SealedField):
                assert field.section in SECTIONS

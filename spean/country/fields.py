"""Model and form fields whose values are codes of the country pack.

The choices are no part of the migrations: a pack may add codes without a change to the database. A record keeps
a code that has gone out of use; a form offers and accepts it only there.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.core import checks
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from spean.country.pack import CodeList, pack

CODE_LENGTH = 60

if TYPE_CHECKING:
    _CharField = models.CharField[str, str]
    _ArrayField = ArrayField[Sequence[str], list[str]]
else:
    _CharField = models.CharField
    _ArrayField = ArrayField


class CodeChoices(forms.ChoiceField):
    """One code of a list. Choices follow the reader's language and today's date."""

    def __init__(self, *, codelist: str, **kwargs: Any) -> None:
        self.codelist = codelist
        self.kept: tuple[str, ...] = ()
        kwargs.pop("choices", None)
        super().__init__(choices=self._offered, **kwargs)

    def _offered(self) -> list[tuple[str, str]]:
        offered = pack().codelist(self.codelist).choices(keep=self.kept)
        # Radio buttons need no empty row; a drop-down must be able to say nothing.
        return offered if isinstance(self.widget, forms.RadioSelect) else [("", ""), *offered]

    def __deepcopy__(self, memo: dict[int, Any]) -> "CodeChoices":
        copied = super().__deepcopy__(memo)
        # The choices are a bound method: the copy must ask itself, not the field of the class.
        copied.choices = copied._offered
        return copied

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        held = form.get_initial_for_field(self, field_name)
        if isinstance(held, str) and held:
            self.kept = (held,)
            self.choices = self._offered
        return super().get_bound_field(form, field_name)


class CodesChoices(forms.MultipleChoiceField):
    """Several codes of a list, as boxes to tick."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, *, codelist: str, **kwargs: Any) -> None:
        self.codelist = codelist
        self.kept: tuple[str, ...] = ()
        kwargs.pop("choices", None)
        super().__init__(choices=self._offered, **kwargs)

    def _offered(self) -> list[tuple[str, str]]:
        return pack().codelist(self.codelist).choices(keep=self.kept)

    def __deepcopy__(self, memo: dict[int, Any]) -> "CodesChoices":
        copied = super().__deepcopy__(memo)
        copied.choices = copied._offered
        return copied

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        held = form.get_initial_for_field(self, field_name)
        if isinstance(held, list | tuple) and held:
            self.kept = tuple(str(code) for code in held)
            self.choices = self._offered
        return super().get_bound_field(form, field_name)


def _codelist_faults(field: Any, codelist: str) -> list[checks.CheckMessage]:
    if codelist in pack().codelist_names:
        return []
    return [checks.Error(f"The country pack has no code list {codelist!r}.", obj=field, id="country.E001")]


class CodeField(_CharField):
    """Holds one code. `get_<name>_display()` gives its words in the reader's language."""

    def __init__(self, *args: Any, codelist: str, **kwargs: Any) -> None:
        self.codelist = codelist
        kwargs.setdefault("max_length", CODE_LENGTH)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "codelist": self.codelist}

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        return [*super().check(**kwargs), *_codelist_faults(self, self.codelist)]

    @property
    def codes(self) -> CodeList:
        return pack().codelist(self.codelist)

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        shown = f"get_{name}_display"

        def display(instance: models.Model) -> str:
            value = getattr(instance, name)
            return label(self.codelist, value) if value else ""

        if shown not in cls.__dict__:
            setattr(cls, shown, display)

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        super().validate(value, model_instance)
        if value not in self.empty_values and value not in self.codes:
            raise ValidationError(_("“%(value)s” is not on the list."), code="unknown_code", params={"value": value})

    def formfield(self, **kwargs: Any) -> Any:
        for unused in ("form_class", "choices_form_class", "max_length", "empty_value"):
            kwargs.pop(unused, None)
        defaults = {
            "required": not self.blank,
            "label": self.verbose_name,
            "help_text": self.help_text,
        }
        if self.has_default():
            defaults["initial"] = self.get_default()
        return CodeChoices(codelist=self.codelist, **{**defaults, **kwargs})


class CodesField(_ArrayField):
    """Holds several codes of one list, each once, in the order given."""

    def __init__(self, *args: Any, codelist: str, **kwargs: Any) -> None:
        self.codelist = codelist
        kwargs.pop("base_field", None)
        kwargs.setdefault("default", list)
        super().__init__(models.CharField(max_length=CODE_LENGTH), *args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("base_field", None)
        return name, path, args, {**kwargs, "codelist": self.codelist}

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        return [*super().check(**kwargs), *_codelist_faults(self, self.codelist)]

    @property
    def codes(self) -> CodeList:
        return pack().codelist(self.codelist)

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        shown = f"get_{name}_display"

        def display(instance: models.Model) -> str:
            return ", ".join(label(self.codelist, code) for code in getattr(instance, name) or ())

        # ArrayField makes a display of its own, which shows bare codes; a model's own method stays.
        ours = cls.__dict__.get(shown)
        if ours is None or getattr(ours, "func", None) is not None:
            setattr(cls, shown, display)

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        super().validate(value, model_instance)
        for code in value or ():
            if code not in self.codes:
                raise ValidationError(_("“%(value)s” is not on the list."), code="unknown_code", params={"value": code})
        if value and len(set(value)) != len(value):
            raise ValidationError(_("Each answer can be given only once."), code="repeated_code")

    def formfield(self, **kwargs: Any) -> Any:
        for unused in ("form_class", "choices_form_class", "base_field", "max_length"):
            kwargs.pop(unused, None)
        defaults = {
            "required": not self.blank,
            "label": self.verbose_name,
            "help_text": self.help_text,
        }
        return CodesChoices(codelist=self.codelist, **{**defaults, **kwargs})


def label(codelist: str, code: str, language: str | None = None) -> str:
    """The words for a code; a code the pack does not know is shown as it stands, so that a page never fails."""
    codes = pack().codelist(codelist)
    return codes.label(code, language) if code in codes else code

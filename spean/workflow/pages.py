"""What pages that change something have in common: the hidden fields of their forms, and how a refusal is answered.

A page binds its form, calls one action through `carry_out`, and either goes on or shows the form again with every
reason at its place and everything that was typed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import uuid4

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from spean.privacy.doors import SharingStopped
from spean.privacy.vault import KeyDestroyed
from spean.workflow.engine import AlreadyDone, CannotDo, Changed, Forbidden

T = TypeVar("T")

# The widths of what is typed. What is longer is refused at its field, before anything is sealed.
SHORT = 200
LONG = 10_000


class ActionForm(forms.Form):
    """A form whose submission happens once, and which knows the version of the object it was opened on.

    `once` is a random token: a form sent twice is carried out once. `version` makes the second of two people
    learn what the first one did.
    """

    once = forms.UUIDField(widget=forms.HiddenInput, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    def __init__(self, *args: Any, version: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["once"].initial = uuid4
        self.fields["version"].initial = version
        # Neither is shown, so neither can be corrected: what was tampered with is answered in plain words.
        for name in ("once", "version"):
            self.fields[name].error_messages["invalid"] = _("Open this page again: it was sent incomplete.")

    @property
    def guard(self) -> dict[str, Any]:
        """The two, as an action takes them."""
        return {"once": self.cleaned_data.get("once"), "version": self.cleaned_data.get("version")}

    def renew(self, version: int | None) -> None:
        """Let what was typed be sent again after the user was told what changed meanwhile."""
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        data[self.add_prefix("once")] = str(uuid4())
        data[self.add_prefix("version")] = "" if version is None else str(version)
        self.data = data


@dataclass(frozen=True)
class Done(Generic[T]):
    """An action was carried out; `result` is None when it already had been, by the same submission."""

    result: T | None
    again: AlreadyDone | None = None


def carry_out(
    form: forms.Form, action: Callable[[], T], *, version_now: Callable[[], int | None] = lambda: None
) -> Done[T] | None:
    """Do it, or put what stands in the way at the form. None means: show the form again."""
    try:
        return Done(action())
    except AlreadyDone as done:
        return Done(None, done)
    except Forbidden as refused:
        raise Http404 from refused
    except CannotDo as refused:
        for message in refused.messages:
            form.add_error(None, message)
        if isinstance(refused, Changed) and isinstance(form, ActionForm):
            form.renew(version_now())
    except SharingStopped as stopped:
        form.add_error(None, stopped.message)
    except ValidationError as wrong:
        _at_fields(form, wrong)
    except KeyDestroyed:
        form.add_error(None, _("The data of this person were erased. Nothing more is written about them."))
    return None


def _at_fields(form: forms.Form, wrong: ValidationError) -> None:
    errors: dict[str, Any] = wrong.error_dict if hasattr(wrong, "error_dict") else {NON_FIELD_ERRORS: [wrong]}
    for name, messages in errors.items():
        for message in messages:
            form.add_error(name if name in form.fields else None, message)


def show_form(request: HttpRequest, template: str, form: forms.Form, context: dict[str, Any]) -> HttpResponse:
    """The page with its form; status 422 when what was sent could not be taken."""
    return render(request, template, {"form": form, **context}, status=422 if form.is_bound else 200)

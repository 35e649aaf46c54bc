"""Pages of documents: attach one, open one with a purpose, take a wrong one away."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from spean.access import policy
from spean.access.pages import AccessRequest
from spean.cases import attaching, uploads
from spean.cases.documents import MEDIA, Document
from spean.cases.models import Case
from spean.country.fields import CodeChoices
from spean.privacy import doors
from spean.privacy.crypto import CannotOpen
from spean.privacy.event_names import PURPOSES
from spean.workflow.pages import SHORT, ActionForm, carry_out, show_form

FORM = require_http_methods(["GET", "HEAD", "POST"])
FOR = ("casework", "identification", "protection", "return", "request_of_person")
# What a browser may do with a document once it has it: nothing but keep it.
HARMLESS = "default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
SUFFIX = {"pdf": "pdf", "jpeg": "jpg", "png": "png", "webp": "webp", "text": "txt"}


class AttachForm(ActionForm):
    kind = CodeChoices(
        codelist="document_type", label=gettext_lazy("What is it?"),
        error_messages={"required": gettext_lazy("Choose what it is")},
    )  # fmt: skip
    title = forms.CharField(
        label=gettext_lazy("What is it called here?"),
        help_text=gettext_lazy("It is sealed. The name of the file itself is not kept."),
        max_length=SHORT,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Say what the document is")},
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "PDF, JPEG, PNG, WebP or plain text, up to 10 MB. Where a photograph was taken is left out of it."
        ),
        error_messages={
            "required": gettext_lazy("Choose a file"),
            "empty": gettext_lazy("The file is empty. Choose it again."),
            "missing": gettext_lazy("Choose a file"),
            "invalid": gettext_lazy("Choose a file"),
        },
    )

    def __init__(self, *args: Any, too_large: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.too_large = too_large
        self.fields["file"].widget.attrs["accept"] = ".pdf,.jpg,.jpeg,.png,.webp,.txt"
        if too_large:
            self.fields["file"].error_messages["required"] = uploads.too_large().message

    def clean_file(self) -> tuple[str, bytes]:
        return uploads.read(self.cleaned_data["file"])


class OpenForm(forms.Form):
    purpose = forms.ChoiceField(
        label=gettext_lazy("Why do you open it?"),
        choices=[("", ""), *((code, PURPOSES[code]) for code in FOR)],
        error_messages={"required": gettext_lazy("Say why you open it")},
    )


@FORM
def attach(request: AccessRequest, pk: UUID) -> HttpResponse:
    case: Case = policy.find(request.user, "attach_document", Case, pk)
    posted = request.method == "POST"
    form = AttachForm(
        request.POST if posted else None,
        request.FILES if posted else None,
        too_large=getattr(request, "upload_too_large", False),
    )
    if form.is_valid():
        typed = form.cleaned_data
        media, content = typed["file"]
        done = carry_out(
            form,
            lambda: attaching.attach_document(
                request.user, case, kind=typed["kind"], title=typed["title"], media=media, content=content,
                once=typed["once"],
            ),
        )  # fmt: skip
        if done:
            messages.success(request, _("The document is sealed and kept."))
            return HttpResponseRedirect(reverse("case", args=[case.pk]))
    context = {
        "title": _("Attach a document"), "button": _("Attach"), "back_url": reverse("case", args=[case.pk]),
    }  # fmt: skip
    return show_form(request, "web/form.html", form, context)


def _find(request: AccessRequest, action: str, pk: UUID) -> Document:
    found: Document = policy.find(request.user, action, Document, pk)
    return found


@require_safe
def document(request: AccessRequest, pk: UUID) -> HttpResponse:
    return _page(request, _find(request, "see_document", pk), OpenForm())


@FORM
def show_title(request: AccessRequest, pk: UUID) -> HttpResponse:
    """What it is called, in place; logged with the purpose."""
    row = _find(request, "see_document", pk)
    form = OpenForm(request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("document", args=[pk]))
    if not form.is_valid():
        return _page(request, row, form)
    shown = doors.reveal(request.user, [row], ["title"], form.cleaned_data["purpose"])[row.pk]
    return _page(request, row, OpenForm(), title=_("Erased") if shown.erased else shown["title"] or "")


@FORM
def download(request: AccessRequest, pk: UUID) -> HttpResponse:
    """The document itself, through the door, to be kept by the reader and not shown by the browser."""
    row = _find(request, "see_document", pk)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("document", args=[pk]))
    form = OpenForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form)
    if row.removed_at is None:
        try:
            content = doors.reveal_file(request.user, row, form.cleaned_data["purpose"])
        except FileNotFoundError:
            form.add_error(None, _("The file is not there. Tell the operator; the record of it is kept."))
        except CannotOpen:
            form.add_error(None, _("The file was changed since it was attached and is not opened. Tell the operator."))
        else:
            if content is not None:
                return _as_file(row, content)
            row.case.refresh_from_db()
            form.add_error(None, _("The data of this person were erased."))
    return _page(request, row, form)


def _as_file(row: Document, content: bytes) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=MEDIA[row.media],
        headers={
            # A name that tells nothing: it stays in the reader's folder of downloads.
            "Content-Disposition": f'attachment; filename="document.{SUFFIX[row.media]}"',
            "Content-Security-Policy": HARMLESS,
            "X-Content-Type-Options": "nosniff",
        },
    )


@FORM
def remove(request: AccessRequest, pk: UUID) -> HttpResponse:
    row = _find(request, "remove_document", pk)
    form = ActionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        once = form.cleaned_data["once"]
        if carry_out(form, lambda: attaching.remove_document(request.user, row, once=once)):
            messages.success(request, _("The document is taken away. Its file is destroyed."))
            return HttpResponseRedirect(reverse("case", args=[row.case_id]))
    context = {
        "title": _("Take the document away"), "button": _("Take it away"),
        "lead": _("For what was attached by mistake. The file is destroyed; that it was there stays in the log."),
        "back_url": reverse("document", args=[pk]),
    }  # fmt: skip
    return show_form(request, "web/form.html", form, context)


def _page(request: AccessRequest, row: Document, form: OpenForm, title: str | None = None) -> HttpResponse:
    context = {
        "row": row,
        "case": row.case,
        "form": form,
        "title": title,
        "gone": row.removed_at is not None or row.case.erased_at is not None,
        "may_remove": row.removed_at is None and policy.may(request.user, "remove_document", row),
        "back_url": reverse("case", args=[row.case_id]),
    }
    return render(request, "cases/document.html", context, status=422 if form.is_bound and form.errors else 200)

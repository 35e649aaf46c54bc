"""Template tags of the shared components; examples of each are in `spean/web/README.md`.

A component shows what it is given. It asks no policy and reads no table, but for the frame of the page.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from crispy_forms.utils import render_crispy_form
from crispy_forms_gds.helper import FormHelper
from crispy_forms_gds.layout import Size
from crispy_forms_gds.templatetags.crispy_forms_gds import field_errors
from django import forms, template
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from spean import country
from spean.access.links import is_demonstration
from spean.access.models import Organisation, User
from spean.country.fields import label
from spean.country.language import own_name
from spean.lib import clock
from spean.privacy import event_names, events
from spean.web import deadlines, navigation

register = template.Library()

EXIT_URL = "https://www.wikipedia.org/"
COLOURS = ("blue", "green", "amber", "red", "grey", "deep")

# --- the frame -------------------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def frame(context: template.Context) -> dict[str, Any]:
    """What the base template shows around every page. Works without a user, and when there is no request."""
    request = context.get("request")
    found: dict[str, Any] = {
        "language": translation.get_language() or settings.LANGUAGE_CODE,
        "exit_url": EXIT_URL,
        "languages": [
            (code, own_name(code))
            for code, _name in settings.LANGUAGES
            if code != (translation.get_language() or settings.LANGUAGE_CODE)
        ],
        "demonstration": is_demonstration(),
        "menu": [],
        "bar": [],
        "more": [],
        "user": None,
        "role": "",
        "organisation": None,
        "path": "/",
    }
    if not isinstance(request, HttpRequest):
        return found
    found["path"] = request.get_full_path() if request.method in ("GET", "HEAD") else request.path
    user = getattr(request, "user", None)
    if isinstance(user, User) and user.is_authenticated:
        current = user.memberships_now()
        found["user"] = user
        found["menu"] = navigation.menu(request)
        found["bar"], found["more"] = navigation.bar(found["menu"])
        found["in_more"] = any(link.current for link in found["more"])
        if current:
            found["role"] = country.pack().role_title(current[0].role, None)
            found["organisation"] = current[0].organisation
    return found


register.filter(own_name)


@register.filter
def in_language(organisation: Organisation | None) -> str:
    """The name of an organisation in the reader's language, where it has one."""
    return organisation.label() if organisation else ""


@register.filter
def device(session: Any) -> str:
    """A browser and its system in two words, as the gate kept them (access.middleware)."""
    return session.user_agent or _("Unknown device")


@register.filter
def event_label(action: str) -> str:
    """The words for an event's code."""
    return events.label(action)


@register.filter
def purpose_label(code: str) -> str:
    """A purpose in words: of an opening, or of an agreement on which something was passed on."""
    opening = event_names.PURPOSES.get(code)
    return label("consent_purpose", code) if opening is None else str(opening)


# --- words and marks -------------------------------------------------------------------------------------


@register.simple_tag
def tag(text: str, colour: str = "blue") -> SafeString:
    """A status in a coloured mark. The words carry the meaning; the colour only helps."""
    if colour not in COLOURS:
        raise ValueError(f"no such colour: {colour}")
    return format_html('<strong class="govuk-tag spean-tag--{}">{}</strong>', colour, text)


@register.simple_tag
def code(text: str) -> SafeString:
    """The code of a case, person or referral: the same in every language, never broken over two lines."""
    return format_html('<span class="spean-code" translate="no">{}</span>', text)


@register.simple_tag
def deadline(due_at: datetime | None, done_at: datetime | None = None) -> SafeString | str:
    """When something is due, in words, with the exact time for those who want it."""
    if due_at is None:
        return ""
    told = deadlines.describe(due_at, clock.now(), done_at)
    local = timezone.localtime(due_at)
    return format_html(
        '<time class="spean-deadline spean-deadline--{}" datetime="{}" title="{}">{}</time>',
        told.level,
        local.isoformat(timespec="minutes"),
        f"{local:%Y-%m-%d %H:%M}",
        told.text,
    )


@register.simple_tag
def steps(number: int, total: int) -> SafeString:
    """How far one is in a row of questions."""
    text = _("Step %(number)s of %(total)s") % {"number": number, "total": total}
    return format_html(
        '<div class="spean-steps">{}<progress max="{}" value="{}" aria-hidden="true"></progress></div>',
        text,
        total,
        number,
    )


# --- blocks ----------------------------------------------------------------------------------------------


@register.inclusion_tag("web/components/summary_list.html")
def summary_list(rows: Iterable[Any]) -> dict[str, Any]:
    """Facts with their names. A row is (name, value), (name, value, url) or a mapping with key, value, url, action."""
    listed = []
    for row in rows:
        if isinstance(row, Mapping):
            listed.append(dict(row))
        else:
            name, value, *rest = row
            listed.append({"key": name, "value": value, "url": rest[0] if rest else ""})
    return {"rows": listed}


@register.inclusion_tag("web/components/task_row.html")
def task_row(
    title: str, url: str = "", code: str = "", due_at: datetime | None = None, note: str = "", status: str = ""
) -> dict[str, Any]:
    """One line of a list of work, inside `<ul class="spean-tasks">`."""
    level = deadlines.level(due_at, clock.now()) if due_at else "later"
    return {
        "title": title, "url": url, "code": code, "due_at": due_at, "note": note, "status": status, "level": level,
    }  # fmt: skip


@register.inclusion_tag("web/components/notice.html")
def notice(text: str, kind: str = "info") -> dict[str, str]:
    """A message across the page: info, success, warning or error."""
    return {"text": text, "kind": kind}


@register.inclusion_tag("web/components/empty.html")
def empty(title: str, text: str = "") -> dict[str, str]:
    """What a list says when there is nothing in it."""
    return {"title": title, "text": text}


@register.inclusion_tag("web/components/why.html")
def why(text: str) -> dict[str, str]:
    """“Why am I asked this?”, folded away under a question."""
    return {"text": text}


@register.inclusion_tag("web/components/pagination.html", takes_context=True)
def pagination(context: template.Context, page: Any) -> dict[str, Any]:
    """Earlier and later pages of a list; filters in the address are kept."""
    request = context.get("request")
    query = request.GET.copy() if isinstance(request, HttpRequest) else None
    if query is not None:
        query.pop("page", None)
    kept = query.urlencode() if query else ""
    return {"page": page, "prefix": f"?{kept}&page=" if kept else "?page="}


@register.simple_block_tag
def inset(content: str) -> SafeString:
    """Something to notice, set apart from the text around it."""
    return format_html('<div class="govuk-inset-text">{}</div>', content)


@register.simple_block_tag
def details(content: str, summary: str) -> SafeString:
    """Something that only some readers need, folded away."""
    return format_html(
        '<details class="govuk-details"><summary class="govuk-details__summary">'
        '<span class="govuk-details__summary-text">{}</span></summary>'
        '<div class="govuk-details__text">{}</div></details>',
        summary,
        content,
    )


@register.inclusion_tag("web/components/confirm.html")
def confirm(text: str, button: str, back_url: str = "", note: str = "") -> dict[str, str]:
    """The last step before something that weighs. Goes inside the form that does it."""
    return {"text": text, "button": button, "back_url": back_url, "note": note}


# --- forms -----------------------------------------------------------------------------------------------


@register.simple_tag
def form_fields(form: forms.BaseForm, question: bool = False) -> SafeString:
    """All fields of a form with labels, hints and errors; the `<form>` around them is the page's.

    With `question`, the single question is set large and is the heading of the page.
    """
    helper = getattr(form, "helper", None)
    if helper is None:
        helper = FormHelper(form)
    helper.form_tag = False
    helper.disable_csrf = True
    size, surrounding = Size.SMALL, {}
    if question and len(form.visible_fields()) == 1:
        size, surrounding = Size.LARGE, {"legend_tag": "h1", "label_tag": "h1"}
    helper.label_size = helper.label_size or size
    helper.legend_size = helper.legend_size or size
    rendered: SafeString = render_crispy_form(form, helper, surrounding)
    return rendered


@register.inclusion_tag("web/components/error_summary.html")
def error_summary(*shown: forms.BaseForm) -> dict[str, Any]:
    """Everything that is wrong, first on the page, each line leading to its field."""
    lines: list[tuple[str, str]] = []
    for form in shown:
        if not form or not form.is_bound or not form.errors:
            continue
        visible = form.visible_fields()
        first = _anchor(visible[0]) if visible else ""
        lines += [(first, str(message)) for message in form.non_field_errors()]
        for hidden in form.hidden_fields():
            lines += [(first, str(message)) for message in hidden.errors]
        for bound in visible:
            for anchor, messages in field_errors(bound):
                target = _anchor(bound) if anchor == bound.auto_id else anchor
                lines += [(target, str(message)) for message in messages]
    return {"lines": lines}


def _anchor(bound: forms.BoundField) -> str:
    """The element that takes the focus: of several choices the first, of a date the day."""
    widget = bound.field.widget
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return f"{bound.auto_id}_1"
    if isinstance(widget, forms.MultiWidget):
        return f"{bound.auto_id}_0"
    return str(bound.auto_id)

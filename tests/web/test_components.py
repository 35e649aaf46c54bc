"""The components: what they show, and that nothing typed by a user becomes markup."""

from datetime import timedelta
from pathlib import Path

import pytest
from crispy_forms_gds.fields import DateInputField
from django import forms
from django.template import Context, Template
from django.test import RequestFactory

from spean.lib import clock
from spean.web.templatetags import spean_ui

EVIL = "<script>alert(1)</script>"


def render(source: str, **context: object) -> str:
    return Template("{% load spean_ui %}" + source).render(Context(context))


@pytest.mark.parametrize(
    "source",
    [
        "{% tag evil %}",
        "{% code evil %}",
        "{% notice evil %}",
        "{% empty evil evil %}",
        "{% why evil %}",
        "{% details summary=evil %}{{ evil }}{% enddetails %}",
        "{% inset %}{{ evil }}{% endinset %}",
        "{% confirm evil evil %}",
        "{% task_row evil '/x/' evil %}",
        "{% summary_list rows %}",
    ],
)
def test_nothing_typed_becomes_markup(source: str) -> None:
    assert "<script>" not in render(source, evil=EVIL, rows=[(EVIL, EVIL, "/x/")])


def test_a_tag_has_one_of_our_colours() -> None:
    assert "spean-tag--red" in render("{% tag 'Late' 'red' %}")
    with pytest.raises(ValueError, match="no such colour"):
        spean_ui.tag("Late", "pink")


def test_a_deadline_carries_its_exact_time() -> None:
    due = clock.now() + timedelta(days=5)
    shown = render("{% deadline due %}", due=due)
    assert "<time" in shown
    assert "due in 5 days" in shown
    assert render("{% deadline due %}", due=None) == ""


def test_a_fact_that_is_missing_shows_a_dash() -> None:
    assert "–" in render("{% summary_list rows %}", rows=[("Age", None)])


def test_a_fact_that_can_be_changed_says_which_one() -> None:
    shown = render("{% summary_list rows %}", rows=[{"key": "Age", "value": 17, "url": "/age/"}])
    assert 'href="/age/"' in shown
    assert '<span class="govuk-visually-hidden"> Age</span>' in shown


class Form(forms.Form):
    name = forms.CharField(label="Name")
    sex = forms.ChoiceField(label="Sex", widget=forms.RadioSelect, choices=[("f", "Female"), ("m", "Male")])
    help = forms.MultipleChoiceField(label="Help", widget=forms.CheckboxSelectMultiple, choices=[("w", "Water")])
    day = DateInputField(label="Day")


def test_each_error_leads_to_the_element_that_takes_the_focus() -> None:
    form = Form({})
    summary, fields = render("{% error_summary form %}", form=form), render("{% form_fields form %}", form=form)
    for anchor in ("id_name", "id_sex_1", "id_help_1", "id_day_0"):
        assert f'href="#{anchor}"' in summary
        assert f'id="{anchor}"' in fields


def test_a_form_without_errors_has_no_summary() -> None:
    assert render("{% error_summary form %}", form=Form()).strip() == ""


def test_a_form_keeps_what_was_typed() -> None:
    assert 'value="Sok"' in render("{% form_fields form %}", form=Form({"name": "Sok"}))


def test_a_single_question_is_the_heading_of_its_page() -> None:
    class Question(forms.Form):
        age = forms.IntegerField(label="How old is the person?")

    shown = render("{% form_fields form question=True %}", form=Question())
    assert '<h1 class="govuk-label-wrapper">' in shown
    assert "govuk-label--l" in shown


def test_pages_of_a_list_keep_the_filter() -> None:
    from django.core.paginator import Paginator

    page = Paginator(range(30), 10).get_page(2)
    request = RequestFactory().get("/", {"name": "River & Co", "page": "2"})
    shown = render("{% pagination page %}", page=page, request=request)
    assert "name=River+%26+Co&amp;page=1" in shown
    assert "page=3" in shown


ROOM = Path(spean_ui.__file__).parent.parent
SCRIPTS = [path for folder in (ROOM, ROOM.parent / "access") for path in (folder / "templates").rglob("*.html")]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_template_has_script_or_style_of_its_own(path: Path) -> None:
    """The content security policy would refuse it, and the page would be broken for everybody."""
    text = path.read_text()
    for start in text.split("<script")[1:]:
        assert "src=" in start.split(">")[0] or 'type="application/json"' in start.split(">")[0]
    assert "<style" not in text
    assert ' style="' not in text
    assert "onclick" not in text
    assert "javascript:" not in text

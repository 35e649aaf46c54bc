"""Rules that hold for every page, found by walking the addresses and templates."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

import spean
from spean.access import policy

ROOT = Path(spean.__file__).parent
TEMPLATES = sorted(ROOT.glob("*/templates/**/*.html"))


def patterns(found: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in found:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry.url_patterns, route)
        else:
            yield route, entry


PAGES = list(patterns(get_resolver().url_patterns))
EACH = pytest.mark.parametrize(("route", "pattern"), PAGES, ids=[route or "/" for route, _ in PAGES])


@EACH
def test_every_page_names_its_action(route: str, pattern: URLPattern) -> None:
    action = getattr(pattern.callback, "action", None)
    assert action is not None, "make the page with spean.access.pages.page"
    assert policy.known(action)


@EACH
def test_no_address_can_carry_a_name(route: str, pattern: URLPattern) -> None:
    """Only ids, numbers and codes of lists: an address ends up in histories and logs."""
    converters = dict(getattr(pattern.pattern, "converters", {}))
    allowed = {"UUIDConverter", "IntConverter", "SlugConverter"}
    for name, converter in converters.items():
        kind = type(converter).__name__
        # One-time links carry a random token, which says nothing about anybody.
        assert kind in allowed or (
            kind == "StringConverter" and name in ("token", "key", "language", "code", "kind", "version")
        ), name


def test_names_of_pages_are_unique() -> None:
    names = [pattern.name for _, pattern in PAGES if pattern.name]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_have_no_inline_script_or_style(template: Path) -> None:
    """The policy of the browser would refuse them, and the page would break silently."""
    text = template.read_text(encoding="utf-8")
    # A block of data is no script; the browser never runs it.
    scripts = [tag for tag in re.findall(r"<script[^>]*>", text) if "src=" not in tag]
    assert all('type="application/json"' in tag for tag in scripts)
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\son[a-z]+=", text)
    assert "<style" not in text


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_load_nothing_from_elsewhere(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)=["']https?://""", text)


def test_every_template_is_used() -> None:
    """A template that nobody names is dead, or was forgotten in a rename."""
    sources = [path.read_text(encoding="utf-8") for path in (*ROOT.rglob("*.py"), *TEMPLATES)]
    everything = "\n".join(sources)
    library = ("account/", "mfa/", "allauth/", "usersessions/", "gds/", "socialaccount/")
    special = {"400.html", "403.html", "403_csrf.html", "404.html", "429.html", "500.html"}
    unused = []
    for template in TEMPLATES:
        name = str(template).split("/templates/", 1)[1]
        if name.startswith(library) or name in special:
            continue
        if name not in everything and Path(name).stem not in everything:
            unused.append(name)
    assert unused == []


PEOPLE_WORDS = re.compile(
    r"\b(victim'?s? (name|list)|prostitute|illegal (migrant|immigrant)|rescued girl)s?\b", re.IGNORECASE
)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_words_on_screens_are_respectful(template: Path) -> None:
    assert not PEOPLE_WORDS.search(template.read_text(encoding="utf-8"))

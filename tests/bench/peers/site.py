"""The pages that are compared: for each engine and form a bare host page, with what the engine needs and no more.

Everybody gets the same help: scripts and the form are announced in the page, so that they are fetched at once.
"""

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders

from spean.field.shell import FONTS
from spean.instruments.convert import Made
from tests.bench.peers.build import PAGES
from tests.bench.peers.serve import Answer, answer

OURS, WEB_FORMS, ENKETO = "ours", "web_forms", "enketo"
SCRIPTS = tuple(f"instruments/{name}.js" for name in ("element", "engine", "evaluate", "render"))
LOOK, ICON = "field/field.css", "field/icon.svg"
# Each as strict as it was found to work with.
POLICIES = {
    OURS: "default-src 'self'",
    WEB_FORMS: "default-src 'self' data:; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'",
    ENKETO: "default-src 'self' data:; script-src 'self'; style-src 'self' 'unsafe-inline'",
}
BODIES = {
    OURS: '<main><h1 class="govuk-heading-l">{title}</h1><div id="form"></div></main>',
    WEB_FORMS: '<div id="form"></div>',
    ENKETO: """<div class="main" id="form"><article class="paper"><header class="form-header clearfix">
<span class="form-language-selector hide"><span>Choose Language</span></span></header><section class="form-footer">
<button class="btn btn-default previous-page disabled">Back</button>
<button class="btn btn-primary next-page disabled">Next</button></section></article></div>""",
}
FORM = {OURS: "json", WEB_FORMS: "xml", ENKETO: "json"}


def page(engine: str, form: str, title: str, files: list[str]) -> Answer:
    """A host page: `files` are the addresses of scripts, the first one begins it, and of style sheets."""
    scripts = [one for one in files if one.endswith(".js")]
    address = f"/{engine}/{form}.{FORM[engine]}"
    lines = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f"<title>{escape(title)}</title>",
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="/static/field/icon.svg">',
        *(f'<link rel="stylesheet" href="{one}">' for one in files if one.endswith(".css")),
        *(f'<link rel="modulepreload" href="{one}">' for one in scripts[1:]),
        f'<link rel="preload" href="{address}" as="fetch" crossorigin>',
        f'<script type="module" src="{scripts[0]}"></script></head>',
        f'<body data-form="{address}">{BODIES[engine].format(title=escape(title))}</body></html>',
    ]
    return answer("page.html", "\n".join(lines).encode(), POLICIES[engine])


def ours(forms: Mapping[str, Made]) -> dict[str, Answer]:
    """Our engine and renderer from the checkout, with the look of the app and the compiled definitions."""
    found = {f"/static/{name}": answer(name, _static(name)) for name in (*SCRIPTS, LOOK, ICON, *FONTS)}
    found |= {f"/{name}": answer(name, (PAGES / name).read_bytes()) for name in ("ours.js", "ready.js")}
    files = ["/ours.js", "/ready.js", *(f"/static/{name}" for name in (*SCRIPTS, LOOK))]
    for name, form in forms.items():
        text = json.dumps(form.definition, ensure_ascii=False, separators=(",", ":"))
        found[f"/ours/{name}.json"] = answer("form.json", text.encode())
        found[f"/ours/{name}"] = page(OURS, name, form.definition["title"], files)
    return found


def peers(folder: Path, files: Mapping[str, list[str]], forms: Mapping[str, Made]) -> dict[str, Answer]:
    """Both peers; Enketo's forms are there once `transformed` was called."""
    dist = folder / "dist"
    found = {
        f"/{one.relative_to(dist)}": answer(one.name, one.read_bytes())
        for one in dist.rglob("*")
        if one.is_file() and not one.parent.name.startswith(".")
    }
    for name, form in forms.items():
        found[f"/web_forms/{name}.xml"] = answer("form.xml", form.xform.encode())
        for engine in (WEB_FORMS, ENKETO):
            found[f"/{engine}/{name}"] = page(
                engine, name, form.definition["title"], [f"/{one}" for one in files[engine]]
            )
    return found


def transformed(browser: Any, server: str, script: str, xform: str) -> Answer:
    """What Enketo's server would send for an XForm: its stylesheets run in this browser, before anything is timed."""
    context = browser.new_context()
    try:
        tab = context.new_page()
        tab.goto(f"{server}/blank.html")
        made = tab.evaluate(
            """async ([script, xform]) => {
                const { transform } = await import(script)
                const { form, model } = await transform({ xform })
                return { form, model }
            }""",
            [script, xform],
        )
    finally:
        context.close()
    return answer("form.json", json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode())


def _static(name: str) -> bytes:
    path = finders.find(name)
    assert isinstance(path, str), name
    return Path(path).read_bytes()

"""What a phone keeps of the app: its first page, its files, the questions and rights texts; and under which version.

All of it is public: it is what the country asks anybody, and nothing that anybody answered.
"""

import hashlib
import json
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.urls import reverse
from markdown_it import MarkdownIt

from spean.country import pack
from spean.country.pack import Instrument
from spean.detection import instruments, sent
from spean.field.words import words

# What the first screen needs, in the order in which it is wanted; and what questions need after it.
FIRST = (
    "field/app.js", "field/store.js", "field/vault.js", "field/hpke.js", "field/sync.js", "field/speak.js",
    "instruments/element.js",
)  # fmt: skip
SCRIPTS = (*FIRST, "instruments/render.js", "instruments/engine.js", "instruments/evaluate.js")
LOOK = ("field/field.css", "field/icon.svg")
PICTURES = tuple(
    f"field/pictures/{name}.svg"
    for name in (
        "basic_needs", "declined", "documents", "education", "family", "interpretation", "legal", "livelihood", "medical",
        "no", "psychological", "repatriation", "safety", "shelter", "unknown", "yes",
    )
)  # fmt: skip
FONTS = tuple(f"spean/vendor/fonts/noto-sans-khmer-khmer-{weight}-normal.woff2" for weight in (400, 700))


def address(file: str) -> str:
    """Without a hash in its name: modules name one another, and what belongs together is kept together by version."""
    return f"/{settings.STATIC_URL.strip('/')}/{file}"


def first_page() -> str:
    """The page of the app, with its words and what can be asked."""
    asked = [
        {
            "name": one.name, "version": one.version, "list": sent.is_list(one),
            "titles": {code: one.title(code) for code, _n in settings.LANGUAGES},
            "url": reverse("field_form", args=[one.name, one.version]),
        }
        for one in offered()
    ]  # fmt: skip
    languages = dict.fromkeys([*(code for code, _name in settings.LANGUAGES), *pack().rights_languages])
    about = {
        "words": words(),
        "forms": asked,
        "names": {code: pack().codelist("language").label(code, code) for code in languages},
        "rights": [
            {"language": code, "url": reverse("field_rights", args=[code])} for code in pack().rights_languages
        ],
        "pictures": address("field/pictures/"),
        "pack": reverse("field_pack"), "join": reverse("field_join"), "status": reverse("field_status"),
        "worker": reverse("field_worker"), "away": reverse("field_away"),
        "report": reverse("field_report", args=["00000000-0000-0000-0000-000000000000"])[: -len("00000000-0000-0000-0000-000000000000/")],
    }  # fmt: skip
    # A block of data: no `<` in it, so that none of its words could end it.
    text = json.dumps(about, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    context = {
        "about": text, "css": address(LOOK[0]), "icon": address(LOOK[1]), "scripts": [address(one) for one in FIRST],
    }  # fmt: skip
    return render_to_string("field/shell.html", context)


_kept: set[str] = set()


def offered() -> list[Instrument]:
    """What can be asked now. What a phone was given stays valid, however late it comes back."""
    found = sent.offered()
    for one in found:
        key = f"{one.name} {one.version}"
        if key not in _kept:
            instruments.keep(one)
            _kept.add(key)
    return found


def rights(language: str) -> dict[str, Any]:
    """The rights as they are read aloud: paragraph by paragraph, each with the file of its recording if the pack has one."""
    text = pack().rights(language)
    parts = [_part(token, number) for number, token in enumerate(_blocks(str(text)))]
    folder = pack().folder / "rights" / "audio" / text.language
    for number, part in enumerate(parts):
        if (folder / f"{number:02}.mp3").is_file():
            part["audio"] = reverse("field_audio", args=[text.language, number])
    return {
        "language": text.language, "version": text.version, "title": text.heading, "verified": text.verified,
        "parts": parts,
    }  # fmt: skip


def _blocks(text: str) -> list[tuple[str, str]]:
    """(kind, words) of each heading, paragraph and entry of a list, without marks."""
    found: list[tuple[str, str]] = []
    kind = "p"
    for token in MarkdownIt().parse(text):
        if token.type == "heading_open":
            kind = "h2"
        elif token.type == "list_item_open":
            kind = "li"
        elif token.type == "inline":
            words = "".join(child.content or " " for child in token.children or ())
            found.append((kind, words.strip()))
            kind = "p"
    return found


def _part(block: tuple[str, str], number: int) -> dict[str, Any]:
    return {"kind": block[0], "text": block[1]}


def recording(language: str, number: int) -> bytes | None:
    """A recording of the pack; None where there is none."""
    if language not in pack().rights_languages:
        return None
    path = pack().folder / "rights" / "audio" / language / f"{number:02}.mp3"
    return path.read_bytes() if path.is_file() else None


def files() -> list[str]:
    """Every address that works without a network."""
    found: list[str] = [reverse("field"), reverse("field_away"), reverse("field_manifest")]
    found += [address(one) for one in (*SCRIPTS, "field/away.js", *LOOK, *PICTURES, *FONTS)]
    found += [reverse("field_form", args=[one.name, one.version]) for one in offered()]
    for code in pack().rights_languages:
        found.append(reverse("field_rights", args=[code]))
        found += [part["audio"] for part in rights(code)["parts"] if "audio" in part]
    return found


def version() -> str:
    """Another as soon as anything is another: files, words, questions, texts."""
    parts = [first_page(), *(json.dumps(rights(code), sort_keys=True) for code in pack().rights_languages), *files()]
    return hashlib.sha256("\n".join([*parts, _of_files()]).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _of_files() -> str:
    """Of the files in the package: they change with an update, and so with a new process."""
    hashed = hashlib.sha256()
    for name in (*SCRIPTS, "field/away.js", *LOOK, *PICTURES):
        path = finders.find(name)
        if isinstance(path, str):
            with open(path, "rb") as file:
                hashed.update(file.read())
    return hashed.hexdigest()


def worker() -> str:
    """The service worker: keeps one version of everything whole, and answers from it before it asks anybody."""
    return render_to_string("field/worker.js", {"version": version(), "files": json.dumps(files())})


def manifest() -> dict[str, Any]:
    """As an installed app it has a name and picture that tell nothing."""
    icon = {"src": address(LOOK[1]), "sizes": "any", "type": "image/svg+xml"}
    return {
        "name": str(words()[settings.LANGUAGE_CODE]["title"]), "short_name": str(words()[settings.LANGUAGE_CODE]["title"]),
        "start_url": reverse("field"), "scope": reverse("field"), "id": reverse("field"), "display": "standalone",
        "background_color": "#ffffff", "theme_color": "#ffffff", "icons": [icon, {**icon, "purpose": "maskable"}],
    }  # fmt: skip

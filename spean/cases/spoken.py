"""What is said to a person who is asked for her agreement, in each language in which somebody can say it to her.

The screens speak two languages; a country pack adds others (spoken/<language>.toml), in which a person is read to or
reads herself, and nobody works.
"""

from collections.abc import Callable

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from spean.country import pack
from spean.country.fields import label

# Read aloud as they stand, in the language of the talk.
TOLD_ALOUD = {
    "told_interview": _("You do not have to answer any question. You can stop at any time."),
    "told_purpose": _("If you agree, I tell the social services office about you, so that it can help you."),
    "told_uses": _(
        "They use it to help you. Later, trained officers use it to decide whether the law sees you as a victim of "
        "trafficking."
    ),
    "told_research": _("People are counted for reports. Your name is never in them."),
    "told_access": _("Each office sees only what it needs to help you. You can ask who has seen it."),
    "told_retention": _("It is locked away and kept only as long as the law asks. You can ask to have mistakes corrected."),
    "told_withdrawal": _("You can say no, now or later. You get help all the same."),
}  # fmt: skip


def languages() -> list[str]:
    """The languages of the screens, and those that the country adds."""
    return list(dict.fromkeys([*(code for code, _name in settings.LANGUAGES), *pack().spoken]))


def each(words: Callable[[], str]) -> dict[str, str]:
    """Words in every language of the screens."""
    found = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found[language] = words()
    return found


def said(words: str | Promise, aloud: str = "") -> dict[str, str]:
    """Words in the languages of the screens; what is said to the person (`aloud`, its name in [consent]) in all."""
    further = {code: parts.get("consent", {}).get(aloud, "") for code, parts in pack().spoken.items()}
    return {**{code: text for code, text in further.items() if text}, **each(lambda: str(words))}


def told() -> list[tuple[str, str, list[str]]]:
    """(language, its name, the points to tell) for each language but that of the screen."""
    points = [said(words, name) for name, words in TOLD_ALOUD.items()]
    return [
        (code, f"{label('language', code)} ({label('language', code, code)})", [point[code] for point in points])
        for code in languages()
        if code != translation.get_language() and all(code in point for point in points)
    ]

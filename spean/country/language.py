"""Which language a text of the pack is wanted in, and what stands in where it is missing."""

import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

FALLBACK_LANGUAGE = "en"
# What each language calls itself. Lists of languages elsewhere have the English word for some of these.
OWN_NAMES = {
    "en": "English", "km": "ខ្មែរ", "lo": "ລາວ", "my": "မြန်မာ", "th": "ไทย", "vi": "Tiếng Việt", "zh": "中文",
}  # fmt: skip


def own_name(language: str) -> str:
    """The name of a language in that language; its code where nobody has written it down."""
    return OWN_NAMES.get(language, language)


def language_or_active(language: str | None) -> str:
    """The language asked for, else the one Django speaks now, else English. Regions are dropped: km-KH is km."""
    if not language:
        settings = django_settings()
        if settings is not None:
            from django.utils.translation import get_language

            language = get_language()
    return (language or FALLBACK_LANGUAGE).lower().replace("_", "-").split("-")[0]


def django_settings() -> Any:
    """Django's settings if somebody has set them up; looking must not be what sets them up."""
    conf = sys.modules.get("django.conf")
    return conf.settings if conf is not None and conf.settings.configured else None


def in_language(texts: Mapping[str, str], language: str | None = None) -> str:
    """The text in a language; where it is missing, the English one."""
    return texts.get(language_or_active(language)) or texts.get(FALLBACK_LANGUAGE, "")


def texts(row: Mapping[str, str], name: str) -> Mapping[str, str]:
    """The translations of one text: columns `name_en`, `name_km`, and any other language a pack adds."""
    start = f"{name}_"
    found = {
        column.removeprefix(start): value
        for column, value in row.items()
        if column.startswith(start) and value and len(column) - len(start) in (2, 3)
    }
    return MappingProxyType(found)

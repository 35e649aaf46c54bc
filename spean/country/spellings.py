"""How the places and nationalities of a pack are written in lists: every spelling with its code."""

from collections.abc import Mapping
from dataclasses import dataclass

from spean.country.pack import Pack
from spean.lib import names


@dataclass(frozen=True)
class Spellings:
    """Spelling → code. Places as they stand and by their sound (`names.joined`), nationalities in small letters."""

    places: Mapping[str, str]
    nationalities: Mapping[str, str]


def spellings(pack: Pack) -> Spellings:
    """Every spelling of the pack's provinces, districts and communes, and of nationalities; wider places win."""
    places: dict[str, str] = {}
    for level in ("province", "district", "commune"):
        for place in pack.geography.places(level):
            for spelling in (place.code, place.name_en, place.name_km, *place.other_spellings):
                if spelling:
                    places.setdefault(spelling, place.code)
                    places.setdefault(names.joined(spelling), place.code)
    places.pop("", None)
    nationalities: dict[str, str] = {}
    for code in pack.codelist("nationality"):
        also = code.extra.get("also_written", "").split(";")
        for spelling in (code.code, code.extra.get("alpha_2", ""), *code.labels.values(), *also):
            if spelling.strip():
                nationalities.setdefault(spelling.strip().casefold(), code.code)
    return Spellings(places, nationalities)

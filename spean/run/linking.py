"""`spean link` and `spean encode` with the places and nationalities of the country pack. No settings, no database.

Linking itself knows no country; here its commands get what a country knows, as data.
"""

import os
from collections.abc import Sequence

from spean import country
from spean.linkage import command
from spean.linkage.records import Gazetteer, place_key


def link(argv: Sequence[str]) -> int:
    return command.link(argv, gazetteer)


def link_encoded(argv: Sequence[str]) -> int:
    return command.link_encoded(argv)


def encode(argv: Sequence[str]) -> int:
    return command.encode_list(argv, gazetteer)


def gazetteer() -> Gazetteer:
    """Every spelling of the pack's provinces, districts and communes, and of nationalities; wider places win."""
    pack = country.pack(os.environ.get("SPEAN_COUNTRY"))
    places: dict[str, str] = {}
    for level in ("province", "district", "commune"):
        for place in pack.geography.places(level):
            for spelling in (place.code, place.name_en, place.name_km, *place.other_spellings):
                if spelling:
                    places.setdefault(spelling, place.code)
                    places.setdefault(place_key(spelling), place.code)
    places.pop("", None)
    nationalities: dict[str, str] = {}
    for code in pack.codelist("nationality"):
        for spelling in (code.code, code.extra.get("alpha_2", ""), *code.labels.values()):
            if spelling:
                nationalities.setdefault(spelling.casefold(), code.code)
    return Gazetteer(places, nationalities)

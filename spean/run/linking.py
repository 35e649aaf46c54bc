"""`spean link` and `spean encode` with the places and nationalities of the country pack. No settings, no database.

Linking itself knows no country; here its commands get what a country knows, as data.
"""

import os
from collections.abc import Sequence

from spean import country
from spean.country.spellings import spellings
from spean.linkage import command
from spean.linkage.records import Gazetteer


def link(argv: Sequence[str]) -> int:
    return command.link(argv, gazetteer)


def link_encoded(argv: Sequence[str]) -> int:
    return command.link_encoded(argv)


def encode(argv: Sequence[str]) -> int:
    return command.encode_list(argv, gazetteer)


def gazetteer() -> Gazetteer:
    """Every spelling of the pack's provinces, districts and communes, and of nationalities; wider places win."""
    known = spellings(country.pack(os.environ.get("SPEAN_COUNTRY")))
    return Gazetteer(known.places, known.nationalities)

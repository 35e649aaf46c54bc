"""Places of a country by their official codes, from the province to the village.

A code is text and nests in its parent's: PP, PPDD, PPDDCC, PPDDCCVV. Each level is read when first asked for,
so that a page without villages does not pay for them.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from spean.country.files import Row, read_json, read_table
from spean.country.language import language_or_active

LEVELS: tuple[str, ...] = ("province", "district", "commune", "village")
FILES: dict[str, str] = {
    "province": "provinces.csv",
    "district": "districts.csv",
    "commune": "communes.csv",
    "village": "villages.csv",
}
BOUNDARIES = "provinces.geojson"
CODE_LENGTH: dict[str, int] = {level: 2 * number for number, level in enumerate(LEVELS, start=1)}
_LEVEL_OF_LENGTH = {length: level for level, length in CODE_LENGTH.items()}
EARTH_RADIUS_KM = 6371.0


class UnknownPlace(KeyError):
    """No place has this code."""


@dataclass(frozen=True)
class Place:
    """One administrative unit. `parent` is the code of the unit around it, empty for a province."""

    code: str
    name_en: str
    name_km: str
    level: str
    parent: str
    lat: float | None = None
    lon: float | None = None
    unit_en: str = ""
    unit_km: str = ""
    iso: str = ""
    other_spellings: tuple[str, ...] = ()

    def label(self, language: str | None = None) -> str:
        """The name in the reader's script: Khmer for Khmer, Latin for everybody else."""
        return self.name_km if language_or_active(language) == "km" and self.name_km else self.name_en

    def __str__(self) -> str:
        return self.label()


class Geography:
    """All places of a pack."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _read(self, level: str) -> dict[str, Place]:
        return {row["code"]: _place(row, level) for row in read_table(self.folder / FILES[level]).rows}

    @cached_property
    def _provinces(self) -> dict[str, Place]:
        return self._read("province")

    @cached_property
    def _districts(self) -> dict[str, Place]:
        return self._read("district")

    @cached_property
    def _communes(self) -> dict[str, Place]:
        return self._read("commune")

    @cached_property
    def _village_rows(self) -> Mapping[str, tuple[Row, ...]]:
        """Villages by commune, as rows: nobody looks at more than a few communes of sixteen hundred."""
        rows: defaultdict[str, list[Row]] = defaultdict(list)
        for row in read_table(self.folder / FILES["village"]).rows:
            rows[row["code"][:-2]].append(row)
        return {commune: tuple(found) for commune, found in rows.items()}

    @cached_property
    def _districts_of(self) -> Mapping[str, tuple[Place, ...]]:
        return _by_parent(self._districts)

    @cached_property
    def _communes_of(self) -> Mapping[str, tuple[Place, ...]]:
        return _by_parent(self._communes)

    def places(self, level: str) -> tuple[Place, ...]:
        """Every place of a level, in the order of the codes."""
        if level == "village":
            return tuple(village for commune in self._village_rows for village in self.villages(commune))
        return tuple(self._level(level).values())

    def _level(self, level: str) -> dict[str, Place]:
        return {
            "province": lambda: self._provinces,
            "district": lambda: self._districts,
            "commune": lambda: self._communes,
        }[level]()

    def provinces(self) -> tuple[Place, ...]:
        return tuple(self._provinces.values())

    def province(self, code: str) -> Place:
        """The province of a code; the code may be that of any place within it."""
        try:
            return self._provinces[code[:2]]
        except KeyError:
            raise UnknownPlace(code) from None

    def districts(self, province: str) -> tuple[Place, ...]:
        return self._districts_of.get(province, ())

    def communes(self, district: str) -> tuple[Place, ...]:
        return self._communes_of.get(district, ())

    def villages(self, commune: str) -> tuple[Place, ...]:
        return tuple(_place(row, "village") for row in self._village_rows.get(commune, ()))

    def find(self, code: str) -> Place | None:
        """The place with this code, of whatever level, or None."""
        level = _LEVEL_OF_LENGTH.get(len(code))
        if level == "village":
            return next((village for village in self.villages(code[:-2]) if village.code == code), None)
        return self._level(level).get(code) if level else None

    def get(self, code: str) -> Place:
        """The place with this code; raises UnknownPlace."""
        place = self.find(code)
        if place is None:
            raise UnknownPlace(code)
        return place

    def around(self, code: str) -> tuple[Place, ...]:
        """The place and all units around it, the smallest first, as an address is written."""
        steps = range(len(code), 0, -2)
        return tuple(self.get(code[:length]) for length in steps)

    def choices(self, level: str, parent: str = "", language: str | None = None) -> list[tuple[str, str]]:
        """Pairs for a form: the places of a level, within a parent if one is given."""
        below = {"district": self.districts, "commune": self.communes, "village": self.villages}
        places = below[level](parent) if parent and level in below else self.places(level)
        return [(place.code, place.label(language)) for place in places]

    def boundaries(self) -> dict[str, Any]:
        """The outlines of the provinces as GeoJSON, with their attribution."""
        outlines: dict[str, Any] = read_json(self.folder / BOUNDARIES)
        return outlines


def _place(row: Row, level: str) -> Place:
    code = row["code"]
    return Place(
        code=code,
        name_en=row["name_en"],
        name_km=row["name_km"],
        level=level,
        parent=code[:-2],
        lat=row.number("lat"),
        lon=row.number("lon"),
        unit_en=row["unit_en"],
        unit_km=row["unit_km"],
        iso=row["iso_3166_2"],
        other_spellings=tuple(part.strip() for part in row["alt_spellings"].split(";") if part.strip()),
    )


def _by_parent(places: Mapping[str, Place]) -> Mapping[str, tuple[Place, ...]]:
    children: defaultdict[str, list[Place]] = defaultdict(list)
    for place in places.values():
        children[place.parent].append(place)
    return {parent: tuple(found) for parent, found in children.items()}


def distance_km(one: Place, other: Place) -> float | None:
    """Great-circle distance between the middles of two places; None where a position is not known."""
    if one.lat is None or one.lon is None or other.lat is None or other.lon is None:
        return None
    lat1, lat2 = math.radians(one.lat), math.radians(other.lat)
    half_lat = (lat2 - lat1) / 2
    half_lon = math.radians(other.lon - one.lon) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(chord))

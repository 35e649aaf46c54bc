"""The people of the source documents, screened with the list that ships."""

import json
from pathlib import Path
from typing import Any

import pytest

from spean import country
from spean.detection.rules import Screening, assess

FILE = Path(__file__).parents[2] / "countries" / "cambodia" / "demo" / "vignettes.json"
VIGNETTES: list[dict[str, Any]] = json.loads(FILE.read_text("utf-8"))["vignettes"]


@pytest.mark.parametrize("vignette", VIGNETTES, ids=lambda vignette: str(vignette["id"]))
def test_each_is_screened_as_the_source_expects(vignette: dict[str, Any]) -> None:
    told = vignette["screening"]
    screening = Screening(
        exploitation=told["exploitation"],
        age=told["age"],
        age_disputed=told.get("age_disputed", False),
        acts=None if told["acts"] is None else tuple(told["acts"]),
        forms=tuple(told["forms"]),
        answers=told["answers"],
    )
    listed = country.pack("cambodia").instruments["ilo_2009"]
    found = assess(screening, listed.asked(screening.population, screening.exploitation))
    assert vignette["expected_screening"] == {
        "population": found.population,
        "dimensions": {dim: counts._asdict() for dim, counts in found.dimensions.items()},
        "elements": {name: element.status for name, element in found.elements.items()},
        "result": found.result,
        "ilo_category": found.ilo_category,
    }


def test_all_twelve_are_there_and_every_result_occurs() -> None:
    assert [vignette["id"] for vignette in VIGNETTES] == [f"V{number:02}" for number in range(1, 13)]
    assert {vignette["expected_screening"]["result"] for vignette in VIGNETTES} == {
        "presumed_victim",
        "exploited_not_trafficked",
        "no_indication",
        "insufficient_information",
    }

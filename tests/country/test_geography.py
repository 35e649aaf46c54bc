"""Places: as many as the gazetteer has, nested by their codes, named in two scripts, read when needed."""

import pytest

from spean.country import pack
from spean.country.geography import Geography, UnknownPlace, distance_km


@pytest.fixture(scope="module")
def geography() -> Geography:
    return pack().geography


@pytest.mark.parametrize(
    ("level", "number"), [("province", 25), ("district", 210), ("commune", 1652), ("village", 14578)]
)
def test_counts(geography: Geography, level: str, number: int) -> None:
    places = geography.places(level)
    assert len(places) == len({place.code for place in places}) == number


def test_every_place_lies_in_one_that_is_there(geography: Geography) -> None:
    for level in ("district", "commune", "village"):
        assert all(geography.find(place.parent) for place in geography.places(level))


def test_descent_from_the_province_to_the_village(geography: Geography) -> None:
    assert geography.province("01").name_en == "Banteay Meanchey"
    district = geography.districts("01")[0]
    commune = geography.communes(district.code)[0]
    village = geography.villages(commune.code)[0]
    assert (district.code, commune.code, village.code) == ("0102", "010201", "01020101")
    assert [place.level for place in geography.around(village.code)] == ["village", "commune", "district", "province"]


def test_all_children_together_are_all_places(geography: Geography) -> None:
    districts = [d for province in geography.provinces() for d in geography.districts(province.code)]
    communes = [c for district in districts for c in geography.communes(district.code)]
    villages = [v for commune in communes for v in geography.villages(commune.code)]
    assert (len(districts), len(communes), len(villages)) == (210, 1652, 14578)


@pytest.mark.parametrize("code", ["", "1", "99", "0199", "010299", "01020199", "abc", "0102010101"])
def test_what_is_not_there(geography: Geography, code: str) -> None:
    assert geography.find(code) is None
    with pytest.raises(UnknownPlace):
        geography.get(code)


def test_a_province_is_found_from_any_code_within_it(geography: Geography) -> None:
    assert geography.province("12").iso == "KH-12"
    assert geography.province("01020101").code == "01"
    with pytest.raises(UnknownPlace):
        geography.province("1")


def test_labels_follow_the_language(geography: Geography) -> None:
    assert geography.get("17").label("km") == "សៀមរាប"
    assert geography.get("17").label("th") == "Siem Reap"
    assert geography.choices("district", "01", "km")[0] == ("0102", "មង្គលបូរី")


def test_distance(geography: Geography) -> None:
    phnom_penh, siem_reap = geography.get("12"), geography.get("17")
    there = distance_km(phnom_penh, siem_reap)
    assert there is not None
    assert 220 < there < 260
    assert distance_km(phnom_penh, phnom_penh) == 0
    assert distance_km(phnom_penh, geography.get("01020101")) is None


def test_outlines_are_those_of_the_provinces(geography: Geography) -> None:
    outlines = geography.boundaries()
    assert "CC BY 4.0" in outlines["attribution"]
    drawn = {feature["properties"]["ncdd"] for feature in outlines["features"]}
    assert drawn == {place.code for place in geography.provinces()}


def test_a_new_geography_has_read_nothing() -> None:
    fresh = Geography(pack().folder / "geography")
    assert set(vars(fresh)) == {"folder"}
    fresh.provinces()
    assert "_village_rows" not in vars(fresh)

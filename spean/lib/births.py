"""Birth dates as lists and clerks write them: year alone, 1 January, day and month exchanged, other eras, an age.

Reads; how much an agreement proves is said by whoever compares (`people.matching`, `linkage`).
"""

import re
from datetime import date

_DIGITS = re.compile(r"\d+")
_AGE = re.compile(r"^\D*?(\d{1,3})\D*$")
BUDDHIST_ERA = 543  # the year on Thai and many Khmer papers runs so far ahead


def common_era(year: int) -> int | None:
    """The year in the common era, or None when nobody alive can be born then."""
    year = year - BUDDHIST_ERA if 2400 <= year <= 2700 else year
    return year if 1880 <= year <= 2200 else None


def read_birth(written: date | str | None) -> tuple[date | None, int | None]:
    """A date and its year, as far as they can be trusted. 1 January is what clerks write for "that year".

    Takes any digits (Khmer, Thai …), any signs between, the year first or last. Where both readings of day and month
    are possible, the order of the region, day first, is taken; a later comparison has to allow for the exchange.
    """
    if not written:
        return None, None
    if isinstance(written, date):
        year, month, day = written.year, written.month, written.day
    else:
        found = _DIGITS.findall(written)[:3]
        if len(found) == 1 and len(found[0]) == 8:  # 20020531 or 31052002, without signs
            text = found[0]
            found = [text[:4], text[4:6], text[6:]] if common_era(int(text[:4])) else [text[:2], text[2:4], text[4:]]
        numbers = [int(number) for number in found]
        places = [place for place, number in enumerate(numbers) if common_era(number) is not None]
        if not places:
            return None, None
        year = numbers.pop(places[0])
        if len(numbers) < 2:
            return None, common_era(year)
        month, day = numbers if places[0] == 0 else reversed(numbers)
        if month > 12 >= day:
            month, day = day, month
    common = common_era(year)
    if common is None or (month, day) == (1, 1):
        return None, common
    try:
        return date(common, month, day), common
    except ValueError:
        return None, common


def read_age(written: str) -> int | None:
    """An age in years where a date was asked for: "17", "17 years", "១៧ ឆ្នាំ". None for anything else."""
    found = _AGE.match(written)
    age = int(found.group(1)) if found else None
    return age if age is not None and age <= 110 else None


def year_from_age(age: int, on: date) -> int:
    """The likelier birth year of somebody who says she is `age` years old; to be marked as estimated."""
    return on.year - age - (1 if on.month <= 6 else 0)

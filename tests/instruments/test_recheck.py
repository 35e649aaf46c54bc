"""Submissions are checked anew: what holds is taken, what was forged or broken is refused with its code."""

import random
import re
from datetime import date

import pytest

from spean.instruments import recheck
from spean.instruments.recheck import CODES, Refused
from tests.instruments.shipped import EVERYTHING, SHIPPED, made
from tests.instruments.walks import submission

TODAY = date(2026, 6, 30)


def check(name: str, xml: str | bytes) -> recheck.Checked:
    root = recheck.parse(xml.encode() if isinstance(xml, str) else xml)
    return recheck.recheck(made(name).definition, root, today=TODAY)


def code(name: str, xml: str | bytes) -> str:
    with pytest.raises(Refused) as refused:
        check(name, xml)
    assert refused.value.code in CODES
    return refused.value.code


@pytest.mark.parametrize("name", [*SHIPPED, EVERYTHING])
def test_what_the_engine_wrote_holds(name: str) -> None:
    for seed in range(3):
        xml = submission(made(name).definition, seed).xml()
        checked = check(name, xml)
        assert checked.instance.xml() == xml
        assert checked.filled_on == TODAY
        assert checked.identifier == "0b9c1c6a-3b0f-4b3e-9d6e-2f6f1f6d7a10"


BUS = "transit_centre"


def bus() -> str:
    instance = submission(made(BUS).definition, 1)
    for path, value in {
        "arrival/arrived_on": "2026-06-30", "arrival/on_board": "40", "traveller[1]/bracelet": "7",
        "traveller[1]/signs": "debt sold", "traveller[1]/age_band": "adult", "traveller[1]/needs_now": "",
    }.items():  # fmt: skip
        instance.set(instance.at(path), value)
    instance.settle()
    assert not instance.violations()
    return instance.xml()


FORGED = [
    ("calculation", "<order>first</order>", "<order>leaflet</order>"),
    ("calculation", "<first>1</first>", "<first>0</first>"),
    ("wrong_type", "<on_board>40</on_board>", "<on_board>many</on_board>"),
    ("wrong_type", "<on_board>40</on_board>", "<on_board>4e1</on_board>"),
    ("wrong_type", "<arrived_on>2026-06-30</arrived_on>", "<arrived_on>2026-02-30</arrived_on>"),
    ("constraint", "<on_board>40</on_board>", "<on_board>201</on_board>"),
    ("calculation", "<signs>debt sold</signs>", "<signs>debt none</signs>"),
    ("required", "<bracelet>7</bracelet>", "<bracelet/>"),
    ("required", "<bracelet>7</bracelet>", ""),
    ("not_a_choice", "<age_band>adult</age_band>", "<age_band>old</age_band>"),
    ("not_a_choice", "<age_band>adult</age_band>", "<age_band>adult child</age_band>"),
    ("not_a_choice", "<signs>debt sold</signs>", "<signs>debt debt</signs>"),
    ("unknown_node", "<bracelet>7</bracelet>", "<bracelet>7</bracelet><name>Dara</name>"),
    ("unknown_node", "<bracelet>7</bracelet>", "<bracelet>7</bracelet><bracelet>8</bracelet>"),
    ("unknown_node", "<bracelet>7</bracelet>", "<bracelet><b>7</b></bracelet>"),
    ("not_relevant", "</arrival>", "</arrival><summary><not_all/></summary>"),
    ("too_long", "<bracelet>7</bracelet>", f"<bracelet>{'7' * 6000}</bracelet>"),
    ("wrong_instrument", 'version="1.0"', 'version="9.9"'),
    ("wrong_instrument", 'id="transit_centre"', 'id="intake"'),
    ("wrong_identifier", "uuid:0b9c1c6a-3b0f-4b3e-9d6e-2f6f1f6d7a10", "uuid:me"),
    ("wrong_day", "<today>2026-06-30</today>", "<today>2031-01-01</today>"),
    ("wrong_day", "<today>2026-06-30</today>", "<today>2020-01-01</today>"),
    ("wrong_day", "<today>2026-06-30</today>", "<today>yesterday</today>"),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "old", "new"), FORGED, ids=[f"{one[0]}-{n}" for n, one in enumerate(FORGED)])
def test_what_was_forged_is_refused(expected: str, old: str, new: str) -> None:
    xml = bus()
    assert old in xml, xml
    if expected == "not_relevant":
        xml = xml.replace("<on_board>40</on_board>", "<on_board>1</on_board>").replace("<not_all/>", "")
        xml = re.sub(r"<summary>", "<summary><not_all/>", xml)
        assert code(BUS, xml) == expected
        return
    assert code(BUS, xml.replace(old, new, 1)) == expected


def test_the_result_of_a_screening_cannot_be_forged() -> None:
    instance = submission(made("first_responder").definition, 2)
    result = instance.at("result").value
    other = "no_indication" if result != "no_indication" else "presumed_victim"
    xml = instance.xml().replace(f"<result>{result}<", f"<result>{other}<")
    assert code("first_responder", xml) == "calculation"


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1 or str()};" * 10}">' for n in range(1, 10))
    + ']><data id="transit_centre" version="1.0">&lol9;</data>'
)
BROKEN: list[tuple[str, str, bytes]] = [
    ("empty", "not_xml", b""),
    ("text", "not_xml", b"hello"),
    ("cut", "not_xml", b'<data id="transit_centre" version="1.0"><arr'),
    ("nul", "not_xml", b"\x00" * 100),
    ("wrong encoding", "not_xml", b'<?xml version="1.0" encoding="nowhere"?><data/>'),
    ("broken letters", "not_xml", b"<data>\xff\xfe\xfd</data>"),
    ("two roots", "not_xml", b"<data/><data/>"),
    ("billion laughs", "forbidden_xml", LAUGHS.encode()),
    ("file", "forbidden_xml", b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><data>&x;</data>'),
    ("outside", "forbidden_xml", b'<!DOCTYPE data SYSTEM "http://localhost/x.dtd"><data/>'),
    ("quadratic", "forbidden_xml", b'<!DOCTYPE d [<!ENTITY a "' + b"a" * 9000 + b'">]><d>' + b"&a;" * 900 + b"</d>"),
    ("ten megabytes", "too_large", b"<data><a>" + b"x" * 10_000_000 + b"</a></data>"),
    ("deep", "too_large", b"<a>" * 5000 + b"</a>" * 5000),
    ("wide", "too_large", b"<a>" + b"<b/>" * 100_000 + b"</a>"),
    ("another root", "wrong_instrument", b'<form id="transit_centre" version="1.0"/>'),
    ("json", "not_xml", b'{"id": "transit_centre"}'),
]


@pytest.mark.parametrize(("expected", "data"), [one[1:] for one in BROKEN], ids=[one[0] for one in BROKEN])
def test_what_is_no_submission_is_refused(expected: str, data: bytes) -> None:
    assert code(BUS, data) == expected


def test_changed_letters_never_end_in_anything_but_a_code() -> None:
    """Every byte may be changed, cut or doubled: the answer is the submission or a code, never another error."""
    xml = bus().encode()
    chance = random.Random(1)
    taken = 0
    for _ in range(600):
        data = bytearray(xml)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data))
            verb = chance.randrange(4)
            if verb == 0:
                data[at] = chance.randrange(256)
            elif verb == 1:
                del data[at : at + chance.randint(1, 30)]
            elif verb == 2:
                data[at:at] = data[at : at + chance.randint(1, 60)]
            else:
                data[at:at] = chance.choice([b"<", b">", b"&", b"</data>", b"<x/>", b"]]>", b"\xe1\x9e"])
        try:
            check(BUS, bytes(data))
            taken += 1
        except Refused:
            pass
    # A changed remark or place is a submission as good as any other.
    assert taken < 300

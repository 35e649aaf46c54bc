"""Lists as partners send them, and the way of one through the verbs."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from spean.access.models import User
from spean.lists import delivering, judging, linking, sheet
from spean.lists.delivering import Declared
from spean.lists.models import Delivery, Linking, ListRow, Pair, PartnerList
from tests.cast import Cast

HEADING = ("No", "Surname", "Given name", "Gender", "DOB", "Nationality", "Place of birth", "Phone", "Mother")
AGREED = (*HEADING, "Consent", "Consent form")
DECLARED = Declared("Everybody who slept here", "most")


def rows(*people: Mapping[str, str], heading: Sequence[str] = HEADING) -> list[list[str]]:
    return [list(heading), *([one.get(title, "") for title in heading] for one in people)]


def somebody(number: str = "1", **more: str) -> dict[str, str]:
    """A line of a list; more cells by heading, with _ for a space."""
    told = {
        "No": number, "Surname": "Kanarie", "Given name": "Sreyneang", "Gender": "F", "DOB": "14/05/2003",
        "Nationality": "Cambodian", "Place of birth": "Prey Veng", "Phone": "012 345 678", "Mother": "Chan Thida",
    }  # fmt: skip
    return {**told, **{name.replace("_", " "): value for name, value in more.items()}}


def as_csv(lines: Sequence[Sequence[str]], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(lines)
    return out.getvalue().encode(encoding)


def as_workbook(lines: Sequence[Sequence[Any]], *others: Sequence[Sequence[Any]]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    for number, page in enumerate((lines, *others)):
        one = book.active if not number else book.create_sheet()
        assert one is not None
        for line in page:
            one.append(list(line))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def packed_workbook(lines: str, table: str) -> bytes:
    """A workbook as Excel writes it, with its texts in a table of their own: `lines` and `table` are their XML."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/></Types>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="List" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main}">{table}</sst>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name, text)
    return out.getvalue()


def agreeing(number: str = "1", **more: str) -> dict[str, str]:
    """A line of somebody who agreed, with proof."""
    return somebody(number, **{"Consent": "yes", "Consent_form": f"F-{number}", **more})


def begun(
    user: User, title: str = "Guests of the shelter", form: str = "names", declared: Declared = DECLARED
) -> PartnerList:
    return delivering.begin_list(user, form=form, title=title, declared=declared)


def sent(user: User, partner_list: PartnerList, raw: bytes, mapping: Mapping[int, str] | None = None) -> Delivery:
    """A file that went the whole way: delivered, its columns named as they are guessed, read by the job."""
    delivery = delivering.deliver(user, partner_list, raw)
    if delivery.status == "received":
        seen = delivering.preview(user, delivery)
        given = seen.guess if mapping is None else mapping
        delivering.name_columns(user, delivery, given, heading=seen.heading)
    delivering.take_in(Delivery.objects.select_related("partner_list", "delivered_by").get(pk=delivery.pk))
    return Delivery.objects.get(pk=delivery.pk)


def judged(raw: bytes) -> list[judging.Judged]:
    """The lines of a file with its columns as they are guessed."""
    read = sheet.read(raw)
    return list(judging.judge(read, judging.guess(read.heading)))


def of_each(cast: Cast, mark: str = "Kanarie") -> dict[str, Any]:
    """A list with a file that waits, one that was taken in, a linking and a pair to decide; the names bear the mark."""
    heading = [*HEADING, f"{mark}column"]
    lines = {
        name: [heading, *([one.get(title, "") for title in heading] for one in people)]
        for name, people in {
            "provider": (
                somebody("1", Surname=mark, Mother=f"{mark}mother"), somebody("2", Surname=f"{mark}\ufffd"),
                somebody("3", Surname="", Given_name=f"{mark}neang", DOB="", Phone="", Mother="", Place_of_birth=""),
            ),
            "other_provider": (somebody("8", Surname=mark, Given_name=f"{mark}neang", DOB="", Phone="", Mother=""),),
        }.items()
    }  # fmt: skip
    made: dict[str, Any] = {}
    for name, told in lines.items():
        owner = begun(cast.users[name], "Guests of the shelter" if name == "provider" else "Departures")
        sent(cast.users[name], owner, as_csv(told))
        made.setdefault("lists.PartnerList", owner)
    started = linking.start(cast.registry)
    linking.run(started)
    made["lists.Delivery"] = delivering.deliver(cast.provider, made["lists.PartnerList"], as_csv(lines["provider"][:2]))
    made["lists.ListRow"] = ListRow.objects.get(status="quarantined")
    made["lists.Linking"] = Linking.objects.get()
    made["lists.Pair"] = Pair.objects.filter(status="open")[0]
    return made

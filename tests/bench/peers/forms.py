"""The two forms that are compared: the shipped checklist, and 300 generated questions.

Each as the XForm that the door for ODK's phones gives out, and as the definition that our own engine reads; both from
the same tables, by `spean.instruments.convert`.
"""

from functools import cache

from spean.country.pack import pack
from spean.instruments import convert
from spean.instruments.convert import Made
from spean.instruments.sheets import Sheet, SheetRow, Workbook

CHECKLIST, LONG = "first_responder", "long"
GROUPS, PER_GROUP = 30, 10
# What one answer costs is measured with these, in turn: (which choice on the first page, counted from 0, and its value).
ANSWERS = {
    CHECKLIST: [(0, "no"), (1, "scene"), (0, "yes"), (1, "none")],
    LONG: [(0, "yes"), (1, "no"), (0, "no"), (2, "yes"), (1, "yes"), (2, "no")],
}


@cache
def made(name: str) -> Made:
    """A form by its name, with the XForm and the definition."""
    return pack("cambodia").instruments[name].made if name == CHECKLIST else convert.make(long_form())


def long_form(groups: int = GROUPS, per_group: int = PER_GROUP) -> Workbook:
    """A form of so many pages, each with so many questions.

    Every third question decides whether the next is asked, numbers have a bound, and every page counts its yes; one
    calculation reads all of those counts.
    """
    survey: list[dict[str, str]] = []
    for group in range(groups):
        survey.append(
            {"type": "begin_group", "name": f"g_{group}", "label": f"Page {group}", "appearance": "field-list"}
        )
        chosen: list[str] = []
        for number in range(per_group):
            row = {"name": f"q_{group}_{number}", "label": f"Question {number} of page {group}"}
            if number % 3 == 0:
                survey.append({**row, "type": "select_one answer"})
                chosen.append(row["name"])
            elif number % 3 == 1:
                asked = f"${{{chosen[-1]}}} != 'no'"
                survey.append({**row, "type": "integer", "relevant": asked, "constraint": ". >= 0 and . <= 120"})
            else:
                survey.append({**row, "type": "text"})
        counted = " + ".join(f"if(${{{name}}} = 'yes', 1, 0)" for name in chosen)
        survey += [{"type": "calculate", "name": f"n_{group}", "calculation": counted}, {"type": "end_group"}]
    total = " + ".join(f"${{n_{group}}}" for group in range(groups))
    survey.append({"type": "calculate", "name": "total", "calculation": total})
    choices = [{"list_name": "answer", "name": name, "label": name.title()} for name in ("yes", "no", "unknown")]
    settings = [
        {"form_id": LONG, "form_title": "Three hundred questions", "version": "1", "default_language": "English (en)"}
    ]
    return Workbook({"survey": _sheet(survey), "choices": _sheet(choices), "settings": _sheet(settings)})


def _sheet(rows: list[dict[str, str]]) -> Sheet:
    rows = [{_translated(name): cell for name, cell in row.items()} for row in rows]
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    return Sheet(columns, tuple(SheetRow(line, row) for line, row in enumerate(rows, 2)))


def _translated(column: str) -> str:
    return f"{column}::English (en)" if column == "label" else column

"""Writes `docs/workflow.md` from the tables: every lifecycle as a diagram and a table an official can read."""

from spean.workflow import tables


def workflow_page() -> str:
    """The page as Markdown text."""
    lines = [
        "# Lifecycles",
        "",
        "Written from `spean/workflow/tables.py` by `make docs`; do not edit. The engine and a trigger in the",
        "database both refuse what is not on this page.",
    ]
    for model, field in dict.fromkeys((row.model, row.field) for row in tables.TRANSITIONS):
        lines += ["", f"## {_title(model, field)}", "", "```mermaid", "stateDiagram-v2"]
        for row in tables.machine(model, field):
            sources = ["[*]"] if row.frm is None else row.frm
            lines += [f"    {source} --> {row.to}: {row.verb}" for source in sources]
        lines += [
            "```",
            "",
            "| Verb | From | To | Must be true first | Permission | Event | Basis |",
            "|---|---|---|---|---|---|---|",
        ]
        for row in tables.machine(model, field):
            source = "(new)" if row.frm is None else ", ".join(row.frm)
            cells = (row.verb, source, row.to, ", ".join(row.requires), row.permission, row.event, row.law)
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _title(model: str, field: str) -> str:
    name = model.split(".")[1]
    return name if field == "status" else f"{name}: {field}"

"""The database's own guard: triggers, made from the tables, that refuse an undeclared change of state.

They hold for every connection, also one that goes round the application.
"""

import pgtrigger

from spean.workflow import tables


def status_triggers(model: str, field: str = "status") -> list[pgtrigger.Trigger]:
    """Triggers for `Meta.triggers` of a model with a lifecycle."""
    first = tables.first_states(model, field)
    guards: list[pgtrigger.Trigger] = [
        pgtrigger.FSM(
            name=f"{field}_moves",
            field=field,
            transitions=list(dict.fromkeys(move for move in tables.moves(model, field) if move[0] != move[1])),
        )
    ]
    if first:
        allowed = ", ".join(f"'{state}'" for state in first)
        guards.append(
            pgtrigger.Trigger(
                name=f"{field}_starts",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=(
                    f"IF NEW.{field} NOT IN ({allowed}) THEN "
                    f"RAISE EXCEPTION 'a new row of {model} cannot begin as %', NEW.{field}; END IF; RETURN NEW;"
                ),
            )
        )
    return guards


def append_only() -> list[pgtrigger.Trigger]:
    """Triggers for a table whose rows are never changed nor removed."""
    return [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

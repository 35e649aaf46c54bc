"""Published capture tables (see NOTICE), for the tests of every method."""

from pathlib import Path

from spean.estimation import table
from spean.estimation.table import Captures

TABLES = Path(__file__).parent / "tables"


def published(name: str) -> Captures:
    return table.read(TABLES / f"{name}.csv")

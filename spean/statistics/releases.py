"""What was published before, so that a new figure beside an old one gives nothing away."""

from dataclasses import dataclass

from spean.statistics.margins import Published


@dataclass(frozen=True)
class Release:
    """Tables that went out together."""

    name: str
    tables: tuple[Published, ...]

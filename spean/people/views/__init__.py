"""Pages of the person: `registration`, `persons` (search, record, correction), `matches`."""

"""Episodes of a person: who is involved and excluded, tasks with deadlines, notes, consent, the record."""

"""Dates, identifiers and names: no tables, no words of the domain."""

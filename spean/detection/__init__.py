"""Detection: report, screening, presumed victim.

`rules.py` is the definition test, `texts.py` says its reasons in sentences, `screen.py` reads
and checks a screening from JSON. A screening never establishes; the competent authority does.
"""

"""Instruments as XLSForms: reading, checking, converting and answering them.

Knows no country, no table and no page. What is allowed is written in docs/xlsform-profile.md and `profile.py`;
the same compiled definition is answered here in Python and, by the same rules, in `static/instruments/`.
"""

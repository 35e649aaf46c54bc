"""Our own app for first responders: it works without a network, and sends what it holds when there is one.

The phone's half is in static/field; here is what it is served, how a phone is enrolled, and what becomes of a report.
Tables of phones and of what they sent stand in `exchange`, beside those of ODK Collect.
"""

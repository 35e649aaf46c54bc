"""Fictional people carried through the real verbs, so that a first look shows a working week."""

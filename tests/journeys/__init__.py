"""Journeys in a real browser: from a page to the next as a person at a phone goes, each page examined on the way."""

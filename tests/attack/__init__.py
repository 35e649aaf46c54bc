"""Attacks on a whole installation: `make attack`."""

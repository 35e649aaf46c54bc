"""Spean (ស្ពាន, "bridge"): a national referral mechanism for trafficked persons.

Reading the rooms in the order of `docs/map.md` follows a person's path.
"""

__version__ = "0.1.0"

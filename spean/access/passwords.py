"""Passwords that many would think of: common ones dressed up, and words of this system, this country, this user.

Django's validators beside this one know 20,000 common passwords, of which 190 are as long as ours have to be. People
who must reach twelve signs take a short one twice, or hang a year behind it; those are refused here by what is left
when the dress is taken off. (NIST SP 800-63B-4, 3.1.1.2; no rule about kinds of signs, and none is wanted.)
"""

import gzip
from collections.abc import Collection, Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any
from unicodedata import category

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from spean import country

# What somebody who knows where the account belongs tries first. docs/security.md lists them for people.
CONTEXT = ("spean", "trafficking", "trafficked", "referral", "hotline", "shelter", "survivor", "victim", "police",
           "ministry", "mechanism", "administrator", "password", "passphrase", "welcome", "login")  # fmt: skip
# Signs by which people replace letters; a 1 stands for either of two.
_LOOKS_LIKE = (str.maketrans("", ""), str.maketrans("013457@$!", "oleastasi"), str.maketrans("013457@$!", "oieastasi"))


class NotExpected:
    """Refuses what is left of a password, once years, signs and repetitions are gone, if many would think of it."""

    def validate(self, password: str, user: Any = None) -> None:
        known = _known_here(user)
        if any(core in known or core in _common() for core in cores(password, known)):
            raise ValidationError(
                _(
                    "This password is too easy to guess for somebody who knows this system. "
                    "Choose three or four words that only you would put together."
                ),
                code="password_expected",
            )

    def get_help_text(self) -> str:
        return _("Not a common password with something added, and no words of this system.")


def cores(password: str, known: Collection[str]) -> Iterator[str]:
    """What is left without the dress, read as typed and with signs read as letters.

    `dragon2026!!`, `Dr4gon-dragon` → `dragon`; `spean-hotline-2026` → `spean`, because nothing but words that are `known`
    is in it.
    """
    folded = password.casefold()
    yield _once(folded)
    ends = "".join(sign for sign in set(folded) if not _in_word(sign))
    for base, table in product({folded, folded.rstrip(ends), folded.strip(ends)}, _LOOKS_LIKE):
        words = _words_of(base.translate(table))
        own = [word for word in words if word not in known]
        yield from ("".join(words), _once("".join(words)), "".join(own), _once("".join(own)))
        if words and not own:
            yield words[0]


def _in_word(sign: str) -> bool:
    """A vowel of Khmer is a mark, and belongs to its word."""
    return sign.isalpha() or category(sign)[0] == "M"


def _words_of(text: str) -> list[str]:
    return "".join(sign if _in_word(sign) else " " for sign in text).split()


def _once(text: str) -> str:
    """`abcabc` is `abc`."""
    return text[: (text + text).find(text, 1)] if text else ""


def _known_here(user: Any) -> frozenset[str]:
    organisation = getattr(user, "organisation", None) if getattr(user, "pk", None) else None
    names = f"{getattr(organisation, 'name', '')} {getattr(user, 'name', '')} {getattr(user, 'email', '')}"
    own = _words_of(names.casefold())
    pack = country.pack()
    return frozenset({*CONTEXT, pack.name.casefold(), pack.country.casefold(), *own})


@cache
def _common() -> frozenset[str]:
    listed = Path(password_validation.__file__).parent / "common-passwords.txt.gz"
    with gzip.open(listed, "rt", encoding="utf-8") as lines:
        return frozenset(filter(None, (line.strip().casefold() for line in lines)))

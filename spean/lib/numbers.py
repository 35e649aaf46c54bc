"""Numbers that belong to people, as others write them: telephones and papers, brought to one spelling."""

import re

_LIST = re.compile(r"[,;/|\n]|\bor\b")


def phone_keys(text: str) -> list[str]:
    """The last eight digits of each number: the same with and without country code and leading zero."""
    plain = text.replace(" ", "").replace("-", "")
    if plain.isascii() and plain.isdecimal():  # nearly all are one number, and that is ten times faster
        found = [plain]
    else:
        found = ["".join(str(int(digit)) for digit in piece if digit.isdecimal()) for piece in _LIST.split(text)]
    return [digits[-8:] for digits in found if len(digits) >= 6]


def document_keys(text: str) -> list[str]:
    """Document numbers without spaces, signs and case."""
    found = ("".join(sign for sign in piece.casefold() if sign.isalnum()) for piece in re.split(r"[,;|\n]", text))
    return [number for number in found if len(number) >= 4 and any(sign.isdecimal() for sign in number)]

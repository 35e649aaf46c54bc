"""Codes that people read aloud and type: random, without meaning, with a check character.

A code says nothing about the person: no year, place, agency or running number, so that a list of
codes tells an outsider nothing and two of them cannot be ordered.
"""

import secrets

# Crockford's alphabet: no I, L, O or U, so that 1/I/L and 0/O cannot be confused on paper.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V"})
_LENGTH = 7


def _check_character(body: str) -> str:
    """The body read as a polynomial over GF(32): finds every single error and every neighbouring swap."""
    accumulator = 0
    for character in body:
        accumulator = _times_x(accumulator) ^ ALPHABET.index(character)
    return ALPHABET[_times_x(accumulator)]


def _times_x(element: int) -> int:
    # Multiplication by x modulo the primitive polynomial x^5 + x^2 + 1.
    doubled = element << 1
    return doubled ^ 0b100101 if doubled & 0b100000 else doubled


def new_code(prefix: str) -> str:
    """A fresh code such as `P-7K4D-92XM`: 35 random bits and a check character."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(_LENGTH))
    full = body + _check_character(body)
    return f"{prefix}-{full[:4]}-{full[4:]}"


def check_code(text: str) -> str:
    """The canonical form of a typed code. Raises ValueError when it cannot be one."""
    compact = "".join(text.upper().split()).replace("-", "")
    if len(compact) != 1 + _LENGTH + 1:
        raise ValueError("a code has one letter and eight characters, such as P-7K4D-92XM")
    prefix, body = compact[0], compact[1:].translate(READ_AS)
    if any(character not in ALPHABET for character in body):
        raise ValueError("a code has only digits and letters")
    if _check_character(body[:-1]) != body[-1]:
        raise ValueError("this code was mistyped: its check character does not fit")
    return f"{prefix}-{body[:4]}-{body[4:]}"

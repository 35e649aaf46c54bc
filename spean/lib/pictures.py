"""Pictures as bytes: how large they are, and the same picture without what a camera writes beside it.

A telephone notes where a photograph was taken. Nothing is decoded here: headers are read, blocks are left out, and
what is not understood is refused.
"""

import struct

# Larger ones are bombs, or scans nobody needs.
MOST_PIXELS = 60_000_000
_KEPT_PNG = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"bKGD", b"pHYs"}
)
_KEPT_WEBP = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
PNG = b"\x89PNG\r\n\x1a\n"
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class NotAPicture(ValueError):
    """The bytes are not a whole picture of this kind, or one too large to be looked at."""


def cleaned(data: bytes, media: str) -> bytes:
    """The picture without place, time, device and comments. Raises NotAPicture."""
    try:
        return {"jpeg": _jpeg, "png": _png, "webp": _webp}[media](data)
    except (struct.error, IndexError):
        raise NotAPicture from None


def _check(width: int, height: int) -> None:
    if not 0 < width * height <= MOST_PIXELS:
        raise NotAPicture


def _jpeg(data: bytes) -> bytes:
    if data[:2] != b"\xff\xd8":
        raise NotAPicture
    kept, place, turned, sized = [data[:2]], 2, 1, False
    while True:
        if data[place] != 0xFF:
            raise NotAPicture
        marker = data[place + 1]
        if marker == 0xFF:  # a filling byte
            place += 1
            continue
        if marker == 0xD9:
            break
        (length,) = struct.unpack_from(">H", data, place + 2)
        end = place + 2 + length
        if length < 2 or end > len(data):
            raise NotAPicture
        segment = data[place:end]
        if marker in _SIZES:
            height, width = struct.unpack_from(">HH", segment, 5)
            _check(width, height)
            sized = True
        if marker == 0xE1 and segment[4:10] == b"Exif\x00\x00":
            turned = _turned(segment[10:])
        if not _is_note(marker, segment):
            kept.append(segment)
        place = end
        if marker == 0xDA:
            place = _after_scan(data, end)
            kept.append(data[end:place])
    if not sized:
        raise NotAPicture
    if turned != 1:
        kept.insert(1, _orientation(turned))
    # Whatever a camera put behind the end, a film or a second picture, is left out, too.
    return b"".join(kept) + b"\xff\xd9"


def _is_note(marker: int, segment: bytes) -> bool:
    """Comments and what programs write for themselves; not the colours, which belong to the picture."""
    if marker == 0xE2:
        return not segment[4:].startswith(b"ICC_PROFILE\x00")
    return marker == 0xFE or (0xE0 <= marker <= 0xEF and marker not in (0xE0, 0xEE))


def _after_scan(data: bytes, place: int) -> int:
    """The next marker behind coded picture data, in which 0xFF stands only before 0 and restart marks."""
    while True:
        place = data.find(b"\xff", place)
        if place < 0:
            raise NotAPicture
        if data[place + 1] != 0 and not 0xD0 <= data[place + 1] <= 0xD7 and data[place + 1] != 0xFF:
            return place
        place += 1 if data[place + 1] == 0xFF else 2


def _turned(tiff: bytes) -> int:
    """How the picture has to be turned to stand upright: the one note that is kept."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    (first,) = struct.unpack_from(order + "I", tiff, 4)
    (number,) = struct.unpack_from(order + "H", tiff, first)
    for entry in range(number):
        tag, kind, _count, value = struct.unpack_from(order + "HHIH", tiff, first + 2 + 12 * entry)
        if (tag, kind) == (0x0112, 3):
            return value if 1 <= value <= 8 else 1
    return 1


def _orientation(turned: int) -> bytes:
    tiff = b"MM\x00\x2a" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, turned, 0, 0)
    body = b"Exif\x00\x00" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _png(data: bytes) -> bytes:
    if data[:8] != PNG or data[12:16] != b"IHDR":
        raise NotAPicture
    _check(*struct.unpack_from(">II", data, 16))
    kept, place = [PNG], 8
    while True:
        (length,) = struct.unpack_from(">I", data, place)
        kind, end = data[place + 4 : place + 8], place + 12 + length
        if end > len(data):
            raise NotAPicture
        if kind in _KEPT_PNG:
            kept.append(data[place:end])
        place = end
        if kind == b"IEND":
            return b"".join(kept)


def _webp(data: bytes) -> bytes:
    (length,) = struct.unpack_from("<I", data, 4)
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or length + 8 > len(data):
        raise NotAPicture
    kept, place, sized = [], 12, False
    while place < length + 8:
        kind = data[place : place + 4]
        (size,) = struct.unpack_from("<I", data, place + 4)
        end = place + 8 + size + size % 2
        if end > length + 8:
            raise NotAPicture
        chunk = data[place:end]
        if kind == b"VP8X":
            width, height = (int.from_bytes(chunk[at : at + 3], "little") + 1 for at in (12, 15))
            _check(width, height)
            # The marks for a place and for notes are taken back with them.
            chunk, sized = chunk[:8] + bytes([chunk[8] & ~0x0C]) + chunk[9:], True
        elif kind == b"VP8 ":
            width, height = struct.unpack_from("<HH", chunk, 14)
            _check(width & 0x3FFF, height & 0x3FFF)
            sized = True
        elif kind == b"VP8L":
            (bits,) = struct.unpack_from("<I", chunk, 9)
            _check((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
            sized = True
        if kind in _KEPT_WEBP:
            kept.append(chunk)
        place = end
    if not sized:
        raise NotAPicture
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body

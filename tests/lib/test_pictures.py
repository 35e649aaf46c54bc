"""Pictures: whole ones pass, without the place where they were taken; bombs and broken ones do not."""

import struct
import zlib

import pytest

from spean.lib import pictures
from spean.lib.pictures import NotAPicture, cleaned

PLACE = b"GPS 11.5564N 104.9282E"


def exif(order: str = ">", turned: int = 6) -> bytes:
    """An Exif block with an orientation, and a place behind it."""
    mark = b"MM\x00\x2a" if order == ">" else b"II\x2a\x00"
    tiff = mark + struct.pack(order + "IHHHIHHI", 8, 1, 0x0112, 3, 1, turned, 0, 0) + PLACE
    return b"Exif\x00\x00" + tiff


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


SCAN = b"\x12\xff\x00\x34\xff\xd0\x56"


def jpeg(*, width: int = 40, height: int = 30, notes: bytes = b"", behind: bytes = b"") -> bytes:
    frame = segment(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00")
    table = segment(0xC4, b"\x00\xff\xd9\x00")  # an end mark within a table is no end
    start = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
    return b"\xff\xd8" + notes + frame + table + start + SCAN + b"\xff\xd9" + behind


def png(*, width: int = 40, height: int = 30, more: tuple[tuple[bytes, bytes], ...] = ()) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    middle = b"".join(chunk(kind, body) for kind, body in more)
    return pictures.PNG + head + middle + chunk(b"IDAT", zlib.compress(b"\x00" * 10)) + chunk(b"IEND", b"")


def webp(*, width: int = 40, height: int = 30, more: tuple[tuple[bytes, bytes], ...] = ()) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("<I", len(body)) + body + b"\x00" * (len(body) % 2)

    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + chunk(b"VP8X", (b"\x0c" if more else b"\x00") + bytes(3) + sides) + chunk(b"ALPH", b"\x00")
    body += b"".join(chunk(kind, content) for kind, content in more)
    return b"RIFF" + struct.pack("<I", len(body)) + body


MADE = {"jpeg": jpeg, "png": png, "webp": webp}


@pytest.mark.parametrize("media", MADE)
def test_a_picture_without_notes_stays_a_picture(media: str) -> None:
    kept = cleaned(MADE[media](), media)
    assert cleaned(kept, media) == kept


@pytest.mark.parametrize(
    "notes",
    [segment(0xE1, exif()), segment(0xFE, PLACE), segment(0xED, PLACE), segment(0xE1, b"http://ns.adobe" + PLACE)],
)
def test_a_photograph_loses_where_it_was_taken(notes: bytes) -> None:
    kept = cleaned(jpeg(notes=notes), "jpeg")
    assert PLACE not in kept
    assert kept.endswith(SCAN + b"\xff\xd9")


def test_what_a_camera_hides_behind_the_end_or_in_a_second_picture_is_left_out() -> None:
    assert PLACE not in cleaned(jpeg(behind=jpeg(notes=segment(0xE1, exif()))), "jpeg")
    assert PLACE not in cleaned(jpeg(notes=segment(0xE2, b"MPF\x00" + PLACE)), "jpeg")


def test_colours_and_the_way_up_are_kept() -> None:
    colours = segment(0xE2, b"ICC_PROFILE\x00 colours")
    for order in "<>":
        kept = cleaned(jpeg(notes=colours + segment(0xE1, exif(order, turned=8))), "jpeg")
        assert colours in kept
        assert pictures._turned(kept[kept.index(b"Exif") + 6 :]) == 8
        assert cleaned(kept, "jpeg") == kept
    assert b"Exif" not in cleaned(jpeg(notes=segment(0xE1, exif(turned=1))), "jpeg")


@pytest.mark.parametrize("kind", [b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"])
def test_a_png_loses_its_notes(kind: bytes) -> None:
    assert PLACE not in cleaned(png(more=((kind, PLACE),)), "png")


@pytest.mark.parametrize("kind", [b"EXIF", b"XMP "])
def test_a_webp_loses_its_notes_and_their_marks(kind: bytes) -> None:
    kept = cleaned(webp(more=((kind, PLACE),)), "webp")
    assert PLACE not in kept
    assert kept[20] & 0x0C == 0
    assert struct.unpack_from("<I", kept, 4)[0] == len(kept) - 8


@pytest.mark.parametrize("media", MADE)
@pytest.mark.parametrize(("width", "height"), [(0, 30), (16_000, 16_000), (60_000, 60_000)])
def test_a_bomb_is_refused_before_anybody_decodes_it(media: str, width: int, height: int) -> None:
    if media == "webp" and width == 0:
        return  # it cannot say so
    with pytest.raises(NotAPicture):
        cleaned(MADE[media](width=width, height=height), media)


@pytest.mark.parametrize("media", MADE)
def test_cut_anywhere_it_is_refused_and_never_an_error(media: str) -> None:
    whole = MADE[media]()
    for end in range(len(whole)):
        with pytest.raises(NotAPicture):
            cleaned(whole[:end], media)
    with pytest.raises(NotAPicture):
        cleaned(whole, "png" if media == "jpeg" else "jpeg")

"""Sets a Typst template in PDF, in this process: no browser, no network, no font but ours.

The fonts lie beside this file because Typst reads no web fonts. They hold Latin with Vietnamese, Khmer and Thai.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

FONTS = Path(__file__).parent / "fonts"


def pdf(template: Path, data: Mapping[str, Any]) -> bytes:
    """The document; the template reads `data` as `json(bytes(sys.inputs.data))`."""
    # Slow to import, and needed by who prints.
    import typst

    made = typst.compile(
        template.read_bytes(), format="pdf", font_paths=_fonts(), sys_inputs={"data": _packed(data)},
    )  # fmt: skip
    assert isinstance(made, bytes)
    return made


def pages(template: Path, data: Mapping[str, Any]) -> int:
    """How many pages it has; the template marks the number with the label <pages>."""
    import typst

    found = typst.query(
        template.read_bytes(), "<pages>", field="value", one=True, font_paths=_fonts(),
        sys_inputs={"data": _packed(data)},
    )  # fmt: skip
    return int(json.loads(found))


def _packed(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False)


@lru_cache(maxsize=1)
def _fonts() -> Any:
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])

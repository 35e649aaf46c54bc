"""A small copy of the Cambodian pack that tests may break: two provinces, everything else whole."""

import csv
import shutil
from pathlib import Path

import pytest

from spean.country.pack import pack_folder

KEPT = ("01", "12")


@pytest.fixture(scope="session")
def small_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packs") / "cambodia"
    shutil.copytree(pack_folder("cambodia"), folder)
    counts = {}
    for level, name in (
        ("province", "provinces"),
        ("district", "districts"),
        ("commune", "communes"),
        ("village", "villages"),
    ):
        path = folder / "geography" / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        kept = [row for row in rows if row[0].startswith(KEPT)][: 25 if level == "village" else None]
        counts[level] = len(kept)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *kept])
    about = (folder / "pack.toml").read_text(encoding="utf-8").partition("[geography]")[0]
    lines = [f"{level} = {number}" for level, number in counts.items()]
    (folder / "pack.toml").write_text(about + "[geography]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    outlines = folder / "geography" / "provinces.geojson"
    outlines.write_text(
        '{"type": "FeatureCollection", "attribution": "test", "features": ['
        + ", ".join(f'{{"properties": {{"ncdd": "{code}"}}}}' for code in KEPT)
        + "]}",
        encoding="utf-8",
    )
    return folder


@pytest.fixture
def broken_pack(small_pack: Path, tmp_path: Path) -> Path:
    """A fresh copy for one test."""
    return Path(shutil.copytree(small_pack, tmp_path / "cambodia"))

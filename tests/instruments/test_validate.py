"""ODK Validate, which comes with pyxform and needs Java, accepts every instrument that ships."""

import shutil
from pathlib import Path

import pytest

from tests.instruments.shipped import SHIPPED, made


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("java") is None, reason="Java is not here")
@pytest.mark.parametrize("name", SHIPPED)
def test_odk_validate_accepts_it(name: str, tmp_path: Path) -> None:
    from pyxform.validators.odk_validate import check_xform

    path = tmp_path / f"{name}.xml"
    path.write_text(made(name).xform, encoding="utf-8")
    check_xform(str(path))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("java") is None, reason="Java is not here")
def test_odk_validate_would_refuse_a_fault(tmp_path: Path) -> None:
    from pyxform.validators.odk_validate import ODKValidateError, check_xform

    path = tmp_path / "faulty.xml"
    path.write_text(made("intake").xform.replace("/data/talk/agrees", "/data/talk/agreed", 1), encoding="utf-8")
    with pytest.raises(ODKValidateError):
        check_xform(str(path))

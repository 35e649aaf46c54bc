"""Files that claim to be an exported log."""

import pytest

from spean.privacy import sequencer, verify


@pytest.mark.parametrize(
    "content", ["", "x", "{}", "[]", '{"kind":"spean event log","format":3,"columns":[]}', "\x00", '{"kind":1}']
)
def test_a_file_that_is_no_log_is_refused(tmp_path, capsys, content) -> None:
    (tmp_path / "log").write_text(content)
    key = str(sequencer.signer().verifier)
    assert verify.main(["--file", str(tmp_path / "log"), "--key", key]) == 2
    assert "cannot verify" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(tmp_path, capsys) -> None:
    assert verify.main(["--file", str(tmp_path / "log"), "--key", str(sequencer.signer().verifier)]) == 2
    assert "log" in capsys.readouterr().err

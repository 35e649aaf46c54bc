"""The wheel, installed into an empty environment outside the checkout, is the whole product."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.packaging]


def _run(*command: str | Path, cwd: Path, text: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=text, capture_output=True, text=True, cwd=cwd, env=_environment(environment))


def _environment(more: dict[str, str]) -> dict[str, str]:
    """Like a new user's: nothing of the checkout shows through."""
    ours = ("SPEAN_", "DJANGO_", "PYTHON", "PYTEST", "DATABASE_URL", "KEYS_DATABASE_URL")
    return {key: value for key, value in os.environ.items() if not key.startswith(ours)} | more


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("dist")
    built = _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", place, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    return next(place.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("elsewhere")
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in (
        [sys.executable, "-m", "venv", "env"],
        ["env/bin/python", *pip, "--require-hashes", "--only-binary", ":all:", "-r", str(ROOT / "requirements.lock")],
        ["env/bin/python", *pip, "--no-index", "--no-deps", str(wheel)],
        # What the lock file names is what the wheel asks for.
        ["env/bin/python", "-m", "pip", "check"],
    ):
        done = _run(*command, cwd=place)
        assert done.returncode == 0, done.stdout + done.stderr
    return place


def test_what_the_wheel_carries(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for needed in ("config/wsgi.py", "spean/cli.py", "spean/country/packs/cambodia/pack.toml"):
        assert needed in names
    for pattern in (
        r"spean/country/packs/cambodia/codelists/.*\.csv",
        r"spean/web/templates/.*\.html",
        r"spean/web/static/.*\.woff2",
        r"spean/web/static/.*\.css",
        r"spean/web/locale/km/LC_MESSAGES/django\.mo",
        r".*/licenses/LICENSE",
    ):
        assert any(re.fullmatch(pattern, name) for name in names), pattern
    assert not [name for name in names if name.startswith(("tests/", "var/", "docs/"))]
    # Everything tracked below the packages is in it, and nothing else came along.
    tracked = _run("git", "ls-files", "spean", "config", cwd=ROOT)
    if tracked.returncode == 0:
        assert set(tracked.stdout.split("\n")) - {""} <= names


def test_commands(installed: Path) -> None:
    spean = installed / "env" / "bin" / "spean"
    assert "demo" in _run(spean, "--help", cwd=installed).stdout
    case = {
        "instrument": "ilo_2009",
        "age": 17,
        "age_disputed": False,
        "exploitation": "labour",
        "acts": ["recruitment"],
        "answers": {"CD-DEBT": "yes"},
    }
    screened = _run(spean, "screen", "-", cwd=installed, text=json.dumps(case))
    assert screened.returncode == 0, screened.stderr
    assert json.loads(screened.stdout)["population"] == "child"
    checked = _run(spean, "country", "check", cwd=installed)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_demonstration(installed: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    home = installed / "home"
    home.mkdir()
    process = subprocess.Popen(
        [installed / "env" / "bin" / "spean", "demo", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=home,
        env=_environment({"HOME": str(home), "XDG_DATA_HOME": str(home / "data")}),
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                break
        text = "".join(said)
        assert "Spean is ready" in text, text
        assert re.search(rf"http://127\.0\.0\.1:{port}/\S{{20,}}", text), text
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/sign-in/")
        answer = connection.getresponse()
        page = answer.read().decode()
        assert answer.status == 200
        for path in set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page)):
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, path
        connection.close()
    finally:
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0]
    assert process.returncode == 0, rest
    assert not (home / "data" / "spean" / "postgres" / "postmaster.pid").exists()

"""What the comparison rests on: exact versions without an address, the same forms for everybody, a table that counts right."""

import gzip
import json
import re
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.bench.peers import build, forms, serve, site
from tests.bench.peers.table import Figures, kilobytes, ratio, seconds

# -- what is fetched ------------------------------------------------------------------------------


def test_every_version_is_exact_and_none_is_an_address() -> None:
    written = json.dumps(build.package())
    for version in (*build.VERSIONS.values(), *build.OVERRIDES.values()):
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert not re.search(r"://|git|registry", written)


@pytest.mark.parametrize("page", sorted(build.PAGES.iterdir()), ids=lambda path: path.name)
def test_no_page_fetches_from_elsewhere(page: Path) -> None:
    assert "://" not in page.read_text(encoding="utf-8")


def test_without_npm_one_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda tool: None if tool == "npm" else f"/bin/{tool}")
    with pytest.raises(build.Unavailable) as said:
        build.build(tmp_path / "peers")
    assert str(said.value) == "npm is not installed"
    assert not (tmp_path / "peers").exists()


def test_the_peers_are_never_built_into_the_checkout() -> None:
    with pytest.raises(build.Unavailable):
        build.build(build.PAGES / "built")
    assert not (build.PAGES / "built").exists()


def test_a_page_names_what_it_needs_at_once_and_not_what_comes_later() -> None:
    manifest = {
        "a.js": {"file": "a-1.js", "imports": ["_b.js"], "dynamicImports": ["late.js"], "css": ["a.css"]},
        "_b.js": {"file": "b-1.js", "imports": ["_c.js"], "css": ["b.css"]},
        "_c.js": {"file": "c-1.js", "imports": ["_b.js"]},
        "late.js": {"file": "late-1.js"},
    }
    assert build._files(manifest, "a.js") == ["a-1.js", "b-1.js", "c-1.js", "a.css", "b.css"]


# -- the same form for everybody ------------------------------------------------------------------


def test_the_long_form_has_three_hundred_questions_on_thirty_pages() -> None:
    definition = forms.made(forms.LONG).definition
    asked = [node for page in definition["root"]["nodes"] for node in page.get("nodes", ()) if node.get("label")]
    assert len(asked) == 300
    assert len(definition["pages"]) == 30
    # A third of them depends on another answer, and as many are bounded.
    assert (
        sum(bool(node.get("relevant")) for node in asked) == sum(bool(node.get("constraint")) for node in asked) == 90
    )


def test_everybody_is_told_of_scripts_and_form_in_advance() -> None:
    for engine in (site.OURS, site.WEB_FORMS, site.ENKETO):
        text = site.page(engine, "x", "A < B", ["/first.js", "/second.js", "/look.css"]).body.decode()
        assert '<script type="module" src="/first.js">' in text
        assert '<link rel="modulepreload" href="/second.js">' in text
        assert f'<link rel="preload" href="/{engine}/x.{site.FORM[engine]}" as="fetch" crossorigin>' in text
        assert "<title>A &lt; B</title>" in text


def test_text_travels_compressed_and_fonts_as_they_are() -> None:
    words = b"words " * 500
    answers = {"/a.js": serve.answer("a.js", words), "/b.woff2": serve.answer("b.woff2", words)}
    answers["/c"] = serve.answer("c.html", words, "default-src 'self'")
    with serve.served(answers) as server:
        for path, packed in (("/a.js", True), ("/b.woff2", False), ("/c", True)):
            with urlopen(Request(f"{server}{path}")) as answer:  # noqa: S310
                body = answer.read()
                assert (answer.headers["Content-Encoding"] == "gzip") is packed
                assert (gzip.decompress(body) if packed else body) == words
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.headers["Content-Security-Policy"] == ("default-src 'self'" if path == "/c" else None)


# -- the table ------------------------------------------------------------------------------------


def test_a_table_of_medians_with_what_they_are_to_ours() -> None:
    figures = Figures(["ours", "peer", "other"])
    figures.row("bytes", kilobytes)
    figures.row("ready", seconds)
    figures.add("bytes", "ours", 50_000)
    figures.add("bytes", "peer", 1_250_000)
    figures.add("bytes", "other", 20_000)
    # The second round fell on a busy minute: each is held against ours of the same round.
    for ours, peer in ((3.0, 30.0), (60.0, 540.0), (2.0, 24.0)):
        figures.add("ready", "ours", ours)
        figures.add("ready", "peer", peer)
    figures.lacks("ready", "other", "it stopped")
    # What came before or after a reason does not take it away.
    figures.add("ready", "other", 5.0)
    assert figures.table().splitlines() == [
        "| | ours | peer | other |",
        "|---|---|---|---|",
        "| bytes | 50 kB | 1,250 kB (25×) | 20 kB (0.4×) |",
        "| ready | 3.0 s | 30 s (10×) | – |",
    ]
    assert figures.reasons() == ["– other: it stopped (ready)"]


def test_a_figure_that_nobody_took_is_a_dash_and_says_so() -> None:
    figures = Figures(["ours", "peer"])
    figures.row("ready", seconds)
    figures.add("ready", "peer", 2.0)
    # Nothing to compare with: no ratio is made up.
    assert figures.table().splitlines()[-1] == "| ready | – | 2.0 s |"
    assert figures.reasons() == ["– ours: it was not measured (ready)"]


@pytest.mark.parametrize(
    ("times", "words"), [(0.88, "0.9×"), (1.0, "1.0×"), (9.94, "9.9×"), (9.96, "10×"), (27.4, "27×")]
)
def test_a_ratio_has_two_digits_that_mean_something(times: float, words: str) -> None:
    assert ratio(times) == words

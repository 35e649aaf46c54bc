"""Small cases with known answers, in both engines: what an expression means is written down, not only agreed on."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from spean.instruments import xpath
from spean.instruments.engine import Instance
from spean.instruments.evaluate import Where, evaluate, number_text, to_text
from tests.instruments.shipped import EVERYTHING, made
from tests.instruments.test_static import STATIC

CASES = json.loads(Path(__file__).with_name("cases.json").read_text(encoding="utf-8"))
TODAY = "2026-06-30"


@pytest.fixture(scope="module")
def instance() -> Instance:
    return Instance(made(EVERYTHING).definition, today=TODAY)


@pytest.mark.parametrize("case", CASES, ids=[case["expression"] for case in CASES])
def test_in_python(instance: Instance, case: dict[str, str]) -> None:
    where = Where(instance.root, 1, 1, instance.root, instance)
    assert to_text(evaluate(xpath.read(case["expression"]), where)) == case["value"]


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not here; the oracle's walks run the same lines")
def test_in_javascript(tmp_path: Path) -> None:
    for name in ("evaluate", "engine"):
        text = (STATIC / f"{name}.js").read_text(encoding="utf-8").replace("./evaluate.js", "./evaluate.mjs")
        (tmp_path / f"{name}.mjs").write_text(text, encoding="utf-8")
    (tmp_path / "run.mjs").write_text(
        "import { evaluate, toText } from './evaluate.mjs'\nimport { Instance } from './engine.mjs'\n"
        "import { readFileSync } from 'fs'\n"
        "const { definition, trees } = JSON.parse(readFileSync(new URL('input.json', import.meta.url)))\n"
        f"const world = new Instance(definition, {{ today: '{TODAY}' }})\n"
        "const where = { point: world.root, position: 1, size: 1, current: world.root, world }\n"
        "console.log(JSON.stringify(trees.map((tree) => toText(evaluate(tree, where)))))\n",
        encoding="utf-8",
    )
    trees = [xpath.read(case["expression"]) for case in CASES]
    task = {"definition": made(EVERYTHING).definition, "trees": trees}
    (tmp_path / "input.json").write_text(json.dumps(task), encoding="utf-8")
    done = subprocess.run(["node", "run.mjs"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert dict(zip([case["expression"] for case in CASES], json.loads(done.stdout), strict=True)) == {
        case["expression"]: case["value"] for case in CASES
    }


@pytest.mark.parametrize(
    ("number", "text"),
    [(1e21, "1e+21"), (1e-7, "1e-7"), (1.5e-7, "1.5e-7"), (0.000001, "0.000001"), (1e16, "10000000000000000"),
     (-0.0, "0"), (123456.789, "123456.789"), (1.2345678901234568e20, "123456789012345680000"), (-1.5, "-1.5")],
)  # fmt: skip
def test_numbers_are_written_as_javascript_does(number: float, text: str) -> None:
    assert number_text(number) == text


@pytest.mark.parametrize(
    "text", ["a b", "(1", "f(1,", "a//b", "@x", "", "1 +", "'abc", "a | b", "a::b", "f()[1]", "/a/*", "(" * 80]
)
def test_what_cannot_be_read_says_so(text: str) -> None:
    with pytest.raises(xpath.BadExpression):
        xpath.read(text)

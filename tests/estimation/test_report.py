"""The answer: a figure where the data carry one, reasons where they do not."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spean.estimation import judgement, latent, report, table
from spean.estimation.judgement import Judgement
from spean.estimation.table import Captures
from tests.estimation.published import published


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latent, "CHAINS", 4)
    monkeypatch.setattr(latent.sample, "__defaults__", (4, 400, 400))


def said(answer: dict[str, Any]) -> str:
    return " ".join([*answer["diagnostics"], *answer["reasons"]])


def test_the_form_of_an_answer() -> None:
    answer = report.answer(published("korea"), "stepwise", replicates=200, seed=9)
    assert list(answer) == [
        "method", "lists", "observed", "estimate", "interval_80", "interval_95", "model", "diagnostics", "status",
        "reasons", "seed",
    ]  # fmt: skip
    assert (answer["method"], answer["lists"], answer["observed"], answer["estimate"], answer["seed"]) == (
        "stepwise",
        ["b", "c", "d"],
        123,
        268.8,
        9,
    )
    assert answer["model"]["pairs"] == [{"lists": ["b", "c"], "nobody_on_both": False}]
    low, high = answer["interval_95"]
    assert low <= answer["interval_80"][0] < 268.8 < answer["interval_80"][1] <= high
    json.dumps(answer, allow_nan=False)


def test_methods_that_disagree_by_a_factor_of_two_say_so(few_draws: None) -> None:
    answer = report.answer(published("korea"), replicates=200)
    assert answer["status"] == "caution"
    figures = {one["method"]: one["estimate"] for one in answer["methods"]}
    assert list(figures) == ["stepwise", "bma", "lcm"]
    assert (answer["estimate"], figures["stepwise"], figures["bma"]) == (268.8, 268.8, 163)
    assert any(one.startswith("The methods disagree") and "times the lowest" in one for one in answer["reasons"])


def test_the_list_that_carries_the_figure_is_named() -> None:
    answer = report.answer(published("uk"), "stepwise", replicates=0)
    assert "The figure leans most on PF" in said(answer)
    assert "without PF 19,845" in said(answer)
    assert "GP–LA and LA–NCA" in said(answer)
    assert "(--method all)" in said(answer)
    assert answer["interval_95"] is None
    assert any("No interval" in reason for reason in answer["reasons"])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,n\n1,40\n", "There are 1 lists with people; at least 3 are needed."),
        ("a,b,n\n1,0,40\n0,1,30\n1,1,20\n", "There are 2 lists with people; at least 3 are needed."),
        ("a,b,c,n\n1,0,0,40\n0,1,0,30\n1,1,0,20\n", "There are 2 lists with people; at least 3 are needed."),
        ("a,b,c,n\n1,0,0,40\n0,1,0,30\n0,0,1,20\n", "Only 0 of 90 people observed are on two or more lists"),
        ("a,b,c,n\n1,0,0,40\n0,1,0,30\n0,0,1,20\n1,1,0,20\n", "Only 2 lists have anybody in common with another one"),
        ("a,b,c,n\n1,1,0,40\n1,0,1,30\n1,0,0,20\n", "Everybody observed is on a:"),
        ("a,b,c,n\n1,1,0,40\n1,1,1,30\n0,0,1,20\n", "a–b: the two hold exactly the same people"),
        ("a,b,c,n\n1,0,0,9000\n0,1,0,9000\n0,0,1,9000\n1,1,0,4\n1,0,1,4\n0,1,1,4\n", "more than 100 times the people"),
    ],
)
@pytest.mark.parametrize("method", report.METHODS)
def test_what_the_data_cannot_support_is_refused_by_every_method(text: str, reason: str, method: str) -> None:
    answer = report.answer(table.parse(text), method, replicates=100)
    assert answer["status"] == "refused"
    assert any(reason in one for one in answer["reasons"]), answer["reasons"]
    for key in ("estimate", "interval_80", "interval_95", "model"):
        assert answer[key] is None
    assert answer.get("methods", []) == []


def test_methods_far_apart_are_refused() -> None:
    judged = Judgement()
    judgement.of_agreement({"stepwise": 1000.0, "bma": 2000.0, "lcm": 3001.0}, judged)
    assert judged.status == "refused"
    assert "3.0 times the lowest" in judged.reasons[0]
    judged = Judgement()
    judgement.of_agreement({"stepwise": 1000.0, "bma": 1400.0}, judged)
    assert judged.status == "ok"
    assert "agree" in judged.diagnostics[0]


@pytest.mark.parametrize(
    ("interval", "unfit", "status"),
    [
        ((100.0, 250.0), 0.0, "ok"),
        ((100.0, 350.0), 0.0, "caution"),
        ((100.0, 2500.0), 0.0, "refused"),
        ((100.0, np.inf), 0.2, "refused"),
        ((100.0, 250.0), 0.06, "caution"),
        (None, 0.0, "caution"),
    ],
)
def test_intervals_too_wide(interval: tuple[float, float] | None, unfit: float, status: str) -> None:
    judged = Judgement()
    judgement.of_interval(interval, unfit, judged, "stepwise")
    assert judged.status == status


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        ((100.0, 900.0), "The lower end"),
        ((200.0, 1000.0), "The upper end"),
        ((100.0, 1000.0), "The lower and upper end"),
        ((200.0, 900.0), ""),
        (None, ""),
    ],
)
def test_an_interval_that_ends_where_the_samples_stop(interval: tuple[float, float] | None, said: str) -> None:
    judged = Judgement()
    judgement.of_edge(interval, 100.0, 1000.0, judged)
    assert len(judged.cautions) == bool(said)
    assert not said or judged.cautions[0].startswith(f"{said} of the stepwise interval")


def test_sparse_lists_draw_their_interval_from_the_farthest_sample() -> None:
    answer = report.answer(published("new_orleans"), "stepwise", replicates=300)
    assert any("the most extreme of all samples drawn" in one for one in answer["reasons"])


def test_good_data_are_ok(few_draws: None) -> None:
    """2,000 people, four independent lists: the figure is right, and nothing is found wanting."""
    chances = np.array([0.4, 0.35, 0.3, 0.3])
    on = ((np.arange(16)[:, None] >> np.arange(4)) & 1).astype(bool)
    cells = np.rint(2000 * np.where(on, chances, 1 - chances).prod(axis=1)).astype(np.int64)
    cells[0] = 0
    answer = report.answer(Captures(tuple("abcd"), cells), replicates=200)
    assert (answer["status"], answer["reasons"]) == ("ok", [])
    assert all(one["estimate"] == pytest.approx(2000, rel=0.03) for one in answer["methods"])
    assert "No pair of lists shows dependence" in said(answer)
    assert "The methods agree" in said(answer)


@settings(max_examples=25, deadline=None)
@given(
    cells=st.lists(st.sampled_from([0, 0, 1, 2, 5, 12, 40]), min_size=15, max_size=15).filter(lambda c: sum(c) > 0),
    order=st.permutations(range(4)),
    seed=st.integers(0, 5),
)
def test_the_order_of_lists_moves_nothing(cells: list[int], order: list[int], seed: int) -> None:
    data = Captures(tuple("abcd"), np.array([0, *cells]))
    one = report.answer(data, "stepwise", replicates=100, seed=seed)
    other = report.answer(data.only(order), "stepwise", replicates=100, seed=seed)
    assert one | {"lists": None} == other | {"lists": None}
    assert one["status"] != "refused" or (one["estimate"] is None and one["reasons"])


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(25)), names=st.permutations(["LA", "NG", "PF", "GO", "GP", "NCA"]))
def test_the_order_of_rows_and_the_names_of_lists_move_no_figure(order: list[int], names: list[str]) -> None:
    data = published("uk")
    seen = np.flatnonzero(data.cells)[order]
    rows = [",".join([*(str(int(x)) for x in data.memberships[c]), str(data.cells[c])]) for c in seen]
    again = table.parse("\n".join([",".join([*names, "n"]), *rows]))
    one, other = (report.answer(t, "stepwise", replicates=0) for t in (data, again))
    assert one["estimate"] == other["estimate"] == 11418.0


def test_too_many_lists_for_averaging(few_draws: None) -> None:
    data = published("new_orleans")
    answer = report.answer(data, replicates=100)
    assert [one["method"] for one in answer["methods"]] == ["stepwise", "lcm"]
    assert "Model averaging takes at most 6 lists; here are 8." in said(answer)
    assert report.answer(data, "bma", replicates=0)["status"] == "refused"


def test_names_are_cut_short() -> None:
    assert judgement.named(["a"]) == "a"
    assert judgement.named(["a", "b", "c"]) == "a, b and c"
    assert judgement.named(list("abcdefgh")) == "a, b, c, d, e, f and 2 more"

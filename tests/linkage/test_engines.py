"""Pairs come once, in order, the same from every engine."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from spean.linkage import linking
from spean.linkage.engines import DuckDB, Engine, Spark, unpack
from spean.linkage.records import Reader
from tests.bench.linkage import generator


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A local session; the large dependency is not installed for every run of the tests."""
    sql = pytest.importorskip("pyspark.sql", reason="pip install pyspark, and Java 17, to test the Spark engine")
    session = (
        sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2").config("spark.driver.host", "127.0.0.1").getOrCreate()
    )  # fmt: skip
    yield session
    session.stop()


def _pairs(engine: Engine, place: list[int], key: list[int]) -> list[tuple[int, int, int]]:
    found = []
    for packed, hits in engine.pairs(np.array(place, np.int32), np.array(key, np.uint64), max(place) + 1):
        low, high = unpack(packed)
        found += list(zip(low.tolist(), high.tolist(), hits.tolist(), strict=True))
    return found


def test_pairs_come_once_with_the_number_of_shared_keys() -> None:
    assert _pairs(DuckDB(1), [0, 1, 2, 0, 1, 3, 3], [5, 5, 5, 9, 9, 2**63 + 1, 7]) == [(0, 1, 2), (0, 2, 1), (1, 2, 1)]


def test_spark_finds_what_duckdb_finds(spark: Any) -> None:
    place, key = [0, 1, 2, 0, 1, 3, 3, 4], [5, 5, 5, 9, 9, 2**63 + 1, 7, 2**63 + 1]
    assert _pairs(Spark(spark), place, key) == _pairs(DuckDB(1), place, key)


def test_the_same_lists_are_linked_the_same_on_spark(spark: Any) -> None:
    table = Reader().table(generator.rows(300, seed=4)).canonical()
    one, other = linking.link(table), linking.link(table, engine=Spark(spark))
    assert np.array_equal(one.low, other.low)
    assert np.array_equal(one.cluster, other.cluster)
    assert np.allclose(one.probability, other.probability)

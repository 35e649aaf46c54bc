"""Where pairs are found: DuckDB in this process, or Spark for lists that outgrow one machine. The same SQL for both.

An engine is handed hashes and record places, never a name, so nothing it writes to disk or to a log can hold one.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from spean.linkage.records import Ints

PAIR_SQL = (
    "SELECT (CAST(a.place AS BIGINT) * 4294967296) + b.place AS pair FROM keyed a JOIN keyed b ON a.hash = b.hash "
    "AND a.place < b.place"
)
AT_ONCE = 250_000  # records whose pairs are found in one go: bounds memory


class Engine(Protocol):
    """Finds the pairs of places that share a key. Each pair comes once, the lower place first, in order, with how
    many keys it shares."""

    def pairs(self, place: Ints, key: Ints, records: int) -> Iterator[tuple[Ints, Ints]]: ...


def unpack(pairs: Ints) -> tuple[Ints, Ints]:
    """The two places of each packed pair."""
    return (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)


def _once(pairs: Ints) -> tuple[Ints, Ints]:
    # Sorting is twenty times faster than numpy's own unique for so many numbers.
    pairs.sort()
    if not len(pairs):
        return pairs, np.zeros(0, dtype=np.int16)
    starts = np.flatnonzero(np.concatenate([[True], pairs[1:] != pairs[:-1]]))
    return pairs[starts], np.diff(np.append(starts, len(pairs))).astype(np.int16)


class DuckDB:
    """In this process, in memory: DuckDB is told to have no place for temporary files."""

    def __init__(self, threads: int = 2) -> None:
        self._threads = threads

    def pairs(self, place: Ints, key: Ints, records: int) -> Iterator[tuple[Ints, Ints]]:
        import duckdb

        with duckdb.connect(config={"threads": self._threads, "temp_directory": ""}) as connection:
            keyed = {"place": place, "hash": key}  # DuckDB reads the variable by its name
            connection.execute("CREATE TABLE keyed AS SELECT * FROM keyed")
            del keyed
            for low in range(0, records, AT_ONCE):
                sql = f"{PAIR_SQL} WHERE a.place >= {low} AND a.place < {low + AT_ONCE}"
                yield _once(np.asarray(connection.execute(sql).fetchnumpy()["pair"]))


class Spark:
    """On a Spark session (`pip install pyspark`); `session` may be any that is already connected to a cluster."""

    def __init__(self, session: Any = None, start: Callable[[], Any] | None = None) -> None:
        self._session = session
        self._start = start or start_spark

    def pairs(self, place: Ints, key: Ints, records: int) -> Iterator[tuple[Ints, Ints]]:
        session = self._session or self._start()
        try:
            # Spark has no unsigned numbers; the same bits serve as well.
            rows = zip(place.tolist(), key.view(np.int64).tolist(), strict=True)
            frame = session.createDataFrame(rows, "place INT, hash BIGINT")
            frame.createOrReplaceTempView("keyed")
            for low in range(0, records, AT_ONCE):
                sql = f"{PAIR_SQL} WHERE a.place >= {low} AND a.place < {low + AT_ONCE}"
                yield _once(np.array([row[0] for row in session.sql(sql).collect()], dtype=np.int64))
            session.catalog.dropTempView("keyed")
        finally:
            if self._session is None:
                session.stop()


def start_spark() -> Any:
    """A session of our own on this machine, or on the cluster that SPARK_REMOTE or spark-defaults name."""
    from pyspark.sql import SparkSession

    return SparkSession.builder.appName("spean link").config("spark.ui.enabled", "false").getOrCreate()

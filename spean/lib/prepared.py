"""Questions that are asked at every contact: put together by Django once in a process, then only asked.

Putting a question with joins together costs Django several times what the database needs to answer it.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators

Row = TypeVar("Row", bound=Model)


class Prepared(Generic[Row]):
    """`Prepared(build, *examples)` is asked with as many values as `build` takes: the rows of `build(*values)`.

    `examples` are values of the same types that occur nowhere else in the question. What `build` makes may depend on
    its values in nothing but these places: no `None`, no list, no branch.
    """

    def __init__(self, build: Callable[..., QuerySet[Row]], *examples: Any) -> None:
        self._build, self._examples = build, examples
        self._kept: tuple[Any, ...] | None = None

    def __call__(self, *values: Any) -> list[Row]:
        if self._kept is None:
            self._kept = self._put_together()
        sql, params, places, model, names, columns, populators, converters, compiler = self._kept
        asked = [given if place is None else values[place] for given, place in zip(params, places, strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(sql, asked)
            rows = cursor.fetchall()
        found = []
        for row in compiler.apply_converters(rows, converters) if converters else rows:
            one = model.from_db(connection.alias, names, row[columns])
            for populator in populators:
                populator.populate(row, one)
            found.append(one)
        return found

    def _put_together(self) -> tuple[Any, ...]:
        rows: Any = self._build(*self._examples)
        compiler = rows.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        places = [self._place_of(one) for one in params]
        if set(places) - {None} != set(range(len(self._examples))):
            raise ValueError("a value has no place of its own in the question")
        info = compiler.klass_info
        fields = info["select_fields"]
        # The stubs are those of the next Django, which asks for one more.
        populators = get_related_populators(info, compiler.select, connection.alias)  # type: ignore[call-arg]
        names = [compiler.select[place][0].target.attname for place in fields]
        return (
            sql, list(params), places, info["model"], names, slice(fields[0], fields[-1] + 1),
            populators,
            compiler.get_converters([one[0] for one in compiler.select]), compiler,
        )  # fmt: skip

    def _place_of(self, given: Any) -> int | None:
        for place, example in enumerate(self._examples):
            if type(given) is type(example) and given == example:
                return place
        return None

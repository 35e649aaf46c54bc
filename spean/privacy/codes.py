"""A code that nobody has yet.

Thirty-five random bits are few enough to say on the telephone, and few enough that in a country's register one draw
in some ten thousand hits a code that somebody has. So the table is asked; what two draws of the same moment could
still share, its unique index refuses.
"""

from django.db.models import Model

from spean.lib.identifiers import new_code
from spean.privacy.rows import everybody


def unused_code(prefix: str, model: type[Model], field: str = "code") -> str:
    """A fresh code such as `P-7K4D-92XM` that no row of `model` has in `field`."""
    with everybody("a new code must be nobody's, of whichever agency"):
        while True:
            code = new_code(prefix)
            if not model._default_manager.filter(**{field: code}).exists():
                return code

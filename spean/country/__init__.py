"""The country the installation serves, as data: a pack of plain files, read into memory, never into tables.

`pack()` is the door; `fields` has the model fields that hold its codes; `check` proves a pack whole.
"""

from spean.country.pack import pack as pack

__all__ = ["pack"]

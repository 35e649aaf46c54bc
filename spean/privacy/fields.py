"""SealedField: a column that holds ciphertext and nothing else, and knows which section it belongs to.

It neither seals nor opens: vault.py seals, doors.py opens. Plaintext never passes through the ORM.
"""

from typing import TYPE_CHECKING, Any, NoReturn

from django.core.exceptions import FieldError, ValidationError
from django.db import models

from spean.privacy.crypto import looks_sealed

if TYPE_CHECKING:
    _BinaryField = models.BinaryField[bytes | None, "Ciphertext | None"]
else:
    _BinaryField = models.BinaryField


class Ciphertext(bytes):
    """What a sealed attribute holds. Prints as a placeholder, so that no page or trace shows its bytes."""

    def __repr__(self) -> str:
        return "<sealed>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format("<sealed>", spec)

    def __reduce__(self) -> tuple[Any, ...]:
        return Ciphertext, (bytes(self),)


class SealedField(_BinaryField):
    """`section` says who may read it (access.policy); `long` pads in larger steps, for narratives."""

    def __init__(self, *args: Any, section: str = "identity", long: bool = False, **kwargs: Any) -> None:
        self.section = section
        self.long = long
        kwargs.setdefault("null", True)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs["section"] = self.section
        if self.long:
            kwargs["long"] = True
        return name, path, args, kwargs

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        privacy = cls.__dict__.get("Privacy")
        if privacy is not None:
            privacy.sealed = {**getattr(privacy, "sealed", {}), name: self.section}

    def _refuse(self, value: object) -> NoReturn:
        # The message names the field and the type, never the value: this may be somebody's name.
        raise TypeError(
            f"{self.model._meta.label}.{self.name} takes sealed bytes, not {type(value).__name__}: "
            "seal first, with spean.privacy.vault."
        )

    def _checked(self, value: Any) -> bytes | None:
        if value is None:
            return None
        if not isinstance(value, bytes | bytearray | memoryview):
            self._refuse(value)
        blob = bytes(value)
        if not looks_sealed(blob):
            self._refuse(value)
        return blob

    def get_prep_value(self, value: Any) -> Any:
        return value if hasattr(value, "resolve_expression") else self._checked(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if hasattr(value, "resolve_expression"):
            return value
        return super().get_db_prep_value(self._checked(value), connection, prepared)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Ciphertext | None:
        return None if value is None else Ciphertext(bytes(value))

    def to_python(self, value: Any) -> Any:
        try:
            checked = self._checked(value)
        except TypeError as refusal:
            raise ValidationError(str(refusal), code="not_sealed") from None
        return None if checked is None else Ciphertext(checked)

    def get_lookup(self, lookup_name: str) -> Any:
        # Equal names do not seal to equal bytes: any lookup but "is it there" is a mistake.
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is sealed: it can be asked whether it is empty, nothing else.")
        return super().get_lookup(lookup_name)

    def formfield(self, **kwargs: Any) -> None:
        return None


def sealed_fields(model: type[models.Model]) -> dict[str, SealedField]:
    """The sealed fields of a model by name."""
    return {field.name: field for field in model._meta.concrete_fields if isinstance(field, SealedField)}


def unclassified(model: type[models.Model]) -> list[str]:
    """Concrete fields whose sensitivity nobody has stated, and names stated that are no field."""
    privacy = getattr(model, "Privacy", None)
    coded, plain = getattr(privacy, "coded", ()), getattr(privacy, "plain", ())
    stated = [*sealed_fields(model), *coded, *plain]
    names = [field.name for field in model._meta.concrete_fields]
    faults = [name for name in names if stated.count(name) != 1]
    return faults + [name for name in stated if name not in names]

"""Which database a table lives in: the key vault in "keys", everything else never there."""

from typing import Any

from django.db.models import Model

VAULT_APP = "keyvault"
VAULT_ALIAS = "keys"


class KeyVaultRouter:
    """A key beside the text it opens protects nothing, so the two never share a database."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return VAULT_ALIAS if model._meta.app_label == VAULT_APP else None

    db_for_write = db_for_read

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool | None:
        return (one._meta.app_label == VAULT_APP) == (other._meta.app_label == VAULT_APP)

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool:
        return (app_label == VAULT_APP) == (db == VAULT_ALIAS)

"""What the application's database role may not do, whatever rights a restore or a new table gave it.

Run after every migration: rights are not part of a table's data, and a restore into a database with default
privileges widens them silently.
"""

from typing import Any

# Rows are added, never changed nor removed.
ADD_ONLY = {
    "default": (
        "privacy_event",
        "privacy_logleaf",
        "privacy_checkpoint",
        "privacy_sharereceipt",
        "privacy_witnessedcheckpoint",
        "privacy_cosignature",
        "privacy_keptroot",
        "privacy_canary",
        "privacy_budgetextension",
    ),
    "keys": (),
}
# Rows may change, and none is removed.
KEPT = {
    "default": ("privacy_consent", "privacy_legalhold", "privacy_erasure", "privacy_alert"),
    "keys": ("keyvault_datakey",),
}

# Tables whose files the application may have written anew, so that what was destroyed leaves them (PostgreSQL 17).
REWRITTEN = {"default": (), "keys": ("keyvault_datakey",)}


def narrow(connection: Any, role: str) -> None:
    """Take the rights away again, as the owner of the tables."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [role])
        if cursor.fetchone() is None:
            return
        name = connection.ops.quote_name(role)
        for table in ADD_ONLY[connection.alias]:
            cursor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {name}")
        for table in KEPT[connection.alias]:
            cursor.execute(f"REVOKE DELETE, TRUNCATE ON {table} FROM {name}")
        for table in REWRITTEN[connection.alias] if connection.pg_version >= 170000 else ():
            cursor.execute(f"GRANT MAINTAIN ON {table} TO {name}")

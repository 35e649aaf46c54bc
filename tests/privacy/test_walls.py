"""Who may touch what: decryption stands behind the door, whatever else is written in the code."""

import ast
from pathlib import Path

import pytest
from django.apps import apps

from spean.privacy.fields import sealed_fields, unclassified

ROOT = Path(__file__).resolve().parents[2] / "spean"
OPENERS = {"open_sealed", "open_file", "unwrap", "_data_keys", "_key_to_seal", "_keys", "_keyring"}
# The door, the vault behind it, and the search process, which holds names in memory only.
MAY_OPEN = {"privacy/doors.py", "privacy/vault.py", "privacy/crypto.py"}
MAY_SEARCH = ("people/search",)
# Seeds of authenticator apps are the user's own secret, not a survivor's data.
MAY_ENCRYPT = {"access/adapters.py"}


def faults(source: str, path: str) -> list[str]:
    """The places in a module that reach round the door."""
    if path in MAY_OPEN:
        return []
    searching = path.startswith(MAY_SEARCH)
    found = []
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if module.startswith(("spean.privacy.vault", "spean.privacy.crypto")):
                names = [alias.name for alias in node.names if alias.name in OPENERS or alias.name == "*"]
            if module.startswith("cryptography") and not _may_encrypt(path):
                found.append(f"{path}:{node.lineno} cryptography")
            if module == "spean.privacy.keyvault.models" and not path.startswith("privacy/"):
                found.append(f"{path}:{node.lineno} key vault")
        elif isinstance(node, ast.Import):
            if any(alias.name.split(".")[0] == "cryptography" for alias in node.names) and not _may_encrypt(path):
                found.append(f"{path}:{node.lineno} cryptography")
        elif isinstance(node, ast.Attribute) and node.attr in OPENERS:
            # also vault.open_sealed, however vault was imported
            names = [node.attr] if isinstance(node.value, ast.Name | ast.Attribute) else []
        elif isinstance(node, ast.Constant) and node.value in OPENERS:
            names = [str(node.value)]  # getattr(vault, "open_sealed")
        if searching:
            names = [name for name in names if name != "open_sealed"]
        found += [f"{path}:{node.lineno} {name}" for name in names]
    return found


def _may_encrypt(path: str) -> bool:
    return path.startswith("privacy/") or path in MAY_ENCRYPT


def modules() -> list[Path]:
    return [path for path in sorted(ROOT.rglob("*.py")) if "migrations" not in path.parts]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_opens_but_the_door(path: Path) -> None:
    assert faults(path.read_text(), path.relative_to(ROOT).as_posix()) == []


@pytest.mark.parametrize(
    "source",
    [
        "from spean.privacy.vault import open_sealed",
        "from spean.privacy.vault import open_sealed as harmless",
        "from spean.privacy.vault import *",
        "from spean.privacy import vault\nvault.open_sealed([])",
        "import spean.privacy.vault\nspean.privacy.vault.open_sealed([])",
        "from spean.privacy import vault\ngetattr(vault, 'open_sealed')([])",
        "from spean.privacy import crypto\ncrypto.unwrap(b'', b'')",
        "from spean.privacy import vault\nvault.open_file(None, '', None, b'', 1)",
        "from cryptography.hazmat.primitives.ciphers.aead import AESGCM",
        "import cryptography",
        "from spean.privacy.keyvault.models import DataKey",
    ],
)
def test_the_search_for_faults_finds_them(source: str) -> None:
    assert faults(source, "cases/views.py") != []


def test_every_field_of_the_privacy_room_is_classified() -> None:
    for label in ("privacy", "keyvault"):
        for model in apps.get_app_config(label).get_models():
            assert unclassified(model) == [], model


def test_every_sealed_model_has_what_sealing_needs() -> None:
    sealed = [model for model in apps.get_models() if sealed_fields(model)]
    assert sealed
    for model in sealed:
        assert hasattr(model, "subject"), model
        assert model._meta.pk.get_internal_type() == "UUIDField", model

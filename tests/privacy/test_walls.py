"""Who may touch what: decryption stands behind the door, whatever else is written in the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

from spean.privacy.fields import sealed_fields, unclassified

ROOT = Path(__file__).resolve().parents[2] / "spean"
OPENERS = {"open_sealed", "open_file", "unwrap", "_data_keys", "_key_to_seal", "_keys", "_keyring"}
# The door, the vault behind it, and the search process, which holds names in memory only. The last opens the key of
# the forms and nothing else: a test below holds it to that.
MAY_OPEN = {"privacy/doors.py", "privacy/vault.py", "privacy/crypto.py", "privacy/formkeys.py"}
MAY_SEARCH = ("people/search",)
# Whoever names a sealed column in a query gets its bytes: the search process, which opens them itself.
MAY_SELECT = ("people/search", "privacy/", "run/")
QUERIES = {"values", "values_list", "annotate", "alias", "aggregate", "F", "Cast", "Func", "RawSQL", "model_to_dict"}
OF_A_TABLE = re.compile(r"objects|_default_manager|_base_manager|\.filter\(|\.exclude\(|visible\(|queryset")
# Columns that bear the name of a sealed one and hold the name of a user.
NAMES_OF_OTHERS = {"officer__name"}
# Backups and exports, sealed with a public key that nobody here can open.
MAY_SEAL_OFFLINE = {"privacy/offline.py"}
OTHER_CRYPTOGRAPHY = {"Crypto", "Cryptodome", "nacl", "pyrage", "jwcrypto", "OpenSSL", "M2Crypto", "gnupg"}
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
        found += [f"{path}:{node.lineno} {fault}" for fault in _ways_round(node, path)]
        if searching:
            names = [name for name in names if name != "open_sealed"]
        found += [f"{path}:{node.lineno} {name}" for name in names]
    return found


SEALED = {name for model in apps.get_models() for name in sealed_fields(model)}


def _ways_round(node: ast.AST, path: str) -> Iterator[str]:
    """What needs no opener's name: the key vault's table, a module loaded by its name, sealed columns taken raw."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        module = getattr(node, "module", None) or ""
        loaded = [alias.name for alias in node.names]
        roots = {name.split(".")[0] for name in ([module] if isinstance(node, ast.ImportFrom) else loaded)}
        if roots & OTHER_CRYPTOGRAPHY and path not in MAY_SEAL_OFFLINE:
            yield "other cryptography"
        if not path.startswith(("privacy/", "run/")) and "VAULT_ALIAS" in loaded:
            yield "key vault"
        if module == "django.core.serializers" or (module == "django.core" and "serializers" in loaded):
            yield "serializers"
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        named = ("spean.privacy.vault", "spean.privacy.crypto", "spean.privacy.keyvault")
        reached = node.value.startswith(named) or node.value in ("keyvault", "DataKey", "keyvault.DataKey")
        if reached and not path.startswith(("privacy/", "run/")):
            yield "a module of the vault by its name"
    elif isinstance(node, ast.Call):
        yield from _raw(node, path)


def _raw(node: ast.Call, path: str) -> Iterator[str]:
    called = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if path.startswith(MAY_SELECT) or called not in {*QUERIES, "execute", "raw", "executemany"}:
        return
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    words = [one.value for argument in given for one in ast.walk(argument) if isinstance(one, ast.Constant)]
    texts = [word for word in words if isinstance(word, str)]
    if called in QUERIES:
        yield from (
            f"sealed column {word}"
            for word in texts
            if word.rsplit("__", 1)[-1] in SEALED and word not in NAMES_OF_OTHERS
        )
        of_a_table = isinstance(node.func, ast.Attribute) and OF_A_TABLE.search(ast.unparse(node.func.value))
        if called in ("values", "values_list") and not given and of_a_table:
            yield "every column of a table"
        if called == "model_to_dict":
            yield "every column of a row"
    else:
        for text in texts:
            yield from (f"sealed column {word}" for word in set(re.findall(r"[a-z_]+", text)) & UNMISTAKABLE)


# In a statement of SQL, words such as "text" or "answer" may be something else.
UNMISTAKABLE = {name for name in SEALED if "_" in name}


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
        "from django.apps import apps\napps.get_model('keyvault', 'DataKey')",
        "from django.apps import apps\napps.get_model('keyvault.DataKey')",
        "from spean.privacy.routers import VAULT_ALIAS",
        "import importlib\nimportlib.import_module('spean.privacy.vault')",
        "__import__('spean.privacy.crypto')",
        "from spean.privacy import vault\nvault.__dict__['open_sealed']",
        "from spean.privacy.crypto import open_sealed",
        "from Crypto.Cipher import AES",
        "import nacl.secret",
        "Person.objects.values('family_name')",
        "Person.objects.filter(pk=1).values_list('code', 'phone')",
        "Case.objects.values_list('person__family_name', flat=True)",
        "Person.objects.annotate(name=F('given_name'))",
        "Person.objects.values()",
        "policy.visible(user, 'see_person', Person).values_list()",
        "Note.objects.aggregate(all=ArrayAgg('text'))",
        "from django.core import serializers",
        "from django.core.serializers import serialize",
        "from django.forms.models import model_to_dict\nmodel_to_dict(person)",
        "Person.objects.raw('SELECT id, family_name FROM people_person')",
        "cursor.execute('SELECT given_name FROM people_person')",
    ],
)
def test_the_search_for_faults_finds_them(source: str) -> None:
    assert faults(source, "cases/views.py") != []


def test_the_key_of_the_forms_opens_forms_and_nothing_else() -> None:
    """One field, under its own name, for the one module that takes in what phones send."""
    from spean.privacy import formkeys

    assert formkeys.PLACE == "exchange.FormKey.private"
    source = (ROOT / "privacy/formkeys.py").read_text()
    assert re.findall(r"open_sealed\((.*)\)", source) == ["[Sealed(pair, PLACE, pair, blob)]"]
    naming = {path.relative_to(ROOT).as_posix() for path in modules() if "formkeys" in path.read_text()}
    # The two that open what arrives, the one that keeps it sealed meanwhile, and the one that makes the key of our own app.
    opening = {"exchange/openrosa_actions.py", "field/reports.py"}
    assert naming == opening | {"exchange/taking_in.py", "exchange/report_keys.py"}


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


def test_only_the_jobs_of_lists_open_in_memory() -> None:
    """Many rows by one line of the log: for what shows them to nobody, and for no page."""
    naming = {
        path.relative_to(ROOT).as_posix()
        for path in modules()
        if re.search(r"\b(file_)?in_memory\(", path.read_text()) and path.name != "doors.py"
    }
    assert naming == {"lists/delivering.py", "lists/linking.py", "lists/registered.py"}

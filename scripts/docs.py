"""Write the documents that are generated from the code, or with --check say which are out of date.

A lawyer or an official reads these; they are written from the tables that the product obeys.
"""

import os
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = {
    "docs/workflow.md": "spean.workflow.document:workflow_page",
    "docs/access-matrix.csv": "spean.access.document:access_matrix",
}


def main() -> int:
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from spean.run import state

    state.prepare()
    import django

    django.setup()
    check = "--check" in sys.argv[1:]
    stale = []
    for name, source in DOCUMENTS.items():
        module, _, function = source.partition(":")
        text = getattr(import_module(module), function)().encode()
        path = ROOT / name
        if path.exists() and path.read_bytes() == text:
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text)
            print(f"Wrote {name}.")
    if check and stale:
        print(f"Out of date: {', '.join(stale)}. Run: make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

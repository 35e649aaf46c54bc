"""The writer of the power-cut attack, on the disk that will lose its current: says each write as soon as it is kept."""

from __future__ import annotations

import sys
from pathlib import Path
from uuid import UUID, uuid5

from tests.attack import stage

# A write's token follows from its number: after a cut the last one is sent again, as a browser would.
TOKENS = UUID("7c1f5a52-5a0e-4f0e-9d5e-0a86a1d0c0de")
PREFIX = "write number "


def main(state: str, what: str, start: str = "0") -> None:
    with stage.installation(Path(state), ready=what != "prepare"):
        from spean.access.models import User
        from spean.cases.actions import write_note
        from spean.cases.models import Case, Note
        from spean.privacy import doors, logfile, sequencer, verify
        from spean.workflow.engine import AlreadyDone

        if what == "prepare":
            from tests import steps
            from tests.cast import make_cast

            with stage.search():
                steps.registered(make_cast())
            return
        manager = User.objects.get(email="manager@example.org")
        case = Case.objects.get()
        if what == "write":
            number = int(start)
            while True:
                try:
                    write_note(
                        manager, case, section="narrative", about="general", text=f"{PREFIX}{number}",
                        once=uuid5(TOKENS, str(number)),
                    )  # fmt: skip
                except AlreadyDone:
                    pass
                print(number, flush=True)  # this line is the confirmation
                number += 1
        notes = list(Note.objects.filter(case=case))
        for begin in range(0, len(notes), 20):
            for row in doors.reveal(manager, notes[begin : begin + 20], ["text"], "casework").values():
                print(str(row["text"]).removeprefix(PREFIX))
        sequencer.sequence_once(checkpoint=True)
        print("log", len(verify.examine(logfile.database(), sequencer.signer().verifier).faults))


if __name__ == "__main__":
    main(*sys.argv[1:])

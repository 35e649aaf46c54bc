"""Power cuts: the installation lies on a disk image of its own, and the current goes away.

Database and writer are ended with SIGKILL, the image is copied at once, as the disk held it at that moment (what was
not flushed is not in it), and mounted: the file system and PostgreSQL recover. Every write that was confirmed before
the cut must be there once, also the one sent again because nobody knew. Needs root and loop devices. It assumes a disk
that does not lie about flushing; only a cut of the real machine tests that.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.attack import stage
from tests.attack.results import Result, counted

CUTS = 30
IMAGE_MB = 700


def run(*, quick: bool = False) -> list[Result]:
    if os.geteuid() != 0 or not Path("/dev/loop-control").exists():
        return [Result("power", "power cuts", "not run: needs root and loop devices", f"{CUTS} cuts", None)]
    with stage.scratch() as folder:
        return _Cuts(folder, CUTS // 10 if quick else CUTS).run()


class _Cuts:
    def __init__(self, folder: Path, cuts: int) -> None:
        self.folder, self.cuts = folder, cuts
        self.image, self.mount = folder / "disk", folder / "mnt"
        self.rng = random.Random(41)
        self.confirmed: list[int] = []

    def run(self) -> list[Result]:
        with self.image.open("wb") as file:
            file.truncate(IMAGE_MB * 1_000_000)
        subprocess.run(["mkfs.ext4", "-q", str(self.image)], check=True)
        self.mount.mkdir()
        self._mount()
        folder_mode = self.folder.stat().st_mode
        self.folder.chmod(folder_mode | 0o011)
        try:
            self._writer("prepare", wait=True)
            for _ in range(self.cuts):
                self._until_the_lights_go_out()
            return self._judge()
        finally:
            subprocess.run(["umount", str(self.mount)])

    def _mount(self) -> None:
        subprocess.run(["mount", "-o", "loop", str(self.image), str(self.mount)], check=True)

    def _until_the_lights_go_out(self) -> None:
        process = self._writer("write", str(len(self.confirmed)))
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), True)
        first = process.stdout.readline()  # it writes now
        self.confirmed += [int(first)] if first.strip() else []
        lasts = time.monotonic() + self.rng.uniform(0.2, 2.0)
        while time.monotonic() < lasts:
            line = process.stdout.readline()
            if not line:
                break
            self.confirmed.append(int(line))
        for number in (process.pid, *_postgres_of(self.mount)):
            _kill(number)
        shutil.copyfile(self.image, self.folder / "after")  # what the disk holds now
        # Lines already in the pipe were confirmed before the end as well.
        self.confirmed += [int(line) for line in process.stdout if line.strip()]
        process.wait()
        for _ in range(100):
            if subprocess.run(["umount", str(self.mount)], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        (self.folder / "after").replace(self.image)
        self._mount()

    def _writer(self, *arguments: str, wait: bool = False) -> Any:
        command = [sys.executable, "-m", "tests.attack.power_writer", str(self.mount / "state"), *arguments]
        root = Path(__file__).resolve().parents[2]
        if wait:
            return subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE, text=True)
        return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def _judge(self) -> list[Result]:
        told = self._writer("judge", wait=True).stdout.split()
        stored = [int(word) for word in told[: told.index("log")]]
        faults = int(told[told.index("log") + 1])
        lost = len(set(self.confirmed) - set(stored))
        of = f"{len(self.confirmed):,} confirmed writes, {self.cuts} cuts"
        return [
            counted("power", "a confirmed write is lost", lost, of),
            counted("power", "a write is there twice", len(stored) - len(set(stored)), of),
            counted("power", "a fault in the log afterwards", faults, of),
        ]


def _postgres_of(mount: Path) -> list[int]:
    import psutil

    found = []
    for process in psutil.process_iter(["name"]):
        try:
            if "postgres" in (process.info["name"] or "") and str(mount) in process.cwd():
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def _kill(number: int) -> None:
    try:
        os.kill(number, signal.SIGKILL)
    except ProcessLookupError:
        pass

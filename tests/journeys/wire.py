"""A wire to the server that can be cut: at once for everybody, or in the middle of what a phone sends."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Wire:
    """Listens at a port of its own and passes everything on to the server at `to`."""

    def __init__(self, to: int) -> None:
        self.to, self.port = to, 0
        self.open: set[socket.socket] = set()
        self.mend()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def mend(self) -> None:
        """The server is there (again), at the same address."""
        self.door = socket.create_server(("127.0.0.1", self.port))
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self._let_in, args=(self.door,), daemon=True).start()

    def cut(self) -> None:
        """As if the server had been killed: nobody listens, and every connection breaks."""
        # Closing alone leaves the accept of the other thread waiting.
        with suppress(OSError):
            self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()
        for one in list(self.open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self.open.clear()

    def _let_in(self, door: socket.socket) -> None:
        while True:
            try:
                inside, _address = door.accept()
                outside = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return
            self.open |= {inside, outside}
            for frm, to in ((inside, outside), (outside, inside)):
                threading.Thread(target=self._pass_on, args=(frm, to), daemon=True).start()

    def _pass_on(self, frm: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while data := frm.recv(65536):
                to.sendall(data)
        for one in (frm, to):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
            self.open.discard(one)

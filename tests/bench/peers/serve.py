"""A server for the pages that are compared: compressed once, kept nowhere, the same headers for everybody.

Not Django's: what is measured is what travels and what the page does with it, not who sends it.
"""

import gzip
import mimetypes
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

COMPRESSED = ("text/", "application/json", "image/svg+xml", "application/wasm")


class Answer(NamedTuple):
    """What stands at an address; `policy` is the Content-Security-Policy of a page."""

    body: bytes
    kind: str
    policy: str = ""


def answer(name: str, body: bytes, policy: str = "") -> Answer:
    """An answer whose type follows from the ending of its name."""
    kind = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Answer(body, f"{kind}; charset=utf-8" if kind.startswith(("text/", "application/json")) else kind, policy)


@contextmanager
def served(answers: Mapping[str, Answer]) -> Iterator[str]:
    """Serve (path → answer) from this machine while the block runs; gives the address without a slash at its end."""
    packed = {path: (one, _packed(one)) for path, one in answers.items()}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = packed.get(self.path.partition("?")[0])
            if found is None:
                self.send_error(404)
                return
            one, body = found
            self.send_response(200)
            self.send_header("Content-Type", one.kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            if body is not one.body:
                self.send_header("Content-Encoding", "gzip")
            if one.policy:
                self.send_header("Content-Security-Policy", one.policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_said: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _packed(one: Answer) -> bytes:
    return gzip.compress(one.body, 9, mtime=0) if one.kind.startswith(COMPRESSED) else one.body

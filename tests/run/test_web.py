"""Faults of the surroundings are one sentence, before anything is started."""

import socket

import pytest

from spean.run import web
from spean.run.state import SetupFault


def test_a_taken_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SetupFault, match=f"Port {port} is taken by another program; choose one with --port."):
            web.require_free("127.0.0.1", port)
    web.require_free("127.0.0.1", port)


def test_an_address_of_another_computer() -> None:
    with pytest.raises(SetupFault, match="not an address this computer can serve"):
        web.require_free("192.0.2.1", 8000)

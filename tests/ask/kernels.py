"""What kernels give of the request that they work on, as front ends were seen to send it."""

from collections.abc import Mapping
from types import SimpleNamespace

LAB_HEADER = {"msg_id": "fb3b57c3-9462-4ed6-adc6-4b75efcd712d", "session": "40e45caa-8882", "username": ""}
CLIENT_HEADER = {
    "msg_id": "859dd3fd-ea92a0e0013f_12631_4",
    "session": "859dd3fd-ea92a0e0013f",
    "username": "u",
}
CLASSIC_HEADER = {"msg_id": "fb3b57c394624ed6", "session": "40e45caa88824bd2", "username": "username"}
ASKING, SILENT = {"allow_stdin": True}, {"allow_stdin": False}


class RequestedKernel:
    """A kernel as ipykernel's that works on one request."""

    def __init__(self, header: Mapping, content: Mapping, **metadata: object) -> None:
        self._request = {"header": header, "metadata": metadata, "content": content}

    def get_parent(self, channel: str) -> Mapping[str, object]:
        """Return the request."""
        assert "shell" == channel
        return self._request


def header_only(header: Mapping) -> SimpleNamespace:
    """Return a kernel as xeus-python's: no argument, and nothing of a request but its header."""
    return SimpleNamespace(get_parent=lambda: {"header": header})


def _failing(*_: object) -> None:
    raise OSError


LAB = RequestedKernel(LAB_HEADER, ASKING, cellId="a")
CLASSIC = RequestedKernel(CLASSIC_HEADER, ASKING)
CONSOLE = RequestedKernel(CLIENT_HEADER, ASKING)
MYST = RequestedKernel(LAB_HEADER, ASKING)
NBCLIENT = RequestedKernel(CLIENT_HEADER, SILENT)
MERCURY = RequestedKernel(LAB_HEADER, SILENT, mercury={})
ENGINE = RequestedKernel(CLIENT_HEADER, {})
#: Kernels that say nothing, or nothing that can be read.
MUTE = [
    SimpleNamespace(),
    SimpleNamespace(get_parent=None),
    SimpleNamespace(get_parent=lambda _: None),
    SimpleNamespace(get_parent=lambda _: {}),
    SimpleNamespace(get_parent=lambda _: {"header": None, "content": None, "metadata": 7}),
    SimpleNamespace(get_parent=_failing),
]

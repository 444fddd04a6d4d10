"""A loopback ``/token`` that answers only when the test lets it."""

from __future__ import annotations

import json
import queue
import threading
from typing import TYPE_CHECKING, Self

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterable

LIMIT = 60  # seconds


class QuietHandler(WSGIRequestHandler):
    """Serve without a line for each request."""

    def log(self, *_: object) -> None:
        """Log nothing."""


class HeldServer:
    """Hold every POST of ``/token`` until `answer` is called; a context manager.

    Attributes
    ----------
    base_url
        What a user would give as the API's base URL.
    count
        How many requests have come.
    """

    def __init__(self) -> None:
        self.count = 0
        self._requests: queue.Queue[dict[str, str]] = queue.Queue()
        self._answers: queue.Queue[Response] = queue.Queue()
        self._server = make_server("127.0.0.1", 0, self._serve, threaded=True, request_handler=QuietHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/api"

    def __enter__(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let a request that still waits go, and stop."""
        self._answers.put(Response(status=503))
        self._server.shutdown()
        self._thread.join(LIMIT)
        self._server.server_close()

    def wait_for_request(self) -> dict[str, str]:
        """Wait until a request is held, and return its headers."""
        return self._requests.get(timeout=LIMIT)

    def answer(self, status: int, body: dict[str, object]) -> None:
        """Answer the request that is held, or the next one."""
        self._answers.put(Response(json.dumps(body), status, mimetype="application/json"))

    def _serve(self, environ: dict[str, object], start_response: object) -> Iterable[bytes]:
        self.count += 1
        self._requests.put(dict(Request(environ).headers))
        return self._answers.get(timeout=LIMIT)(environ, start_response)

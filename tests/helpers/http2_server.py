"""A server on loopback that speaks HTTP/2."""

import socket
import threading
from typing import Self

import h2.config
import h2.connection
import h2.events


class Http2Server:
    """Answers over HTTP/2 without TLS, by h2, and keeps the headers that came."""

    def __init__(self) -> None:
        self.received: list[dict[bytes, bytes]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/api"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        state.initiate_connection()
        connection.sendall(state.data_to_send())
        while data := connection.recv(65536):
            for event in state.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    headers = dict(event.headers)
                    self.received.append(headers)
                    status = "200" if headers[b":path"] == b"/api/v1.0/x" else "401"
                    state.send_headers(event.stream_id, [(":status", status)])
                    state.send_data(event.stream_id, b"{}", end_stream=True)
            connection.sendall(state.data_to_send())

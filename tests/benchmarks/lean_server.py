"""A server that answers any request at once: what a call costs is then what its client costs."""

from __future__ import annotations

import asyncio
import itertools

# Each login gets another token, as at a real server.
BODIES = {b"POST": b'{"State":"Succeeded","Token":"dG9rZW4+%012d"}', b"GET": b'{"Id":4,"Symbol":"AAPL"}'}
NUMBERS = itertools.count()


class LeanServer(asyncio.Protocol):
    """Answers each head of a request; bodies are not expected."""

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            body = BODIES[head.split(b" ", 1)[0]]
            if b"%" in body:
                body %= next(NUMBERS)
            lines = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            self._transport.write(lines % len(body) + body)


async def main() -> None:
    """Serve on a free port, which is printed first."""
    server = await asyncio.get_running_loop().create_server(LeanServer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

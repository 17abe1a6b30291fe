"""Where weights are downloaded from in tests: a server on this machine, or a network that is not there.

The server stands for Keras's, since its own file is too large and too far away: a package ``keras`` is laid before the
real one in the workers' path, whose VGG16 does no more than what Keras's download does.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

OFFLINE = {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
PIECE, PIECES = b"w" * 1_000_000, 4

_KERAS = """
import os, urllib.request

class applications:
    @staticmethod
    def VGG16(**options):
        folder = os.path.join(os.environ["KERAS_HOME"], "models")
        os.makedirs(folder, exist_ok=True)
        urllib.request.urlretrieve({address!r}, os.path.join(folder, "vgg16.h5"))
"""


class Source:
    """Sends the weights a piece at a time: each :meth:`allow` lets one more go."""

    def __init__(self, folder: Path) -> None:
        self._next, self._broken = threading.Semaphore(0), threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        address = f"http://127.0.0.1:{self._server.server_port}/vgg16.h5"
        (folder / "keras").mkdir(parents=True)
        (folder / "keras" / "__init__.py").write_text(_KERAS.format(address=address))
        self.environment = {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])}

    def allow(self, pieces: int = 1) -> None:
        self._next.release(pieces)

    def break_off(self) -> None:
        """End the connection before all is sent."""
        self._broken.set()
        self.allow()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        pieces, broken = self._next, self._broken

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(PIECES * len(PIECE)))
                self.end_headers()
                for _ in range(PIECES):
                    pieces.acquire()
                    if broken.is_set():
                        return
                    self.wfile.write(PIECE)
                    self.wfile.flush()

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    @contextmanager
    def serving(self) -> Iterator[Source]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        yield self
        self.allow(10 * PIECES)  # whoever still waits
        self._server.shutdown()
        self._server.server_close()
        thread.join()

"""A page on this machine alone, for as long as a training runs."""
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class LocalServer:
    """Serves ``page()`` at ``/`` and ``data()``, JSON, at ``/data.json``, to this machine only (the loopback address)."""

    def __init__(self, page: Callable[[], str], data: Callable[[], str], port: int = 0):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.headers.get("Host", "").rsplit(":", 1)[0] not in ("127.0.0.1", "localhost"):
                    return self.send_error(403)  # a page elsewhere that was pointed here by name
                made = {"/": (page, "text/html"), "/data.json": (data, "application/json")}.get(self.path.split("?")[0])
                if made is None:
                    return self.send_error(404)
                body = made[0]().encode()
                self.send_response(200)
                self.send_header("Content-Type", f"{made[1]}; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        except OSError as error:
            raise OSError(error.errno, f"port {port} cannot be had ({error.strerror}); port=0 takes any that is free") from None
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), daemon=True, name="minidl dashboard")
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

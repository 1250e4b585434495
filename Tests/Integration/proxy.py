"""A server between the sink and Elasticsearch that passes every request on."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Proxy:
    scheme = "http"

    def __init__(self, target):
        self.target = target.removeprefix("http://")
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass  # The sink was killed, or the connection cut.

            def handle_any(self):
                proxy.pass_on(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def get_request(self):
                connection, address = self.socket.accept()
                return proxy.accepted(connection), address

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"{self.scheme}://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()

    def accepted(self, connection):
        """The connection as requests are read from it; an OSError drops it."""
        return connection

    def pass_on(self, handler, body):
        self.answer(handler, *self.ask(handler, body))

    def ask(self, handler, body):
        """Status, body and headers of the server's answer to that request with this body."""
        connection = http.client.HTTPConnection(self.target, timeout=60)
        try:
            headers = {"Content-Type": handler.headers["Content-Type"]} if body else {}
            connection.request(handler.command, handler.path, body or None, headers)
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower().startswith("x-elastic")}
            return answer.status, answer.read(), kept
        except OSError:
            return 503, b"{}", {}
        finally:
            connection.close()

    @staticmethod
    def answer(handler, status, text, headers={}):
        try:
            handler.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            if handler.command != "HEAD":
                handler.wfile.write(text)
        except OSError:
            pass  # The sink was killed meanwhile.

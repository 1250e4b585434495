"""Stands between the sink and Elasticsearch: refuses some items of bulks as under pressure, and breaks some connections
off after the bulk was applied."""

import http.client
import json
import random
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FaultyProxy:
    def __init__(self, target, seed, refused=0.05, cut=0.02):
        self.target = target.removeprefix("http://")
        self.random, self.lock = random.Random(seed), threading.Lock()
        self.refused, self.cut = refused, cut
        self.counts = {"bulks": 0, "refused items": 0, "cut connections": 0}
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass  # The sink was killed, or the connection cut.

            def handle_any(self):
                proxy.pass_on(self)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()

    def pass_on(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        if handler.path.startswith("/_bulk"):
            return self.bulk(handler, body)
        status, text = self.ask(handler.command, handler.path, body)
        self.answer(handler, status, text)

    def bulk(self, handler, body):
        actions = self.actions(body)
        with self.lock:
            self.counts["bulks"] += 1
            refused = {index for index in range(len(actions)) if self.random.random() < self.refused}
            cuts = self.random.random() < self.cut
            self.counts["refused items"] += len(refused)
            self.counts["cut connections"] += cuts
        kept = b"".join(lines for index, (_, lines) in enumerate(actions) if index not in refused)
        items = []
        if kept:
            status, text = self.ask("POST", handler.path, kept)
            if status != 200:
                return self.answer(handler, status, text)
            items = json.loads(text)["items"]
        if cuts:
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        error = {"type": "es_rejected_execution_exception", "reason": "injected"}
        done = iter(items)
        merged = [{kind: {"status": 429, "error": error}} if index in refused else next(done)
                  for index, (kind, _) in enumerate(actions)]
        errors = any("error" in next(iter(item.values())) for item in merged)
        self.answer(handler, 200, json.dumps({"errors": errors, "items": merged}).encode())

    @staticmethod
    def actions(body):
        """Each action's kind and lines."""
        lines = body.split(b"\n")[:-1]
        found, at = [], 0
        while at < len(lines):
            kind = next(iter(json.loads(lines[at])))
            count = 1 if kind == "delete" else 2
            found.append((kind, b"".join(line + b"\n" for line in lines[at:at + count])))
            at += count
        return found

    def ask(self, method, path, body):
        connection = http.client.HTTPConnection(self.target, timeout=60)
        try:
            kind = "application/x-ndjson" if "_bulk" in path else "application/json"
            connection.request(method, path, body or None, {"Content-Type": kind})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 503, b"{}"
        finally:
            connection.close()

    def answer(self, handler, status, text):
        try:
            handler.send_response(status)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(text)))
            handler.end_headers()
            if handler.command != "HEAD":
                handler.wfile.write(text)
        except OSError:
            pass  # The sink was killed meanwhile.

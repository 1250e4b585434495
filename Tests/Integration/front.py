"""Stands in front of Elasticsearch as a site does that publishes it: TLS, client certificates, few rights."""

import http.client
import json
import os
import re
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What a role with create_index, read, write and view_index_metadata may do; no cluster rights, no monitor.
RIGHTS = [
    ("POST", r"/_bulk"), ("PUT", r"/[^/_][^/]*"), ("HEAD", r"/[^/_][^/]*"), ("GET", r"/[^/_][^/]*/_mapping"),
    ("POST", r"/[^/_][^/]*/_(mget|search|count)"), ("GET", r"/[^/_][^/]*/_(search|count|mapping)"),
]


class Certificates:
    """An authority, a server's certificate for the name `elastic.test` alone and for localhost, a client's."""

    def __init__(self, folder):
        self.folder = folder
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.path("ca.key"),
                     "-out", self.path("ca.pem"), "-days", "2", "-subj", "/CN=Test authority")
        self.sign("localhost", "DNS:localhost,IP:127.0.0.1")
        self.sign("elastic.test", "DNS:elastic.test")
        self.sign("client", "DNS:client")

    def path(self, name):
        return os.path.join(self.folder, name)

    @staticmethod
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True)

    def sign(self, name, names):
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", self.path(f"{name}.key"),
                     "-out", self.path(f"{name}.csr"), "-subj", f"/CN={name}")
        extensions = self.path(f"{name}.ext")
        open(extensions, "w").write(f"subjectAltName={names}\n")
        self.openssl("x509", "-req", "-in", self.path(f"{name}.csr"), "-CA", self.path("ca.pem"), "-CAkey",
                     self.path("ca.key"), "-CAcreateserial", "-out", self.path(f"{name}.pem"), "-days", "2",
                     "-extfile", extensions)
        both = open(self.path(f"{name}.key")).read() + open(self.path(f"{name}.pem")).read()
        open(self.path(f"{name}.both.pem"), "w").write(both)


class Front:
    """Passes on what it lets through. `refused` has the requests that the rights do not allow."""

    def __init__(self, target, certificates=None, name="localhost", wants_client=False, rights=None):
        self.target, self.rights, self.refused = target.removeprefix("http://"), rights, []
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                front.pass_on(self)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def get_request(self):
                connection, address = self.socket.accept()
                if not certificates:
                    return connection, address
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(certificates.path(f"{name}.pem"), certificates.path(f"{name}.key"))
                if wants_client:
                    context.load_verify_locations(certificates.path("ca.pem"))
                    context.verify_mode = ssl.CERT_REQUIRED
                connection.settimeout(10)
                return context.wrap_socket(connection, server_side=True), address

            def handle_error(self, *_):
                pass  # Who gave no certificate, or broke off.

        self.server = Server(("127.0.0.1", 0), Handler)
        scheme = "https" if certificates else "http"
        self.url = f"{scheme}://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()

    def may(self, method, path):
        return self.rights is None or any(
            method == allowed and re.fullmatch(pattern, path.split("?")[0]) for allowed, pattern in self.rights)

    def pass_on(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        if not self.may(handler.command, handler.path):
            self.refused.append(f"{handler.command} {handler.path}")
            error = {"error": {"type": "security_exception", "reason": "unauthorized"}, "status": 403}
            return self.answer(handler, 403, json.dumps(error).encode(), {})
        connection = http.client.HTTPConnection(self.target, timeout=30)
        headers = {"Content-Type": handler.headers["Content-Type"]} if body else {}
        connection.request(handler.command, handler.path, body or None, headers)
        answer = connection.getresponse()
        kept = {name: value for name, value in answer.getheaders() if name.lower().startswith("x-elastic")}
        self.answer(handler, answer.status, answer.read(), kept)
        connection.close()

    @staticmethod
    def answer(handler, status, text, headers):
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(text)

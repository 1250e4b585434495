"""Stands in front of Elasticsearch as a site does that publishes it: TLS, client certificates, few rights."""

import json
import os
import re
import ssl
import subprocess

from proxy import Proxy

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


class Front(Proxy):
    def __init__(self, target, certificates=None, name="localhost", wants_client=False, rights=None):
        self.rights, self.tls = rights, None
        if certificates:
            self.scheme = "https"
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(certificates.path(f"{name}.pem"), certificates.path(f"{name}.key"))
            if wants_client:
                self.tls.load_verify_locations(certificates.path("ca.pem"))
                self.tls.verify_mode = ssl.CERT_REQUIRED
        super().__init__(target)

    def accepted(self, connection):
        if not self.tls:
            return connection
        connection.settimeout(10)
        return self.tls.wrap_socket(connection, server_side=True)

    def pass_on(self, handler, body):
        if self.may(handler.command, handler.path):
            return super().pass_on(handler, body)
        error = {"error": {"type": "security_exception", "reason": "unauthorized"}, "status": 403}
        self.answer(handler, 403, json.dumps(error).encode())

    def may(self, method, path):
        return self.rights is None or any(
            method == allowed and re.fullmatch(pattern, path.split("?")[0]) for allowed, pattern in self.rights)

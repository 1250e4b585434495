"""Stands between the sink and Elasticsearch: refuses some items of bulks as under pressure, and breaks some connections
off after the bulk was applied."""

import json
import random
import socket
import threading

from proxy import Proxy


class FaultyProxy(Proxy):
    def __init__(self, target, seed, refused=0.05, cut=0.02):
        self.random, self.lock = random.Random(seed), threading.Lock()
        self.refused, self.cut = refused, cut
        self.counts = {"bulks": 0, "refused items": 0, "cut connections": 0}
        super().__init__(target)

    def pass_on(self, handler, body):
        if handler.path.startswith("/_bulk"):
            return self.bulk(handler, body)
        super().pass_on(handler, body)

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
            status, text, _ = self.ask(handler, kept)
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

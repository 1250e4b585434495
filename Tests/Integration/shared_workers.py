"""Two workers that share a config topic: what one is told both do, and either takes over from the other."""

import json
import os
import signal
import time

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from sink_bench import rest
from stack import free_port

PARTITIONS = 4
CONFIG = {
    "connector.class": "io.confluent.connect.elasticsearch.ElasticsearchSinkConnector", "topics": "shared",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter", "schema.ignore": "true",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter", "value.converter.schemas.enable": "false",
    "linger.ms": "20",
}


class Worker:
    def __init__(self, stack, name):
        self.stack, self.name = stack, name
        self.listen = f"127.0.0.1:{free_port()}"

    def start(self):
        self.stack.start(self.name, "connect", "--config-topic", "shared-configs", "--listen", self.listen,
                         "--data", os.path.join(self.stack.home, self.name))
        self.stack.wait(lambda: self.rest("GET", "/connectors")[0] == 200, 30, f"{self.name} answers")

    def rest(self, method, path, body=None):
        return rest(f"http://{self.listen}", method, path, body)

    def partitions(self):
        return self.stack.metric_at(self.listen, "opine_assigned_partitions")

    def state(self):
        return (self.rest("GET", "/connectors/shared/status")[1] or {}).get("connector", {}).get("state")


def put(stack, first, count):
    """Records in every partition, the keys told apart by their numbers."""
    producer = Producer({"bootstrap.servers": stack.kafka, "linger.ms": 5})
    for n in range(first, first + count):
        producer.produce("shared", json.dumps({"n": n}).encode(), f"k{n}".encode(), n % PARTITIONS)
    assert producer.flush(30) == 0


def two_workers_share_connectors(stack, full):
    admin = AdminClient({"bootstrap.servers": stack.kafka})
    admin.create_topics([NewTopic("shared", PARTITIONS, 1)])["shared"].result(20)
    one, two = Worker(stack, "worker-1"), Worker(stack, "worker-2")
    one.start()
    two.start()
    config = {**CONFIG, "connection.url": stack.elasticsearch}
    assert one.rest("PUT", "/connectors/shared/config", config)[0] == 201
    stack.wait(lambda: two.rest("GET", "/connectors")[1] == ["shared"], 10, "the other worker has the connector")
    stack.wait(lambda: (one.partitions(), two.partitions()) == (2, 2), 30, "each has half of the partitions")
    put(stack, 0, 400)
    stack.wait(lambda: stack.count("shared") == 400, 30, "all is written")

    # One is killed: the other takes its partitions when the session ends, and nothing is lost.
    put(stack, 400, 4000)
    killed = time.monotonic()
    stack.kill("worker-1", signal.SIGKILL)
    put(stack, 4400, 400)
    stack.wait(lambda: stack.count("shared") == 4800, 30, "the other one has written all")
    takeover = time.monotonic() - killed
    assert two.partitions() == PARTITIONS, two.partitions()
    assert takeover < (12 if full else 20), takeover

    # What is said to either is true for both, also for one that was away.
    assert two.rest("PUT", "/connectors/shared/pause")[0] == 202
    one.start()
    stack.wait(lambda: one.state() == two.state() == "PAUSED", 10, "both are paused")
    put(stack, 4800, 100)
    assert one.rest("PUT", "/connectors/shared/resume")[0] == 202
    stack.wait(lambda: stack.count("shared") == 4900, 30, "what came meanwhile is written")
    stack.wait(lambda: (one.partitions(), two.partitions()) == (2, 2), 40, "each has half of the partitions again")

    # Who is stopped and comes back finds its partitions again; who leaves in peace hands them over.
    assert stack.kill("worker-2", signal.SIGTERM) == 0
    put(stack, 4900, 100)
    stack.wait(lambda: stack.count("shared") == 5000, 30, "all is written")
    two.start()
    assert two.rest("DELETE", "/connectors/shared")[0] == 204
    stack.wait(lambda: one.rest("GET", "/connectors")[1] == [], 10, "the connector is gone from both")
    print(f"      takeover by the other worker after kill -9: {takeover:.1f} s")

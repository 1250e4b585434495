"""Connectors as their users make them: by REST, on one worker, into Elasticsearch 8 and 9 and OpenSearch at once."""

import io
import json
import struct
import time
import urllib.error
import urllib.request

import fastavro
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from stack import RealStack

SERVERS = {"es8": "elasticsearch", "es9": "elasticsearch-9", "os2": "opensearch"}
ADDRESSES = {"es8": "OPINE_TEST_ELASTICSEARCH", "es9": "OPINE_TEST_ELASTICSEARCH_9", "os2": "OPINE_TEST_OPENSEARCH"}


def rest(address, method, path, body=None):
    """Status and parsed answer of a worker's REST API; status 0 where it does not answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        text = error.read()
        try:
            return error.code, json.loads(text) if text else None
        except ValueError:
            return error.code, text.decode(errors="replace")
    except OSError:
        return 0, None


class SinkStack(RealStack):
    """Kafka, the three search servers, a registry and one empty worker."""

    name = "three search servers"

    def __init__(self, opine):
        super().__init__(opine)
        self.address = f"http://127.0.0.1:{self.listen['connect']}"

    def __enter__(self):
        self.servers("up", "kafka", *SERVERS.values())
        found = self.addresses()
        self.urls = {name: found[variable] for name, variable in ADDRESSES.items()}
        self.use(found["OPINE_TEST_KAFKA"], f"http://127.0.0.1:{self.registry_port}", self.urls["es8"])
        self.start_registry()
        self.start_worker()
        return self

    def start_worker(self):
        self.start("connect", "connect", "--listen", f"127.0.0.1:{self.listen['connect']}")
        self.wait(lambda: self.rest("GET", "/connectors")[0] == 200, 20, "the worker answers")

    def __exit__(self, *_):
        self.servers("wipe", "kafka", *SERVERS.values())
        super(RealStack, self).__exit__()

    def rest(self, method, path, body=None):
        return rest(self.address, method, path, body)


class Bench:
    """What one case makes: topics, records, a connector for each server; all of its own names."""

    def __init__(self, stack, case):
        self.stack, self.case = stack, case
        self.admin = AdminClient({"bootstrap.servers": stack.kafka})
        self.names, self.indices, self.count = [], set(), 0

    # Topics and records

    def topic(self, name=None, partitions=1, **config):
        self.count += 1
        name = name or f"{self.case}-{self.count}"
        future = self.admin.create_topics([NewTopic(name, partitions, 1, config=config)])[name]
        future.result(20)
        return name

    def put(self, topic, *records, partition=0):
        """Each record: (key, value), (key, value, headers); a value that is neither bytes nor None becomes JSON."""
        producer = Producer({"bootstrap.servers": self.stack.kafka, "linger.ms": 5})
        failures = []
        for record in records:
            key, value, headers = (*record, None)[:3]
            if not isinstance(value, (bytes, type(None))):
                value = json.dumps(value).encode()
            if isinstance(key, str):
                key = key.encode()
            producer.produce(topic, value, key, partition, headers=headers,
                             on_delivery=lambda error, _: error and failures.append(error))
            producer.poll(0)
        assert producer.flush(30) == 0 and not failures, failures

    def schema(self, topic, schema, side="value"):
        body = {"schema": json.dumps(schema)}
        answer = self.stack.get(f"{self.stack.registry}/subjects/{topic}-{side}/versions", body, "POST")
        return answer["id"]

    def avro(self, topic, schema, *values, keys=None, side="value"):
        number = self.schema(topic, schema, side)
        parsed = fastavro.parse_schema(json.loads(json.dumps(schema)))
        records = []
        for index, value in enumerate(values):
            stream = io.BytesIO()
            fastavro.schemaless_writer(stream, parsed, value)
            records.append((keys[index] if keys else f"k{index}", struct.pack(">bi", 0, number) + stream.getvalue()))
        self.put(topic, *records)

    # Connectors

    def config(self, server, topics, changes):
        config = {
            "connector.class": "io.confluent.connect.elasticsearch.ElasticsearchSinkConnector", "tasks.max": "1",
            "connection.url": self.stack.urls[server], "key.converter": "org.apache.kafka.connect.storage.StringConverter",
            "value.converter": "org.apache.kafka.connect.json.JsonConverter", "value.converter.schemas.enable": "false",
            "key.ignore": "true", "schema.ignore": "true", "linger.ms": "20", "retry.backoff.ms": "50",
        }
        if topics:
            config["topics"] = ",".join(topics)
        if changes.get("value.converter", "").endswith("AvroConverter"):
            config.pop("value.converter.schemas.enable")
            config["value.converter.schema.registry.url"] = self.stack.registry
        config.update(changes)
        return {name: value for name, value in config.items() if value is not None}

    def connect(self, *topics, servers=tuple(SERVERS), **changes):
        """A connector for each server; option names have _ for dots. Answers with their names by server."""
        changes = {name.replace("__", "-").replace("_", "."): value for name, value in changes.items()}
        made = {}
        for server in servers:
            self.count += 1
            name = f"{self.case}-{server}-{self.count}"
            status, answer = self.stack.rest(
                "PUT", f"/connectors/{name}/config", self.config(server, topics, changes))
            assert status == 201, (status, answer)
            self.names.append(name)
            made[server] = name
        return made

    def reconfigure(self, name, **changes):
        config = self.stack.rest("GET", f"/connectors/{name}/config")[1]
        config.update({key.replace("_", "."): value for key, value in changes.items()})
        status, answer = self.stack.rest("PUT", f"/connectors/{name}/config", config)
        assert status == 200, (status, answer)

    def stop(self, name):
        assert self.stack.rest("PUT", f"/connectors/{name}/stop")[0] == 204

    def resume(self, name):
        assert self.stack.rest("PUT", f"/connectors/{name}/resume")[0] == 202

    def refused(self, *topics, **changes):
        """Creating it answers 400; the message."""
        changes = {name.replace("_", "."): value for name, value in changes.items()}
        status, answer = self.stack.rest(
            "PUT", f"/connectors/{self.case}-refused/config", self.config("es8", topics, changes))
        assert status == 400, (status, answer)
        return answer["message"]

    def status(self, name):
        return self.stack.rest("GET", f"/connectors/{name}/status")[1]

    def task(self, name):
        tasks = (self.status(name) or {}).get("tasks") or [{}]
        return tasks[0]

    def failed(self, names, seconds=30):
        """Waits until each connector's task has failed; their traces by server."""
        for name in names.values():
            self.stack.wait(lambda: self.task(name).get("state") == "FAILED", seconds, f"{name} has failed")
        return {server: self.task(name)["trace"] for server, name in names.items()}

    def committed(self, name, topic, partition=0):
        place = TopicPartition(topic, partition)
        try:
            return self.stack.consumer(f"connect-{name}").committed([place], 10)[0].offset
        except KafkaException:
            return None  # The group's coordinator is still on its way.

    def commits(self, names, topic, offset, partition=0, seconds=30):
        for name in names.values():
            try:
                self.stack.wait(lambda: self.committed(name, topic, partition) == offset, seconds,
                                f"{name} has committed {offset} of {topic}")
            except AssertionError as error:
                raise AssertionError(f"{error}: {self.committed(name, topic, partition)}, {self.status(name)}") from None

    # Looking

    def es(self, server, method, path, body=None):
        return self.stack.get(self.stack.urls[server] + path, body, method)

    def docs(self, server, index):
        """By id: (document, version)."""
        self.es(server, "POST", f"/{index}/_refresh")
        found = self.es(server, "POST", f"/{index}/_search?version=true", {"size": 10_000, "sort": ["_doc"]})
        if not found or "hits" not in found:
            return {}
        return {hit["_id"]: (hit["_source"], hit.get("_version")) for hit in found["hits"]["hits"]}

    def sources(self, server, index):
        return {key: source for key, (source, _) in self.docs(server, index).items()}

    def has(self, names, index, count, seconds=30):
        for server in names:
            try:
                self.stack.wait(lambda: len(self.docs(server, index)) == count, seconds, f"{index} has {count} on {server}")
            except AssertionError as error:
                state = self.status(names[server]) if isinstance(names, dict) else ""
                raise AssertionError(f"{error}: {len(self.docs(server, index))}, {state}") from None

    def mapping(self, server, index):
        found = self.es(server, "GET", f"/{index}/_mapping")
        return next(iter(found.values()))["mappings"].get("properties", {})

    def letters(self, topic, count, seconds=20):
        """Waits for so many dead letters: (key, value, headers)."""
        found = []
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.read(topic)
            if len(found) >= count:
                break
            time.sleep(0.1)
        assert len(found) == count, f"{len(found)} letters, not {count}: {[headers for _, _, headers in found][:3]}"
        return found

    def read(self, topic):
        consumer = Consumer({"bootstrap.servers": self.stack.kafka, "group.id": "case-reader", "enable.auto.commit": False})
        known = consumer.list_topics(timeout=10).topics
        found = []
        if topic in known:
            for partition in known[topic].partitions:
                low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), 10)
                consumer.assign([TopicPartition(topic, partition, low)])
                while low < high:
                    message = consumer.poll(10)
                    headers = {name: (value or b"").decode() for name, value in message.headers() or []}
                    found.append((message.key(), message.value(), headers))
                    low = message.offset() + 1
        consumer.close()
        return found

    def close(self):
        for name in self.names:
            self.stack.rest("DELETE", f"/connectors/{name}")


def avro_record(name, *fields):
    return {"type": "record", "name": name, "fields": [{"name": field, "type": kind} for field, kind in fields]}

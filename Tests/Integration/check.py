"""An audit that shares no code with opine's: confluent-kafka, fastavro, plain HTTP."""

import io
import struct
import uuid

import fastavro
from confluent_kafka import Consumer, TopicPartition


def read_topic(kafka, topic):
    """Every record of a topic, up to where it ends now."""
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": uuid.uuid4().hex, "enable.auto.commit": False})
    partitions = consumer.list_topics(topic, 10).topics[topic].partitions
    left = {}
    for number in partitions:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), 10)
        if high > low:
            left[number] = high
    consumer.assign([TopicPartition(topic, number, 0) for number in left])
    while left:
        message = consumer.poll(10)
        assert message is not None and not message.error(), f"{topic} can't be read: {message and message.error()}"
        number = message.partition()
        if number in left:
            yield message
            if message.offset() + 1 >= left[number]:
                del left[number]
    consumer.close()


class Check:
    def __init__(self, stack):
        self.stack = stack
        self.schemas = {}

    def decode(self, value):
        if len(value) < 5 or value[0] != 0:
            raise ValueError("no wire header")
        number = struct.unpack(">i", value[1:5])[0]
        if number not in self.schemas:
            text = self.stack.get(f"{self.stack.registry}/schemas/ids/{number}")["schema"]
            self.schemas[number] = fastavro.parse_schema(__import__("json").loads(text))
        stream = io.BytesIO(value[5:])
        record = fastavro.schemaless_reader(stream, self.schemas[number])
        if stream.read(1):
            raise ValueError("bytes are left over")
        return record

    def letters(self):
        """Raw coordinates of dead letters with the stage that gave each up, and how many letters a stage wrote."""
        places, reasons = {}, {}
        for message in read_topic(self.stack.kafka, "reviews.dlq"):
            headers = {name: (value or b"").decode() for name, value in message.headers() or []}
            stage = headers.get("__connect.errors.stage", "?")
            assert headers.get("__connect.errors.exception.message"), "a dead letter without its reason"
            reasons[stage] = reasons.get(stage, 0) + 1
            if headers.get("__connect.errors.topic") == "reviews.raw":
                places[int(headers["__connect.errors.partition"]), int(headers["__connect.errors.offset"])] = stage
            elif headers.get("__connect.errors.topic") == "reviews.scored":
                if "opine.source.partition" in headers:
                    places[int(headers["opine.source.partition"]), int(headers["opine.source.offset"])] = stage
                else:
                    record = self.decode(message.value())
                    places[record["source_partition"], record["source_offset"]] = stage
        return places, reasons

    def expected(self, letters):
        """By key: (doc_version, partition, offset) of the document, or None after a deletion."""
        millis = lambda time: int(time.timestamp() * 1000) if hasattr(time, "timestamp") else time
        newest, undecodable, wrong = {}, [], []
        self.poison = {"VALUE_CONVERTER": 0, "TASK_PUT": 0}
        for message in read_topic(self.stack.kafka, "reviews.raw"):
            place = (message.partition(), message.offset())
            fault = self.fault(message)
            if fault:
                self.poison[fault] += 1
            if place in letters:
                if letters[place] != fault:
                    wrong.append((place, letters[place], fault))
                continue
            if fault == "TASK_PUT":
                wrong.append((place, None, fault))
            if message.value() is None:
                version, alive = message.timestamp()[1], False
            else:
                try:
                    record = self.decode(message.value())
                except Exception:
                    undecodable.append(place)
                    continue
                written = record.get("updated_at") or record["created_at"]
                version, alive = min(millis(written), millis(record["ingested_at"])), True
            key = (message.key() or b"").decode()
            if key not in newest or version >= newest[key][0]:
                newest[key] = (version, *place, alive)
        return newest, undecodable, wrong

    def fault(self, message):
        """The stage that must give the raw record up; None where the record is good."""
        if message.value() is None:
            return None
        try:
            self.decode(message.value())
        except Exception:
            return "VALUE_CONVERTER"
        return "TASK_PUT" if len(message.key() or b"") > 512 else None

    def documents(self):
        es = self.stack.elasticsearch
        self.stack.get(f"{es}/reviews/_refresh", method="POST")
        body = {"size": 5000, "sort": ["_doc"], "_source": ["doc_version", "source_partition", "source_offset"]}
        page = self.stack.get(f"{es}/reviews/_search?scroll=1m", body)
        found = {}
        while page["hits"]["hits"]:
            for hit in page["hits"]["hits"]:
                source = hit["_source"]
                found[hit["_id"]] = tuple(source.get(k) for k in ("doc_version", "source_partition", "source_offset"))
            page = self.stack.get(f"{es}/_search/scroll", {"scroll": "1m", "scroll_id": page["_scroll_id"]})
        return found

    def run(self):
        letters, reasons = self.letters()
        newest, undecodable, wrong = self.expected(letters)
        documents = self.documents()
        missing, extra, stale = list(undecodable), [], []
        for key, (version, partition, offset, alive) in newest.items():
            document = documents.get(key)
            if alive and document is None:
                missing.append(key)
            elif alive and (document[0], document[2]) < (version, offset):
                stale.append(key)
            elif not alive and document is not None and document[0] >= version:
                extra.append(key)
        extra += [key for key in documents if key not in newest]
        return {"documents": len(documents), "missing": missing, "extra": extra, "stale": stale, "reasons": reasons,
                "wrong": wrong, "poison": self.poison}

"""What confluent-kafka's registry client and Avro serializers need of the local registry."""

import json
import os

from confluent_kafka import Producer
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient, SchemaRegistryError
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from check import read_topic

V1 = {"type": "record", "name": "Note", "fields": [{"name": "id", "type": "string"}]}
V2 = {**V1, "fields": V1["fields"] + [{"name": "n", "type": ["null", "int"], "default": None}]}
BAD = {**V1, "fields": V1["fields"] + [{"name": "x", "type": "int"}]}


def refused(call, status, code):
    try:
        call()
    except SchemaRegistryError as error:
        assert (error.http_status_code, error.error_code) == (status, code), error
    else:
        raise AssertionError(f"not refused with {code}")


def avro(schema, references=()):
    return Schema(json.dumps(schema), "AVRO", list(references))


def the_client(url):
    """Register, look up, get, compatibility, config, references, delete."""
    client = SchemaRegistryClient({"url": url})
    first = client.register_schema("notes", avro(V1))
    assert client.register_schema("notes-again", avro(V1)) == first
    second = client.register_schema("notes", avro(V2))
    assert second != first and client.lookup_schema("notes", avro(V2)).version == 2
    assert json.loads(client.get_schema(first).schema_str) == V1
    assert client.get_versions("notes") == [1, 2] and client.get_latest_version("notes").version == 2
    assert client.get_version("notes", 1).schema_id == first
    assert {"notes", "notes-again"} <= set(client.get_subjects())
    refused(lambda: client.register_schema("notes", avro(BAD)), 409, 40901)
    assert not client.test_compatibility("notes", avro(BAD))
    assert client.test_compatibility("notes", avro(V1))
    refused(lambda: client.lookup_schema("notes", avro(BAD)), 404, 40403)
    refused(lambda: client.get_version("nobody", 1), 404, 40401)

    client.set_compatibility("notes", "NONE")
    assert client.get_compatibility("notes") == "NONE"
    client.register_schema("notes", avro(BAD))

    user = {"type": "record", "name": "User", "namespace": "u", "fields": [{"name": "id", "type": "string"}]}
    client.register_schema("user", avro(user))
    holder = {"type": "record", "name": "Holder", "fields": [{"name": "user", "type": "u.User"}]}
    reference = SchemaReference("u.User", "user", 1)
    client.register_schema("holder", avro(holder, [reference]))
    refused(lambda: client.delete_subject("user"), 422, 42206)
    context = SerializationContext("holders", MessageField.VALUE)
    write = AvroSerializer(client, avro(holder, [reference]), conf={"auto.register.schemas": False,
                           "use.latest.version": True, "subject.name.strategy": lambda *_: "holder"})
    value = {"user": {"id": "me"}}
    assert AvroDeserializer(client)(write(value, context), context) == value

    assert client.delete_version("notes", 1) == 1
    assert client.get_versions("notes") == [2, 3]
    assert client.delete_subject("notes") == [2, 3]
    # This client makes the permanent call alone, which a registry refuses before the soft one.
    refused(lambda: client.delete_subject("notes-again", permanent=True), 404, 40405)
    assert client.delete_subject("notes-again") == client.delete_subject("notes-again", permanent=True) == [1]
    # A fresh one: this client remembers the latest version.
    refused(lambda: SchemaRegistryClient({"url": url}).get_latest_version("notes"), 404, 40401)


def serializers(url):
    """Both ways of naming a schema: in front of the value, and in a header."""
    from confluent_kafka.schema_registry import header_schema_id_serializer
    client = SchemaRegistryClient({"url": url})
    context = SerializationContext("letters", MessageField.VALUE)
    value = {"id": "a longer text than five bytes", "n": 7}
    framed = AvroSerializer(client, json.dumps(V2))(value, context)
    assert framed[0] == 0 and client.get_schema(int.from_bytes(framed[1:5], "big"))
    assert AvroDeserializer(client)(framed, context) == value
    # A reader of an older form.
    assert AvroDeserializer(client, json.dumps(V1))(framed, context) == {"id": value["id"]}

    headers = []
    context = SerializationContext("letters", MessageField.VALUE, headers)
    bare = AvroSerializer(client, json.dumps(V2), conf={"schema.id.serializer": header_schema_id_serializer})(value, context)
    assert bare == framed[5:]
    name, header = headers[0]
    assert name == "__value_schema_id" and header[0] == 1 and len(header) == 17
    fresh = SchemaRegistryClient({"url": url})
    assert AvroDeserializer(fresh)(bare, context) == value


def through_the_pipeline(stack):
    """A review that AvroSerializer wrote is scored and indexed; AvroDeserializer reads what enrich wrote."""
    client = SchemaRegistryClient({"url": stack.registry})
    path = os.path.join(os.path.dirname(__file__), "../../mappings/avro/review.avsc")
    write = AvroSerializer(client, open(path).read(), conf={"auto.register.schemas": False})
    review = {"review_id": "py-1", "text": "Wonderful food and lovely people.", "useful": 0, "funny": 0, "cool": 0,
              "source": "python", "created_at": 1_700_000_000_000, "ingested_at": 1_700_000_000_000}
    context = SerializationContext("reviews.raw", MessageField.VALUE)
    producer = Producer({"bootstrap.servers": stack.kafka, "partitioner": "murmur2_random"})
    producer.produce("reviews.raw", write(review, context), b"py-1")
    assert producer.flush(20) == 0
    stack.run_once()
    found = stack.get(f"{stack.elasticsearch}/reviews/_doc/py-1")
    assert found["_source"]["sentiment_label"] == "POSITIVE", found
    context = SerializationContext("reviews.scored", MessageField.VALUE)
    read = AvroDeserializer(client)
    scored = [read(message.value(), context) for message in read_topic(stack.kafka, "reviews.scored")]
    assert [each["review_id"] for each in scored] == ["py-1"] and scored[0]["text"] == review["text"]

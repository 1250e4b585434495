"""Avro container files out of opine and into it, with fastavro at the other end."""

import datetime
import io
import json
import math
import os
import subprocess

import fastavro

YELP = fastavro.parse_schema({
    "type": "record", "name": "YelpReview", "fields": [
        {"name": "review_id", "type": "string"}, {"name": "stars", "type": ["null", "float"]},
        {"name": "text", "type": ["null", "string"]}, {"name": "date", "type": {"type": "int", "logicalType": "date"}},
        {"name": "updated_at", "type": ["null", {"type": "long", "logicalType": "timestamp-micros"}]},
        {"name": "photos", "type": {"type": "map", "values": "bytes"}}]})


def avro_files(stack, full):
    """Reviews exported as Avro are what the index has; Avro files of others, and our own, are ingested."""
    stack.run("ingest", "generate", "--rate", "0", "--count", "400", "--seed", "5", "--update", "20", "--delete", "3")
    stack.run_once()
    documents = stack.count("reviews")
    exported = os.path.join(stack.home, "reviews.avro")
    what_is_exported(stack, exported, documents)
    files_of_others(stack)
    # What was exported may come in again: the same ids and versions.
    stack.run("ingest", "file", exported)
    stack.run_once()
    assert stack.count("reviews") == documents + 2, stack.count("reviews")
    assert json.loads(stack.run("verify", "--json"))["balanced"]


def what_is_exported(stack, path, documents):
    stack.get(f"{stack.elasticsearch}/reviews/_doc/by-hand?refresh=true", {"text": "no scored review"}, "PUT")
    said = stack.run_any("export", "--format", "avro", "--output", path)
    assert said.returncode == 2 and "by-hand" in said.stderr, said
    stack.get(f"{stack.elasticsearch}/reviews/_doc/by-hand?refresh=true", method="DELETE")
    stack.run("export", "--format", "avro", "-o", path)
    assert os.listdir(stack.home).count("reviews.avro") == 1
    assert not [name for name in os.listdir(stack.home) if ".part-" in name]
    reader = fastavro.reader(open(path, "rb"))
    created = next(field for field in reader.writer_schema["fields"] if field["name"] == "created_at")
    assert created["type"]["logicalType"] == "timestamp-millis" and created["doc"], created
    records = {record["review_id"]: record for record in reader}
    lines = {line["review_id"]: line for line in map(json.loads, stack.run("export").splitlines())}
    assert len(records) == documents and records.keys() == lines.keys(), (len(records), len(lines), documents)
    for key, record in records.items():
        for name, value in lines[key].items():
            assert plain(record[name]) == value, (key, name, record[name], value)
    # Through a pipe, and only what is asked for.
    piped = subprocess.run([stack.opine, "export", "--format", "avro", "--label", "negative"], env=stack.environment,
                           check=True, capture_output=True)
    negative = list(fastavro.reader(io.BytesIO(piped.stdout)))
    assert negative and all(record["sentiment_label"] == "NEGATIVE" for record in negative)
    assert len(negative) == sum(record["sentiment_label"] == "NEGATIVE" for record in records.values())


def plain(value):
    return round(value.timestamp() * 1000) if isinstance(value, datetime.datetime) else value


def files_of_others(stack):
    when = datetime.datetime(2020, 2, 3, 4, 5, 6, 789000, tzinfo=datetime.timezone.utc)
    records = [
        {"review_id": "avro-1", "stars": 4.0, "text": "The soup was excellent", "date": when.date(), "updated_at": when,
         "photos": {"a": b"\xff"}},
        {"review_id": "avro-2", "stars": None, "text": "Cold food, never again", "date": when.date(), "updated_at": None,
         "photos": {}},
        {"review_id": "avro-3", "stars": 2.0, "text": None, "date": when.date(), "updated_at": None, "photos": {}},
        {"review_id": "avro-4", "stars": math.nan, "text": "Not a number", "date": when.date(), "updated_at": None,
         "photos": {}}]
    for codec in ("null", "deflate"):
        path = os.path.join(stack.home, f"{codec}.avro")
        with open(path, "wb") as file:
            fastavro.writer(file, YELP, records, codec=codec, sync_interval=1)
        with open(path, "rb") as file:
            stack.run("ingest", "file", "-", exit=2, stdin=file)
    said = stack.run_any("ingest", "file", path, "--json")
    assert said.returncode == 2 and json.loads(said.stdout)["rejected"] == 2, said
    letters = [json.loads(line) for line in stack.run("dlq", "list", "--json").splitlines()]
    assert any("stars" in json.dumps(letter) for letter in letters), letters
    stack.run_once()
    found = stack.get(f"{stack.elasticsearch}/reviews/_doc/avro-1")["_source"]
    assert found["created_at"] == 1580688000000 and found["updated_at"] == 1580702706789, found
    assert found["stars"] == 4 and found["text"] == "The soup was excellent", found
    with open(path, "ab") as file:
        file.write(b"\x02\x08")
    said = stack.run_any("ingest", "file", path)
    assert said.returncode == 1 and "ends inside" in said.stderr, said

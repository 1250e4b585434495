"""What must hold, each on a fresh stack."""

import gzip
import json
import os
import random
import signal
import subprocess
import time
import urllib.parse

import readme
import rest_parity
import schema_clients
from avro_files import avro_files
from registry_cases import registry_cases
from rest_document import the_document_is_true
from secured import kafka_with_tls_and_passwords, services_with_tls_and_tokens
from shared_workers import two_workers_share_connectors
from sink_scenario import sink_cases_on_three_servers
from stack import EmbeddedStack
from trouble import kills, kills_under_faults, outages
from working import ends, feed, verified, written


def real_reviews(stack, full):
    """The real review lines: every date form is read, one document an id, and the search finds."""
    path = os.path.join(os.environ["OPINE_TEST_DATA"], "bench", "yelp_reviews.jsonl.gz")
    lines = [json.loads(line) for line in gzip.open(path)]
    with subprocess.Popen(["gzip", "-dc", path], stdout=subprocess.PIPE) as unpacked:
        stack.run("ingest", "file", "-", stdin=unpacked.stdout)
    stack.run_once()
    books, _ = verified(stack)
    assert books["balanced"] and books["indexed"] == len({line["review_id"] for line in lines}), books
    found = stack.run("search", "cold food", "--label", "negative", "-n", "5", "--json").splitlines()
    hits = [json.loads(line) for line in found]
    assert len(hits) == 5
    for hit in hits:
        assert hit["sentiment_label"] == "NEGATIVE"
        assert "cold" in hit["text"].lower() and "food" in hit["text"].lower()
    the_auditor_is_audited(stack)


def the_auditor_is_audited(stack):
    es = stack.elasticsearch
    hits = stack.get(f"{es}/reviews/_search", {"size": 4, "sort": ["review_id"]})["hits"]["hits"]
    path = lambda hit: f"{es}/reviews/_doc/{urllib.parse.quote(hit['_id'], safe='')}"
    for hit in hits[:3]:
        stack.get(path(hit), method="DELETE")
    older = dict(hits[3]["_source"], doc_version=hits[3]["_source"]["doc_version"] - 1)
    version = stack.get(path(hits[3]))["_version"]
    stack.get(f"{path(hits[3])}?version={version}&version_type=external_gte", older, "PUT")
    stack.get(f"{es}/reviews/_doc/by-hand", {"text": "by hand"}, "PUT")
    books, mine = verified(stack, exit=3)
    assert (books["missing"], books["stale"], books["extra"]) == (3, 1, 1), books
    named = json.dumps(books)
    for key in [hit["_id"] for hit in hits] + ["by-hand"]:
        assert key in named, f"verify does not name {key}"


def more_than_the_mock_keeps(stack, full):
    """Many times what the mock's partitions keep: sources wait for the readers, and nothing is trimmed unread."""
    path = os.path.join(os.environ["OPINE_TEST_DATA"], "bench", "yelp_reviews.jsonl.gz")
    stack.run("ingest", "file", path)
    stack.start("ingest", "ingest", "generate", "--rate", "0", "--count", "100000", "--seed", "5", "--update", "10",
                "--json")
    time.sleep(2)
    assert stack.processes["ingest"].poll() is None, "it waits, as nobody reads yet"
    stack.start("run", "run", "--listen", f"127.0.0.1:{stack.listen['connect']}")
    assert stack.processes.pop("ingest").wait(240) == 0
    made = stack.last_line("ingest")
    books = json.loads(stack.run("verify", "--wait", "120s", "--json"))
    assert books["balanced"], books
    written_ids = stack.get(f"{stack.elasticsearch}/reviews/_count")["count"]
    assert written_ids == 6010 + made["new"], (written_ids, made)
    assert stack.kill("run", signal.SIGTERM) == 0
    print(f"      {made}\n      {books}")


def letters_are_replayed(stack, full):
    """Documents that an index refuses are set aside; once it is mended they go back, and twice is as good as once."""
    [index] = stack.get(f"{stack.elasticsearch}/_alias/reviews")
    refuses = {"mappings": {"properties": {"text": {"type": "integer"}}}, "aliases": {"reviews": {}}}
    stack.get(f"{stack.elasticsearch}/{index}", method="DELETE")
    stack.get(f"{stack.elasticsearch}/{index}", refuses, "PUT")
    stack.run("ingest", "generate", "--rate", "0", "--count", "60", "--seed", "3")
    stack.run_once()
    assert stack.count("reviews") == 0, stack.count("reviews")
    books = json.loads(stack.run("verify", "--json"))
    assert books["dead_letters"] == 60 and books["balanced"], books

    stack.get(f"{stack.elasticsearch}/{index}", method="DELETE")
    stack.run("apply", "--yes")
    for round in range(2):
        told = json.loads(stack.run("dlq", "replay", "--stage", "TASK_PUT", "--yes", "--json"))
        assert told["replayed"] == 60, told
        stack.run_once()
        assert stack.count("reviews") == 60, stack.count("reviews")
        books = json.loads(stack.run("verify", "--json"))
        assert books["balanced"] and books["replayed"] == 60 and books["indexed"] == 60, (round, books)


def dev_is_killed(stack, full):
    """kill -9 of `opine dev`: documents and schemas stay, topics are gone, and commands say so.

    Nothing is deleted here: a tombstone still on its way when the documents are counted would make them fewer.
    """
    feed(stack, 400, delete=0)
    stack.start("run", "run", "--listen", f"127.0.0.1:{stack.listen['connect']}")
    stack.wait(lambda: written(stack, "connect") > 300, 60, "documents are written")
    stack.kill("generate")
    stack.get(f"{stack.elasticsearch}/by-hand/_doc/1", {"text": "answered"}, "PUT")
    before = stack.get(f"{stack.elasticsearch}/reviews/_count")["count"]
    subjects = stack.get(f"{stack.registry}/subjects")
    stack.kill("dev")
    stack.kill("run")
    del stack.environment["OPINE_KAFKA"], stack.environment["OPINE_ELASTICSEARCH"], stack.environment["OPINE_REGISTRY"]
    del stack.environment["OPINE_DATA"]
    said = stack.run_any("search", "food")
    assert said.returncode == 5 and "opine dev does not run any more" in said.stderr, said
    stack.start_dev()
    assert "The topics of the last run are gone" in open(os.path.join(stack.home, "dev.log")).read()
    assert stack.get(f"{stack.elasticsearch}/by-hand/_doc/1")["_source"] == {"text": "answered"}
    after = stack.get(f"{stack.elasticsearch}/reviews/_count")["count"]
    assert after >= before, (before, after)
    assert stack.get(f"{stack.registry}/subjects") == subjects
    del stack.environment["OPINE_DATA"]
    stack.run("ingest", "generate", "--rate", "0", "--count", "200", "--seed", "99")
    stack.start("run", "run", "--listen", f"127.0.0.1:{stack.listen['connect']}")
    books = json.loads(stack.run("verify", "--json"))
    assert books["balanced"] and books["input"] == 200 and books["outside"] >= before, books


def searches_agree(stack, full):
    """The embedded search and Elasticsearch: same hits, scores and numbers for random queries; other clients too."""
    import search_parity as parity
    with EmbeddedStack(stack.opine) as embedded:
        seed = int(os.environ.get("SEED", random.randrange(1 << 31)))
        servers = parity.Server(embedded.elasticsearch), parity.Server(stack.elasticsearch)
        assert parity.compare(*servers, os.environ["OPINE_TEST_DATA"], seed, 500 if full else 100)
        a_python_client(embedded.elasticsearch)


def a_python_client(url):
    """What elasticsearch-py 8 and its helpers need."""
    from elasticsearch import Elasticsearch, NotFoundError, helpers
    client = Elasticsearch(url)
    assert client.info()["tagline"] == "You Know, for Search"
    client.indices.put_index_template(name="notes", index_patterns=["notes-*"], template={
        "mappings": {"properties": {"text": {"type": "text"}, "n": {"type": "integer"}}}})
    rows = [{"_index": "notes-1", "_id": str(n), "text": f"note number {n}", "n": n} for n in range(2500)]
    assert helpers.bulk(client, rows, chunk_size=500) == (2500, [])
    _, wrong = helpers.bulk(client, [{"_index": "notes-1", "_id": "x", "n": "no number"}], raise_on_error=False)
    assert wrong[0]["index"]["error"]["type"] in ("mapper_parsing_exception", "document_parsing_exception"), wrong
    client.indices.refresh(index="notes-1")
    client.indices.put_alias(index="notes-1", name="notes")
    assert client.count(index="notes")["count"] == 2500
    hits = client.search(index="notes", query={"match": {"text": "42"}})["hits"]["hits"]
    assert [hit["_id"] for hit in hits] == ["42"]
    found = [hit["_id"] for hit in helpers.scan(client, index="notes", query={"query": {"range": {"n": {"gte": 500}}}})]
    assert sorted(map(int, found)) == list(range(500, 2500))
    assert client.get(index="notes", id="7")["_source"]["n"] == 7
    client.delete(index="notes-1", id="7")
    try:
        client.get(index="notes", id="7")
        raise AssertionError("a deleted document is found")
    except NotFoundError:
        pass


def demo_stays_up_on_a_terminal(stack, full):
    """`opine demo` as a person sees it: it shows its searches, is found by other commands, and ends on Ctrl-C."""
    import pty
    import select
    stack.kill("dev", signal.SIGTERM)
    environment = {"HOME": stack.home, "PATH": os.environ["PATH"], "TERM": "xterm"}
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(stack.opine, ["opine", "demo"], environment)
    shown, deadline = b"", time.monotonic() + 60
    while b"The stack stays up" not in shown:
        assert time.monotonic() < deadline, shown.decode(errors="replace")
        if select.select([terminal], [], [], 0.2)[0]:
            shown += os.read(terminal, 65536)
    assert b"balanced" in shown and b"cold" in shown
    found = subprocess.run([stack.opine, "search", "cold food", "--label", "negative", "--json"], env=environment,
                           capture_output=True, text=True)
    assert found.returncode == 0 and len(found.stdout.splitlines()) == 9, found
    os.kill(pid, signal.SIGINT)
    stack.wait(lambda: (ended := os.waitpid(pid, os.WNOHANG)) != (0, 0) and ended, 20, "the demo ends on Ctrl-C")
    gone = subprocess.run([stack.opine, "config"], env=environment, capture_output=True, text=True)
    assert "opine dev" not in gone.stdout, gone.stdout
    once = subprocess.run([stack.opine, "demo", "--once"], env=environment, capture_output=True, text=True)
    assert once.returncode == 0, once


def confluents_clients(stack, full):
    """confluent-kafka's registry client and serializers work with the local registry."""
    schema_clients.the_client(stack.registry)
    schema_clients.serializers(stack.registry)
    schema_clients.through_the_pipeline(stack)


def answers_as_kafka_connect(stack, full):
    """kcctl's, Terraform's and AKHQ's calls, answered by opine and by Kafka Connect itself."""
    stack.servers("up", "connect")
    try:
        stack.start("connect", "connect", "--no-preflight", "--listen", f"127.0.0.1:{stack.listen['connect']}")
        address = f"http://127.0.0.1:{stack.listen['connect']}"
        stack.wait(lambda: stack.get(f"{address}/connectors") is not None, 20, "the worker answers")
        sink = "io.confluent.connect.elasticsearch.ElasticsearchSinkConnector"
        text = "org.apache.kafka.connect.storage.StringConverter"
        ours = rest_parity.Side(address, sink, {
            "connection.url": stack.elasticsearch, "value.converter": "org.apache.kafka.connect.json.JsonConverter"})
        theirs = rest_parity.Side(stack.addresses()["OPINE_TEST_CONNECT"], "org.apache.kafka.connect.file.FileStreamSinkConnector", {
            "file": os.path.join(stack.home, "sink.txt"), "value.converter": text})
        differences = rest_parity.compare(ours, theirs, "parity", "reviews.scored")
        assert not differences, differences
        feed(stack, 200)
        stack.run("enrich", "--once", "--listen", f"127.0.0.1:{stack.listen['enrich']}")
        the_document_is_true(stack, address, {
            "connector.class": sink, "topics": "reviews.scored", "connection.url": stack.elasticsearch,
            "value.converter": "io.confluent.connect.avro.AvroConverter", "schema.ignore": "true",
            "value.converter.schema.registry.url": stack.registry, "behavior.on.null.values": "ignore"})
    finally:
        stack.servers("wipe", "connect")


def the_readme(stack, full):
    """A newcomer types the README's tour."""
    stack.kill("dev", signal.SIGTERM)
    readme.tour(stack)


REAL, EMBEDDED, BOTH = ("real",), ("embedded",), ("real", "embedded")
ALL = [
    (real_reviews, BOTH), (kills, BOTH), (kills_under_faults, REAL), (outages, REAL), (more_than_the_mock_keeps, EMBEDDED),
    (letters_are_replayed, BOTH), (avro_files, BOTH), (dev_is_killed, EMBEDDED), (searches_agree, REAL),
    (confluents_clients, BOTH), (registry_cases, EMBEDDED),
    (demo_stays_up_on_a_terminal, EMBEDDED), (the_readme, EMBEDDED), (answers_as_kafka_connect, REAL),
    (two_workers_share_connectors, REAL), (kafka_with_tls_and_passwords, REAL),
    (services_with_tls_and_tokens, REAL), (sink_cases_on_three_servers, ("sink",)),
]

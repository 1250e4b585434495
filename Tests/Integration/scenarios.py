"""What must hold, each on a fresh stack."""

import gzip
import json
import os
import random
import signal
import statistics
import subprocess
import time
import urllib.parse

import faulty_proxy
import readme
import rest_parity
import schema_clients
from avro_files import avro_files
from check import Check
from registry_cases import registry_cases
from rest_document import the_document_is_true
from secured import kafka_with_tls_and_passwords, services_with_tls_and_tokens
from shared_workers import two_workers_share_connectors
from sink_scenario import sink_cases_on_three_servers
from stack import EmbeddedStack
from confluent_kafka import TopicPartition


def verified(stack, exit=0):
    """Both auditors' word; they must agree."""
    books = json.loads(stack.run("verify", "--wait", "120s", "--json", exit=exit))
    mine = Check(stack).run()
    for kind in ("missing", "extra", "stale"):
        assert books[kind] == len(mine[kind]), f"{kind}: opine says {books[kind]}, the check {mine[kind][:5]}"
    assert books["indexed"] == mine["documents"]
    return books, mine


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


def feed(stack, rate, delete=2):
    stack.start("generate", "ingest", "generate", "--rate", str(rate), "--count", "100000000", "--seed", "7",
                "--poison", "1", "--update", "20", "--delete", str(delete), "--json")


def ends(stack, topic):
    probe = stack.consumer("probe")
    partitions = probe.list_topics(topic, 5).topics[topic].partitions
    return {p: probe.get_watermark_offsets(TopicPartition(topic, p), 5)[1] for p in partitions}


def committed(stack, group, topic):
    places = [TopicPartition(topic, p) for p in ends(stack, topic)]
    return {place.partition: max(place.offset, 0) for place in stack.consumer(group).committed(places, 10)}


def written(stack, what):
    """How much the stage has written: ends of reviews.scored, or actions Elasticsearch has executed."""
    if what == "enrich":
        return sum(ends(stack, "reviews.scored").values())
    stats = stack.get(f"{stack.elasticsearch}/reviews/_stats/indexing")
    indexing = stats["_all"]["primaries"]["indexing"]
    return indexing["index_total"] + indexing["delete_total"]


def quiet(stack, what):
    """What is written once the killed stage's last requests have been executed."""
    last = written(stack, what)
    while True:
        time.sleep(0.15)
        if (now := written(stack, what)) == last:
            return now
        last = now


def settle_and_verify(stack):
    """Stops the feed; then every record and every poison is accounted for."""
    stack.kill("generate", signal.SIGTERM)
    made = stack.last_line("generate")
    books, mine = verified(stack)
    assert books["balanced"] and books["pending"] == 0, books
    assert not mine["wrong"], f"(place, stage of its letter, its fault): {mine['wrong'][:5]}"
    assert mine["reasons"]["INGEST"] == made["bad_lines"], (mine["reasons"], made)
    assert mine["poison"] == {"VALUE_CONVERTER": made["broken"], "TASK_PUT": made["long_ids"]}, (mine["poison"], made)
    assert mine["reasons"].keys() == {"INGEST", "VALUE_CONVERTER", "TASK_PUT"}, mine["reasons"]
    print(f"      {made}\n      {books}\n      letters by stage: {mine['reasons']}")


STAGES = {"enrich": ("opine-enrich", "reviews.raw"), "connect": ("connect-reviews-elasticsearch", "reviews.scored")}


def kill_at_work(stack, name, rng):
    """SIGKILL while the stage writes and is behind. Answers by how many records it was behind."""
    group, topic = STAGES[name]
    for _ in range(20):
        moving = written(stack, name)
        stack.wait(lambda: written(stack, name) > moving, 30, f"{name} writes")
        time.sleep(rng.uniform(0, 0.4))
        stack.wait(lambda: stack.metric(name, "opine_unsettled_records") > 0, 30, f"{name} has work in flight")
        there = ends(stack, topic)
        stack.kill(name)
        lag = sum(max(0, there[p] - offset) for p, offset in committed(stack, group, topic).items())
        if lag > 0:
            return lag
        stack.start_stage(name)
    raise AssertionError(f"{name} was never killed with a lag")


def kills(stack, full):
    """kill -9 of enrich and of the sink under load; a kill counts only with a lag and with work in flight."""
    feed(stack, 400)
    stack.start_stage("enrich"), stack.start_stage("connect")
    stack.wait(lambda: written(stack, "connect") > 0, 60, "the first document")
    times, lags = {"enrich": [], "connect": []}, {"enrich": [], "connect": []}
    rng = random.Random(3)
    for _ in range(20 if full else 3):
        for name in STAGES:
            lags[name].append(kill_at_work(stack, name, rng))
            before = quiet(stack, name)
            started = time.monotonic()
            stack.start_stage(name)
            stack.wait(lambda: written(stack, name) > before, 30, f"{name} writes again")
            times[name].append(time.monotonic() - started)
    settle_and_verify(stack)
    for name, seconds in times.items():
        print(f"      {name}: {len(seconds)} kills, behind by {min(lags[name])} to {max(lags[name])} records; first effect"
              f" after the restart: median {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s")
        # The mock cluster waits for the killed member's session of 3 s, and then 3 s for others to join.
        median, worst = (1, 5) if stack.name == "real servers" else (9, 15)
        assert statistics.median(seconds) <= median and max(seconds) <= worst, (name, seconds)


def kills_under_faults(stack, full):
    """kill -9 of the sink while 5 % of its items are refused and 2 % of its connections break after the bulk."""
    seed = random.randrange(1 << 30)
    print(f"      SEED={seed}")
    proxy = faulty_proxy.FaultyProxy(stack.elasticsearch, seed)
    try:
        feed(stack, 400)
        stack.start_stage("enrich")
        stack.environment["OPINE_ELASTICSEARCH"] = proxy.url
        stack.start_stage("connect")
        stack.wait(lambda: written(stack, "connect") > 0, 60, "the first document")
        rng = random.Random(seed)
        lags = []
        for _ in range(200 if full else 5):
            lags.append(kill_at_work(stack, "connect", rng))
            before = written(stack, "connect")
            stack.start_stage("connect")
            stack.wait(lambda: written(stack, "connect") > before, 30, "connect writes again")
        stack.environment["OPINE_ELASTICSEARCH"] = stack.elasticsearch
        settle_and_verify(stack)
        print(f"      {len(lags)} kills, behind by {min(lags)} to {max(lags)} records; {proxy.counts}")
        assert proxy.counts["refused items"] > 0
    finally:
        proxy.close()


def degraded(stack, name, seconds):
    """/health and `status` say degraded, and why."""
    health = stack.wait(
        lambda: (h := stack.health(name)) and h["status"] == "degraded" and h, seconds, f"{name} says degraded")
    reason = health["tasks"][0]["holds"][0]["reason"]
    stages = {stage["name"]: stage for stage in stack.status()["stages"]}
    assert stages[name]["status"] == "degraded" and stages[name]["tasks"][0]["holds"], stages
    return reason


def healthy(stack, *names):
    for name in names:
        stack.wait(lambda: (h := stack.health(name)) and h["status"] == "healthy", 60, f"{name} says healthy")
    stages = {stage["name"]: stage["status"] for stage in stack.status()["stages"]}
    assert all(stages[name] == "healthy" for name in names), stages


def outages(stack, full):
    """Each server away in mid-stream: no stage is restarted, nothing is lost or wrongly dead-lettered."""
    long = 60 if full else 10
    feed(stack, 400)
    stack.start_stage("enrich"), stack.start_stage("connect")
    stack.wait(lambda: written(stack, "connect") > 0, 60, "the first document")
    for verb, back in (("kill", "up"), ("pause", "resume")):
        stack.servers(verb, "elasticsearch")
        print(f"      elasticsearch {verb}: {degraded(stack, 'connect', 20)}", flush=True)
        time.sleep(long)
        stack.servers(back, "elasticsearch")
        healthy(stack, "connect", "enrich")
    stack.servers("kill", "kafka")
    print(f"      kafka kill: {degraded(stack, 'connect', 20)}; enrich: {degraded(stack, 'enrich', 20)}", flush=True)
    time.sleep(long / 2)
    stack.servers("up", "kafka")
    healthy(stack, "connect", "enrich")
    assert [stack.processes[name].poll() for name in STAGES] == [None, None]
    # A stage knows the schemas it has met: only one that starts while the registry is away has fresh caches.
    stack.kill("connect")
    moving = written(stack, "enrich")
    stack.wait(lambda: written(stack, "enrich") > moving + 100, 30, "scored records wait for the sink")
    stack.kill("registry"), stack.kill("enrich")
    stack.start_stage("connect"), stack.start_stage("enrich")
    print(f"      registry kill: {degraded(stack, 'connect', 20)}; enrich: {degraded(stack, 'enrich', 20)}", flush=True)
    time.sleep(long / 2)
    stack.start_registry()
    healthy(stack, "connect", "enrich")
    assert [stack.processes[name].poll() for name in STAGES] == [None, None]
    settle_and_verify(stack)


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

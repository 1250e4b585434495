"""What must hold on the real servers, each on a fresh stack."""

import gzip
import json
import os
import random
import statistics
import subprocess
import threading
import time
import urllib.parse

from check import Check


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
    stack.run("run", "--once", "--listen", f"127.0.0.1:{stack.listen['connect']}")
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


def feed(stack, rate=400):
    stack.start("generate", "ingest", "generate", "--rate", str(rate), "--count", "100000000", "--seed", "7",
                "--poison", "1", "--update", "20", "--delete", "2")


def written(stack, what):
    """How much the stage has written: ends of reviews.scored, or actions Elasticsearch has executed."""
    if what == "connect":
        stats = stack.get(f"{stack.elasticsearch}/reviews/_stats/indexing")
        indexing = stats["_all"]["primaries"]["indexing"]
        return indexing["index_total"] + indexing["delete_total"]
    from confluent_kafka import Consumer, TopicPartition
    if not hasattr(stack, "probe"):
        stack.probe = Consumer({"bootstrap.servers": stack.kafka, "group.id": "probe", "log_level": 0})
    topics = stack.probe.list_topics("reviews.scored", 5).topics["reviews.scored"]
    return sum(stack.probe.get_watermark_offsets(TopicPartition("reviews.scored", p), 5)[1] for p in topics.partitions)


def settle_and_verify(stack):
    import signal
    stack.kill("generate", signal.SIGTERM)
    books, mine = verified(stack)
    assert books["balanced"] and books["pending"] == 0, books
    return books, mine


def kills(stack, full):
    """kill -9 of enrich and of the sink under load; a kill counts only while the stage is writing."""
    feed(stack)
    stack.start_enrich(), stack.start_connect()
    stack.wait(lambda: written(stack, "connect") > 0, 60, "the first document")
    times = {"enrich": [], "connect": []}
    rng = random.Random(3)
    for round in range(20 if full else 3):
        for name, start in (("enrich", stack.start_enrich), ("connect", stack.start_connect)):
            moving = written(stack, name)
            stack.wait(lambda: written(stack, name) > moving, 30, f"{name} writes")
            time.sleep(rng.uniform(0.1, 0.6))
            stack.kill(name)
            before = written(stack, name)
            started = time.monotonic()
            start()
            stack.wait(lambda: written(stack, name) > before, 30, f"{name} writes again")
            times[name].append(time.monotonic() - started)
    books, mine = settle_and_verify(stack)
    for name, seconds in times.items():
        print(f"      {name}: first effect after kill -9: median {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s")
        assert statistics.median(seconds) <= 2 and max(seconds) <= 8, (name, seconds)
    assert mine["reasons"].get("INGEST", 0) > 0, mine["reasons"]
    print(f"      {books}\n      letters by stage: {mine['reasons']}")


def degraded(stack, name, seconds):
    health = stack.wait(
        lambda: (h := stack.health(name)) and h["status"] == "degraded" and h, seconds, f"{name} says degraded")
    return health["tasks"][0]["holds"][0]["reason"]


def healthy(stack, name):
    stack.wait(lambda: (h := stack.health(name)) and h["status"] == "healthy", 60, f"{name} says healthy")


def outages(stack, full):
    """Each server away in mid-stream: nothing is restarted, lost or wrongly dead-lettered."""
    long = 60 if full else 10
    feed(stack)
    stack.start_enrich(), stack.start_connect()
    stack.wait(lambda: written(stack, "connect") > 0, 60, "the first document")
    for verb, back in (("kill", "up"), ("pause", "resume")):
        stack.servers(verb, "elasticsearch")
        print(f"      elasticsearch {verb}: {degraded(stack, 'connect', 20)}")
        time.sleep(long)
        stack.servers(back, "elasticsearch")
        healthy(stack, "connect")
    stack.servers("kill", "kafka")
    print(f"      kafka kill: {degraded(stack, 'connect', 20)}")
    time.sleep(long / 2)
    stack.servers("up", "kafka")
    healthy(stack, "connect"), healthy(stack, "enrich")
    stack.kill("registry")
    for name in ("enrich", "connect"):
        stack.kill(name)
    if full:
        stack.start_connect()
        print(f"      registry kill: {degraded(stack, 'connect', 20)}")
    time.sleep(long / 2)
    stack.start_registry()
    stack.start_enrich()
    if not full:
        stack.start_connect()
    healthy(stack, "connect"), healthy(stack, "enrich")
    books, mine = settle_and_verify(stack)
    assert mine["reasons"].keys() <= {"INGEST", "VALUE_CONVERTER", "TASK_PUT"}, mine["reasons"]
    print(f"      {books}\n      letters by stage: {mine['reasons']}")


ALL = [real_reviews, kills, outages]

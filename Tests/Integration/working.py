"""A pipeline at work: what feeds it, how far it is, and whether its books balance."""

import json
import signal
import time

from check import Check
from confluent_kafka import TopicPartition


def verified(stack, exit=0):
    """Both auditors' word; they must agree."""
    books = json.loads(stack.run("verify", "--wait", "120s", "--json", exit=exit))
    mine = Check(stack).run()
    for kind in ("missing", "extra", "stale"):
        assert books[kind] == len(mine[kind]), f"{kind}: opine says {books[kind]}, the check {mine[kind][:5]}"
    assert books["indexed"] == mine["documents"]
    return books, mine


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

"""Topics that change under a running or a stopped sink: it says so by name and skips nothing."""

import time

from confluent_kafka.admin import NewPartitions


def keyed(count, **fields):
    return [(f"k{n}", {"n": n, **fields}) for n in range(count)]


def made_anew(bench, topic, partitions=1):
    bench.admin.delete_topics([topic])[topic].result(20)
    deadline = time.monotonic() + 20
    while True:
        try:
            return bench.topic(topic, partitions)
        except Exception:
            assert time.monotonic() < deadline, f"{topic} can't be made anew"
            time.sleep(0.05)


def five_are_written(bench):
    """A topic with five records, and its connectors once all is committed."""
    topic = bench.topic()
    bench.put(topic, *keyed(5))
    names = bench.connect(topic, key_ignore="false")
    bench.commits(names, topic, 5)
    return topic, names


def stop(bench, name):
    bench.stop(name)
    bench.stack.wait(lambda: not bench.status(name)["tasks"], 20, "no task is left")


def gap_is_told(bench, names, topic):
    for trace in bench.failed(names, 60).values():
        assert f"{topic}-0" in trace and "on.gap" in trace, trace


def all_is_read_once_a_person_lets_it(bench, names, topic):
    """The five of the topic's first life, and the twenty that it has now, from its beginning."""
    for name in names.values():
        bench.reconfigure(name, on_gap="continue")
    bench.has(names, topic, 25, seconds=60)
    bench.commits(names, topic, 20)


def twenty_more(bench, topic):
    bench.put(topic, *[(f"new{n}", {"n": n}) for n in range(20)])


def case_93_a_topic_made_anew_under_a_running_sink_stops_it(bench):
    topic, names = five_are_written(bench)
    made_anew(bench, topic)
    bench.put(topic, *keyed(3, life=2))
    gap_is_told(bench, names, topic)
    for server in names:
        assert len(bench.docs(server, topic)) == 5
        assert all("life" not in source for source in bench.sources(server, topic).values())


def case_94_a_topic_made_anew_and_filled_at_once_is_not_read_from_its_middle(bench):
    topic, names = five_are_written(bench)
    made_anew(bench, topic)
    twenty_more(bench, topic)
    gap_is_told(bench, names, topic)
    # What lies behind the old commit may be written; it is not committed.
    for name in names.values():
        assert bench.committed(name, topic) < 0, bench.committed(name, topic)
    all_is_read_once_a_person_lets_it(bench, names, topic)


def case_95_a_topic_made_anew_under_a_stopped_sink_stops_it_at_the_start(bench):
    topic, names = five_are_written(bench)
    for name in names.values():
        stop(bench, name)
    made_anew(bench, topic)
    twenty_more(bench, topic)
    for name in names.values():
        bench.resume(name)
    gap_is_told(bench, names, topic)
    all_is_read_once_a_person_lets_it(bench, names, topic)


def case_96_fewer_partitions_than_before_stop_it(bench):
    topic = bench.topic(partitions=2)
    bench.put(topic, *keyed(2), partition=0)
    names = bench.connect(topic, servers=("es8",), key_ignore="false")
    bench.commits(names, topic, 2)
    name = names["es8"]
    stop(bench, name)
    made_anew(bench, topic, partitions=1)
    bench.resume(name)
    trace = bench.failed(names, 60)["es8"]
    assert topic in trace and "2 partitions" in trace, trace


def case_97_partitions_that_are_added_are_read_from_their_beginning(bench):
    topic = bench.topic()
    bench.put(topic, *keyed(3))
    names = bench.connect(topic)
    bench.commits(names, topic, 3)
    bench.admin.create_partitions([NewPartitions(topic, 2)])[topic].result(20)
    bench.put(topic, *keyed(4), partition=1)
    bench.has(names, topic, 7, seconds=60)
    bench.commits(names, topic, 4, partition=1)
    bench.put(topic, *keyed(1), partition=0)
    bench.commits(names, topic, 4)

"""The sink's acceptance cases that need real servers: names, data streams, faults, offsets and lifecycle."""

import datetime
import json
import os
import time

from sink_cases import AVRO
from sink_bench import SERVERS, avro_record


def case_36_topics_become_legal_index_names(bench):
    case = bench.case.replace("case_", "")
    upper, dash, under = bench.topic(f"UPPER.{case}"), bench.topic(f"-dash-{case}"), bench.topic(f"_under_{case}")
    for topic in (upper, dash, under):
        bench.put(topic, (None, {"n": 1}))
    names = bench.connect(upper, dash, under)
    for index in (upper.lower(), dash[1:], under[1:]):
        bench.has(names, index.lower(), 1)


def case_38_an_index_deleted_while_running_is_made_again_with_its_mapping(bench):
    topic = bench.topic()
    schema = avro_record("N", ("n", "int"))
    bench.avro(topic, schema, {"n": 1})
    names = bench.connect(topic, value_converter=AVRO, schema_ignore="false")
    bench.commits(names, topic, 1)
    for server in names:
        bench.es(server, "DELETE", f"/{topic}")
    bench.avro(topic, schema, {"n": 2})
    bench.has(names, topic, 1)
    for server in names:
        assert bench.mapping(server, topic)["n"]["type"] == "integer"
    bench.commits(names, topic, 2)


def case_39_and_40_a_router_renames_topics_and_offsets_stay_right(bench):
    topic = bench.topic()
    bench.put(topic, *[(None, {"n": n}) for n in range(5)])
    router = {"transforms": "r", "transforms_r_type": "org.apache.kafka.connect.transforms.RegexRouter",
              "transforms_r_regex": "(.*)", "transforms_r_replacement": "routed-$1"}
    synchronous = bench.connect(topic, servers=("es8", "os2"), flush_synchronously="true", **router)
    asynchronous = bench.connect(topic, servers=("es9",), **router)
    for names in (synchronous, asynchronous):
        bench.has(names, f"routed-{topic}", 5)
        bench.commits(names, topic, 5)
    bench.reconfigure(asynchronous["es9"], flush_synchronously="true")
    bench.put(topic, (None, {"n": 5}))
    bench.commits(asynchronous, topic, 6)
    assert set(bench.sources("es9", f"routed-{topic}")) == {f"routed-{topic}+0+{n}" for n in range(6)}


def stream_template(bench, name):
    body = {"index_patterns": [f"{name}*"], "data_stream": {}, "priority": 500}
    for server in SERVERS:
        bench.es(server, "PUT", f"/_index_template/{name}", body)


def case_41_documents_go_to_resources_that_exist(bench):
    one, two = bench.topic(), bench.topic()
    case = one
    stream_template(bench, f"ds-{case}")
    for server in SERVERS:
        for index in ("a", "b"):
            bench.es(server, "PUT", f"/{case}-{index}", {"aliases": {f"{case}-alias": {"is_write_index": index == "a"}}})
        bench.es(server, "PUT", f"/ds-{case}/_create/first", {"@timestamp": 1})
    bench.put(one, (None, {"n": 1})), bench.put(two, (None, {"n": 2}))
    alias = bench.connect(one, two, external_resource_usage="alias_index",
                          topic_to_external_resource_mapping=f"{one}:{case}-alias,{two}:{case}-alias")
    bench.has(alias, f"{case}-a", 2)
    streams = bench.connect(one, external_resource_usage="datastream",
                            topic_to_external_resource_mapping=f"{one}:ds-{case}")
    bench.has(streams, f"ds-{case}", 2)
    index = bench.connect(one, external_resource_usage="index", topic_to_external_resource_mapping=f"{one}:{case}-b")
    bench.has(index, f"{case}-b", 1)
    actions = {"actions": [
        {"add": {"index": f"{case}-a", "alias": f"{case}-alias", "is_write_index": False}},
        {"add": {"index": f"{case}-b", "alias": f"{case}-alias", "is_write_index": True}}]}
    for server in SERVERS:
        bench.es(server, "POST", "/_aliases", actions)
    bench.put(two, (None, {"n": 3}))
    bench.has(alias, f"{case}-b", 2)


def case_42_wrong_resource_maps_are_refused_by_name(bench):
    one, two = bench.topic(), bench.topic()
    usage = {"external_resource_usage": "index"}
    key = "topic.to.external.resource.mapping"
    for mapping in ("no-colon", f"{one}:a,{one}:b", f"{one}:a,{two}:b", None):
        assert key in bench.refused(one, topic_to_external_resource_mapping=mapping, **usage), mapping
    both = bench.refused(one, topic_to_external_resource_mapping=f"{one}:a", data_stream_type="logs",
                         data_stream_dataset="d", **usage)
    assert key in both


def case_43_to_46_data_streams(bench):
    topic = bench.topic()
    dataset = f"d{topic.replace('-', '')}"
    stream_template(bench, f"logs-{dataset}")
    stream = f"logs-{dataset}-{topic.lower()}"
    bench.put(topic, *[("k", {"n": n, "@timestamp": "2001-01-01T00:00:00Z", "at": "2021-05-14T00:00:00Z"}) for n in range(5)])
    names = bench.connect(topic, data_stream_type="logs", data_stream_dataset=dataset)
    bench.has(names, stream, 5)
    year = str(datetime.datetime.now(datetime.timezone.utc).year)
    for server in names:
        for source in bench.sources(server, stream).values():
            stamp = source["@timestamp"]
            assert str(stamp).startswith(year) or int(stamp) > 1_600_000_000_000, stamp
    bench.commits(names, topic, 5)


def case_44_the_first_timestamp_field_that_is_there_counts(bench):
    topic = bench.topic()
    dataset = f"t{topic.replace('-', '')}"
    stream_template(bench, f"logs-{dataset}")
    bench.put(topic, (None, {"n": 1, "field": "2021-05-14T00:00:00Z"}))
    names = bench.connect(topic, data_stream_type="logs", data_stream_dataset=dataset,
                          data_stream_timestamp_field="one,two,field")
    bench.has(names, f"logs-{dataset}-{topic.lower()}", 1)
    for server in names:
        source = next(iter(bench.sources(server, f"logs-{dataset}-{topic.lower()}").values()))
        assert source["@timestamp"] == "2021-05-14T00:00:00Z"


def case_47_a_replay_into_a_data_stream_changes_nothing(bench):
    topic, letters = bench.topic(), bench.topic()
    dataset = f"r{topic.replace('-', '')}"
    stream_template(bench, f"logs-{dataset}")
    bench.put(topic, *[(None, {"n": n}) for n in range(5)])
    names = bench.connect(topic, data_stream_type="logs", data_stream_dataset=dataset, errors_tolerance="all",
                          errors_deadletterqueue_topic_name=letters)
    bench.commits(names, topic, 5)
    for name in names.values():
        bench.stop(name)
        bench.stack.wait(lambda: bench.stack.rest("DELETE", f"/connectors/{name}/offsets")[0] == 200, 20, "offsets reset")
        bench.resume(name)
    bench.commits(names, topic, 5)
    bench.has(names, f"logs-{dataset}-{topic.lower()}", 5)
    assert bench.read(letters) == []
    assert all(bench.task(name)["state"] == "RUNNING" for name in names.values())


def case_48_what_a_data_stream_cannot_do_is_refused(bench):
    topic = bench.topic()
    whole = {"data_stream_type": "logs", "data_stream_dataset": "d"}
    assert "write.method" in bench.refused(topic, write_method="upsert", **whole)
    assert "behavior.on.null.values" in bench.refused(topic, behavior_on_null_values="delete", **whole)
    assert "data.stream.dataset" in bench.refused(topic, data_stream_type="logs")
    assert "data.stream.dataset" in bench.refused(topic, data_stream_type="logs", data_stream_dataset="Bad/Name")


def strict(bench, index):
    for server in SERVERS:
        bench.es(server, "PUT", f"/{index}", {"mappings": {"dynamic": "strict", "properties": {"n": {"type": "integer"}}}})


def case_49_and_50_refused_documents_by_policy(bench):
    topic, letters = bench.topic(), bench.topic()
    strict(bench, topic)
    bench.put(topic, (None, {"n": 1}), (None, {"n": 2, "unknown": 1}), (None, {"n": "no number"}), (None, {"n": 4}))
    warning = bench.connect(topic, servers=("es8", "os2"), behavior_on_malformed_documents="warn", errors_tolerance="all",
                            errors_deadletterqueue_topic_name=letters)
    failing = bench.connect(topic, servers=("es9",))
    bench.commits(warning, topic, 4)
    for server in warning:
        assert len(bench.docs(server, topic)) == 2
    found = bench.letters(letters, 4)
    assert sorted(headers["__connect.errors.offset"] for _, _, headers in found) == ["1", "1", "2", "2"]
    trace = bench.failed(failing)["es9"]
    assert "offset 1" in trace or "@1" in trace, trace
    assert bench.committed(failing["es9"], topic) <= 1


def case_62_and_63_letters_are_byte_for_byte_with_all_headers(bench):
    topic, letters = bench.topic(), f"{bench.case}-letters-made"
    strict(bench, topic)
    bench.put(topic, ("key", {"bad": 1}, {"own": b"kept"}))
    names = bench.connect(topic, servers=("es8",), behavior_on_malformed_documents="ignore", errors_tolerance="all",
                          errors_deadletterqueue_topic_name=letters,
                          errors_deadletterqueue_topic_replication_factor="1")
    bench.commits(names, topic, 1)
    key, value, headers = bench.letters(letters, 1)[0]
    assert (key, json.loads(value)) == (b"key", {"bad": 1}) and headers["own"] == "kept"
    wanted = {"topic", "partition", "offset", "connector.name", "task.id", "stage", "class.name",
              "exception.class.name", "exception.message", "exception.stacktrace"}
    assert {name.removeprefix("__connect.errors.") for name in headers if name != "own"} == wanted, headers
    assert len(bench.admin.list_topics(timeout=10).topics[letters].partitions) == 1
    assert "errors.deadletterqueue.topic.name" in bench.refused(topic, errors_deadletterqueue_topic_name=topic)


def case_65_and_67_what_cannot_be_decoded(bench):
    topic, letters = bench.topic(), bench.topic()
    bench.avro(topic, avro_record("N", ("n", "int")), *[{"n": n} for n in range(3)])
    bench.put(topic, *[("k", b"\x00broken")] * 10)
    strictly = bench.connect(topic, servers=("es9",), value_converter=AVRO, unknown_schema_grace_ms="500")
    tolerant = bench.connect(topic, servers=("es8",), value_converter=AVRO, errors_tolerance="all",
                             unknown_schema_grace_ms="500", errors_deadletterqueue_topic_name=letters)
    bench.commits(tolerant, topic, 13)
    found = bench.letters(letters, 10)
    assert {headers["__connect.errors.stage"] for _, _, headers in found} == {"VALUE_CONVERTER"}
    bench.failed(strictly)
    assert bench.committed(strictly["es9"], topic) <= 3
    bench.stack.rest("POST", f"/connectors/{tolerant['es8']}/restart?includeTasks=true")
    bench.avro(topic, avro_record("N", ("n", "int")), {"n": 99})
    bench.commits(tolerant, topic, 14)
    bench.letters(letters, 10)


def case_66_and_64_no_letter_while_the_registry_is_away(bench):
    topic, letters = bench.topic(), bench.topic()
    bench.avro(topic, avro_record("Away", ("n", "int")), *[{"n": n} for n in range(5)])
    bench.stack.kill("registry")
    names = bench.connect(topic, value_converter=AVRO, errors_tolerance="all", errors_deadletterqueue_topic_name=letters)
    time.sleep(120 if os.environ.get("FULL") == "1" else 6)
    for name in names.values():
        assert bench.committed(name, topic) in (-1001, 0), "nothing is committed"
        assert bench.task(name)["state"] == "RUNNING"
    bench.stack.start_registry()
    bench.has(names, topic, 5, seconds=30)
    bench.commits(names, topic, 5)
    assert bench.read(letters) == []


def case_79_compacted_and_transactional_topics_are_read_to_their_end(bench):
    from confluent_kafka import Producer
    topic = bench.topic()
    producer = Producer({"bootstrap.servers": bench.stack.kafka, "transactional.id": topic})
    producer.init_transactions(20)
    for number, commits in enumerate((True, False, True)):
        producer.begin_transaction()
        for n in range(3):
            producer.produce(topic, json.dumps({"n": number * 10 + n}))
        producer.flush(20)
        producer.commit_transaction(20) if commits else producer.abort_transaction(20)
    names = bench.connect(topic)
    bench.has(names, topic, 6)
    bench.commits(names, topic, 12)


def case_80_a_new_configuration_restarts_and_loses_nothing(bench):
    topic = bench.topic()
    bench.put(topic, *[(None, {"n": n}) for n in range(5)])
    names = bench.connect(topic)
    bench.has(names, topic, 5)
    for name in names.values():
        bench.reconfigure(name, batch_size="1", linger_ms="1")
    bench.put(topic, *[(None, {"n": n}) for n in range(5, 10)])
    bench.has(names, topic, 10)
    bench.commits(names, topic, 10)


def case_91_a_topic_that_comes_later_is_waited_for(bench):
    topic = f"{bench.case}-later"
    names = bench.connect(topic, servers=("es8",))
    bench.stack.wait(lambda: bench.task(names["es8"]).get("state") == "RUNNING", 20, "it runs")
    time.sleep(3)
    assert bench.task(names["es8"])["state"] == "RUNNING"
    bench.topic(topic)
    bench.put(topic, (None, {"n": 1}))
    bench.has(names, topic, 1, seconds=40)


def case_81_every_wrong_property_is_named(bench):
    topic = bench.topic()
    for key, value in (("connection.url", "ht tp://"), ("write.method", "replace"), ("batch.size", "0"),
                       ("connection.username", "only-the-user"), ("linger.ms", "999999"),
                       ("max.buffered.records", "1"), ("elastic.https.ssl.truststore.location", "/ca.pem")):
        assert key in bench.refused(topic, **{key.replace(".", "_"): value}), key


def case_82_and_86_addresses(bench):
    topic = bench.topic()
    bench.put(topic, (None, {"n": 1}))
    message = bench.refused(topic, connection_url="http://127.0.0.1:1")
    assert "connection.url" in message, message
    names = bench.connect(topic, servers=("es8",), connection_url=bench.stack.urls["es8"] + "/")
    bench.has(names, topic, 1)


def case_90_offsets_are_changed_only_while_stopped(bench):
    topic = bench.topic()
    bench.put(topic, *[(f"k{n}", {"n": n}) for n in range(5)])
    names = bench.connect(topic, key_ignore="false")
    bench.commits(names, topic, 5)
    two = {"offsets": [{"partition": {"kafka_topic": topic, "kafka_partition": 0}, "offset": {"kafka_offset": 2}}]}
    for name in names.values():
        assert bench.stack.rest("PATCH", f"/connectors/{name}/offsets", two)[0] == 400
        bench.stop(name)
        bench.stack.wait(lambda: bench.stack.rest("PATCH", f"/connectors/{name}/offsets", two)[0] == 200, 20, "set back")
        offsets = bench.stack.rest("GET", f"/connectors/{name}/offsets")[1]["offsets"]
        assert offsets[0]["offset"]["kafka_offset"] == 2, offsets
        bench.resume(name)
    bench.commits(names, topic, 5)
    for server in names:
        assert {key: version for key, (_, version) in bench.docs(server, topic).items()} == {f"k{n}": n for n in range(5)}

"""The sink's acceptance cases that need real servers: documents, ids, versions, tombstones.

Each runs on Elasticsearch 8 and 9 and on OpenSearch with the same assertions. Numbers are those of docs/sink-cases.md.
"""

import datetime
import decimal
import struct

from sink_bench import avro_record

AVRO = "io.confluent.connect.avro.AvroConverter"
LONG = "org.apache.kafka.connect.converters.LongConverter"


def five(bench, topic):
    bench.put(topic, *[(None, {"number": n, "text": f"text {n}", "list": [n, n]}) for n in range(5)])


def case_01_json_records_become_documents(bench):
    topic = bench.topic()
    five(bench, topic)
    names = bench.connect(topic)
    bench.has(names, topic, 5)
    for server in names:
        docs = bench.sources(server, topic)
        assert set(docs) == {f"{topic}+0+{n}" for n in range(5)}, docs
        assert docs[f"{topic}+0+3"] == {"number": 3, "text": "text 3", "list": [3, 3]}
    bench.commits(names, topic, 5)


def case_02_avro_records_become_documents(bench):
    topic = bench.topic()
    bench.avro(topic, avro_record("A", ("n", "int"), ("s", "string")), *[{"n": n, "s": str(n)} for n in range(5)])
    names = bench.connect(topic, value_converter=AVRO)
    bench.has(names, topic, 5)
    for server in names:
        assert bench.sources(server, topic)[f"{topic}+0+4"] == {"n": 4, "s": "4"}
    bench.commits(names, topic, 5)


EVERYTHING = {
    "type": "record", "name": "Everything", "fields": [
        {"name": "i", "type": "int", "default": 7}, {"name": "l", "type": "long"}, {"name": "f", "type": "float"},
        {"name": "d", "type": "double"}, {"name": "b", "type": "boolean", "default": True},
        {"name": "s", "type": "string", "default": "none"}, {"name": "y", "type": "bytes"},
        {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["X", "Y"]}},
        {"name": "a", "type": {"type": "array", "items": "int"}},
        {"name": "m", "type": {"type": "map", "values": "int"}},
        {"name": "dec", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "in", "type": {"type": "record", "name": "In", "fields": [{"name": "x", "type": ["null", "string"]}]}},
    ]}
VALUE = {"i": 1, "l": 1 << 40, "f": 0.5, "d": 0.25, "b": False, "s": "text", "y": b"\x00\xff", "e": "Y", "a": [1, 2],
         "m": {"k": 1}, "dec": decimal.Decimal("0.02"), "day": datetime.date(2021, 5, 14),
         "at": datetime.datetime(2021, 5, 14, tzinfo=datetime.timezone.utc), "in": {"x": None}}


def case_03_to_05_the_mapping_comes_from_the_schema_before_the_first_document(bench):
    """Also 9, 11, 12, 13: decimals, nulls, bytes, and a date that a range query finds."""
    topic = bench.topic()
    bench.avro(topic, EVERYTHING, VALUE)
    names = bench.connect(topic, value_converter=AVRO, schema_ignore="false", decimal_format="number")
    bench.has(names, topic, 1)
    for server in names:
        fields = bench.mapping(server, topic)
        kinds = {name: field.get("type", "object") for name, field in fields.items()}
        wanted = {"i": "integer", "l": "long", "f": "float", "d": "double", "b": "boolean", "s": "text", "y": "binary",
                  "e": "text", "a": "integer", "dec": "double", "day": "date", "at": "date", "in": "object"}
        assert {name: kinds[name] for name in wanted} == wanted, kinds
        assert fields["s"]["fields"]["keyword"] == {"type": "keyword", "ignore_above": 256}, fields["s"]
        assert str(fields["i"]["null_value"]) == "7" and "null_value" in fields["b"], fields
        assert "null_value" not in fields["s"]
        document = next(iter(bench.sources(server, topic).values()))
        assert document["dec"] == 0.02 and document["y"] == "AP8=" and document["in"] == {"x": None}, document
        day = {"query": {"range": {"day": {"gte": "2021-05-14", "lte": "2021-05-14"}}}}
        assert bench.es(server, "POST", f"/{topic}/_search", day)["hits"]["total"]["value"] == 1


def case_06_a_mapping_that_is_there_is_left_alone(bench):
    topic = bench.topic()
    for server in ("es8", "es9", "os2"):
        bench.es(server, "PUT", f"/{topic}", {"mappings": {"properties": {"n": {"type": "keyword"}}}})
    bench.avro(topic, avro_record("N", ("n", "int")), {"n": 5})
    names = bench.connect(topic, value_converter=AVRO, schema_ignore="false")
    bench.has(names, topic, 1)
    for server in names:
        assert bench.mapping(server, topic) == {"n": {"type": "keyword"}}


def case_07_no_mapping_is_made_where_schemas_are_ignored(bench):
    topic = bench.topic()
    bench.avro(topic, avro_record("N", ("n", "int")), {"n": 5})
    names = bench.connect(topic, value_converter=AVRO, schema_ignore="false", **{"topic_schema_ignore": topic})
    bench.has(names, topic, 1)
    for server in names:
        assert bench.mapping(server, topic) == {"n": {"type": "long"}}, "Elasticsearch's own guess"


def case_08_records_without_schema_are_mapped_by_elasticsearch(bench):
    topic = bench.topic()
    bench.put(topic, (None, {"n": 5}))
    names = bench.connect(topic, schema_ignore="false")
    bench.has(names, topic, 1)
    bench.commits(names, topic, 1)


def case_10_maps_are_objects_or_lists_of_entries(bench):
    topic = bench.topic()
    schema = {"type": "record", "name": "M", "fields": [{"name": "m", "type": {"type": "map", "values": "int"}}]}
    bench.avro(topic, schema, {"m": {"a": 1}})
    compact = bench.connect(topic, value_converter=AVRO, servers=("es8",))
    loose = bench.connect(topic, value_converter=AVRO, compact_map_entries="false", servers=("es9",))
    bench.has(compact, topic, 1), bench.has(loose, topic, 1)
    assert list(bench.sources("es8", topic).values()) == [{"m": {"a": 1}}]
    assert list(bench.sources("es9", topic).values()) == [{"m": [{"key": "a", "value": 1}]}]


def case_14_bare_values_are_dead_letters_where_errors_are_tolerated(bench):
    topic, letters = bench.topic(), bench.topic()
    bench.put(topic, (None, "text"), (None, 5), (None, [1]), (None, {"fine": 1}))
    names = bench.connect(topic, servers=("es8",), errors_tolerance="all", drop_invalid_message="true",
                          errors_deadletterqueue_topic_name=letters)
    bench.has(names, topic, 1)
    bench.commits(names, topic, 4)
    bench.letters(letters, 3)


def case_15_a_new_field_extends_the_mapping(bench):
    """The index is made with dynamic=strict by a template, so only a mapping update lets the field in."""
    topic = bench.topic()
    template = {"index_patterns": [topic], "template": {"mappings": {"dynamic": "strict"}}}
    for server in ("es8", "es9", "os2"):
        bench.es(server, "PUT", f"/_index_template/{topic}", template)
    bench.avro(topic, avro_record("N", ("n", "int")), {"n": 1})
    names = bench.connect(topic, value_converter=AVRO, schema_ignore="false")
    bench.has(names, topic, 1)
    wide = {"type": "record", "name": "N", "fields": [
        {"name": "n", "type": "int"}, {"name": "more", "type": ["null", "string"], "default": None}]}
    bench.avro(topic, wide, {"n": 2, "more": "x"})
    bench.has(names, topic, 2)
    for server in names:
        assert bench.mapping(server, topic)["more"]["type"] == "text"
    bench.commits(names, topic, 2)


def case_16_and_19_keys_are_ids_and_offsets_versions(bench):
    topic = bench.topic()
    bench.put(topic, *[(f"k{n}", {"n": n}) for n in range(5)], *[("same", {"n": n}) for n in range(4)])
    names = bench.connect(topic, key_ignore="false")
    bench.commits(names, topic, 9)
    for server in names:
        docs = bench.docs(server, topic)
        assert {key: version for key, (_, version) in docs.items()} == {f"k{n}": n for n in range(5)} | {"same": 8}
        assert docs["same"][0] == {"n": 3}


def case_17_whole_numbers_are_ids_other_keys_are_not(bench):
    topic, other = bench.topic(), bench.topic()
    bench.put(topic, (struct.pack(">q", 42), {"n": 1}))
    names = bench.connect(topic, key_ignore="false", key_converter=LONG)
    bench.has(names, topic, 1)
    for server in names:
        assert set(bench.sources(server, topic)) == {"42"}
    bench.put(other, (b"\x01", {"n": 1}))
    wrong = bench.connect(other, key_ignore="false", servers=("es8",),
                          key_converter="org.apache.kafka.connect.converters.BooleanConverter")
    bench.failed(wrong)


def case_18_a_record_without_key_is_dropped_or_stops_the_task(bench):
    topic, letters = bench.topic(), bench.topic()
    bench.put(topic, ("a", {"n": 0}), (None, {"n": 1}), ("b", {"n": 2}))
    dropping = bench.connect(topic, key_ignore="false", drop_invalid_message="true", servers=("es8",),
                             errors_deadletterqueue_topic_name=letters)
    failing = bench.connect(topic, key_ignore="false", servers=("es9",))
    bench.commits(dropping, topic, 3)
    assert set(bench.sources("es8", topic)) == {"a", "b"}
    bench.letters(letters, 1)
    bench.failed(failing)
    assert bench.committed(failing["es9"], topic) <= 1


def case_20_and_78_a_replay_changes_nothing(bench):
    topic, letters = bench.topic(), bench.topic()
    bench.put(topic, *[(f"k{n % 4}", {"n": n}) for n in range(20)])
    names = bench.connect(topic, key_ignore="false", errors_deadletterqueue_topic_name=letters, errors_tolerance="all")
    bench.commits(names, topic, 20)
    before = {server: bench.docs(server, topic) for server in names}
    for name in names.values():
        bench.stop(name)
        back = [{"partition": {"kafka_topic": topic, "kafka_partition": 0}, "offset": {"kafka_offset": 10}}]
        bench.stack.wait(lambda: bench.stack.rest("PATCH", f"/connectors/{name}/offsets", {"offsets": back})[0] == 200,
                         20, "the offsets are set back")
        bench.resume(name)
    bench.put(topic, ("last", {"n": 99}))
    bench.commits(names, topic, 21)
    for server in names:
        docs = bench.docs(server, topic)
        assert docs.pop("last")[0] == {"n": 99}
        assert docs == before[server]
    assert bench.read(letters) == []


def case_21_a_newer_version_is_explained_or_held(bench):
    topic = bench.topic()
    for server, version in (("es8", 1), ("es9", 900)):
        bench.es(server, "PUT", f"/{topic}/_doc/k?version={version}&version_type=external", {"from": "elsewhere"})
    bench.put(topic, ("k", {"n": 0}), ("other", {"n": 1}))
    explained = bench.connect(topic, key_ignore="false", servers=("es8",))
    held = bench.connect(topic, key_ignore="false", servers=("es9",))
    bench.commits(explained, topic, 2)
    assert bench.sources("es8", topic)["k"] == {"from": "elsewhere"}

    def holds():
        tasks = (bench.stack.health("connect") or {}).get("tasks", [])
        return [hold for task in tasks for hold in task["holds"] if "version conflict" in hold["name"]]

    bench.stack.wait(holds, 30, "the conflict beyond the partition's end is held by name")
    assert bench.committed(held["es9"], topic) in (-1001, 0)
    bench.reconfigure(held["es9"], version_conflict_unexplained="ignore")
    bench.commits(held, topic, 2)


def case_22_named_by_place_a_replay_changes_nothing(bench):
    topic = bench.topic()
    five(bench, topic)
    names = bench.connect(topic)
    bench.commits(names, topic, 5)
    for name in names.values():
        bench.stop(name)
        bench.stack.wait(lambda: bench.stack.rest("DELETE", f"/connectors/{name}/offsets")[0] == 200, 20, "offsets reset")
        bench.resume(name)
    bench.commits(names, topic, 5)
    for server in names:
        assert len(bench.docs(server, topic)) == 5


def case_23_keys_are_ignored_topic_by_topic(bench):
    one, two = bench.topic(), bench.topic()
    bench.put(one, ("k", {"n": 1})), bench.put(two, ("k", {"n": 2}))
    names = bench.connect(one, two, key_ignore="false", topic_key_ignore=one)
    bench.has(names, one, 1), bench.has(names, two, 1)
    for server in names:
        assert set(bench.sources(server, one)) == {f"{one}+0+0"}
        assert set(bench.sources(server, two)) == {"k"}
    assert "topic.key.ignore" in bench.refused(one, key_ignore="true", topic_key_ignore=one)


def case_24_and_25_the_version_comes_from_a_header(bench):
    topic, letters = bench.topic(), bench.topic()
    bench.put(topic, ("a", {"n": 1}, {"v": b"123"}), ("gone", {"n": 1}, {"v": b"5"}), ("gone", None, {"v": b"6"}),
              ("bad", {"n": 1}, {"v": b"abc"}), ("none", {"n": 1}), ("a", {"n": 0}, {"v": b"122"}))
    names = bench.connect(topic, key_ignore="false", external_version_header="v", behavior_on_null_values="delete",
                          drop_invalid_message="true", errors_deadletterqueue_topic_name=letters)
    bench.commits(names, topic, 6)
    for server in names:
        assert bench.docs(server, topic) == {"a": ({"n": 1}, 123)}
    found = bench.letters(letters, 2 * len(names))
    assert all("abc" not in headers["__connect.errors.exception.message"] for _, _, headers in found)


def case_26_ids_may_be_elasticsearchs_own(bench):
    topic = bench.topic()
    bench.put(topic, ("k", {"n": 1}), ("k", {"n": 2}))
    names = bench.connect(topic, key_ignore="false", use_autogenerated_ids="true")
    bench.has(names, topic, 2)
    upsert = bench.connect(topic, key_ignore="false", use_autogenerated_ids="true", write_method="upsert",
                           servers=("es8",), index_name_format=f"{topic}-upsert")
    bench.has(upsert, f"{topic}-upsert", 1)


def case_27_an_upsert_merges_fields(bench):
    topic = bench.topic()
    bench.put(topic, ("k", {"a": 1, "b": 1, "in": {"x": 1}}), ("k", {"b": 2, "in": {"y": 2}}), ("k", {"b": 3}))
    names = bench.connect(topic, key_ignore="false", write_method="upsert")
    bench.commits(names, topic, 3)
    for server in names:
        assert bench.sources(server, topic) == {"k": {"a": 1, "b": 3, "in": {"x": 1, "y": 2}}}


def case_28_two_sinks_upsert_one_id(bench):
    topic, letters = bench.topic(), bench.topic()
    one = bench.connect(topic, key_ignore="false", write_method="upsert", errors_deadletterqueue_topic_name=letters)
    two = bench.connect(topic, key_ignore="false", write_method="upsert", errors_deadletterqueue_topic_name=letters)
    bench.put(topic, *[("k", {"n": n, f"f{n % 10}": n}) for n in range(200)])
    bench.commits(one, topic, 200), bench.commits(two, topic, 200)
    for server in one:
        assert set(bench.sources(server, topic)) == {"k"}
        assert bench.task(one[server])["state"] == bench.task(two[server])["state"] == "RUNNING"
    assert bench.read(letters) == []


def case_29_and_30_upserts_keep_their_order_and_a_tombstone_wins(bench):
    topic = bench.topic()
    bench.put(topic, *[("k", {"n": n}) for n in range(50)], *[("gone", {"n": n}) for n in range(3)], ("gone", None))
    names = bench.connect(topic, key_ignore="false", write_method="upsert", behavior_on_null_values="delete",
                          batch_size="2", max_in_flight_requests="5")
    bench.commits(names, topic, 54)
    for server in names:
        assert bench.sources(server, topic) == {"k": {"n": 49}}


def case_31_ignored_tombstones_are_silent(bench):
    topic, letters = bench.topic(), bench.topic()
    bench.put(topic, ("a", {"n": 1}), ("b", None), ("c", {"n": 2}))
    names = bench.connect(topic, behavior_on_null_values="ignore", errors_deadletterqueue_topic_name=letters,
                          errors_tolerance="all")
    bench.has(names, topic, 2)
    bench.commits(names, topic, 3)
    assert bench.read(letters) == []


def case_32_and_34_tombstones_delete_what_is_there(bench):
    topic = bench.topic()
    bench.put(topic, ("a", {"n": 1}), ("b", {"n": 1}), ("a", None), ("never", None), (None, None))
    names = bench.connect(topic, key_ignore="false", behavior_on_null_values="delete")
    bench.commits(names, topic, 5)
    for server in names:
        assert set(bench.sources(server, topic)) == {"b"}


def case_33_a_tombstone_fails_the_task_or_is_dropped(bench):
    topic = bench.topic()
    bench.put(topic, ("a", {"n": 1}), ("b", None), ("c", {"n": 1}))
    failing = bench.connect(topic, key_ignore="false", servers=("es8",))
    dropping = bench.connect(topic, key_ignore="false", drop_invalid_message="true", servers=("es9",))
    bench.commits(dropping, topic, 3)
    bench.failed(failing)
    assert bench.committed(failing["es8"], topic) <= 1


def case_35_many_ignored_tombstones_stall_nothing(bench):
    topic = bench.topic()
    bench.put(topic, *[("k", None)] * 300_000)
    names = bench.connect(topic, behavior_on_null_values="ignore", max_buffered_records="1000", batch_size="100")
    bench.commits(names, topic, 300_000, seconds=60)

"""The local registry answers as Confluent's does: status, numbers and bodies of every endpoint, in one sequence on a
fresh registry. Cases 60 (kill -9), 61 (parallel) and 62 (serializers) are in RegistryServerTests, SchemaTests and
schema_clients."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request

from stack import free_port

V1 = {"type": "record", "name": "Review", "fields": [{"name": "id", "type": "string"}, {"name": "stars", "type": "int"}]}
LANG = {"name": "lang", "type": ["null", "string"], "default": None}
V2 = {**V1, "fields": [*V1["fields"], LANG]}
BAD = {**V1, "fields": [V1["fields"][0], {"name": "stars", "type": "string"}]}
REQ = {**V1, "fields": [*V1["fields"], {"name": "x", "type": "string"}]}
USER = {"type": "record", "name": "User", "namespace": "u", "fields": [{"name": "name", "type": "string"}]}
ORDER = {"type": "record", "name": "Order", "fields": [{"name": "by", "type": "u.User"}]}
TO_USER = [{"name": "u.User", "subject": "user", "version": 1}]
GUID = "e81050cd-2e7a-8af1-34e5-6c83743fc98b"


class Registry:
    def __init__(self, url):
        self.url = url

    def ask(self, method, path, body=None):
        data = body.encode() if isinstance(body, str) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {
            "Content-Type": "application/vnd.schemaregistry.v1+json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")


def text(schema):
    return json.dumps(schema, separators=(",", ":"))


def schema(value, **more):
    return {"schema": value if isinstance(value, str) else text(value), **more}


def error(number, words=None):
    """An error with that number, whose message has the words."""
    return lambda body: body["error_code"] == number and (words is None or all(
        word in body["message"] for word in ([words] if isinstance(words, str) else words)))


def has(**expected):
    return lambda body: all(body.get(name) == value for name, value in expected.items())


def exactly(expected):
    return lambda body: body == expected


NEW = "/subjects/a/versions"
CHECK = "/compatibility/subjects"
CASES = [
    (1, "GET", "/subjects", None, 200, exactly([])),
    (2, "POST", NEW, schema(V1), 200, has(id=1, version=1, guid=GUID)),
    (3, "POST", NEW, schema(json.dumps(V1, indent=3)), 200, has(id=1, version=1)),
    (4, "POST", "/subjects/b/versions", schema(V1), 200, has(id=1, version=1)),
    (5, "POST", NEW, schema(V2), 200, has(id=2, version=2)),
    (6, "POST", NEW, schema(V1), 200, has(id=1, version=1)),
    (7, "POST", NEW, schema(BAD), 409, error(40901, [
        "TYPE_MISMATCH", "/fields/1/type", "oldSchemaVersion: 2", "compatibility: 'BACKWARD'"])),
    (8, "POST", NEW, schema(REQ), 409, error(40901, ["READER_FIELD_MISSING_DEFAULT_VALUE", "/fields/2", "x"])),
    (9, "POST", CHECK + "/a/versions/latest", schema(BAD), 200, exactly({"is_compatible": False})),
    (10, "POST", CHECK + "/a/versions/latest?verbose=true", schema(BAD), 200,
     lambda body: body["is_compatible"] is False and body["messages"]),
    (11, "POST", CHECK + "/a/versions?verbose=True", schema(V2), 200, exactly({"is_compatible": True, "messages": []})),
    (12, "POST", CHECK + "/zz/versions/latest", schema(V1), 200, has(is_compatible=True)),
    (13, "POST", CHECK + "/a/versions/99", schema(V1), 404, error(40402)),
    (14, "POST", CHECK + "/a/versions/abc", schema(V1), 422, error(42202)),
    (15, "GET", NEW, None, 200, exactly([1, 2])),
    (16, "GET", NEW + "/latest", None, 200, has(version=2, id=2)),
    (16, "GET", NEW + "/-1", None, 200, has(version=2, id=2)),
    (17, "GET", NEW + "/1/schema", None, 200, exactly(V1)),
    (18, "GET", NEW + "/99", None, 404, error(40402, "Version 99 not found.")),
    (19, "GET", "/subjects/zz/versions/1", None, 404, error(40401)),
    (19, "GET", "/subjects/zz/versions", None, 404, error(40401)),
    (20, "GET", NEW + "/0", None, 422, error(42202)),
    (21, "GET", "/schemas/ids/1", None, 200, lambda body: json.loads(body["schema"]) == V1),
    (22, "GET", "/schemas/ids/999", None, 404, error(40403, "Schema 999 not found")),
    (23, "GET", "/schemas/ids/1/versions", None, 200,
     exactly([{"subject": "a", "version": 1}, {"subject": "b", "version": 1}])),
    (24, "GET", "/schemas/ids/1/subjects", None, 200, exactly(["a", "b"])),
    (25, "GET", "/schemas/guids/" + GUID, None, 200, lambda body: json.loads(body["schema"]) == V1),
    (25, "GET", "/schemas/guids/nope", None, 404, error(40403)),
    (26, "GET", "/schemas/types", None, 200, exactly(["AVRO"])),
    (27, "POST", "/subjects/a", schema(V1), 200, has(subject="a", version=1, id=1)),
    (28, "POST", "/subjects/a", schema('"int"'), 404, error(40403, "Schema not found")),
    (29, "POST", "/subjects/zz", schema(V1), 404, error(40401)),
    (30, "POST", "/subjects/a", schema(""), 404, error(40403)),
    (31, "POST", NEW, schema({"type": "nope"}), 422, error(42201)),
    (32, "POST", NEW, schema(V1, schemaType="XYZ"), 422, error(42201, "Invalid schema type XYZ")),
    (33, "POST", NEW, {}, 422, error(42201)),
    (34, "POST", NEW, "xx", 400, lambda body: True),
    (35, "POST", "/subjects/%0Abad/versions", schema(V1), 422, error(42208)),
    (36, "POST", "/subjects/s%2Fash/versions", schema('"int"'), 200, has(version=1)),
    (36, "GET", "/subjects", None, 200, lambda body: "s/ash" in body),
    (37, "GET", "/config", None, 200, exactly({"compatibilityLevel": "BACKWARD"})),
    (38, "GET", "/config/a", None, 404, error(40408)),
    (38, "GET", "/config/a?defaultToGlobal=true", None, 200, has(compatibilityLevel="BACKWARD")),
    (39, "PUT", "/config/a", {"compatibility": "full"}, 200, exactly({"compatibility": "FULL"})),
    (39, "GET", "/config/a", None, 200, has(compatibilityLevel="FULL")),
    (40, "PUT", "/config", {"compatibility": "NOPE"}, 422, error(42203)),
    (41, "DELETE", "/config/a", None, 200, exactly({"compatibilityLevel": "FULL"})),
    (41, "DELETE", "/config/a", None, 404, error(40401)),
    (42, "GET", "/mode", None, 200, exactly({"mode": "READWRITE"})),
    (42, "GET", "/mode/a", None, 404, error(40409)),
    (43, "PUT", "/mode/a", {"mode": "READONLY"}, 200, exactly({"mode": "READONLY"})),
    (43, "POST", NEW, schema({**V2, "doc": "other"}), 422, error(42205)),
    (43, "POST", NEW, schema(V1), 200, has(id=1)),
    (44, "DELETE", "/subjects/a", None, 422, error(42205)),
    (44, "PUT", "/config/a", {"compatibility": "NONE"}, 422, error(42205)),
    (45, "PUT", "/mode", {"mode": "XX"}, 422, error(42204)),
    (45, "DELETE", "/mode/a", None, 200, lambda body: True),
    (46, "POST", "/subjects/c/versions", schema(V1, id=77), 422, error(42205)),
    (47, "POST", "/subjects/user/versions", schema(USER), 200, has(version=1)),
    (47, "POST", "/subjects/order/versions", schema(ORDER, references=TO_USER), 200, has(version=1)),
    (47, "GET", "/subjects/order/versions/1", None, 200, lambda body: json.loads(body["schema"]) == ORDER),
    (48, "POST", "/subjects/order/versions", schema({**ORDER, "doc": "x"}, references=[{**TO_USER[0], "version": 9}]), 422,
     error(42201)),
    (49, "DELETE", "/subjects/user", None, 422, error(42206)),
    (49, "DELETE", "/subjects/user/versions/1", None, 422, error(42206)),
    (50, "DELETE", "/subjects/a?permanent=true", None, 404, error(40405)),
    (50, "DELETE", NEW + "/1?permanent=true", None, 404, error(40407)),
    (51, "DELETE", NEW + "/2", None, 200, exactly(2)),
    (51, "DELETE", NEW + "/2", None, 404, error(40406)),
    (52, "GET", NEW + "?deleted=true", None, 200, exactly([1, 2])),
    (52, "GET", NEW + "?deletedAsNegative=true", None, 200, exactly([1, -2])),
    (53, "GET", NEW + "/2?deleted=true", None, 200, has(deleted=True)),
    (53, "GET", "/schemas/ids/2", None, 200, lambda body: json.loads(body["schema"]) == V2),
    (54, "POST", NEW, schema(V2), 200, has(version=3, id=2)),
    (54, "GET", NEW + "?deleted=true", None, 200, exactly([1, 3])),
    (55, "DELETE", "/subjects/a", None, 200, exactly([1, 3])),
    (55, "DELETE", "/subjects/a", None, 404, error(40404)),
    (56, "GET", "/subjects?deletedOnly=true", None, 200, exactly(["a"])),
    (56, "POST", "/subjects/a?deleted=true", schema(V1), 200, has(subject="a")),
    (57, "DELETE", "/subjects/a?permanent=true", None, 200, exactly([1, 3])),
    (57, "GET", "/schemas/ids/2", None, 404, error(40403)),
    (57, "DELETE", "/subjects/a?permanent=true", None, 404, error(40401)),
    (58, "POST", NEW, schema(V2), 200, lambda body: body["version"] == 1 and body["id"] not in (1, 3, 4)),
    (59, "GET", "/contexts", None, 200, exactly(["."])),
    (59, "GET", "/", None, 200, exactly({})),
    (59, "GET", "/nope", None, 404, error(404)),
]


def registry_cases(stack, full):
    """Every answer of the local registry, from an empty one on."""
    port = free_port()
    stack.start("cases", "registry", "serve", "--listen", f"127.0.0.1:{port}", "--data", os.path.join(stack.home, "cases"))
    registry = Registry(f"http://127.0.0.1:{port}")
    stack.wait(lambda: "ready" in stack.end_of_log("cases"), 20, "the registry answers")
    wrong = []
    for number, method, path, body, status, fits in CASES:
        answer = registry.ask(method, path, body)
        if answer[0] != status or not fits(answer[1]):
            wrong.append(f"case {number}: {method} {path}: {answer}, not {status}")
    order = registry.ask("GET", "/subjects/order/versions/1")[1]["id"]
    if registry.ask("GET", "/subjects/user/versions/1/referencedby") != (200, [order]):
        wrong.append("case 47: referencedby")
    assert not wrong, "\n".join(wrong)
    newer_schemas_of_others(stack)
    nobody_registers_unasked(stack, registry)
    covered = {case[0] for case in CASES}
    assert covered == set(range(1, 60)), set(range(1, 60)) - covered


def nobody_registers_unasked(stack, registry):
    words = ["ingest", "generate", "--rate", "0", "--count", "1", "--registry", registry.url]
    said = stack.run_any(*words)
    assert said.returncode == 1 and "opine apply" in said.stderr, said
    assert registry.ask("GET", "/subjects/reviews.raw-value/versions")[0] == 404
    stack.run(*words, "--auto-register")
    assert registry.ask("GET", "/subjects/reviews.raw-value/versions")[0] == 200


def newer_schemas_of_others(stack):
    """Both subjects get a field in front: ingest writes it where asked to, enrich keeps to its own schema."""
    registry = Registry(stack.registry)
    for subject in ("reviews.raw-value", "reviews.scored-value"):
        newer = json.loads(registry.ask("GET", f"/subjects/{subject}/versions/latest")[1]["schema"])
        newer["fields"].insert(0, {"name": "mood", "type": "string", "default": "?"})
        assert registry.ask("POST", f"/subjects/{subject}/versions", schema(newer))[0] == 200
    before = stack.count("reviews") or 0
    stack.run("ingest", "generate", "--rate", "0", "--count", "50", "--seed", "21", "--use-latest-version")
    stack.run("ingest", "generate", "--rate", "0", "--count", "50", "--seed", "22")
    stack.run_once()
    assert stack.count("reviews") == before + 100, stack.count("reviews")
    assert json.loads(stack.run("verify", "--json"))["balanced"]

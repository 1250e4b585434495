"""What fastavro says: JSON lines in, JSON lines out, with the questions and answers of the oracle for Java.

canonical: {"schema"} -> {"ok", "canonical"}; decode: {"writer", "reader", "bytes"} -> {"ok", "value", "left"}."""

import base64
import io
import json
import sys

import fastavro
from fastavro.schema import to_parsing_canonical_form


def canonical(question):
    return {"canonical": to_parsing_canonical_form(json.loads(question["schema"]))}


def decode(question):
    writer, reader = (fastavro.parse_schema(json.loads(question[name])) for name in ("writer", "reader"))
    source = io.BytesIO(base64.b64decode(question["bytes"]))
    return {"value": plain(fastavro.schemaless_reader(source, writer, reader)), "left": len(source.read())}


def plain(value):
    """What JSON can hold: bytes as base64, and objects with their members in order. fastavro does not tell which
    branch of a union a value is of."""
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {"members": [[key, plain(item)] for key, item in value.items()]}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


for line in sys.stdin:
    question = json.loads(line)
    try:
        answer = {"ok": True} | {"canonical": canonical, "decode": decode}[question["op"]](question)
    except Exception as error:  # Whatever it is, it is fastavro's refusal.
        answer = {"ok": False, "error": f"{type(error).__name__}: {error}"[:200]}
    print(json.dumps(answer))

#!/usr/bin/env python3
"""What the sink costs: a million Avro reviews of 591 bytes from 8 partitions of a real Kafka into an Elasticsearch that
costs nothing, beside the pipeline that most teams would write in Python, in turns; then into the real Elasticsearch,
beside its own CPU time.

OPINE_TEST_SERVERS: the script that starts the servers. OPINE_BENCH_PARTS: the folder with nulles.py, produce.py,
measure.py, python_pipeline.py and review.avsc. Absolute figures differ between machines: read the ratios."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../Tests/Integration"))
from stack import RealStack, free_port  # noqa: E402

TOPIC = "bench"
TICKS = os.sysconf("SC_CLK_TCK")
PARTS = os.environ["OPINE_BENCH_PARTS"]


def part(name):
    return os.path.join(PARTS, name)


def configuration(stack, name, elasticsearch):
    path = os.path.join(stack.home, f"{name}.json")
    json.dump({"name": name, "config": {
        "connector.class": "io.confluent.connect.elasticsearch.ElasticsearchSinkConnector", "topics": TOPIC,
        "connection.url": elasticsearch, "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "io.confluent.connect.avro.AvroConverter",
        "value.converter.schema.registry.url": stack.registry, "schema.ignore": "true",
        "linger.ms": "100"}}, open(path, "w"))
    return path


def opine(stack, number, elasticsearch):
    return [stack.opine, "connect", configuration(stack, f"opine-{number}", elasticsearch), "--kafka", stack.kafka,
            "--data", os.path.join(stack.home, f"data-{number}"), "--listen", "127.0.0.1:0"]


def python(stack, _, elasticsearch):
    return [sys.executable, part("python_pipeline.py"), stack.kafka, TOPIC, elasticsearch, part("review.avsc")]


def null_elasticsearch(stack, docs, runs):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([sys.executable, part("nulles.py"), str(port)], stdout=subprocess.DEVNULL)
    try:
        stack.wait(lambda: stack.get(url + "/_count_all") is not None, 20, "the null server answers")
        found = {"opine": [], "python": []}
        for number in range(runs):
            for name, command in (("opine", opine), ("python", python)):
                measured = subprocess.run(
                    [sys.executable, part("measure.py"), "--es", url, "--docs", str(docs), "--name", name, "--",
                     *command(stack, number, url)], env=stack.environment, check=True, capture_output=True, text=True)
                found[name].append(json.loads(measured.stdout))
                print(f"  {measured.stdout.strip()}", flush=True)
    finally:
        server.kill()
    middle = {name: {key: statistics.median(run[key] for run in rows) for key in ("cpu_s_per_M", "rss_MB", "wall_s")}
              for name, rows in found.items()}
    for name, row in middle.items():
        print(f"{name:8} {row['cpu_s_per_M']:6.2f} CPU s per million, {row['wall_s']:6.1f} s wall, {row['rss_MB']:4} MB peak")
    print(f"python / opine: {middle['python']['cpu_s_per_M'] / middle['opine']['cpu_s_per_M']:.1f} times the CPU time, "
          f"{middle['python']['wall_s'] / middle['opine']['wall_s']:.0f} times as long")


def cpu(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / TICKS


def peak(pid):
    return next(int(line.split()[1]) for line in open(f"/proc/{pid}/status") if line.startswith("VmHWM")) // 1024


def elasticsearch_process(stack):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            line, around = open(f"/proc/{pid}/cmdline").read(), open(f"/proc/{pid}/environ").read()
        except OSError:
            continue
        if "java" in line and "elasticsearch" in line and stack.home in line + around:
            return int(pid)
    raise AssertionError("Elasticsearch's process is not found")


def real_elasticsearch(stack, docs):
    server = elasticsearch_process(stack)
    before = cpu(server)
    words = opine(stack, "real", stack.elasticsearch)
    process = subprocess.Popen(words, env=stack.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    started = time.monotonic()

    def written():
        stats = stack.get(f"{stack.elasticsearch}/{TOPIC}/_stats/indexing")
        return ((stats or {}).get("_all") or {}).get("primaries", {}).get("indexing", {}).get("index_total", 0)

    stack.wait(lambda: written() >= docs or process.poll() is not None, 600, "all is written")
    assert process.poll() is None, f"opine ended with exit {process.returncode}"
    ours, theirs = cpu(process.pid), cpu(server) - before
    print(f"real Elasticsearch: {time.monotonic() - started:.1f} s; opine {ours:.2f} CPU s, Elasticsearch {theirs:.1f} CPU s: "
          f"{100 * ours / theirs:.1f} %, {peak(process.pid)} MB peak")
    process.terminate()
    process.wait(20)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--opine", required=True)
    parser.add_argument("--docs", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with RealStack(os.path.abspath(arguments.opine)) as stack:
        schema = json.dumps({"schema": open(part("review.avsc")).read()})
        answer = stack.get(f"{stack.registry}/subjects/{TOPIC}-value/versions", json.loads(schema), "POST")
        print(f"schema id {answer['id']}; {arguments.docs} records", flush=True)
        subprocess.run([sys.executable, part("produce.py"), TOPIC, str(arguments.docs), "--bootstrap", stack.kafka,
                        "--schema-id", str(answer["id"])],
                       check=True, stdout=subprocess.DEVNULL)
        if arguments.runs:
            null_elasticsearch(stack, arguments.docs, arguments.runs)
        real_elasticsearch(stack, arguments.docs)


main()

"""The same calls to opine's worker and to Kafka Connect's own: the same status, the same shape of the answer.

kcctl's, go-kafka-connect's (Terraform) and AKHQ's calls, validation, and what is refused. Each difference that is
meant stands in MEANT with its reason; any other fails."""

import json
import time
import urllib.error
import urllib.request

MEANT = {
    "POST /connectors": "the tasks are there at once, the real worker makes them a moment later",
    "GET /admin/loggers": "loggers are opine's own areas, not Java packages",
    "DELETE /connectors/{n}/offsets": "kept sessions of static members end after 10 s: the answer waits for it",
}


class Side:
    """One worker: what its connector is made of, and how it is called."""

    def __init__(self, address, plugin, config):
        self.address, self.plugin, self.config = address, plugin, config

    def call(self, method, path, body=None, raw=None):
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"}, method=method)
        for _ in range(60):
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    status, text = answer.status, answer.read()
            except urllib.error.HTTPError as error:
                status, text = error.code, error.read()
            # What clients try again: a rebalance of the real worker's own cluster.
            if status == 409 and b"rebalance" in text.lower():
                time.sleep(0.5)
                continue
            break
        try:
            return status, json.loads(text) if text else None
        except ValueError:
            return status, "no JSON"

    def wait(self, name, state, tasks):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            status, answer = self.call("GET", f"/connectors/{name}/status")
            if status == 200 and answer["connector"]["state"] == state and len(answer["tasks"]) == tasks and all(
                    task["state"] == state for task in answer["tasks"]):
                return
            time.sleep(0.1)
        raise AssertionError(f"{self.address}: {name} is not {state} with {tasks} tasks: {answer}")


def shape(value, path=""):
    """What a client's parser sees: names and types, of a list its first element."""
    if isinstance(value, dict):
        if path.endswith(("config", "/loggers")) and all(isinstance(each, str) for each in value.values()):
            return "texts by name"
        return {name: shape(each, f"{path}/{name}") for name, each in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0], path)] if value else []
    return "null or text" if value is None or isinstance(value, str) else type(value).__name__


def calls(side, name, topic):
    """Method, path, body, and whether what follows must wait: (state, tasks)."""
    plugin, config = side.plugin, dict(side.config, **{"connector.class": side.plugin, "topics": topic})
    whole = {"name": name, "config": config}
    here = f"/connectors/{name}"
    offset = {"offsets": [{"partition": {"kafka_topic": topic, "kafka_partition": 0}, "offset": {"kafka_offset": 1}}]}
    yield "GET", "/", None, None
    yield "GET", "/connectors/", None, None
    yield "GET", "/connector-plugins?connectorsOnly=false", None, None
    yield "GET", f"/connector-plugins/{plugin}/config", None, None
    # AKHQ validates an almost empty configuration of every plugin.
    yield "PUT", f"/connector-plugins/{plugin}/config/validate", {"connector.class": plugin, "topics": ""}, None
    yield "PUT", f"/connector-plugins/{plugin}/config/validate", dict(config, name=name), None
    yield "PUT", f"/connector-plugins/{plugin}/config/validate", dict(config, **{"tasks.max": "abc"}), None
    yield "PUT", f"/connector-plugins/{plugin}/config/validate", {"topics": topic}, None
    yield "PUT", f"/connector-plugins/{plugin}/config/validate", {"connector.class": "com.example.None"}, None
    yield "POST", "/connectors", {"name": name}, None
    yield "POST", "/connectors", {"name": name, "config": dict(config, **{"tasks.max": "0"})}, None
    yield "POST", "/connectors", {"name": name, "config": config, "initial_state": "SLEEPING"}, None
    yield "POST", "/connectors", whole, ("RUNNING", 1)
    yield "POST", "/connectors", whole, None
    yield "GET", "/connectors", None, None
    yield "GET", "/connectors?expand=info&expand=status", None, None
    yield "GET", here, None, None
    yield "GET", f"{here}/config", None, None
    yield "GET", f"{here}/status", None, None
    yield "GET", f"{here}/tasks", None, None
    yield "GET", f"{here}/tasks/0/status", None, None
    yield "GET", f"{here}/tasks/7/status", None, None
    yield "PUT", f"{here}/config", config, ("RUNNING", 1)
    yield "PUT", f"{here}/config", dict(config, name="another"), None
    yield "PATCH", f"{here}/config", {"errors.log.enable": "true"}, ("RUNNING", 1)
    yield "PUT", f"{here}/pause", None, ("PAUSED", 1)
    yield "GET", f"{here}/status", None, None
    yield "PUT", f"{here}/pause", None, None
    yield "POST", f"{here}/restart", None, None
    yield "PUT", f"{here}/resume", None, ("RUNNING", 1)
    yield "POST", f"{here}/restart", None, ("RUNNING", 1)
    yield "POST", f"{here}/restart?includeTasks=true&onlyFailed=false", None, ("RUNNING", 1)
    yield "POST", f"{here}/restart?onlyFailed=true", None, ("RUNNING", 1)
    yield "POST", f"{here}/tasks/0/restart", None, ("RUNNING", 1)
    yield "GET", f"{here}/topics", None, None
    yield "PUT", f"{here}/topics/reset", None, None
    yield "PATCH", f"{here}/offsets", offset, None
    yield "PUT", f"{here}/stop", None, ("STOPPED", 0)
    yield "GET", f"{here}/status", None, None
    yield "GET", f"{here}/tasks", None, None
    yield "GET", f"{here}/offsets", None, None
    yield "PATCH", f"{here}/offsets", {"offsets": []}, None
    yield "PATCH", f"{here}/offsets", offset, None
    yield "GET", f"{here}/offsets", None, None
    yield "DELETE", f"{here}/offsets", None, None
    yield "PUT", f"{here}/resume", None, ("RUNNING", 1)
    yield "GET", "/admin/loggers", None, None
    yield "PUT", "/admin/loggers/root", {"level": "NOISY"}, None
    yield "DELETE", here, None, None
    for path in ("", "/config", "/status", "/tasks", "/offsets", "/tasks/0/status"):
        yield "GET", f"/connectors/never{path}", None, None
    yield "GET", "/connectors/never/topics", None, None
    yield "PUT", "/connectors/never/pause", None, None
    yield "DELETE", "/connectors/never", None, None
    yield "GET", "/nothing", None, None
    yield "PUT", "/connectors", None, None


def compare(ours, theirs, name, topic):
    """Every difference that nobody meant; prints them all."""
    differences, seen = [], 0
    for mine, real in zip(calls(ours, name, topic), calls(theirs, name, topic)):
        answers = []
        for side, (method, path, body, after) in ((ours, mine), (theirs, real)):
            answers.append(side.call(method, path, body))
            if after:
                side.wait(name, *after)
        seen += 1
        call = f"{mine[0]} {mine[1].replace(name, '{n}').replace(ours.plugin, '{p}')}"
        told = [(status, shape(answer, mine[1])) for status, answer in answers]
        if told[0] != told[1]:
            meant = MEANT.get(call)
            print(f"      {'meant  ' if meant else 'DIFFERS'} {call}: {meant or told}", flush=True)
            if not meant:
                differences.append(call)
    for side in (ours, theirs):
        for raw in (b"{", b"[]", b""):
            status = side.call("POST", "/connectors", raw=raw)[0]
            assert status == 500, f"{side.address}: {raw} is answered {status}"
    print(f"      {seen} calls, {len(differences)} differ unmeant")
    return differences

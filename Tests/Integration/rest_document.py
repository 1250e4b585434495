"""docs/connect-rest.md says what is so: its curl lines are typed, and every address that it names for reading answers."""

import json
import os
import re
import subprocess
import urllib.request

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/connect-rest.md")


def examples():
    """The indented commands, each with its further lines."""
    commands = []
    for line in open(PAGE).read().splitlines():
        if line.startswith("    curl"):
            commands.append(line.strip())
        elif line.startswith("      ") and commands:
            commands[-1] += "\n" + line.strip()
    return commands


def addresses(name):
    """What the table reads, with this connector for NAME."""
    found = []
    for row in re.findall(r"^\| (`.*?) \|", open(PAGE).read(), re.M):
        for call in re.findall(r"`([^`]+)`", row):
            if call.startswith("GET /"):
                found.append(call.removeprefix("GET ").split("[")[0])
            elif call.startswith("…/") and found and "GET" in row:
                found.append("/connectors/NAME" + call.removeprefix("…"))
    reads = [path for path in found if not path.endswith(("/pause", "/stop", "/resume", "/restart", "/reset"))]
    return [path.replace("/tasks/N/", "/tasks/0/").replace("/connectors/NAME", f"/connectors/{name}") for path in reads]


def the_document_is_true(stack, address, config):
    """On a worker that has no connector yet."""
    def ask(path, method="GET", body=None):
        request = urllib.request.Request(address + path, body and json.dumps(body).encode(), method=method,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    ask("/connectors/reviews/config", "PUT", config)
    stack.wait(lambda: ask("/connectors/reviews/status")["tasks"][0]["state"] == "RUNNING", 30, "the task runs")
    read = addresses("reviews")
    assert len(read) >= 9, read
    for path in read:
        if "PLUGIN" in path or path in ("/metrics",) or "loggers/NAME" in path:
            continue
        ask(path)
    typed = examples()
    assert len(typed) == 3, typed
    for command in typed:
        command = command.replace("localhost:8083", address.removeprefix("http://"))
        done = subprocess.run(["bash", "-c", command.replace("curl ", "curl -sS --fail-with-body ", 1)], timeout=60,
                              capture_output=True, text=True)
        assert done.returncode == 0, (command, done)
    stack.wait(lambda: ask("/connectors/reviews/status")["connector"]["state"] == "RUNNING", 30, "it runs again")
    ask("/connectors/reviews", "DELETE")

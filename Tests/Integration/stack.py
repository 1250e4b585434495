"""The real servers and the processes of opine under test."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

from confluent_kafka import Consumer


def is_free(port):
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def free_port(*with_offsets):
    """A port that nobody listens on, and none at these distances from it either. Below the range from which the
    system takes ports for connections: there, one that is free now may be somebody's a moment later."""
    while True:
        port = random.randrange(25_000, 31_000)
        if all(is_free(port + offset) for offset in (0, *with_offsets)):
            return port


class Stack:
    """Processes of opine under test, and where the servers are that they talk to."""

    name = ""

    def __init__(self, opine):
        self.opine = opine
        self.home = tempfile.mkdtemp(prefix="opine-it-")
        self.processes, self.consumers = {}, {}
        self.environment = dict(os.environ)
        # No opine dev of the user's is met.
        self.environment["OPINE_DEV_STATE"] = os.path.join(self.home, "dev.json")
        self.listen = {name: free_port() for name in ("enrich", "connect")}

    def use(self, kafka, registry, elasticsearch):
        self.kafka, self.registry, self.elasticsearch = kafka, registry, elasticsearch
        self.environment |= {
            "OPINE_KAFKA": kafka, "OPINE_ELASTICSEARCH": elasticsearch, "OPINE_REGISTRY": registry,
            "OPINE_DATA": os.path.join(self.home, "data"),
        }

    def __exit__(self, *_):
        for consumer in self.consumers.values():
            consumer.close()
        for name in list(self.processes):
            self.kill(name)
        shutil.rmtree(self.home, ignore_errors=True)

    # Processes of opine

    def run(self, *words, exit=0, stdin=None, timeout=300):
        done = subprocess.run([self.opine, *words], env=self.environment, stdin=stdin, timeout=timeout,
                              capture_output=True, text=True)
        assert done.returncode == exit, f"opine {' '.join(words)}: exit {done.returncode}, not {exit}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def run_once(self):
        """Enrich and the sink, to the end of what is there."""
        self.run("run", "--once", "--listen", f"127.0.0.1:{self.listen['connect']}")

    def run_any(self, *words):
        return subprocess.run([self.opine, *words], env=self.environment, timeout=60, capture_output=True, text=True)

    def start(self, name, *words):
        log = open(os.path.join(self.home, f"{name}.log"), "ab")
        self.processes[name] = subprocess.Popen([self.opine, *words], env=self.environment, stdout=log, stderr=log)

    def start_stage(self, name):
        words = [name]
        if name == "connect":
            sink = os.path.join(os.path.dirname(__file__), "../../mappings/connect/reviews-elasticsearch.json")
            config = json.load(open(sink))
            config["config"]["read.timeout.ms"] = "5000"
            words.append(os.path.join(self.home, "sink.json"))
            json.dump(config, open(words[-1], "w"))
        self.start(name, *words, "--listen", f"127.0.0.1:{self.listen[name]}")

    def kill(self, name, number=signal.SIGKILL):
        process = self.processes.pop(name, None)
        if process is None:
            return None
        process.send_signal(number)
        return process.wait(30)

    def health(self, name):
        return self.get(f"http://127.0.0.1:{self.listen[name]}/health")

    def metric(self, name, metric):
        return self.metric_at(f"127.0.0.1:{self.listen[name]}", metric)

    @staticmethod
    def metric_at(listen, metric):
        """The sum over all labels; 0 where the stage does not answer."""
        try:
            text = urllib.request.urlopen(f"http://{listen}/metrics", timeout=5).read().decode()
        except OSError:
            return 0
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(metric + "{") or line.startswith(metric + " "))

    def status(self):
        urls = [word for name in self.listen for word in (f"--{name}-url", f"http://127.0.0.1:{self.listen[name]}")]
        done = subprocess.run([self.opine, "status", "--json", *urls], env=self.environment, timeout=60,
                              capture_output=True, text=True)
        return json.loads(done.stdout)

    def consumer(self, group):
        """A consumer that only asks; it never joins the group."""
        if group not in self.consumers:
            self.consumers[group] = Consumer(
                {"bootstrap.servers": self.kafka, "group.id": group, "enable.auto.commit": False, "log_level": 0})
        return self.consumers[group]

    def last_line(self, name):
        """The JSON line that the process wrote last on stdout."""
        text = open(os.path.join(self.home, f"{name}.log")).read()
        return json.loads([line for line in text.splitlines() if line.startswith("{")][-1])

    # Looking

    @staticmethod
    def get(url, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                text = answer.read()
                return json.loads(text) if text else {}
        except urllib.error.HTTPError as error:
            try:
                return json.loads(error.read())
            except ValueError:
                return None
        except (OSError, ValueError):
            return None

    def count(self, index):
        """How many documents a search finds now; None where the index is not there."""
        self.get(f"{self.elasticsearch}/{index}/_refresh", method="POST")
        return (self.get(f"{self.elasticsearch}/{index}/_count") or {}).get("count")

    @staticmethod
    def wait(condition, seconds, what):
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            time.sleep(0.02)
        return found

    def tell(self):
        """What a person would look at after a failure."""
        try:
            print("--- status\n" + json.dumps(self.status(), indent=1))
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            print(f"--- no status: {error}")
        for file in sorted(os.listdir(self.home)):
            if file.endswith(".log"):
                print(f"--- the end of {file}\n{self.end_of_log(file.removesuffix('.log'))}")

    def end_of_log(self, name):
        return "\n".join(open(os.path.join(self.home, f"{name}.log"), errors="replace").read().splitlines()[-15:])


class RealStack(Stack):
    """Fresh Kafka and Elasticsearch, and a registry of our own."""

    name = "real servers"

    def __init__(self, opine):
        super().__init__(opine)
        self.script = os.environ["OPINE_TEST_SERVERS"]
        self.environment["OPINE_SERVERS_HOME"] = os.path.join(self.home, "servers")
        self.environment["OPINE_SERVERS_PORT_SHIFT"] = os.environ.get("OPINE_SERVERS_PORT_SHIFT", "2000")
        self.registry_port = free_port()

    def __enter__(self):
        self.servers("up", "kafka", "elasticsearch")
        found = self.addresses()
        self.use(found["OPINE_TEST_KAFKA"], f"http://127.0.0.1:{self.registry_port}", found["OPINE_TEST_ELASTICSEARCH"])
        left = set(self.consumer("probe").list_topics(timeout=20).topics) - {"__consumer_offsets"}
        assert not left, f"this Kafka is not fresh, it has {left}"
        self.start_registry()
        self.run("apply", "--yes")
        return self

    def __exit__(self, *_):
        self.servers("wipe", "kafka", "elasticsearch")
        super().__exit__()

    def addresses(self):
        """Of the servers that are up, by the variables' names."""
        lines = subprocess.run([self.script, "env"], env=self.environment, check=True, capture_output=True, text=True)
        return dict(line.removeprefix("export ").split("=", 1) for line in lines.stdout.splitlines())

    def servers(self, *words):
        subprocess.run([self.script, *words], env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def start_registry(self):
        data = os.path.join(self.home, "registry")
        self.start("registry", "registry", "serve", "--listen", f"127.0.0.1:{self.registry_port}", "--data", data)
        self.wait(lambda: self.get(self.registry + "/subjects") is not None, 20, "the registry answers")


class EmbeddedStack(Stack):
    """`opine dev`."""

    name = "embedded stack"

    def __enter__(self):
        self.start_dev()
        return self

    def start_dev(self):
        shift = free_port(9200 - 8081) - 8081
        data = os.path.join(self.home, "dev")
        open(os.path.join(self.home, "dev.log"), "w").close()
        self.start("dev", "dev", "--data", data, "--port-shift", str(shift))
        ready = self.wait(lambda: self.ready_line("dev") or self.has_ended("dev"), 60, "opine dev is ready")
        found = dict(word.split("=", 1) for word in ready.split()[1:])
        self.use(found["kafka"], found["registry"], found["elasticsearch"])

    def has_ended(self, name):
        """False, or a failure with what the process said last."""
        code = self.processes[name].poll()
        assert code is None, f"{name} has ended with exit {code}:\n{self.end_of_log(name)}"
        return False

    def ready_line(self, name):
        lines = [line for line in open(os.path.join(self.home, f"{name}.log")) if line.startswith("ready")]
        return lines[-1] if lines else None

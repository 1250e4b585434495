"""TLS as sites have it, and users with few rights."""

import contextlib
import os
import tempfile

from front import RIGHTS, Certificates, Front


@contextlib.contextmanager
def fronts(bench, **options):
    """One in front of each server, by server."""
    made = {server: Front(bench.stack.urls[server], **options) for server in bench.stack.urls}
    try:
        yield made
    finally:
        bench.close()
        for front in made.values():
            front.close()


def connect(bench, topic, front, server, **changes):
    return bench.connect(topic, servers=(server,), connection_url=front.url, **changes)


def refused(bench, topic, front, **changes):
    return bench.refused(topic, connection_url=front.url, **changes)


def case_83_a_certificate_must_be_for_the_hosts_name(bench):
    topic = bench.topic()
    bench.put(topic, (None, {"n": 1}))
    with tempfile.TemporaryDirectory() as folder:
        certificates = Certificates(folder)
        trusts = {"elastic_security_protocol": "SSL",
                  "elastic_https_ssl_truststore_location": os.path.join(folder, "ca.pem"),
                  "elastic_https_ssl_truststore_type": "PEM"}
        with fronts(bench, certificates=certificates, name="elastic.test") as made:
            front = made["es8"]
            said = refused(bench, topic, front)
            assert "connection.url" in said and "certificate" in said.lower(), said
            said = refused(bench, topic, front, **trusts)
            assert "connection.url" in said and "certificate" in said.lower(), said
            for server in made:
                anyone = connect(bench, topic, made[server], server,
                                 elastic_https_ssl_endpoint_identification_algorithm="", **trusts)
                bench.has(anyone, topic, 1)
                bench.commits(anyone, topic, 1)
        with fronts(bench, certificates=certificates, wants_client=True) as made:
            refused(bench, topic, made["es8"], **trusts)
            for server in made:
                bench.put(topic, (None, {"n": 2}))
                known = connect(bench, topic, made[server], server, **trusts,
                                elastic_https_ssl_keystore_location=certificates.path("client.both.pem"),
                                elastic_https_ssl_keystore_type="PEM")
                bench.stack.wait(lambda: bench.task(known[server]).get("state") == "RUNNING", 20, "it runs")
                bench.stack.wait(lambda: len(bench.docs(server, topic)) >= 2, 20, "it writes")


def case_84_few_rights_are_enough(bench):
    topic = bench.topic()
    bench.put(topic, ("a", {"n": 1}), ("b", {"n": 2}), ("a", {"n": 3}))
    with fronts(bench, rights=RIGHTS) as made:
        for server, front in made.items():
            names = connect(bench, topic, front, server, key_ignore="false")
            bench.has(names, topic, 2)
            bench.commits(names, topic, 3)

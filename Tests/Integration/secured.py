"""The whole path where sites protect it: passwords, tokens, certificates of an authority of their own."""

import json
import os
import ssl
import urllib.error
import urllib.request

from front import Certificates, Front
from stack import free_port


def configure(stack, name, settings, changes):
    """Has opine read these settings; a change names its key with _ for dots, None leaves the key out."""
    lines = {**settings, **{key.replace("_", "."): value for key, value in changes.items()}}
    path = os.path.join(stack.home, name)
    open(path, "w").write("".join(f'{key}: "{value}"\n' for key, value in lines.items() if value is not None))
    stack.environment["OPINE_CONFIG"] = path


def kafka_with_tls_and_passwords(stack, full):
    """The whole path through a Kafka that wants SASL over TLS, by one file of settings. PLAIN: the SCRAM of librdkafka
    before 2.6.1 is refused by Kafka 4."""
    stack.servers("up", "kafka-secure")
    try:
        found = stack.addresses()
        settings = {
            "kafka.security.protocol": "SASL_SSL", "kafka.sasl.mechanism": "PLAIN", "kafka.sasl.username": "opine",
            "kafka.sasl.password": "${env:SASL_PASSWORD}", "kafka.ssl.ca.location": found["OPINE_TEST_KAFKA_CA"],
        }

        def use(name, **changes):
            configure(stack, name, settings, changes)

        stack.environment |= {"OPINE_KAFKA": found["OPINE_TEST_KAFKA_SECURE"], "SASL_PASSWORD": "opine-secret"}
        for name, reason, changes in (
                ("plain.yaml", "Broker", {"kafka_security_protocol": "PLAINTEXT"}),
                ("password.yaml", "SASL authentication error", {"kafka_sasl_password": "mistaken"}),
                ("authority.yaml", "SSL handshake failed", {"kafka_ssl_ca_location": "/etc/ssl/certs/ca-certificates.crt"})):
            use(name, **changes)
            said = stack.run_any("apply", "--yes")
            assert said.returncode == 5 and reason in said.stderr, (name, said)
            assert "opine-secret" not in said.stderr and "mistaken" not in said.stderr, said.stderr
        use("opine.yaml")
        stack.run("apply", "--yes")
        stack.run("ingest", "generate", "--rate", "0", "--count", "300", "--seed", "4")
        stack.run_once()
        books = json.loads(stack.run("verify", "--json"))
        assert books["balanced"] and books["input"] == 300, books
        assert "opine-secret" not in stack.run("config")
    finally:
        stack.servers("wipe", "kafka-secure")


SECRETS = {"REGISTRY_TOKEN": "registry-secret", "OPINE_TOKEN": "worker-secret"}


def services_with_tls_and_tokens(stack, full):
    """The registry behind HTTPS and a token, Elasticsearch behind HTTPS and client certificates, by one file of
    settings; then a connector over HTTPS with all that in its own properties."""
    certificates = Certificates(stack.home)
    stack.environment |= SECRETS
    serving = ["--tls-certificate", certificates.path("localhost.pem"), "--tls-key", certificates.path("localhost.key")]
    registry = f"127.0.0.1:{free_port()}"
    stack.start("registry-tls", "registry", "serve", "--listen", registry, "--data", os.path.join(stack.home, "tls"),
                "--token", SECRETS["REGISTRY_TOKEN"], *serving)
    stack.wait(lambda: "ready https://" in stack.end_of_log("registry-tls"), 20, "the registry serves HTTPS")
    front = Front(stack.elasticsearch, certificates=certificates, wants_client=True)
    stack.environment |= {"OPINE_REGISTRY": f"https://{registry}", "OPINE_ELASTICSEARCH": front.url}
    settings = {
        "registry.ssl.truststore.location": certificates.path("ca.pem"), "registry.bearer.auth.token": "${env:REGISTRY_TOKEN}",
        "elasticsearch.ssl.truststore.location": certificates.path("ca.pem"),
        "elasticsearch.ssl.keystore.location": certificates.path("client.both.pem"),
    }
    try:
        wrong_settings_are_told(stack, settings)
        configure(stack, "opine.yaml", settings, {})
        stack.run("apply", "--yes")
        stack.run("ingest", "generate", "--rate", "0", "--count", "300", "--seed", "4")
        stack.run_once()
        books = json.loads(stack.run("verify", "--json"))
        assert books["balanced"] and books["input"] == 300, books
        assert stack.run("search", "food", "--json"), "the search finds nothing"
        assert not any(secret in stack.run("config") for secret in SECRETS.values())
        a_connector_has_it_all_in_its_own(stack, certificates, serving, registry, front)
    finally:
        front.close()


def wrong_settings_are_told(stack, settings):
    for name, words, reason, changes in (
            ("authority.yaml", ["apply", "--yes"], "certificate", {"registry_ssl_truststore_location": None}),
            ("token.yaml", ["schemas", "list"], "unauthorized", {"registry_bearer_auth_token": "mistaken"}),
            ("client.yaml", ["search", "food"], "Elasticsearch", {"elasticsearch_ssl_keystore_location": None}),
            ("store.yaml", ["search", "food"], "elasticsearch.ssl.truststore.type",
             {"elasticsearch_ssl_truststore_type": "JKS"})):
        configure(stack, name, settings, changes)
        said = stack.run_any(*words)
        assert said.returncode != 0 and reason in said.stderr, (name, said)
        assert "mistaken" not in said.stderr and not any(secret in said.stderr for secret in SECRETS.values()), said


def a_connector_has_it_all_in_its_own(stack, certificates, serving, registry, front):
    del stack.environment["OPINE_CONFIG"]
    worker = f"https://127.0.0.1:{stack.listen['connect']}"
    trust = ssl.create_default_context(cafile=certificates.path("ca.pem"))

    def ask(path, body=None, method=None, token=SECRETS["OPINE_TOKEN"]):
        request = urllib.request.Request(worker + path, body and json.dumps(body).encode(), method=method, headers={
            "Content-Type": "application/json", "Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10, context=trust) as answer:
            return json.loads(answer.read())

    stack.start("connect", "connect", "--listen", f"127.0.0.1:{stack.listen['connect']}", *serving)
    stack.wait(lambda: f"ready connect {worker}" in stack.end_of_log("connect"), 20, "the worker serves HTTPS")
    try:
        ask("/connectors", token="mistaken")
        raise AssertionError("a wrong token is answered")
    except urllib.error.HTTPError as error:
        assert error.code == 401, error
    authority = certificates.path("ca.pem")
    ask("/connectors/secured/config", {
        "connector.class": "io.confluent.connect.elasticsearch.ElasticsearchSinkConnector", "topics": "reviews.scored",
        "connection.url": front.url, "elastic.security.protocol": "SSL",
        "elastic.https.ssl.truststore.location": authority, "elastic.https.ssl.truststore.type": "PEM",
        "elastic.https.ssl.keystore.location": certificates.path("client.both.pem"), "schema.ignore": "true",
        "value.converter": "io.confluent.connect.avro.AvroConverter",
        "value.converter.schema.registry.url": f"https://{registry}",
        "value.converter.schema.registry.ssl.truststore.location": authority,
        "value.converter.basic.auth.credentials.source": "USER_INFO",
        "value.converter.basic.auth.user.info": "anyone:${env:REGISTRY_TOKEN}"}, "PUT")
    stack.wait(lambda: stack.count("reviews.scored") == 300, 30, "the connector writes")
    assert "registry-secret" not in json.dumps(ask("/connectors/secured"))

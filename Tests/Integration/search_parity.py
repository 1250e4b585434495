#!/usr/bin/env python3
"""The embedded search server and Elasticsearch, asked the same of the same reviews: the same hits in the
same order (ties in any), scores within 1e-4, the same aggregation numbers, the same terms of every text.

OPINE_TEST_DATA: the folder with review lines. The queries are made from SEED, which is printed."""

import argparse
import gzip
import json
import os
import random
import statistics
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime, timezone

HERE = os.path.dirname(os.path.abspath(__file__))
INDEX = "reviews-000001"


class Server:
    def __init__(self, url):
        self.url = url

    def call(self, method, path, body=None, kind="application/json"):
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": kind}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{self.url} {method} {path}: {error.code} {error.read()[:600]}") from None

    def search(self, body):
        return self.call("POST", f"/{INDEX}/_search", body)

    def load(self, template, reviews):
        for path in (f"/{INDEX}", "/_index_template/reviews"):
            try:
                self.call("DELETE", path)
            except AssertionError:
                pass
        self.call("PUT", "/_index_template/reviews", template)
        self.call("PUT", f"/{INDEX}", {"aliases": {"reviews": {"is_write_index": True}}})
        started = time.monotonic()
        for start in range(0, len(reviews), 2000):
            lines = []
            for review in reviews[start:start + 2000]:
                action = {"_index": "reviews", "_id": review["review_id"], "version": review["doc_version"], "version_type": "external"}
                lines += [json.dumps({"index": action}), json.dumps(review)]
            body = ("\n".join(lines) + "\n").encode()
            answer = self.call("POST", "/_bulk?filter_path=errors,items.*.error", body, "application/x-ndjson")
            assert answer == {"errors": False}, str(answer)[:500]
        seconds = time.monotonic() - started
        self.call("POST", f"/{INDEX}/_forcemerge?max_num_segments=1")
        self.call("POST", f"/{INDEX}/_refresh")
        return seconds


def millis(date):
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%m/%d/%Y", "%m/%d/%Y %H:%M", "%Y-%m-%dT%H:%M:%SZ"):
        try:
            return int(datetime.strptime(date, form).replace(tzinfo=timezone.utc).timestamp() * 1000)
        except ValueError:
            continue
    return 1_400_000_000_000 + len(date)


def scored_reviews(folder, random_):
    """The real reviews, with scores of a random model: what is compared is the servers, not the model."""
    topics = ["food", "service", "price", "place", "staff", "wait"]
    found = []
    for line in gzip.open(os.path.join(folder, "bench", "yelp_reviews.jsonl.gz")):
        raw = json.loads(line)
        created = millis(raw["date"])
        score = round(random_.uniform(-1, 1), 6)
        label = "NEGATIVE" if score < -0.2 else "POSITIVE" if score > 0.2 else "NEUTRAL"
        chosen = random_.sample(topics, random_.randrange(4))
        found.append({
            "review_id": raw["review_id"], "source": "yelp", "user_id": raw["user_id"], "business_id": raw["business_id"],
            "title": " ".join(raw["text"].split()[:random_.randrange(1, 6)]) if random_.random() < 0.5 else None,
            "text": raw["text"], "stars": raw["stars"], "useful": raw["useful"], "funny": raw["funny"],
            "cool": raw["cool"], "created_at": created, "ingested_at": created + 1000, "sentiment_label": label,
            "sentiment_score": score, "topics": chosen, "topic": chosen[0] if chosen else None,
            "text_length": len(raw["text"]), "word_count": len(raw["text"].split()), "degraded": random_.random() < 0.1,
            "source_topic": "reviews.raw", "source_partition": random_.randrange(4), "source_offset": len(found),
            "doc_version": created,
        })
    # Some ids stand for several reviews.
    return list({review["review_id"]: review for review in found}.values())


class Queries:
    """Random requests of the kinds that people and charts send."""

    def __init__(self, reviews, random_):
        self.reviews, self.random = reviews, random_

    def words(self, count):
        text = self.random.choice(self.reviews)["text"].split()
        return " ".join(self.random.choice(text).strip(".,!?\"'()") or "food" for _ in range(count))

    def run_of_words(self, count):
        text = self.random.choice(self.reviews)["text"].split()
        start = self.random.randrange(max(1, len(text) - count))
        return " ".join(text[start:start + count])

    def filter(self):
        r, review = self.random, self.random.choice(self.reviews)
        start = review["created_at"]
        year = r.randrange(2008, 2019)
        return r.choice([
            {"term": {"sentiment_label": r.choice(["NEGATIVE", "POSITIVE"])}},
            {"terms": {"topics": ["food", "price"]}},
            {"term": {"business_id": review["business_id"]}},
            {"range": {"stars": {"gte": r.choice([1, 2, 2.5, 4]), "lt": 5}}},
            {"range": {"sentiment_score": {"gt": round(r.uniform(-1, 1), 3)}}},
            {"range": {"created_at": {"gte": start, "lte": start + 86_400_000 * 300}}},
            {"range": {"created_at": {"gte": f"{year}", "lte": f"{year + 1}-05", "format": "strict_date_optional_time"}}},
            {"range": {"created_at": {"gt": f"{year}-03-01||/M", "time_zone": "+02:00", "format": "strict_date_optional_time"}}},
            {"range": {"useful": {"gte": 1.5}}},
            {"exists": {"field": "topic"}},
            {"exists": {"field": "title"}},
            {"prefix": {"business_id": review["business_id"][:2]}},
            {"ids": {"values": [review["review_id"], self.random.choice(self.reviews)["review_id"]]}},
            {"bool": {"must_not": [{"term": {"degraded": True}}, {"term": {"stars": 5}}]}},
        ])

    def text(self):
        r = self.random
        return r.choice([
            lambda: {"match": {"text": self.words(r.randrange(1, 5))}},
            lambda: {"match": {"text": {"query": self.words(r.randrange(2, 4)), "operator": "and"}}},
            lambda: {"match": {"text": {"query": self.words(5), "minimum_should_match": r.choice(["2", "60%", "-1"])}}},
            lambda: {"match_phrase": {"text": self.run_of_words(r.randrange(2, 5))}},
            lambda: {"match": {"title": {"query": self.words(3), "boost": 2}}},
            lambda: {"multi_match": {"query": self.words(3), "fields": ["text", "title^2"]}},
            lambda: {"multi_match": {"query": self.words(3), "fields": ["text", "title^1.5"], "type": "most_fields"}},
            lambda: {"multi_match": {"query": self.words(2), "fields": ["text", "title"], "type": "cross_fields", "operator": "and"}},
            lambda: {"multi_match": {"query": self.run_of_words(3), "fields": ["text", "title"], "type": "phrase", "tie_breaker": 0.3}},
            lambda: {"query_string": {"query": self.query_string(), "default_field": "text"}},
            lambda: {"dis_max": {"queries": [{"match": {"text": self.words(2)}}, {"term": {"sentiment_label": "NEUTRAL"}}], "tie_breaker": 0.5}},
            lambda: {"term": {"text": {"value": "food", "boost": 1.5}}},
            lambda: {"term": {"topics": "food"}},
            lambda: {"term": {"degraded": False}},
        ])()

    def word(self):
        return "".join(c for c in self.words(1) if c.isalnum()) or "food"

    def query_string(self):
        r = self.random
        a, b, c = self.word(), self.word(), self.word()
        phrase = " ".join("".join(x for x in word if x.isalnum() or x == "'") for word in self.run_of_words(2).split())
        return r.choice([
            f"{a} {b}", f"{a} AND {b}", f"+{a} {b} -{c}", f"{a} OR \"{phrase}\"", f"({a} OR {b}) AND NOT {c}",
            f"sentiment_label:NEGATIVE AND ({a} OR {b}) AND stars:[1 TO 2]", f"{a}^3 {b}", f"title:{a} text:{b}",
            f"stars:>=4 AND {a}", f"_exists_:topic AND {a}", f"{a} AND business_id:{r.choice('abcdefXYZ0123')}*",
        ])

    def metric(self):
        field = self.random.choice(["stars", "sentiment_score", "useful", "text_length"])
        kind = self.random.choice(["avg", "min", "max", "sum", "stats", "value_count"])
        return {kind: {"field": field}}

    def aggregation(self, depth=2):
        r = self.random
        made = r.choice([
            lambda: {"terms": {"field": r.choice(["sentiment_label", "topics", "business_id", "stars", "degraded", "useful"]), "size": 10}},
            lambda: {"terms": {"field": "topic", "missing": "none", "order": {"_key": "asc"}}},
            lambda: {"date_histogram": {"field": "created_at", "calendar_interval": r.choice(["month", "1q", "year", "1w"]),
                                        "time_zone": r.choice(["UTC", "Europe/Berlin", "-05:00"]), "format": "yyyy-MM-dd"}},
            lambda: {"date_histogram": {"field": "created_at", "fixed_interval": "90d", "min_doc_count": 1}},
            lambda: {"histogram": {"field": "sentiment_score", "interval": 0.1}},
            lambda: {"histogram": {"field": "text_length", "interval": 250, "min_doc_count": 1}},
            lambda: {"range": {"field": "stars", "ranges": [{"to": 3}, {"from": 3, "to": 4}, {"from": 4, "key": "good"}]}},
            lambda: {"filters": {"filters": {"a": self.filter(), "b": self.filter()}}},
            lambda: {"filter": self.filter()},
            lambda: {"missing": {"field": "topic"}},
        ])()
        if depth > 0:
            made["aggs"] = {"m": self.metric()}
            if r.random() < 0.5:
                made["aggs"]["deeper"] = self.aggregation(depth - 1)
        return made

    def request(self):
        r = self.random
        body = {"size": 20, "track_total_hits": True, "_source": False}
        kind = r.randrange(4)
        text = self.text() if r.random() < 0.8 else {"match_all": {}}
        filters = [self.filter() for _ in range(r.randrange(3))]
        body["query"] = {"bool": {"must": [text], "filter": filters}} if filters else text
        if kind == 1:
            body["query"] = {"bool": {"should": [self.text(), self.text()], "must_not": [self.filter()], "minimum_should_match": 1}}
        if kind == 2:
            body["sort"] = r.choice([
                [{"created_at": "desc"}, {"review_id": "asc"}], [{"stars": "asc"}, {"sentiment_score": "desc"}, "review_id"],
                ["_score", {"review_id": "asc"}], [{"topic": {"order": "desc", "missing": "_first"}}, {"review_id": "desc"}],
            ])
        if kind == 3:
            body["size"] = 0
            body["aggs"] = {"one": self.aggregation(), "two": self.metric(), "many": {"cardinality": {"field": "business_id", "precision_threshold": 40000}}}
        return body


def close(left, right, tolerance):
    return abs(left - right) <= tolerance * max(1.0, abs(left), abs(right))


def same(left, right, path=""):
    """Whether two answers' aggregations have the same numbers; where not."""
    if isinstance(left, dict) and isinstance(right, dict):
        if left.keys() != right.keys():
            return f"{path}: members {sorted(left)} and {sorted(right)}"
        return next((found for key in left if (found := same(left[key], right[key], f"{path}.{key}"))), None)
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return f"{path}: {len(left)} and {len(right)} entries"
        return next((found for i, pair in enumerate(zip(left, right)) if (found := same(*pair, f"{path}[{i}]"))), None)
    if isinstance(left, (int, float)) and isinstance(right, (int, float)) and not isinstance(left, bool):
        return None if close(left, right, 1e-9) else f"{path}: {left} and {right}"
    return None if left == right else f"{path}: {left!r} and {right!r}"


def difference(body, own, other):
    """What differs between the two servers' answers; None where nothing does."""
    left, right = own["hits"], other["hits"]
    if left.get("total") != right.get("total"):
        return f"total {left.get('total')} and {right.get('total')}"
    if "sort" in body and body["sort"][0] != "_score":
        pairs = [([h["_id"] for h in left["hits"]], [h["_id"] for h in right["hits"][:body["size"]]]),
                 ([h["sort"] for h in left["hits"]], [h["sort"] for h in right["hits"][:body["size"]]])]
        return next((f"sorted hits {a} and {b}" for a, b in pairs if a != b), None)
    scores = {hit["_id"]: hit["_score"] for hit in right["hits"]}
    for place, hit in enumerate(left["hits"]):
        expected = right["hits"][place]["_score"]
        if not close(hit["_score"], expected, 1e-4):
            return f"hit {place} ({hit['_id']}) scores {hit['_score']}, not {expected}"
        known = scores.get(hit["_id"], right["hits"][-1]["_score"])
        if not close(hit["_score"], known, 1e-4):
            return f"hit {place} ({hit['_id']}) scores {hit['_score']}, there {known}"
    return same(own.get("aggregations"), other.get("aggregations"))


def analysis(embedded, elasticsearch, reviews):
    """Texts whose terms, positions or places differ."""
    wrong = []
    for analyzer in ("english", "standard"):
        for review in reviews:
            answers = []
            for server in (embedded, elasticsearch):
                tokens = server.call("POST", "/_analyze", {"analyzer": analyzer, "text": review["text"]})["tokens"]
                answers.append([(t["token"], t["position"], t["start_offset"], t["end_offset"]) for t in tokens])
            if answers[0] != answers[1]:
                wrong.append((analyzer, review["review_id"], [pair for pair in zip(*answers) if pair[0] != pair[1]][:2]))
    return wrong


def compare(embedded, elasticsearch, folder, seed, count):
    print(f"SEED={seed}")
    random_ = random.Random(seed)
    reviews = scored_reviews(folder, random_)
    template = json.load(open(os.path.join(HERE, "../../mappings/elasticsearch/reviews-template.json")))
    for server in (embedded, elasticsearch):
        print(f"{server.url}: {len(reviews) / server.load(template, reviews):.0f} reviews/s loaded")
    wrong = analysis(embedded, elasticsearch, random_.sample(reviews, 400))
    for one in wrong[:5]:
        print("terms differ:", one)
    queries, failed, times = Queries(reviews, random_), 0, []
    for number in range(count):
        body = queries.request()
        started = time.perf_counter()
        own = embedded.search(body)
        times.append(time.perf_counter() - started)
        # More of the other's, to know the score of each of ours where many tie.
        other = elasticsearch.search(body | {"size": body["size"] and 500})
        found = difference(body, own, other)
        if found:
            failed += 1
            print(f"query {number} {json.dumps(body)}\n  {found}")
    print(f"{count} queries, {failed} differ; {len(wrong)} of 800 analyses differ; "
          f"p50 {statistics.median(times) * 1000:.1f} ms, p95 {sorted(times)[int(len(times) * 0.95)] * 1000:.1f} ms")
    return failed + len(wrong) == 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--embedded", required=True, help="URL of the embedded server")
    parser.add_argument("--elasticsearch", required=True, help="URL of Elasticsearch 8")
    parser.add_argument("--count", type=int, default=100)
    arguments = parser.parse_args()
    ok = compare(Server(arguments.embedded), Server(arguments.elasticsearch), os.environ["OPINE_TEST_DATA"],
                 int(os.environ.get("SEED", "20241")), arguments.count)
    sys.exit(0 if ok else 1)

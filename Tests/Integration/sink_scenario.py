"""Runs the sink's cases side by side: each has topics, indices and connectors of its own."""

import concurrent.futures
import os
import time
import traceback

import sink_cases
import sink_cases_more
import sink_security
import sink_topics
from sink_bench import Bench

ALL = [
    (name, case) for module in (sink_cases, sink_cases_more, sink_security, sink_topics)
    for name, case in vars(module).items() if name.startswith("case_")
]
# They stop what the others need.
ALONE = {"case_66_and_64_no_letter_while_the_registry_is_away"}


def run(stack, name, case):
    # "case_21_a_newer…" makes topics "case-21-1", "case-21-2".
    bench = Bench(stack, "-".join(name.split("_")[:2]))
    started = time.monotonic()
    try:
        case(bench)
        return name, None, time.monotonic() - started
    except Exception:
        return name, traceback.format_exc(), time.monotonic() - started
    finally:
        bench.close()


def sink_cases_on_three_servers(stack, full):
    """The sink's acceptance cases on Elasticsearch 8 and 9 and OpenSearch, with the same assertions."""
    only = [number for number in os.environ.get("OPINE_TEST_CASES", "").split(",") if number]
    chosen = [(name, case) for name, case in ALL if not only or name.split("_")[1] in only]
    failures = []
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda each: run(stack, *each), [each for each in chosen if each[0] not in ALONE]))
    results += [run(stack, *each) for each in chosen if each[0] in ALONE]
    for name, failure, seconds in results:
        print(f"      {'FAIL' if failure else 'ok  '} {name} ({seconds:.1f} s)", flush=True)
        if failure:
            print(failure, flush=True)
            failures.append(name)
    assert not failures, f"{len(failures)} of {len(results)} cases failed: {', '.join(failures)}"

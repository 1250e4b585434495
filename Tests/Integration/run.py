#!/usr/bin/env python3
"""The pipeline on the real Kafka and Elasticsearch and on the embedded stack, with kills and outages, judged
twice: by `opine verify` and by an independent check that shares no code with it. Short by default; FULL=1 for
the long form.

OPINE_TEST_SERVERS: the script that starts the servers. OPINE_TEST_DATA: the folder with review lines."""

import argparse
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scenarios  # noqa: E402
from sink_bench import SinkStack  # noqa: E402
from stack import EmbeddedStack, RealStack  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--opine", required=True)
parser.add_argument("--only", default="", help="names of scenarios, with commas")
parser.add_argument("--stack", choices=["real", "embedded", "sink"], help="on this one only")
arguments = parser.parse_args()
has_servers = bool(os.environ.get("OPINE_TEST_SERVERS"))
if not has_servers:
    print("real servers skipped: OPINE_TEST_SERVERS names no script that starts them")

chosen = [name for name in arguments.only.split(",") if name]
kinds = {"real": RealStack, "embedded": EmbeddedStack, "sink": SinkStack}
passed, failures = 0, []
for scenario, stacks in scenarios.ALL:
    for kind in stacks:
        if chosen and scenario.__name__ not in chosen or arguments.stack and kind != arguments.stack:
            continue
        if kind != "embedded" and not has_servers:
            continue
        started = time.monotonic()
        stack = kinds[kind](os.path.abspath(arguments.opine))
        title = f"{scenario.__name__} on the {stack.name}"
        try:
            with stack:
                try:
                    scenario(stack, full=os.environ.get("FULL") == "1")
                except Exception:
                    stack.tell()
                    raise
            passed += 1
            print(f"ok    {title} ({time.monotonic() - started:.0f} s)", flush=True)
        except Exception:
            failures.append(f"FAIL  {title}\n{traceback.format_exc()}")
            print(failures[-1], flush=True)
# Once more at the end, where they are looked for.
print("\n".join(failures) + f"\n{passed} passed, {len(failures)} failed")
sys.exit(1 if failures else 0)

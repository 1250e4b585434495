#!/usr/bin/env python3
"""The pipeline on the real Kafka and Elasticsearch, with kills and outages, judged twice: by `opine verify`
and by an independent check that shares no code with it. Short by default; FULL=1 for the long form.

OPINE_TEST_SERVERS: the script that starts the servers. OPINE_TEST_DATA: the folder with review lines."""

import argparse
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scenarios  # noqa: E402
from stack import Stack  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--opine", required=True)
parser.add_argument("--only", default="", help="names of scenarios, with commas")
arguments = parser.parse_args()
if not os.environ.get("OPINE_TEST_SERVERS"):
    print("skipped: OPINE_TEST_SERVERS names no script that starts the real servers")
    sys.exit(0)

chosen = [name for name in arguments.only.split(",") if name]
passed = failed = 0
for scenario in scenarios.ALL:
    if chosen and scenario.__name__ not in chosen:
        continue
    started = time.monotonic()
    with Stack(os.path.abspath(arguments.opine)) as stack:
        try:
            scenario(stack, full=os.environ.get("FULL") == "1")
            passed += 1
            print(f"ok    {scenario.__name__} ({time.monotonic() - started:.0f} s)", flush=True)
        except Exception:
            failed += 1
            traceback.print_exc()
            stack.tell()
            print(f"FAIL  {scenario.__name__}", flush=True)
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)

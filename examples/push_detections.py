#!/usr/bin/env python3
"""Pushes made-up detections to a running agent and searches for one of them. Needs nothing but Python 3.

    edge-agent run --radio udp@lo &
    python3 examples/push_detections.py --count 200

Three ways to send a batch: ndjson (one JSON object a line), json (an array), and cbor, where an embedding is four
bytes a value (tag 85 of RFC 8746: float32, little-endian) instead of about twenty characters: smaller and faster.
"""

import argparse
import array
import http.client
import json
import math
import os
import random
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

ITEMS_PER_BATCH = 500  # the agent takes up to 1,000 items and 16 MiB at once
PEOPLE = 20
SEARCH_TIMEOUT_MS = 5_000
RETRIES = 5


class Failure(Exception):
    """Something a person should read, without a traceback."""


def cbor_head(major, value):
    if value < 24:
        return struct.pack(">B", major << 5 | value)
    for low, form, limit in ((24, ">BB", 1 << 8), (25, ">BH", 1 << 16), (26, ">BI", 1 << 32)):
        if value < limit:
            return struct.pack(form, major << 5 | low, value)
    return struct.pack(">BQ", major << 5 | 27, value)


def cbor(value):
    """The bytes of a value: the part of CBOR that a detection needs."""
    if value is None or isinstance(value, bool):
        return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]
    if isinstance(value, int):
        return cbor_head(0, value) if value >= 0 else cbor_head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return cbor_head(3, len(text)) + text
    if isinstance(value, array.array):
        values = value
        if sys.byteorder == "big":
            values = array.array("f", value)
            values.byteswap()
        return b"\xd8\x55" + cbor_head(2, 4 * len(values)) + values.tobytes()
    if isinstance(value, (list, tuple)):
        return cbor_head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, dict):
        return cbor_head(5, len(value)) + b"".join(cbor(key) + cbor(entry) for key, entry in value.items())
    raise TypeError(f"no CBOR for {type(value).__name__}")


def as_json(value):
    return json.dumps(value, default=list, allow_nan=False)


ENCODINGS = {
    "ndjson": ("application/x-ndjson", lambda items: "\n".join(map(as_json, items)).encode()),
    "json": ("application/json", lambda items: as_json(items).encode()),
    "cbor": ("application/cbor", cbor),
}


def call(options, path, body, media_type="application/json"):
    """POSTs and gives the JSON back; waits and tries again when the agent says it is busy (429)."""
    headers = {"content-type": media_type, "accept": "application/json"}
    if options.token:
        headers["authorization"] = f"Bearer {options.token}"
    request = urllib.request.Request(f"{options.url}/api/v1/{path}", body, headers, method="POST")
    for attempt in range(RETRIES):
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            if error.code == 429 and attempt + 1 < RETRIES:
                time.sleep(float(error.headers.get("retry-after", 1)))
                continue
            raise Failure(explain(error)) from None
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            reason = getattr(error, "reason", error)
            raise Failure(f"no agent answers at {options.url}: {reason}\nStart one: edge-agent run") from None
        except ValueError:
            raise Failure(f"{options.url} answered something that is not JSON: is that an edge-agent?") from None
    raise AssertionError("the last attempt returns or raises")


def explain(error):
    """The problem details (RFC 9457) of a refusal, as one sentence."""
    try:
        problem = json.load(error)
    except ValueError:
        return f"the agent answered {error.code} {error.reason}"
    text = f"{problem.get('code', error.code)}: {problem.get('detail') or problem.get('title')}"
    return f"{text}\n{problem['fix']}" if problem.get("fix") else text


def unit(values):
    length = math.sqrt(sum(value * value for value in values))
    return array.array("f", (value / length for value in values))


def look(person, noise=0.5):
    """The embedding of one more look at a person."""
    scale = noise / math.sqrt(len(person))
    return unit([value + random.gauss(0, scale) for value in person])


def detections(people, count):
    now = int(time.time() * 1000)
    for index in range(count):
        person = index % len(people)
        yield {
            "hash": os.urandom(16).hex(),
            "type": "person",
            "embedding": look(people[person]),
            "metadata": {"person": person, "camera": "python"},
            "observedAt": now,
        }


def push(options, items):
    media_type, encode = ENCODINGS[options.format]
    accepted, size, started = 0, 0, time.monotonic()
    for at in range(0, len(items), ITEMS_PER_BATCH):
        body = encode(items[at : at + ITEMS_PER_BATCH])
        result = call(options, "detections", body, media_type)
        accepted += result["accepted"]
        size += len(body)
        for refused in result["rejected"][:3]:
            print(f"item {at + refused['index']}: {refused['code']}: {refused['detail']}", file=sys.stderr)
    took = time.monotonic() - started
    print(f"pushed {accepted} of {len(items)} detections, {size / 1e6:.1f} MB of {options.format}, {took:.2f} s")
    if accepted != len(items):
        raise Failure(f"{len(items) - accepted} detections were not accepted")


def search(options, person, index):
    query = {"embedding": look(person), "k": 5, "type": "person", "scope": options.scope}
    answer = call(options, "search", as_json({**query, "timeoutMs": SEARCH_TIMEOUT_MS}).encode())
    print(f"{answer['answered']} of {answer['asked']} nodes answered in {answer['tookMs']:.0f} ms")
    for result in answer["results"]:
        print(f"  {result['score']:.3f}  {result['hash'][:16]}…  {result['metadata']}  seen by {result['node']}")
    best = answer["results"][0] if answer["results"] else {"metadata": {}}
    if best["metadata"].get("person") != index:
        raise Failure(f"person {index} was not found")
    print(f"OK: person {index} was found")


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def main():
    parser = argparse.ArgumentParser(description="Push made-up detections to a running agent and search for one.")
    parser.add_argument("--url", default=os.environ.get("EDGE_AGENT_URL", "http://127.0.0.1:7070"), help="%(default)s")
    parser.add_argument("--token", default=os.environ.get("EDGE_AGENT_TOKEN"), help="where the agent asks for one")
    parser.add_argument("--count", type=positive, default=200, help="detections to push (default: %(default)s)")
    parser.add_argument("--dim", type=positive, default=512, help="values of an embedding (default: %(default)s)")
    parser.add_argument("--format", choices=ENCODINGS, default="cbor", help="default: %(default)s")
    parser.add_argument("--scope", choices=("local", "mesh"), default="mesh", help="who is asked (default: %(default)s)")
    options = parser.parse_args()
    options.url = options.url.rstrip("/")
    if urllib.parse.urlsplit(options.url).scheme not in ("http", "https"):
        parser.error("--url must begin with http:// or https://")
    people = [unit([random.gauss(0, 1) for _ in range(options.dim)]) for _ in range(min(PEOPLE, options.count))]
    try:
        push(options, list(detections(people, options.count)))
        chosen = random.randrange(len(people))
        search(options, people[chosen], chosen)
    except Failure as failure:
        print(f"push_detections: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The local server under load while new versions are published: failures, mixed answers, and latency.

Two exports of TwoTower (10,000 items, dim 64, other weights) take turns: every five seconds the next version
is moved into the served folder, then the manifest, as `export` does. The clients ask for the ten best items
of four people at once and compare each answer with both exports' own: all rows of one are right, rows of both
in one answer are a mix. The bare SavedModel call answers the same requests in a process of its own, from as
many threads, before the server starts. The clients share the machine with the server.

    python benchmarks/serving_soak.py [--seconds 60] [--clients 64] [--publish-every 5] [--json PATH]
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

NUM_ITEMS, DIM, REQUESTS, PEOPLE = 10_000, 64, 50, 4
PROCESSES = 2
"""Of clients, so that one interpreter's lock does not set the pace."""
SETTLED = 2.0
"""Seconds of asking before figures count."""


def write_exports(folder: Path) -> None:
    from tfrec_zoo.data.sources.synthetic import synthetic
    from tfrec_zoo.data.splits import leave_last_out
    from tfrec_zoo.export import export
    from tfrec_zoo.features import FeatureSpace
    from tfrec_zoo.models import create_model

    data = synthetic(num_users=500, num_items=NUM_ITEMS, num_interactions=6 * NUM_ITEMS, seed=1)
    features = FeatureSpace.fit(
        leave_last_out(data.interactions).train, data.items, data.users, content=[], profile=[]
    )
    for seed, name in enumerate(("odd", "even")):
        model = create_model(
            "two_tower", features.schema, embedding_dim=DIM, max_history_length=20, seed=seed
        )
        export(model, features, folder / name / "shop")


def bare(folder: str, callers: int, seconds: float) -> dict[str, Any]:
    """Requests, the answers of both exports, and how long the bare call takes."""
    import numpy as np

    from tfrec_zoo.serving import load

    exports = [load(Path(folder) / name / "shop") for name in ("odd", "even")]
    items = (
        (exports[0].manifest.features_folder(Path(folder) / "odd" / "shop") / "item_id.txt")
        .read_text()
        .split()
    )
    generator = np.random.default_rng(0)
    requests = [
        {
            "history": generator.choice(items, (PEOPLE, 20)).tolist(),
            "user_id": [f"u{generator.integers(500)}"] * PEOPLE,
        }
        for _ in range(REQUESTS)
    ]
    inputs = [{name: np.array(value, object) for name, value in request.items()} for request in requests]
    answers = []
    for recommender in exports:
        own = [recommender.run("serving_default", request) for request in requests]
        answers.append([{name: a.tolist() for name, a in answer.items()} for answer in own])

    def ask(place: int) -> None:
        exports[0].run("serving_default", inputs[place % REQUESTS])

    one = measure(lambda: ask, 1, seconds / 4)
    return {
        "requests": requests,
        "answers": answers,
        "one": one,
        "many": measure(lambda: ask, callers, seconds),
    }


def measure(connect: Callable[[], Callable[[int], None]], callers: int, seconds: float) -> dict[str, Any]:
    """Seconds of each call of a closed loop, after it has settled."""
    times: list[list[float]] = [[] for _ in range(callers)]
    start = time.perf_counter() + SETTLED
    end = start + seconds

    def loop(own: list[float], place: int) -> None:
        ask = connect()
        while (began := time.perf_counter()) < end:
            ask(place)
            place += 1
            if began > start:
                own.append(time.perf_counter() - began)

    threads = [threading.Thread(target=loop, args=(own, 7 * n)) for n, own in enumerate(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"seconds": seconds, "times": [t for own in times for t in own]}


def client(plan_path: str, callers: int, seconds: float) -> dict[str, Any]:
    """Ask the server; judge each answer."""
    plan = json.loads(Path(plan_path).read_text())
    bodies = [json.dumps({"inputs": request}).encode() for request in plan["requests"]]
    verdicts: Counter[str] = Counter()
    lock = threading.Lock()

    def connect() -> Callable[[int], None]:
        connection = http.client.HTTPConnection("127.0.0.1", plan["port"], timeout=30)

        def ask(place: int) -> None:
            place %= REQUESTS
            try:
                connection.request("POST", "/v1/models/shop:predict", bodies[place])
                answer = connection.getresponse()
                content = answer.read()
                verdict = f"status {answer.status}"
                if answer.status == 200:
                    verdict = judge(json.loads(content)["outputs"], [own[place] for own in plan["answers"]])
            except (OSError, http.client.HTTPException, ValueError) as error:
                connection.close()
                verdict = type(error).__name__
            with lock:
                verdicts[verdict] += 1

        return ask

    return {**measure(connect, callers, seconds), "verdicts": verdicts}


def judge(answer: dict[str, Any], expected: list[dict[str, Any]]) -> str:
    """Which export gave the answer: odd, even, a mix of both, or another."""

    def same(row: int, own: dict[str, Any]) -> bool:
        pairs = zip(answer["scores"][row], own["scores"][row], strict=True)
        return answer["item_ids"][row] == own["item_ids"][row] and all(abs(a - b) < 1e-4 for a, b in pairs)

    rows = [[same(row, own) for own in expected] for row in range(PEOPLE)]
    for place, name in enumerate(("odd", "even")):
        if all(row[place] for row in rows):
            return name
    return "mixed" if all(any(row) for row in rows) else "other"


def publish(source: Path, folder: Path, number: int) -> None:
    """Move a copy of an export's version in, then its manifest, as `export` does."""
    from tfrec_zoo._files import staging_folder
    from tfrec_zoo.bundle import read_manifest

    manifest = read_manifest(source)
    with staging_folder(folder) as staging:
        shutil.copytree(source / "1", staging / "1")
        (staging / "1").rename(folder / str(number))
    files = {f"{number}/{name.partition('/')[2]}": digest for name, digest in manifest.files.items()}
    replace(manifest, version=number, files=files).write(folder)


def percentiles(run: dict[str, Any]) -> dict[str, float]:
    cuts = statistics.quantiles(run["times"], n=100)
    return {
        "per_second": len(run["times"]) / run["seconds"],
        "p50_ms": 1e3 * cuts[49],
        "p99_ms": 1e3 * cuts[98],
    }


def ask_clients(plan: Path, clients: int, seconds: float) -> dict[str, Any]:
    """The clients of all processes together."""
    count = min(PROCESSES, clients)
    command = [
        sys.executable,
        __file__,
        "--child",
        "client",
        "--seconds",
        str(seconds),
        "--folder",
        str(plan),
    ]
    running = [
        subprocess.Popen([*command, "--clients", str(clients // count)], stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    runs = [json.loads(process.communicate()[0]) for process in running]
    verdicts: Counter[str] = sum((Counter(run["verdicts"]) for run in runs), Counter())
    return {"seconds": seconds, "times": [t for run in runs for t in run["times"]], "verdicts": verdicts}


def metric(port: int, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:
        found = re.search(rf"^{name} (\S+)$", page.read().decode(), flags=re.MULTILINE)
    return float(found[1]) if found else float("nan")


def soak(folder: Path, plan: dict[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """One caller, then all of them while versions are published."""
    served = folder / "served" / "shop"
    shutil.copytree(folder / "odd" / "shop", served)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    path = folder / "plan.json"
    path.write_text(json.dumps({**plan, "port": port}))
    code = "from tfrec_zoo.cli.main import main; main()"
    command = [sys.executable, "-c", code, "serve", str(served), "--engine", "local", "--port", str(port)]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    done = threading.Event()
    published = [1]

    def publisher() -> None:
        while not done.wait(options.publish_every):
            number = published[0] + 1
            publish(folder / ("odd", "even")[(number + 1) % 2] / "shop", served, number)
            published[0] = number

    try:
        wait_for(port, server)
        one = ask_clients(path, 1, options.seconds / 4)
        memory = metric(port, "process_resident_memory_bytes")
        thread = threading.Thread(target=publisher)
        thread.start()
        many = ask_clients(path, options.clients, options.seconds)
        done.set()
        thread.join()
        grown = metric(port, "process_resident_memory_bytes") - memory
        live = metric(port, "tfrec_zoo_live_version")
    finally:
        done.set()
        server.terminate()
        server.wait()
    return {"one": one, "many": many, "published": published[0] - 1, "live": live, "grown_mb": grown / 1e6}


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz"):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"The server left with {server.returncode}.")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--publish-every", type=float, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run = {"bare": bare, "client": client}[options.child]
        print(json.dumps(run(options.folder, options.clients, options.seconds)))
        return
    from peers import machine, run_child

    with tempfile.TemporaryDirectory() as name:
        write_exports(Path(name))
        arguments = [
            "--clients",
            str(options.clients),
            "--seconds",
            str(options.seconds / 4),
            "--folder",
            name,
        ]
        plan = run_child(sys.executable, __file__, "--child", "bare", *arguments)
        bare_runs = {callers: plan.pop(callers) for callers in ("one", "many")}
        server = soak(Path(name), plan, options)
    verdicts = server["one"]["verdicts"] + server["many"]["verdicts"]
    total, right = sum(verdicts.values()), verdicts["odd"] + verdicts["even"]
    report: dict[str, Any] = {"command": " ".join(sys.argv), **machine(), "requests": total}
    report |= {
        "mixed": verdicts["mixed"],
        "failed": total - right - verdicts["mixed"],
        "verdicts": dict(verdicts),
    }
    report |= {name: server[name] for name in ("published", "live", "grown_mb")}
    print(f"{total:,} requests, {report['failed']} failed, {report['mixed']} mixed; {dict(verdicts)}")
    print(
        f"{server['published']} versions published, {server['live']:.0f} live; {server['grown_mb']:+.0f} MB"
    )
    report["rows"] = []
    for callers, count in (("one", 1), ("many", options.clients)):
        for what, run in (("bare SavedModel call", bare_runs[callers]), ("local server", server[callers])):
            row = {"callers": count, "what": what, **percentiles(run)}
            report["rows"].append(row)
            print(
                f"{count:3} callers, {what:19} {row['per_second']:6.0f} per second, "
                f"p50 {row['p50_ms']:.1f} ms, p99 {row['p99_ms']:.1f} ms"
            )
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

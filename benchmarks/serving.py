"""Measure the served extraction: ``python -m benchmarks.serving [--rivals] [--seconds 20] [--quick] [--json]``.

Notes of 300 words are made of the example notes. They come one at a time at a fixed rate, whether or not the one
before was answered (latency counts from when a note was due), and then in batches of 100; before all that each was
sent once, in batches too, which shows what words cost that a server has never seen. Our server does all that it
always does: it recognises the key, counts the rate, writes the audit trail and the prediction log, and answers with
status, codes, links and the record. Beside it, `mlflow models serve` with a CRF of sklearn-crfsuite that was trained
on the example notes, which finds entities alone. One process each, on the same machine, one after the other; whoever
sends shares its cores.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import multiprocessing
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from behealthy.data.formats import read_corpus
from behealthy.note import DISEASE, TREATMENT
from behealthy.settings import Settings
from benchmarks import report, rivals
from benchmarks.corpora import EXAMPLES

WORDS = 300
BATCH = 100
_HERE = Path(__file__).resolve().parent

COLUMNS: report.Columns = {
    "served by": lambda row: row["system"],
    "sent": lambda row: f"{row['requests']:,} at {row['rate']}/s",
    "failed": lambda row: str(row["failed"]),
    "p50, ms": lambda row: f"{row['p50_ms']:.1f}",
    "p99, ms": lambda row: f"{row['p99_ms']:.1f}",
    "CPU, ms a note": lambda row: f"{row['cpu_ms']:.1f}",
    "notes/s in batches of 100": lambda row: report.count(row["notes_per_s"]),
    "at first sight": lambda row: report.count(row["first_notes_per_s"]),
    "memory, MB": lambda row: f"{row['memory_bytes'] / 1e6:.0f}",
}


@dataclass(frozen=True)
class Served:
    """A running server: where it listens, what one and many notes look like to it, and its process."""

    name: str
    url: str
    headers: dict[str, str]
    body: Callable[[Sequence[str]], dict[str, Any]]
    alive: str
    pid: int


def note_texts(words: int = WORDS) -> list[str]:
    """Give notes of exactly so many words, cut from the example notes laid end to end."""
    whole = "\n\n".join(path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.txt")))
    ends = [match.end() for match in re.finditer(r"\S+", whole)][words - 1 :: words]
    return [whole[begin:end].strip() for begin, end in itertools.pairwise([0, *ends])]


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listen(home: str, port: int, keys: Any) -> None:
    """Serve our application until the process is ended; puts a key to it into a queue first. Logs go to its home."""
    from behealthy.flows.system import System
    from behealthy.monitor import logs
    from behealthy.serve import auth
    from behealthy.serve.app import create_app
    from behealthy.serve.listening import serve

    settings = Settings.from_environment({"BEHEALTHY_HOME": home}, Path(home))
    system = System.open(settings)
    with system.database.write() as session:
        keys.put(auth.make_key(session, "b", ["extract"], by="b", requests_per_minute=10**6, now=system.now())[1])
    with (Path(home) / "log").open("w", encoding="utf-8") as log:
        logs.configure("api", stream=log)
        serve(create_app(system), "127.0.0.1", port, timeout_keep_alive=75)


@contextmanager
def ours(folder: Path) -> Iterator[Served]:
    """Start our server."""
    context = multiprocessing.get_context("spawn")
    keys, port = context.Queue(), free_port()
    process = context.Process(target=listen, args=(str(folder / "home"), port, keys), daemon=True)
    process.start()
    headers = {"Authorization": f"Bearer {keys.get(timeout=120)}"}
    url = f"http://127.0.0.1:{port}"
    one_or_many = lambda texts: {"text": texts[0]} if len(texts) == 1 else {"notes": [{"text": t} for t in texts]}  # noqa: E731
    try:
        yield Served("behealthy", f"{url}/api/v1/extract", headers, one_or_many, f"{url}/readyz", process.pid or 0)
    finally:
        process.terminate()
        process.join()


@contextmanager
def mlflow_serve(folder: Path) -> Iterator[Served]:
    """Train the rival and start MLflow's own server with it, in this environment."""
    import mlflow

    documents = read_corpus(EXAMPLES, "brat").documents
    crf = rivals.plain_crf(documents, [DISEASE, TREATMENT])
    weights = folder / "crf.crfsuite"
    shutil.copy(crf.modelfile.name, weights)
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.pyfunc.save_model(folder / "model", python_model=_HERE / "served_crf.py", artifacts={"crf": str(weights)})
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder / "model")]
    command += ["-p", str(port), "-h", "127.0.0.1", "--env-manager", "local", "-w", "1"]
    path = os.pathsep.join([str(_HERE.parent), str(_HERE.parent / "src")])
    programs = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])  # it calls uvicorn by name
    env = os.environ | {"PYTHONPATH": path, "PATH": programs, "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        body = lambda texts: {"dataframe_records": [{"text": text} for text in texts]}  # noqa: E731
        yield Served(
            "mlflow models serve, sklearn-crfsuite", f"{url}/invocations", {}, body, f"{url}/ping", process.pid
        )
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def wait_for(server: Served) -> None:
    """Wait until it answers."""
    for _ in range(900):
        try:
            if httpx.get(server.alive, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"{server.name} does not come up")


async def at_rate(server: Served, texts: Sequence[str], rate: int, seconds: float) -> tuple[list[float], int]:
    """Send notes at a rate, open loop; give the latencies in seconds, and how many failed."""
    limits = httpx.Limits(max_connections=256, max_keepalive_connections=256)
    async with httpx.AsyncClient(headers=server.headers, timeout=60, limits=limits) as client:
        begin = time.perf_counter() + 0.1

        async def one(number: int) -> tuple[float, bool]:
            due = begin + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            good = False
            with contextlib.suppress(httpx.TransportError):
                answer = await client.post(server.url, json=server.body([texts[number % len(texts)]]))
                good = answer.status_code == 200
            return time.perf_counter() - due, good

        done = await asyncio.gather(*(one(number) for number in range(int(rate * seconds))))
    return [latency for latency, _ in done], sum(not good for _, good in done)


def in_batches(server: Served, texts: Sequence[str], batches: int) -> float:
    """Send batches one after the other; give notes a second."""
    many = list(itertools.islice(itertools.cycle(texts), BATCH * batches))
    with httpx.Client(headers=server.headers, timeout=300) as client:
        begin = time.perf_counter()
        for i in range(0, len(many), BATCH):
            client.post(server.url, json=server.body(many[i : i + BATCH])).raise_for_status()
        return len(many) / (time.perf_counter() - begin)


def memory(pid: int) -> int:
    """Give the resident memory of a process and all under it."""
    process = psutil.Process(pid)
    return sum(p.memory_info().rss for p in (process, *process.children(recursive=True)))


def processor_s(pid: int) -> float:
    """Give the seconds of processor that a process and all under it have taken; others' work does not count."""
    process = psutil.Process(pid)
    times = [p.cpu_times() for p in (process, *process.children(recursive=True))]
    return float(sum(t.user + t.system for t in times))


def measured(server: Served, texts: Sequence[str], rate: int, seconds: float, batches: int) -> dict[str, Any]:
    """Warm a server up and measure it."""
    wait_for(server)
    first = in_batches(server, texts, -(-len(texts) // BATCH))
    report.progress(f"{server.name}: {rate} notes/s for {seconds:.0f} s")
    begin = processor_s(server.pid)
    latencies, failed = asyncio.run(at_rate(server, texts, rate, seconds))
    spent_s = processor_s(server.pid) - begin
    latencies.sort()
    return {
        "system": server.name,
        "requests": len(latencies),
        "rate": rate,
        "failed": failed,
        "p50_ms": 1000 * latencies[len(latencies) // 2],
        "p99_ms": 1000 * latencies[int(len(latencies) * 0.99)],
        "cpu_ms": 1000 * spent_s / len(latencies),
        "first_notes_per_s": first,
        "notes_per_s": in_batches(server, texts, batches),
        "memory_bytes": memory(server.pid),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is served."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--rivals", action="store_true", help="mlflow models serve as well")
    parser.add_argument("--rate", type=int, default=50, help="notes a second (default 50)")
    parser.add_argument("--seconds", type=float, default=20, help="how long (default 20)")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    options = parser.parse_args(arguments)
    seconds, batches = (options.seconds / 10, 1) if options.quick else (options.seconds, 20)
    show = report.Printer(as_json=options.json)
    texts, rows = note_texts(), []
    for start in (ours, mlflow_serve) if options.rivals else (ours,):
        with tempfile.TemporaryDirectory() as folder, start(Path(folder)) as server:
            rows.append(measured(server, texts, options.rate, seconds, batches))
    facts = {"notes": len(texts), "words each": WORDS, "batches": batches, "one process each, cores": os.cpu_count()}
    show(report.Table("Served extraction", facts, rows), COLUMNS)
    show.close()


if __name__ == "__main__":
    main()

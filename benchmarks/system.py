"""Measure the whole system: ``python -m benchmarks.system [--starts 3] [--rest 90] [--home FOLDER] [--json]``.

Starts `behealthy up --demo` in a home of its own, several times, and tells how long it took to a usable page: until the
application says that it is ready and gives its first page. Then it lets the last tree rest and tells what memory each
of its processes holds: resident (RSS) and its fair share of what several map (PSS); the sum of PSS is what the tree
takes from the machine. This script imports nothing large itself.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks import report

_LONG_S = 300.0
_ROOT = Path(__file__).resolve().parent.parent

STARTS: report.Columns = {
    "start": lambda row: row["start"],
    "seconds to a usable page": lambda row: f"{row['seconds']:.1f}",
}
MEMORY: report.Columns = {
    "process": lambda row: row["process"],
    "RSS, MB": lambda row: f"{row['rss_bytes'] / 1e6:.0f}",
    "PSS, MB": lambda row: "" if row["pss_bytes"] is None else f"{row['pss_bytes'] / 1e6:.0f}",
}


@contextmanager
def running(home: Path, ports: Sequence[int]) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """Run the system and give its process and the seconds it took to a usable page."""
    command = [str(Path(sysconfig.get_path("scripts")) / "behealthy"), "up", "--demo"]
    changes = {
        "BEHEALTHY_HOME": str(home),
        "BEHEALTHY_PORT": str(ports[0]),
        "BEHEALTHY_TRACKER_PORT": str(ports[1]),
    }
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=_ROOT, env=os.environ | changes, stderr=subprocess.DEVNULL)
    try:
        while not _usable(ports[0]):
            if process.poll() is not None or time.perf_counter() - begin > _LONG_S:
                raise SystemExit(f"the system does not start: see {home}/logs/behealthy.log")
            time.sleep(0.05)
        yield process, time.perf_counter() - begin
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _usable(port: int) -> bool:
    """Say whether it is ready and a browser gets the page and the script that it names."""
    try:
        if _get(port, "/readyz")[0] != 200:
            return False
        status, page = _get(port, "/")
        script = re.search(rb'src="(/[^"]+\.js)"', page)
        return status == 200 and (script is None or _get(port, script[1].decode())[0] == 200)
    except (OSError, http.client.HTTPException):
        return False


def _get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def memory(pid: int) -> list[dict[str, Any]]:
    """Give a row for each process of a tree, and one for all of them."""
    top = psutil.Process(pid)
    rows = []
    for process in [top, *top.children(recursive=True)]:
        words = process.cmdline()
        name = "up" if process == top else words[-1] if "behealthy.up.child" in words else "child of the worker"
        info = process.memory_full_info()
        rows.append({"process": name, "rss_bytes": info.rss, "pss_bytes": getattr(info, "pss", None)})
    known = [row["pss_bytes"] for row in rows if row["pss_bytes"] is not None]
    total = {"rss_bytes": sum(row["rss_bytes"] for row in rows), "pss_bytes": sum(known) if known else None}
    return [*rows, {"process": "the whole tree", **total}]


def _free_ports() -> list[int]:
    probes = [socket.socket() for _ in range(2)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure start and memory of the whole system."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.system", description=__doc__)
    parser.add_argument("--starts", type=int, default=3, help="how often it is started (default 3)")
    parser.add_argument("--rest", type=float, default=90, help="seconds of rest before memory is read (default 90)")
    parser.add_argument("--home", type=Path, help="where it lives (default: a new one, filled at the first start)")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    options = parser.parse_args(arguments)
    show = report.Printer(as_json=options.json)
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or Path(folder) / "home"
        ports, starts, rows = _free_ports(), [], []
        for number in range(1, options.starts + 1):
            with running(home, ports) as (process, seconds):
                starts.append({"start": "first, an empty home" if number == 1 else f"{number}", "seconds": seconds})
                if number == options.starts:
                    time.sleep(options.rest)
                    rows = memory(process.pid)
                else:
                    time.sleep(10)  # until all of it is there: ended in the midst of it, the next would do more
    facts = {"starts": options.starts, "load of the machine": f"{os.getloadavg()[0]:.1f}"}
    show(report.Table("Start of the whole system", facts, starts), STARTS)
    show(report.Table("Memory at rest", {"seconds of rest": options.rest}, rows), MEMORY)
    show.close()


if __name__ == "__main__":
    try:
        main()
    except FileNotFoundError as exc:
        sys.exit(f"{exc.filename} is not there: set the project up first (make setup)")

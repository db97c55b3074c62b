"""How fast are feeds served, beside nginx with the same bytes as files?

    python -m bench.serve [SECONDS]

A feed of about 250 KB is polled over kept connections: by readers who have it (304), and by
readers who do not (200, gzip). `publisher web` is the real command in a process of its own;
nginx has one worker, and a packed file beside the plain one (gzip_static), so that it packs
nothing either. Both take turns in each round; the table shows the median round. Trust the
ratios, not the figures. Needs nginx and wrk (Debian: nginx-light wrk).
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from bench.prose import paragraphs

ROUNDS = 5
SECONDS = 2
CONNECTIONS = 32
PATIENCE_SECONDS = 30

ARTICLES = 50
WORDS = 640  # an article: with its summary and tags, 5 KB of the feed
FEED = "/feeds/all.rss"

# Servers' programs are not on everybody's path.
PATH = f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"

CONFIG = """
[publication]
title = "Bench"
base_url = "http://127.0.0.1:{port}"

[web]
listen = "127.0.0.1:{port}"

[[sources]]
name = "newsroom"
kind = "folder"
path = "articles"

[[feeds]]
slug = "all"
title = "Everything"
"""

NGINX = """
{user}
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  sendfile on;
  gzip_static on;
  gzip_vary on;
  keepalive_requests 100000000;
  types {{ application/rss+xml rss; }}
  client_body_temp_path {folder}/temporary;
  proxy_temp_path {folder}/temporary;
  fastcgi_temp_path {folder}/temporary;
  uwsgi_temp_path {folder}/temporary;
  scgi_temp_path {folder}/temporary;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/site;
    add_header Cache-Control "public, max-age=300";
  }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What wrk measured."""

    requests_per_second: float
    p99_milliseconds: float


# --- two servers --------------------------------------------------------------------------


@contextmanager
def publisher(folder: Path, log: Path) -> Iterator[str]:
    """Serve a site with `publisher web`; give its address."""
    (folder / "articles").mkdir()
    for number in range(ARTICLES):
        text = "\n\n".join([f"# Story {number}", *paragraphs(number, WORDS)])
        (folder / "articles" / f"{number:02}.md").write_text(text, encoding="utf-8")
    port = free_port()
    config = folder / "publisher.toml"
    config.write_text(CONFIG.format(port=port), encoding="utf-8")
    program = [str(Path(sys.executable).with_name("publisher")), "--config", str(config)]
    for step in ("migrate", "ingest"):
        subprocess.run([*program, step], check=True, env=environment(), stdout=subprocess.DEVNULL)
    with running([*program, "web"], port, log):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def nginx(folder: Path, log: Path, plain: bytes, packed: bytes) -> Iterator[str]:
    """Serve the feed's bytes as files with nginx; give its address."""
    file = folder / "site" / FEED.removeprefix("/")
    file.parent.mkdir(parents=True)
    file.write_bytes(plain)
    file.with_name(f"{file.name}.gz").write_bytes(packed)
    port = free_port()
    config = folder / "nginx.conf"
    # Its worker would be nobody, who may not look into our folder.
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(NGINX.format(user=user, folder=folder, port=port), encoding="utf-8")
    program = [str(shutil.which("nginx", path=PATH)), "-e", "stderr", "-c", str(config)]
    with running(program, port, log):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[None]:
    """Run a server for as long as the block lasts; it listens when the block begins."""
    with log.open("wb") as stream:
        process = subprocess.Popen(command, env=environment(), stdout=stream, stderr=stream)
        try:
            wait_until_listening(process, port, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"{process.args!r} does not listen:\n{log.read_text(encoding='utf-8')}")


def environment() -> dict[str, str]:
    """Give the environment without what would choose another site or another port."""
    left_out = {"PORT", "PUBLISHER_CONFIG"}
    return {name: value for name, value in os.environ.items() if name not in left_out}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# --- measuring ----------------------------------------------------------------------------


def load(url: str, headers: Mapping[str, str], seconds: int) -> Run:
    """Ask for one URL over and over. Exits if any answer is an error."""
    fields = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", *fields, url],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=seconds + PATIENCE_SECONDS,
    )
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)\n", done.stdout)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout or not (rate and p99):
        raise SystemExit(f"wrk cannot measure {url}:\n{done.stdout}")
    scale = {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]]
    return Run(requests_per_second=float(rate[1]), p99_milliseconds=float(p99[1]) * scale)


def fetched(url: str, headers: Mapping[str, str], status: int) -> tuple[httpx.Headers, bytes]:
    """Ask once, and see that it is answered so; give what came, still packed."""
    with httpx.stream("GET", url, headers=dict(headers), trust_env=False) as response:
        if response.status_code != status:
            raise SystemExit(f"{url}: {response.status_code} instead of {status}")
        return response.headers, b"".join(response.iter_raw())


def main(seconds: int) -> None:
    missing = [name for name in ("nginx", "wrk") if shutil.which(name, path=PATH) is None]
    if missing:
        Console().print(f"bench.serve left out: {' and '.join(missing)} not installed")
        return
    with tempfile.TemporaryDirectory() as name:
        ours, theirs = Path(name) / "publisher", Path(name) / "nginx"
        ours.mkdir()
        theirs.mkdir()
        with publisher(ours, ours / "log") as our_url:
            _, plain = fetched(our_url + FEED, {"Accept-Encoding": "identity"}, 200)
            _, packed = fetched(our_url + FEED, {"Accept-Encoding": "gzip"}, 200)
            with nginx(theirs, theirs / "log", plain, packed) as their_url:
                servers = {"nginx": their_url + FEED, "publisher web": our_url + FEED}
                show(measured(servers, seconds), len(plain), len(packed))


def measured(servers: Mapping[str, str], seconds: int) -> dict[tuple[str, str], list[Run]]:
    """Give the runs for each kind of answer and server, in the order of the table."""
    gzip = {"Accept-Encoding": "gzip"}
    known = {server: gzip | {"If-None-Match": tag_of(url, gzip)} for server, url in servers.items()}
    asking = {("304", server): known[server] for server in servers}
    asking |= {("200, gzip", server): gzip for server in servers}
    for (_, server), headers in asking.items():  # nobody is to be measured cold
        load(servers[server], headers, 1)
    runs: dict[tuple[str, str], list[Run]] = {key: [] for key in asking}
    for _ in range(ROUNDS):
        for key, headers in asking.items():
            runs[key].append(load(servers[key[1]], headers, seconds))
    return runs


def tag_of(url: str, headers: Mapping[str, str]) -> str:
    """Give the entity tag of the packed feed, by which it is known (304) from then on."""
    answer, _ = fetched(url, headers, 200)
    if answer.get("Content-Encoding") != "gzip":
        raise SystemExit(f"{url} is not packed")
    fetched(url, {**headers, "If-None-Match": answer["ETag"]}, 304)
    return answer["ETag"]


def show(runs: Mapping[tuple[str, str], list[Run]], plain: int, packed: int) -> None:
    table = Table(title=f"Serving a feed of {plain:,} octets, {packed:,} packed")
    for column in ("answer", "server", "requests/s", "p99 ms", "ratio to nginx"):
        table.add_column(column, justify="left" if column in ("answer", "server") else "right")
    rates = {
        key: statistics.median(run.requests_per_second for run in each)
        for key, each in runs.items()
    }
    for (answer, server), rate in rates.items():
        p99 = statistics.median(run.p99_milliseconds for run in runs[answer, server])
        ratio = rate / rates[answer, "nginx"]
        table.add_row(answer, server, f"{rate:,.0f}", f"{p99:.2f}", f"{ratio:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else SECONDS)

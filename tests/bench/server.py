"""A server under measurement: started on loopback, asked over HTTP, its CPU time and memory, and
what becomes durable in its state as another process sees it."""
import collections
import http.client
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import threading
import time

from measure import ROOT

LOAD = ROOT / "build/bin/weir_load"
NOOP = ROOT / "build/tests/bench/plugins"
TICK_S = os.sysconf("SC_CLK_TCK")


class Server:
    """`weir serve` on a port of its own; `ready_s` from its start to its first line."""

    def __init__(self, weir, data, *more):
        self.data = data
        began = time.monotonic()
        self.log = open(f"{data}.log", "ab")
        self.process = subprocess.Popen(
            [weir, "serve", "--data-dir", data, "--listen", "127.0.0.1:0", "--print-port", *more],
            stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline()
        self.ready_s = time.monotonic() - began
        if not line:
            sys.exit(f"weir serve did not start: see {data}.log")
        self.port = int(line)
        self.token_file = data / "admin-token"
        self.token = self.token_file.read_text().strip()
        self.local = threading.local()

    def ask(self, method, path, body=None, headers=None):
        """The answer's JSON; a connection per thread, kept."""
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
        self.local.connection.request(method, path, json.dumps(body) if body is not None else None,
                                      sent)
        answer = self.local.connection.getresponse()
        text = answer.read().decode()
        if answer.status >= 300:
            sys.exit(f"{method} {path}: {answer.status} {text}")
        return json.loads(text) if text else None

    def cpu_s(self):
        """User and system time of the process so far, in steps of 10 ms."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK_S

    def resident_mb(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def load(self, path, rate, seconds, connections):
        """Begins requests at a fixed rate; its figures come from load_figures()."""
        return subprocess.Popen([LOAD, "get", str(self.port), path, self.token_file, str(rate),
                                 str(seconds), str(connections)], stdout=subprocess.PIPE)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def resident_kb(pid, name):
    """Resident memory of mappings whose file's path contains `name`, and of all others."""
    own = rest = 0
    with open(f"/proc/{pid}/smaps") as maps:
        for line in maps:
            first = line.split(None, 1)[0]
            if not first.endswith(":"):
                is_own = name in line
            elif first == "Rss:":
                kb = int(line.split()[1])
                own, rest = (own + kb, rest) if is_own else (own, rest + kb)
    return own, rest


def load_figures(process):
    out, _ = process.communicate()
    return json.loads(out)


def side_by_side(count, work, items):
    """work(item) for all items on `count` threads."""
    left = collections.deque(items)

    def some():
        while left:
            try:
                item = left.popleft()
            except IndexError:
                return
            work(item)

    threads = [threading.Thread(target=some) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Watcher(threading.Thread):
    """Notes when each event of the state is first seen committed: at most a poll after it was."""
    POLL_S = 0.001

    def __init__(self, data):
        super().__init__(daemon=True)
        self.file, self.seen, self.over = data / "state.db", [], False
        self.lost = 0

    def run(self):
        db = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)
        last = db.execute("SELECT coalesce(max(seq), 0) FROM weir_event").fetchone()[0]
        version = None
        while not self.over:
            time.sleep(self.POLL_S)
            now = db.execute("PRAGMA data_version").fetchone()[0]
            if now == version:
                continue
            version = now
            rows = db.execute("SELECT seq, dedupe_key, at FROM weir_event WHERE seq > ? AND "
                              "topic = 'schedule.fired' ORDER BY seq", (last,)).fetchall()
            seen_s = time.time()
            if rows:
                self.seen.append((seen_s, rows))
                self.lost += rows[-1][0] - last - len(rows)
                last = rows[-1][0]
        db.close()

    def firings(self):
        """(name, scheduled_at, seen_s, at_us) of each firing."""
        for seen_s, rows in self.seen:
            for _, key, at_us in rows:
                name, _, scheduled = key.partition("@")
                yield name, scheduled, seen_s, at_us

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.join()


def percentile(values, part):
    ordered = sorted(values)
    return ordered[int(part * (len(ordered) - 1))]


def middle(values):
    return statistics.median(values)


def edit_state(data, *statements):
    """Changes the state of a server that is stopped."""
    db = sqlite3.connect(data / "state.db")
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def copy_of(data, name):
    target = data.parent / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(data, target)
    return target

"""The cases of tests/bench/serve. Each prints its figures, targets and baselines."""
import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import threading
import time

from measure import Postgres, figures, run
from server import (LOAD, NOOP, Server, Watcher, copy_of, edit_state, load_figures, middle,
                    percentile, side_by_side)


def start(args):
    """P9, P10: how soon it answers, and what it holds when idle."""
    print("start")
    ready, resident, helped, told = [], [], [], []
    for turn in range(args.runs + 1):  # the first warms up
        with Server(args.weir, args.folder / "start") as server:
            time.sleep(1)
            if turn:
                ready.append(server.ready_s * 1e3), resident.append(server.resident_mb())
        if turn:
            helped.append(run([args.weir, "--help"])[0] * 1e3)
            told.append(run([args.weir, "--version"])[0] * 1e3)
    figures("ready", ready, "ms   (at most 150)")
    figures("idle", resident, "MB   (at most 25)")
    figures("--help", helped, "ms   (at most 20)")
    figures("--version", told, "ms   baseline: the process alone")


def jitter_ms(name, scheduled_ms, jitter):
    """By how much cron delays one time of an event of the user."""
    value = 14695981039346656037
    for byte in b"user/" + name.encode() + scheduled_ms.to_bytes(8, "little"):
        value = (value ^ byte) * 1099511628211 % 2**64
    return (value ^ value >> 32) % (jitter + 1)


def unix_ms(text):
    """2026-01-01T00:00:00.000Z or without the fraction."""
    import calendar
    head, _, fraction = text.rstrip("Z").partition(".")
    return (calendar.timegm(time.strptime(head, "%Y-%m-%dT%H:%M:%S")) * 1000 +
            int((fraction + "000")[:3]))


def with_events(args):
    """A data directory in which 10,000 events wait, none of them enabled."""
    data = args.folder / "events"
    with Server(args.weir, data) as server:
        began, cpu = time.monotonic(), server.cpu_s()
        side_by_side(8, lambda i: server.ask(
            "POST", "/cron/events", {"name": f"event{i}", "schedule": "1s", "enabled": False}),
            range(args.events))
        print(f"  added      {args.events / (time.monotonic() - began):8.0f} events/s by HTTP, "
              f"{(server.cpu_s() - cpu) / args.events * 1e6:.0f} us of CPU each")
    return data


def enabled(data, name, **members):
    """A copy of the state in which all events are enabled, with these members too."""
    data = copy_of(data, name)
    members |= {"enabled": "json('true')",
                "next": "strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '+1 second')"}
    pairs = ", ".join(f"'$.{key}', {value}" for key, value in members.items())
    edit_state(data, f"UPDATE weir_document SET json = json_set(json, {pairs}) "
                     "WHERE collection = 'events'")
    return data


def watch(server, seconds):
    with Watcher(server.data) as watcher:
        cpu = server.cpu_s()
        time.sleep(seconds)
        cpu = server.cpu_s() - cpu
    if watcher.lost:
        print(f"  {watcher.lost} events were trimmed before they were seen")
    return list(watcher.firings()), cpu / seconds


def spread(args, data, load):
    data = enabled(data, "spread", jitter_ms=999)
    known = {}
    with Server(args.weir, data) as server:
        time.sleep(3)
        requests = server.load("/cron/events?limit=10", 500, args.seconds, 16) if load else None
        firings, cpu = watch(server, args.seconds)
        resident = server.resident_mb()
        answered = load_figures(requests) if load else None
    late = []
    for name, scheduled, seen_s, _ in firings:
        if scheduled not in known:
            known[scheduled] = unix_ms(scheduled)
        late.append(seen_s * 1e3 - known[scheduled] - jitter_ms(name, known[scheduled], 999))
    if min(late) < -1:
        raise SystemExit("an event fired before its time: jitter_ms() is not the one of cron")
    title = "spread, 500 requests/s" if load else "spread over each second"
    print(f"  {title}: {len(late) / args.seconds:,.0f} events/s, instant → durable: "
          f"p50 {percentile(late, 0.5):.1f} p99 {percentile(late, 0.99):.1f} "
          f"max {max(late):.1f} ms   (p99 at most 50)")
    print(f"             CPU {cpu * 100:.0f} % of a core, {cpu * args.seconds / len(late) * 1e6:.0f} "
          f"us per event, {resident:.1f} MB")
    if load:
        print(f"             requests: {json.dumps(answered)}")


def one_instant(args, data):
    data = enabled(data, "instant")
    with Server(args.weir, data) as server:
        time.sleep(3)
        firings, cpu = watch(server, args.seconds)
    ticks, works = {}, {}
    for _, scheduled, seen_s, at_us in firings:
        ticks.setdefault(scheduled, []).append(seen_s * 1e3 - unix_ms(scheduled))
        works.setdefault(scheduled, set()).add(at_us)
    whole = [key for key in ticks if len(ticks[key]) == args.events]
    figures("one tick", [max(ticks[key]) for key in whole], "ms   (at most 400)")
    late = sum(max(ticks[key]) > 1000 for key in whole)
    print(f"             {len(whole)} whole ticks, {late} later than the next one's instant, "
          f"transactions per tick: {sorted({len(works[key]) for key in whole})}, "
          f"CPU {cpu / len(whole) * args.seconds * 1e3:.0f} ms per tick")
    return data


def bare_tick(args, data):
    """The rows of one tick, changed by SQL alone."""
    db = sqlite3.connect(data / "state.db", isolation_level=None)
    db.execute("PRAGMA synchronous=FULL")
    events = db.execute("SELECT key, json FROM weir_document WHERE collection = 'events' AND "
                        "owner = 'dev.weir.cron' ORDER BY key").fetchall()
    took = []
    for turn in range(args.runs + 1):
        began = time.monotonic()
        db.execute("BEGIN IMMEDIATE")
        db.executemany("UPDATE weir_document SET revision = revision + 1, json = ?2 WHERE "
                       "owner = 'dev.weir.cron' AND collection = 'events' AND key = ?1", events)
        db.executemany("INSERT INTO weir_event(topic, dedupe_key, data, at) VALUES "
                       "('bare', ?, ?, 0)", [(f"{key}@{turn}", text) for key, text in events])
        db.execute("COMMIT")
        if turn:
            took.append((time.monotonic() - began) * 1e3)
    db.close()
    figures("bare SQL", took, "ms   baseline: the same rows in one transaction")


def nothing_due(args, data):
    data = enabled(data, "yearly", schedule="'@yearly'")
    with Server(args.weir, data) as server:
        time.sleep(3)
        _, cpu = watch(server, args.seconds)
        print(f"  nothing due {cpu * 100:7.2f} % of a core   (at most 5), "
              f"{server.resident_mb():.1f} MB with {args.events:,} events")


def events(args):
    """P7: the one timer with 10,000 events a second."""
    print(f"events: {args.events:,} of one second each")
    data = with_events(args)
    nothing_due(args, data)
    spread(args, data, load=False)
    spread(args, data, load=True)
    bare_tick(args, one_instant(args, data))


def bare_runs(folder, count, per_commit=8):
    """What a run leaves behind, by SQL alone; the server's eight workers share a commit at best."""
    db = sqlite3.connect(folder / "bare.db", isolation_level=None)
    db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                     "CREATE TABLE run(seq INTEGER PRIMARY KEY, id TEXT UNIQUE, job TEXT, "
                     "status TEXT); CREATE INDEX run_job ON run(job, seq);"
                     "CREATE TABLE event(seq INTEGER PRIMARY KEY, data TEXT);")
    statements = [
        ("INSERT INTO run(id, job, status) VALUES (?1, ?2, 'queued')", "queued"),
        ("UPDATE run SET status = 'running', job = ?2 WHERE id = ?1", "running"),
        ("UPDATE run SET status = 'succeeded', job = ?2 WHERE id = ?1", "succeeded")]
    began, done = time.monotonic(), 0
    db.execute("BEGIN")
    for first in range(0, count, 100):
        for sql, status in statements:
            for i in range(first, min(first + 100, count)):
                db.execute(sql, (f"01JZZZZZZZZZZZZZZ{i:09}", f"noop{i % 100}"))
                db.execute("INSERT INTO event(data) VALUES (?)", (f"{status} {i} " + "x" * 200,))
                done += 1
                if done % per_commit == 0:
                    db.execute("COMMIT"), db.execute("BEGIN")
    db.execute("COMMIT")
    return count / (time.monotonic() - began)


def runs(args):
    """P8: whole durable runs that move nothing, started through the bus."""
    count, jobs = 3000, 100
    rates, costs, bare = [], [], []
    data = args.folder / "runs"
    with Server(args.weir, data, "--plugin-dir", NOOP) as server:
        db = sqlite3.connect(f"file:{data / 'state.db'}?mode=ro", uri=True)
        open_runs = "SELECT count(*) FROM weir_run WHERE finished_at = 0"
        for turn in range(args.runs + 1):  # the first warms up
            last = db.execute("SELECT coalesce(max(seq), 0) FROM weir_run").fetchone()[0]
            cpu = server.cpu_s()
            asked = server.ask("POST", "/starter", {"runs": count, "jobs": jobs, "threads": 16})
            while db.execute(open_runs).fetchone()[0]:
                time.sleep(0.005)
            begun, ended, fine, total = db.execute(
                "SELECT min(created_at), max(finished_at), sum(status = 'succeeded'), count(*) "
                "FROM weir_run WHERE seq > ?", (last,)).fetchone()
            if fine != count or asked["started"] != count:
                raise SystemExit(f"{fine} of {count} runs succeeded: see {data}.log")
            if turn:
                rates.append(count / (ended - begun) * 1e6)
                costs.append((server.cpu_s() - cpu) / count * 1e6)
        db.close()
    print(f"runs: {count:,} that move nothing over {jobs} jobs, started through the bus")
    rate = figures("runs", rates, "/s   (at least 3,000)")
    figures("CPU", costs, "us per run")
    for _ in range(args.runs):
        (args.folder / "bare.db").unlink(missing_ok=True)
        bare.append(bare_runs(args.folder, count))
    bare_rate = figures("bare SQL", bare, "/s   baseline: its rows, eight changes a commit")
    print(f"  ratio      {rate / bare_rate:8.2f}")


def delta(args):
    """P3: a delta that finds nothing, with connections that are warm."""
    count = 200
    server_of_rows = Postgres(args.folder)
    try:
        server_of_rows.sql("CREATE TABLE users (id bigint PRIMARY KEY, name text, updated_at "
                           "timestamptz NOT NULL)")
        server_of_rows.sql("INSERT INTO users SELECT i, 'name ' || i, now() FROM "
                           "generate_series(1, 100000) i; CREATE INDEX ON users(updated_at, id); "
                           "ANALYZE users")
        measure_delta(args, server_of_rows, count)
    finally:
        server_of_rows.stop()


def measure_delta(args, source, count):
    walls, costs, floors = [], [], []
    with Server(args.weir, args.folder / "delta") as server:
        server.ask("POST", "/replication/connections",
                   {"id": "shop", "connector": "postgres", "config": {"url": source.url}})
        server.ask("POST", "/replication/jobs",
                   {"id": "users", "source": {"connection": "shop", "stream": "public.users",
                                              "cursor": "updated_at"},
                    "destination": {"connection": "local", "table": "users"}})
        wait = {"Prefer": "wait=60"}
        for _ in range(3):
            last = server.ask("POST", "/replication/jobs/users/run", {}, wait)
        if last["status"] != "succeeded" or last["read"]:
            raise SystemExit(f"the delta is not idle: {json.dumps(last)}")
        for _ in range(args.runs):
            cpu, began = server.cpu_s(), time.monotonic()
            for _ in range(count):
                server.ask("POST", "/replication/jobs/users/run", {}, wait)
            walls.append((time.monotonic() - began) / count * 1e3)
            costs.append((server.cpu_s() - cpu) / count * 1e3)
            cpu = server.cpu_s()
            for _ in range(count):
                server.ask("GET", "/version")
            floors.append((server.cpu_s() - cpu) / count * 1e3)
    query = ("SELECT id, name, updated_at FROM users WHERE (updated_at, id) > (now(), 0) "
             "ORDER BY updated_at, id;\n")
    script = args.folder / "idle.sql"
    script.write_text(query * count)
    psql = [run(["psql", "-qX", "-f", script, source.url])[1] / count * 1e3
            for _ in range(args.runs)]
    print(f"delta: idle, {count} runs in a row, each waited for by HTTP")
    cost = figures("CPU", costs, "ms per run   (at most 5)")
    figures("wall", walls, "ms per run")
    figures("a request", floors, "ms of CPU: what asking alone costs")
    base = figures("psql", psql, "ms of CPU   baseline: the same query")
    print(f"  ratio      {cost / base:8.2f}")


def http(args):
    """P11: requests of an administrator, and many who say nothing."""
    print("http: 3,000 requests/s over 32 connections, instant at which each was due → answered")
    with Server(args.weir, args.folder / "http") as server:
        for path in ("/version", "/runs?limit=10", "/cron/events?limit=10"):
            p50, p99, costs = [], [], []
            for _ in range(args.runs):
                cpu = server.cpu_s()
                told = load_figures(server.load(path, 3000, max(2, args.seconds // 3), 32))
                costs.append((server.cpu_s() - cpu) / told["requests"] * 1e6)
                p50.append(told["p50"]), p99.append(told["p99"])
                if told["failed"]:
                    raise SystemExit(f"{told['failed']} requests of {path} failed")
            print(f" {path}")
            figures("p50", p50, "ms")
            figures("p99", p99, "ms   (at most 10)")
            figures("CPU", costs, "us per request")
        before = server.resident_mb()
        idle = []
        wanted = 10_000
        for _ in range(wanted):
            idle.append(socket.create_connection(("127.0.0.1", server.port)))
            if len(idle) % 100 == 0:
                server.ask("GET", "/version")  # the server keeps up with accepting
        time.sleep(1)
        after = server.resident_mb()
        print(f" {wanted:,} idle connections: {before:.1f} → {after:.1f} MB   (at most 100), "
              f"{(after - before) * 1024 / wanted:.1f} KB each")
        for connection in idle:
            connection.close()
        beside_slow(args, server)
    bare_http(args)


def beside_slow(args, server, count=1_000):
    """S4: one good client beside many who send their request, or read its answer, byte by byte."""
    def good():
        told = load_figures(server.load("/version", 300, 3, 1))
        if told["failed"]:
            raise SystemExit(f"{told['failed']} requests beside slow clients failed")
        return told["p99"]
    alone = [good() for _ in range(args.runs)]
    head = b"GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
    body = (b"POST /cron/explain HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer %s\r\nContent-Length: 60000\r\n\r\n{" % server.token.encode())
    asked = (b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n"
             % server.token.encode())
    slow = []
    for i in range(count):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall((head, body, asked)[i % 3])
        slow.append(connection)
    stop = threading.Event()

    def drip():
        while not stop.wait(0.2):
            for i, connection in enumerate(slow):
                with contextlib.suppress(OSError):
                    connection.send(b"x") if i % 3 < 2 else connection.recv(1)

    dripping = threading.Thread(target=drip)
    dripping.start()
    beside = [good() for _ in range(args.runs)]
    stop.set(), dripping.join()
    for connection in slow:
        connection.close()
    print(f" one good client, alone and beside {count:,} slow ones")
    figures("alone p99", alone, "ms")
    figures("beside p99", beside, f"ms   {middle(beside) / middle(alone):.2f} of alone (at most 2)")


def bare_http(args):
    echo = subprocess.Popen([LOAD, "echo"], stdout=subprocess.PIPE)
    try:
        port = int(echo.stdout.readline())
        token = args.folder / "none"
        token.write_text("none\n")
        told = [load_figures(subprocess.Popen(
            [LOAD, "get", str(port), "/", token, "3000", "3", "32"], stdout=subprocess.PIPE))
            for _ in range(args.runs)]
    finally:
        echo.kill()
        echo.wait()
    print(" baseline: sockets and threads alone")
    figures("p50", [each["p50"] for each in told], "ms")
    figures("p99", [each["p99"] for each in told], "ms")

"""Libraries that are replaced while a server works: how long streams wait, what memory grows by."""
import sqlite3
import subprocess
import sys
import time

from measure import ROOT, figures
from server import NOOP, Server, load_figures, middle, percentile, resident_kb

LIBRARIES = ROOT / "build/lib/weir"
COPIES = 200  # of a library, mapped by nothing but the loader


def reload(server, plugin):
    began = time.monotonic()
    server.ask("POST", f"/plugins/{plugin}/reload", {})
    return (time.monotonic() - began) * 1e3


def beats_of(file, batches):
    """When each batch was read, in order; ends this unless every row is there once."""
    db = sqlite3.connect(file)
    count, distinct = db.execute("SELECT count(*), count(DISTINCT id) FROM beats").fetchone()
    if count != distinct or count != batches * 100:
        sys.exit(f"{file} has {count} rows, {distinct} different, of {batches * 100}")
    beats = [at for at, in db.execute("SELECT DISTINCT at_us FROM beats ORDER BY at_us")]
    db.close()
    return beats


def streams(args):
    """P10: streams of a connector wait for at most a batch while it is replaced."""
    jobs, batch_ms = 4, 100
    batches = args.seconds * 1000 // batch_ms
    print(f"swap: {jobs} streams, a batch each {batch_ms} ms, their connector replaced each "
          "second, 500 requests/s beside")
    data = args.folder / "swap"
    with Server(args.weir, data, "--connector-dir", NOOP) as server:
        for i in range(jobs):
            config = {"name": f"paced{i}", "batches": batches, "batch_ms": batch_ms}
            server.ask("POST", "/replication/connections",
                       {"id": f"paced{i}", "connector": "paced", "config": config})
            # A file each: streams into one SQLite file wait for each other, with a swap or without.
            server.ask("POST", "/replication/connections",
                       {"id": f"out{i}", "connector": "sqlite",
                        "config": {"url": f"sqlite:{data}/out{i}.db"}})
            server.ask("POST", "/replication/jobs",
                       {"id": f"paced{i}", "source": {"connection": f"paced{i}", "stream": "beats"},
                        "destination": {"connection": f"out{i}", "table": "beats"}})
        runs = [server.ask("POST", f"/replication/jobs/paced{i}/run", {})["run_id"]
                for i in range(jobs)]
        load = server.load("/version", 500, args.seconds, 16)
        took, swaps = [], []
        while any(server.ask("GET", f"/runs/{run}")["status"] in ("queued", "running", "retrying")
                  for run in runs):
            time.sleep(1)
            swaps.append(time.time() * 1e6)
            took.append(reload(server, "bench_paced"))
        answered = load_figures(load)
        ended = [server.ask("GET", f"/runs/{run}") for run in runs]
    if any(each["status"] != "succeeded" or each["attempts"] != 1 for each in ended):
        sys.exit(f"a run did not succeed at once: {ended}")
    usual, held = [], []
    for i in range(jobs):
        beats = beats_of(data / f"out{i}.db", batches)
        for before, after in zip(beats, beats[1:]):
            is_swapped = any(before - took[n] * 1e3 < swap <= after for n, swap in enumerate(swaps))
            (held if is_swapped else usual).append((after - before) / 1e3)
    print(f"  from batch to batch p50 {middle(usual):.1f} p99 {percentile(usual, 0.99):.1f} ms")
    most = max(held) - middle(usual)
    print(f"  across a swap       p50 {middle(held):.1f} max {max(held):.1f} ms: held for at most "
          f"{most:.0f} ms   (at most a batch, read anew: {middle(usual):.0f}, and opening)")
    print(f"             {len(swaps)} swaps, {jobs * batches * 100:,} rows, none lost or doubled, "
          f"each run in one attempt; requests p99 {answered['p99']:.1f} ms, "
          f"{answered['failed']} failed")
    figures("a reload", took, "ms, with the look of a child")


BARE = """
import ctypes, os, shutil, sys
sys.path.insert(0, sys.argv[1])
from server import resident_kb
file, folder, count = sys.argv[2], sys.argv[3], int(sys.argv[4])
def load(i):
    copy = f"{folder}/bare-{i}.so"
    shutil.copy(file, copy)
    library = ctypes.CDLL(copy, mode=os.RTLD_NOW | os.RTLD_LOCAL)
    library.weir_module_entry.restype = ctypes.c_void_p
    library.weir_module_entry(0, 1)
    os.unlink(copy)
for i in range(10):
    load(i)
before = resident_kb(os.getpid(), "/bare-")
for i in range(10, 10 + count):
    load(i)
print(*[(now - then) / count for now, then in zip(resident_kb(os.getpid(), "/bare-"), before)])
"""


def bare_mapping(file, folder):
    """KB that a copy of a library costs a process that does nothing but map it: its own pages, and
    what the dynamic loader keeps of it."""
    out = subprocess.run([sys.executable, "-c", BARE, ROOT / "tests/bench", file, folder,
                          str(COPIES)], check=True, stdout=subprocess.PIPE).stdout
    return [float(each) for each in out.split()]


def memory(args):
    """A thousand reloads in a row: what is parked, and nothing else."""
    print(f"reloads: {args.reloads:,} in a row; memory grows by what is parked. KB each, pages of "
          "the copy + all else; beside it a process that only maps copies")
    with Server(args.weir, args.folder / "reloads", "--connector-dir", NOOP) as server:
        for plugin, file in (("bench_paced", NOOP / "bench_paced.so"),
                             ("sqlite", LIBRARIES / "connectors/sqlite.so"),
                             ("cron", LIBRARIES / "plugins/cron.so"),
                             ("replication", LIBRARIES / "plugins/replication.so")):
            bare_own, bare_rest = bare_mapping(file, args.folder)
            for _ in range(max(args.reloads // 10, 10)):  # warms up
                reload(server, plugin)
            pid, name = server.process.pid, f"/{file.name}"
            before, threads, files = resident_kb(pid, name), server.threads(), server.open_files()
            for _ in range(args.reloads):
                reload(server, plugin)
            own, rest = [(now - then) / args.reloads
                         for now, then in zip(resident_kb(pid, name), before)]
            print(f"  {plugin:<12} {own:6.1f} + {rest:5.1f}   baseline: {bare_own:.1f} + "
                  f"{bare_rest:.1f}, its file has {file.stat().st_size / 1024:.0f}; threads "
                  f"{threads} → {server.threads()}, descriptors {files} → {server.open_files()}, "
                  f"{server.resident_mb():.1f} MB in all")

"""What the scripts of tests/bench share: processes with their CPU time and memory, a PostgreSQL server
of their own, and figures with their spread."""
import glob
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEIR = ROOT / "build/bin/weir"


def run(args, **more):
    """Runs to the end; answers wall seconds, CPU seconds, peak resident KiB and standard output."""
    began = time.monotonic()
    process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    out, err = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{args} failed: {err.decode()}{out.decode()}")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, out.decode()


class Postgres:
    """A PostgreSQL server of this run alone, on a Unix socket in a temporary directory."""

    def __init__(self, folder):
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.folder = folder / "pg"
        self.as_user = []
        if os.geteuid() == 0:  # the server refuses to run as root
            shutil.chown(folder, "postgres")
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self.call("initdb", "-D", self.folder, "-A", "trust", "-U", "bench", "-E", "UTF8")
        with open(self.folder / "postgresql.conf", "a") as conf:
            conf.write(f"listen_addresses=''\nunix_socket_directories='{folder}'\n"
                       "fsync=off\nmax_wal_size=4GB\nautovacuum=off\n")
        self.call("pg_ctl", "-D", self.folder, "-w", "-l", folder / "pg.log", "start")
        self.url = f"postgres://bench@/postgres?host={folder}"

    def call(self, program, *args):
        subprocess.run([*self.as_user, f"{self.bin}/{program}", *map(str, args)], check=True,
                       stdout=subprocess.DEVNULL, cwd="/")

    def sql(self, text):
        subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", self.url, "-c", text], check=True)

    def stop(self):
        self.call("pg_ctl", "-D", self.folder, "-m", "immediate", "stop")


def remove(path):
    for name in glob.glob(str(path) + "*"):
        os.unlink(name)


def figures(name, values, unit):
    middle = statistics.median(values)
    print(f"  {name:<10} {middle:8.3f} {unit}   ({min(values):.3f} … {max(values):.3f})")
    return middle

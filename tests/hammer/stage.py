"""The real things: PostgreSQL with its standbys and Redis of our own, the links to them, three servers, eight readers."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import caches  # noqa: E402
import harness  # noqa: E402
import outage_test  # noqa: E402
import rig  # noqa: E402
import standby  # noqa: E402

SERVERS_SH = HERE.parent / "support" / "servers.sh"
# All tiers must be seen at work: memory that holds everything, none at all, and one that always throws something out.
SERVER_ARGUMENTS = [(), ("--memory-cache", "0"), ("--memory-cache", "256K")]
FAST_READERS, SLOW_READERS = 7, 1


class Backends:
    """PostgreSQL and Redis, and what an operator's nightmares do to PostgreSQL."""

    def __init__(self, home, redis_cluster):
        self.folder = f"{home}/servers"
        self.snapshot = Path(home) / "snapshot"
        self.cache = None
        self._sh("start")
        try:
            settings = rig.server_settings(f"{self.folder}/servers.env")
            self.data = Path(settings["SERVERS_DATA"])
            self.cache = (caches.ThreeRedis(f"{home}/cluster") if redis_cluster
                          else caches.OneRedis(self.folder, self.data, settings["REDIS_URL"]))
            url = settings["POSTGRES_URL"]
            # Its files are copied at every restore: few of them.
            for setting in ("min_wal_size = '32MB'", "max_wal_size = '64MB'"):
                rig.psql(url, f"ALTER SYSTEM SET {setting}")
            rig.psql(url, "SELECT pg_reload_conf()")
            self.store = rig.PostgresStore(url)
        except BaseException:
            self.stop()
            raise
        self.primary = "postgres"
        self.primary_address = url.split("@")[1].split("/")[0]
        self.standbys = []

    def add_standbys(self, count):
        self.standbys = [standby.Standby(self.folder, f"standby{n}") for n in range(count)]

    def read_address(self):
        """The first primary among them: after a promotion it is a standby."""
        return f"{standby.read_address(self.standbys, self.store.name).rsplit('/', 1)[0]},{self.primary_address}/{self.store.name}"

    def hand_over(self, heir, links):
        """The primary has ended. The heir takes its place, the old one is made anew and takes the heir's, the others follow."""
        heir.promote()
        old, self.primary, self.primary_address = self.primary, heir.name, heir.address
        self.store.url = heir.url(self.store.name)
        links.move_postgres(heir.address)
        self.standbys.remove(heir)
        for one in self.standbys:
            one.follow(heir)
        shutil.rmtree(self.data / old)
        self.standbys.append(standby.Standby(self.folder, old))

    def make_anew(self, one):
        """From what the primary has now, as after a failover or a restore; the primary may be away for a moment."""
        one.stop()

        def made():
            shutil.rmtree(self.data / one.name, ignore_errors=True)
            try:
                one.start()
                return True
            except subprocess.CalledProcessError:
                return False

        standby.wait_until(made, f"{one.name} to be made anew", patience=90)

    def _sh(self, action):
        subprocess.run([str(SERVERS_SH), action, self.folder], check=True)

    def _postmaster(self):
        return int((self.data / self.primary / "postmaster.pid").read_text().split()[0])

    def stop_postgres(self, crash=False):
        """Immediate, without a checkpoint; crash: as a power cut would."""
        pid = self._postmaster()
        if crash:
            outage_test.kill_group(pid)
            # Dead, but perhaps not yet buried by its parent: PostgreSQL would take it for a server that runs.
            (self.data / self.primary / "postmaster.pid").unlink()
            return
        os.kill(pid, signal.SIGQUIT)
        harness.wait_for(lambda: not outage_test.is_running(pid), "the end of PostgreSQL")

    def end_postgres(self):
        """As an operator ends it who changes over: the standbys are sent all there is."""
        self._sh("stop-postgres")

    def end_of_wal(self):
        """Of a primary that has ended: where its last record, a checkpoint, begins."""
        bin_folder = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
        shown = subprocess.run([bin_folder / "pg_controldata", self.data / self.primary], capture_output=True, text=True,
                               check=True, env={"LC_ALL": "C"}).stdout
        return re.search(r"^Latest checkpoint location: +(\S+)$", shown, re.M)[1]

    def start_postgres(self):
        self._sh("start-postgres")

    def keep_postgres(self):
        """Of a stopped server: everything it has, for put_back_postgres()."""
        shutil.rmtree(self.snapshot, ignore_errors=True)
        subprocess.run(["cp", "-a", str(self.data / self.primary), str(self.snapshot)], check=True)

    def put_back_postgres(self):
        shutil.rmtree(self.data / self.primary)
        subprocess.run(["cp", "-a", str(self.snapshot), str(self.data / self.primary)], check=True)

    def stop(self):
        if self.cache:
            self.cache.stop()
        self._sh("stop")


class Links:
    """The proxy process: a link from each server to PostgreSQL ("postgres0" …) and to a single Redis. Thread-safe."""

    def __init__(self, backends, servers):
        addresses = {"postgres": backends.primary_address}
        if isinstance(backends.cache, caches.OneRedis):
            addresses["redis"] = backends.cache.address
        self.kinds = list(addresses)
        targets = [f"{kind}{n}={address}" for n in range(servers) for kind, address in addresses.items()]
        self.process = subprocess.Popen([sys.executable, str(HERE / "proxy.py"), *targets], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.lock = threading.Lock()
        self.ports = {}
        for _ in targets:
            name, port = self.process.stdout.readline().split()
            self.ports[name] = int(port)

    def set(self, link, *mode):
        with self.lock:
            print(link, *mode, file=self.process.stdin, flush=True)
            assert self.process.stdout.readline() == "done\n", "the proxy does not answer"

    def move_postgres(self, address):
        for link in self.ports:
            if link.startswith("postgres"):
                self.set(link, "to", address)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)


class Server:
    """`ratingsctl serve`, killed and started again on the port it once had. Used by one thread at a time."""

    def __init__(self, number, program, backends, links, home):
        self.number, self.home = number, home
        store = f"postgresql://ratings@127.0.0.1:{links.ports[f'postgres{number}']}/{backends.store.name}"
        cache = f"redis://127.0.0.1:{links.ports[f'redis{number}']}/0" if "redis" in links.kinds else backends.cache.url
        self.command = [program, "serve", "--store", store, "--cache", cache, *SERVER_ARGUMENTS[number]]
        if backends.standbys:
            self.command += ["--store-read", backends.read_address()]
        self.log = Path(home) / f"server{number}.log"
        self.port = 0
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.command, "--port", str(self.port)], stdout=subprocess.PIPE, stderr=log,
                                            env=rig.clean_environment(self.home))
        line = self.process.stdout.readline().decode()
        if not line:
            raise AssertionError(f"server {self.number} did not start: {self.log.read_text(errors='replace')[-2000:]}")
        self.port = int(line.rsplit(":", 1)[1])

    def kill(self):
        self.assert_runs()
        self.process.kill()
        self.process.wait()

    def assert_runs(self):
        assert self.process.poll() is None, (f"server {self.number} ended by itself with {self.process.returncode}: "
                                             f"{self.log.read_text(errors='replace')[-2000:]}")

    def send(self, number):
        self.process.send_signal(number)

    def stop(self):
        """Ended as an operator ends it; it must then end well."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"server {self.number} did not end within 30 s after SIGTERM") from None
        assert self.process.returncode in (0, 130), f"server {self.number} ended with {self.process.returncode}"

    def kill_quietly(self):
        """Whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def replica_reads(self):
        """Since it was started last: histories from standbys, and those that the primary had to be read for."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as page:
            text = page.read().decode()
        return [sum(int(number) for number in re.findall(rf"^ratingsctl_replica_{what}_total{{.*}} (\d+)$", text, re.M))
                for what in ("reads", "fallbacks")]

    def races(self):
        return self.log.read_text(errors="replace").count("WARNING: ThreadSanitizer")


class Readers:
    def __init__(self, servers, users, seed, home):
        self.paths, self.processes = [], []
        for n in range(FAST_READERS + SLOW_READERS):
            settings = {"seed": seed * 100 + n, "ports": [server.port for server in servers], "users": users,
                        "slow": n >= FAST_READERS, "out": f"{home}/reads{n}"}
            self.paths.append(settings["out"])
            Path(settings["out"]).touch()
            self.processes.append(subprocess.Popen([sys.executable, str(HERE / "reader.py"), json.dumps(settings)],
                                                   stdout=subprocess.PIPE))

    def assert_run(self):
        for process in self.processes:
            assert process.poll() is None, "a reader ended by itself"

    def stop(self):
        """How often each thing happened."""
        counts = {}
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            out, _ = process.communicate(timeout=30)
            for what, count in json.loads(out).items():
                counts[what] = counts.get(what, 0) + count
        return counts

    def kill(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()


def run_tool(command, environment, stdin=None, kill_after=None, patience=120, end_by=signal.SIGKILL):
    """Runs a command to its end, or ends it at that moment: (exit code or None, stdout, stderr, when it had ended)."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=environment)
    try:
        try:
            out, err = process.communicate(stdin, timeout=kill_after or patience)
        except subprocess.TimeoutExpired:
            if not kill_after:
                raise
            process.send_signal(end_by)
            out, err = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(f"{' '.join(command[:3])} … did not end within {patience} s: {process.communicate()[1]}") from None
    # Asked to end, it may end well: what was committed before stays, and is waited for.
    return process.returncode if process.returncode >= 0 else None, out, err, time.monotonic()

"""Standbys of the PostgreSQL that tests/support/servers.sh has started, for tests that read from them and fail over to them."""
import subprocess
from pathlib import Path

import harness
import outage_test
import rig

SERVERS_SH = Path(__file__).parents[1] / "support/servers.sh"


class Standby:
    """One that streams from the primary in `folder`, on loopback; servers.sh stop ends it with the others."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.start()
        self.address = self._setting("STANDBY_URL").split("@")[1].split("/")[0]  # host:port, as serve names it

    def _sh(self, action):
        subprocess.run([str(SERVERS_SH), action, self.folder, self.name], check=True)

    def _setting(self, name):
        return rig.server_settings(f"{self.folder}/{self.name}.env")[name]

    def start(self):
        self._sh("start-standby")

    def stop(self):
        self._sh("stop-standby")

    def kill(self):
        """As a power cut would."""
        kill_postgres(int(self._setting("STANDBY_PID")), self._data() / "postmaster.pid")

    def _data(self):
        return Path(rig.server_settings(f"{self.folder}/servers.env")["SERVERS_DATA"]) / self.name

    def psql(self, sql, database="postgres"):
        return rig.psql(self.url(database), sql)

    def url(self, database):
        return f"postgresql://ratings@{self.address}/{database}"

    def pause(self):
        """WAL arrives, and nothing of it is replayed; returns when that is so."""
        self.psql("SELECT pg_wal_replay_pause()")
        wait_until(lambda: self.psql("SELECT pg_get_wal_replay_pause_state()") == [("paused",)], "replay to pause")

    def resume(self):
        self.psql("SELECT pg_wal_replay_resume()")

    def cut_off(self):
        """It receives nothing any more; what the primary commits from now on is lost when it takes over."""
        self.psql("ALTER SYSTEM SET primary_conninfo = ''")
        self.psql("SELECT pg_reload_conf()")
        wait_until(lambda: not self.psql("SELECT 1 FROM pg_stat_wal_receiver"), "the receiver to end")

    def catch_up(self, primary_url):
        """Returns when it has replayed what the primary has written by now."""
        (target,), = rig.psql(primary_url, "SELECT pg_current_wal_flush_lsn()")
        wait_until(lambda: self.psql(f"SELECT pg_last_wal_replay_lsn() >= '{target}'") == [("t",)], "the standby to catch up")

    def has_all_of(self, lsn):
        """Returns when everything before that place in the log has arrived."""
        wait_until(lambda: self.psql(f"SELECT pg_last_wal_receive_lsn() >= '{lsn}'") == [("t",)], f"the log to {lsn} to arrive")

    def follow(self, other):
        """Streams from another one from now on, over a change of timeline."""
        host, port = other.address.split(":")
        self.psql(f"ALTER SYSTEM SET primary_conninfo = 'host={host} port={port} user=ratings'")
        self.psql("SELECT pg_reload_conf()")

    def promote(self):
        self._sh("promote")


def kill_postgres(pid, pid_file):
    outage_test.kill_group(pid)
    # Dead, but perhaps not yet buried by its parent: PostgreSQL would take it for a server that runs.
    pid_file.unlink(missing_ok=True)


def kill_primary(folder):
    settings = rig.server_settings(f"{folder}/servers.env")
    pid_file = Path(settings["SERVERS_DATA"]) / "postgres/postmaster.pid"
    kill_postgres(int(pid_file.read_text().split()[0]), pid_file)


def wait_until(condition, what, patience=30):
    harness.wait_for(condition, what, patience)


def read_address(standbys, database):
    """For --store-read."""
    return f"postgresql://ratings@{','.join(standby.address for standby in standbys)}/{database}"

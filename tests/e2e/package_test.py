#!/usr/bin/env python3
"""The Debian packages that cpack makes: what is said in them, what lies in them, and that it runs unpacked.

RATINGS_BUILD names the build folder. Installing them is tests/packages.sh, in containers.
"""
import gzip
import os
import re
import shutil
import stat
import subprocess
import tempfile
import tomllib
from pathlib import Path

import harness

BUILD = Path(os.environ["RATINGS_BUILD"]).resolve()
SOURCE = Path(__file__).parents[2]
DEBIAN = SOURCE / "cmd/ops/debian"


def command(words, **more):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=harness.PATIENCE * 4, check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{words} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


class Package(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Path(tempfile.mkdtemp(prefix="ratingsctl-package-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        # A folder of its own for all that cpack writes; from the build as it is.
        command(["cpack", "--config", BUILD / "CPackConfig.cmake", "-B", cls.folder / "made"], cwd=BUILD)
        cls.debs = {path.name.split("_")[0]: path for path in (cls.folder / "made").glob("*.deb")}
        cls.roots = {}
        for name, deb in cls.debs.items():
            cls.roots[name] = cls.folder / name
            command(["dpkg-deb", "--raw-extract", deb, cls.roots[name]])
        cls.root = cls.roots["ratingsctl"]

    def field(self, package, name):
        return command(["dpkg-deb", "--field", self.debs[package], name]).strip()

    def files(self, package):
        root = self.roots[package]
        return sorted(str(path.relative_to(root)) for path in root.rglob("*")
                      if not path.is_dir() and "DEBIAN" not in path.parts)

    def test_there_is_one_package_to_run_and_one_to_build_with(self):
        release = re.search(r'^VERSION_ID="?(\d+)', Path("/etc/os-release").read_text(), re.M).group(1)
        architecture = command(["dpkg", "--print-architecture"]).strip()
        version = f"{self.run_cli('--version').out.split()[-1]}-1+deb{release}"
        self.assertEqual({path.name for path in self.debs.values()},
                         {f"{name}_{version}_{architecture}.deb" for name in ("ratingsctl", "libratings-dev")})
        for name, section in [("ratingsctl", "database"), ("libratings-dev", "libdevel")]:
            self.assertEqual([self.field(name, key) for key in ("Package", "Version", "Section", "Priority", "Architecture")],
                             [name, version, section, "optional", architecture])
            self.assertRegex(self.field(name, "Maintainer"), r"^[^<]+ <[^>]+@[^>]+>$")
            synopsis, *rest = self.field(name, "Description").splitlines()
            self.assertTrue(rest and len(synopsis) <= 80 and synopsis[0].islower() and not synopsis.endswith("."), synopsis)

    def test_it_depends_on_the_packages_of_the_libraries_it_links(self):
        depends = self.field("ratingsctl", "Depends")
        for library in ("libc6 (>=", "libstdc++6 (>=", "libpq5", "libpqxx-", "libhiredis", "libcpp-httplib", "libsqlite3-0",
                        "libarchive13", "libfmt", "libspdlog", "libxxhash0", "zlib1g", "adduser"):
            self.assertIn(library, depends)
        self.assertNotIn("libratings", depends)  # its own
        self.assertEqual(self.field("libratings-dev", "Depends"), f"ratingsctl (= {self.field('ratingsctl', 'Version')})")

    def test_every_file_lies_where_debian_wants_it(self):
        multiarch = r"usr/lib/(?:[a-z0-9_]+-linux-gnu/)?"
        known = {
            "ratingsctl": [r"etc/ratingsctl/config\.toml", r"usr/bin/ratingsctl", multiarch + r"libratings\.so\.0(\.\d+\.\d+)?",
                           r"usr/lib/systemd/system/ratingsctl(@|-[a-z]+)?\.(service|timer)", r"usr/libexec/ratingsctl/[a-z-]+\.(sh|awk)",
                           r"usr/share/bash-completion/completions/ratingsctl", r"usr/share/zsh/vendor-completions/_ratingsctl",
                           r"usr/share/fish/vendor_completions\.d/ratingsctl\.fish", r"usr/share/man/man1/ratingsctl[a-z-]*\.1\.gz",
                           r"usr/share/man/man7/ratingsctl-scaling\.7\.gz", r"usr/share/ratingsctl/nginx/ratingsctl\.conf",
                           r"usr/share/ratingsctl/ratings_sample\.csv", r"usr/share/ratingsctl/cron/ratingsctl",
                           r"usr/share/doc/ratingsctl/(copyright|changelog\.gz|changelog\.Debian\.gz|README\.md)"],
            "libratings-dev": [r"usr/include/ratings/[a-z_]+\.hpp", multiarch + r"libratings\.so",
                               multiarch + r"cmake/ratings/ratings-config[a-z-]*\.cmake",
                               r"usr/share/doc/libratings-dev/(copyright|changelog\.gz|changelog\.Debian\.gz)"],
        }
        for package, patterns in known.items():
            files = self.files(package)
            self.assertEqual([file for file in files if not any(re.fullmatch(p, file) for p in patterns)], [])
            for pattern in patterns:  # none is there for nothing
                self.assertTrue(any(re.fullmatch(pattern, file) for file in files), pattern)
        pages = {file.split("/")[-1] for file in self.files("ratingsctl") if "/man1/" in file}
        self.assertEqual(pages, {path.name + ".gz" for path in (SOURCE / "man").glob("*.1")})

    def test_everything_belongs_to_root_and_nobody_else_writes_it(self):
        for package, deb in self.debs.items():
            for line in command(["dpkg-deb", "--contents", deb]).splitlines():
                mode, owner = line.split()[:2]
                self.assertEqual(owner, "root/root", line)
                if mode[0] == "l":
                    continue
                self.assertIn(mode, {"drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x"}, line)
                runs = any(part in line for part in (" ./usr/bin/", " ./usr/libexec/"))
                library_text = line.endswith(("/common.sh", "/password.awk", "/store.sh"))
                if mode[0] == "-":
                    self.assertEqual(mode == "-rwxr-xr-x", runs and not library_text, line)

    def test_maintainer_scripts_are_sound(self):
        control = self.root / "DEBIAN"
        self.assertEqual({path.name for path in control.iterdir()},
                         {"control", "md5sums", "shlibs", "triggers", "conffiles", "postinst", "prerm", "postrm"})
        for name in ("postinst", "prerm", "postrm"):
            self.assertEqual((control / name).read_bytes(), (DEBIAN / name).read_bytes())
            self.assertEqual(stat.S_IMODE((control / name).stat().st_mode), 0o755)
        command(["shellcheck", *(control / name for name in ("postinst", "prerm", "postrm"))])
        self.assertEqual((control / "triggers").read_text(), "activate-noawait ldconfig\n")
        self.assertEqual((control / "conffiles").read_text(), "/etc/ratingsctl/config.toml\n")
        # Every timer is stopped, masked and purged; a new one must not be forgotten.
        for unit in (SOURCE / "cmd/ops/systemd").iterdir():
            if unit.suffix == ".timer" or unit.name == "ratingsctl.service":
                for name in ("postinst", "prerm", "postrm"):
                    self.assertIn(unit.name, (control / name).read_text(), name)

    def test_texts_are_compressed_and_binaries_stripped(self):
        for package in self.roots:
            text = gzip.decompress((self.roots[package] / f"usr/share/doc/{package}/changelog.gz").read_bytes())
            self.assertEqual(text, (SOURCE / "CHANGELOG.md").read_bytes())
            news = gzip.decompress((self.roots[package] / f"usr/share/doc/{package}/changelog.Debian.gz").read_bytes()).decode()
            self.assertTrue(news.startswith(f"ratingsctl ({self.field(package, 'Version')}) "), news)
            self.assertIn("Installed-Size: ", command(["dpkg-deb", "--info", self.debs[package]]))
        licence = (self.root / "usr/share/doc/ratingsctl/copyright").read_text()
        for line in (SOURCE / "LICENSE").read_text().splitlines()[4:]:
            self.assertIn(f" {line or '.'}\n", licence)
        library = next(self.root.glob("usr/lib/**/libratings.so.0.*"))
        for binary in (self.root / "usr/bin/ratingsctl", library):
            self.assertNotIn(".debug_info", command(["readelf", "--sections", "--wide", binary]), binary)
        self.assertIn("SONAME", command(["readelf", "--dynamic", library]))

    def test_the_program_runs_from_the_unpacked_package(self):
        program = self.root / "usr/bin/ratingsctl"
        environment = self.environment()
        command([program, "load", self.root / "usr/share/ratingsctl/ratings_sample.csv"], env=environment)
        self.assertEqual(command([program, "query", "1"], env=environment), self.run_cli("query", "1").out)
        self.assertIn(str(self.root), command(["ldd", program]))  # with the package's own library

    def test_the_shipped_configuration_is_understood_and_says_what_is_in_it(self):
        path = self.root / "etc/ratingsctl/config.toml"
        settings = self.run_json("config", "--config", path)
        found = str(settings)
        self.assertIn("sqlite:/var/lib/ratingsctl/ratings.db", found)
        self.assertIn(str(path), found)
        # What is commented out is understood, too.
        everything = self.write("all.toml", re.sub(r"^#(?=[a-z-]+ = )", "", path.read_text(), flags=re.M))
        keys = tomllib.loads(everything.read_text())
        self.assertEqual(set(keys) | set(keys["serve"]),
                         {"store", "cache", "memory-cache", "serve", "host", "port", "access-log", "log-format"})
        everything.write_text(everything.read_text().replace("sqlite:/var/lib/ratingsctl/ratings.db", "postgresql://db/ratings"))
        self.run_cli("config", "--config", everything)

    def test_units_name_files_of_the_package(self):
        units = sorted((self.root / "usr/lib/systemd/system").iterdir())
        self.assertEqual({unit.name for unit in units}, {path.name for path in (SOURCE / "cmd/ops/systemd").iterdir()})
        programs = [re.search(r"^ExecStart=/(\S+)", unit.read_text(), re.M).group(1) for unit in units if unit.suffix == ".service"]
        for path in [*programs, *re.findall(r"ratingsctl  /(\S+)", (self.root / "usr/share/ratingsctl/cron/ratingsctl").read_text())]:
            self.assertTrue(os.access(self.root / path, os.X_OK), path)
        service = (self.root / "usr/lib/systemd/system/ratingsctl.service").read_text()
        self.assertIn("\nType=notify\n", service)
        self.assertIn("\nExecStart=/usr/bin/ratingsctl serve\n", service)
        further = (self.root / "usr/lib/systemd/system/ratingsctl@.service").read_text()
        self.assertIn("\nExecStart=/usr/bin/ratingsctl serve --port %i\n", further)


if __name__ == "__main__":
    harness.main()

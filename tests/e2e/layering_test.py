#!/usr/bin/env python3
"""The shape of the tree: one door per dependency, no file too long, one version number, a tidy filter that matches."""
import re
import sys
import unittest
from pathlib import Path

ROOT = Path(sys.argv.pop(1) if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()

# How ARCHITECTURE's table calls a third party, what its headers look like, and which tests may include them besides.
THIRD_PARTIES = {
    "libpqxx": (r"pqxx(/|$)", []),
    # The tests' own door is for an operator's statements, as psql would send them.
    "libpq": (r"libpq-fe\.h|libpq/", ["tests/support/"]),
    "SQLite": (r"sqlite3\.h", ["tests/support/"]),
    "hiredis": (r"hiredis/", []),
    # The tests' own is the library as it comes, to see its faults.
    "cpp-httplib": (r"httplib\.h", ["tests/hostile/"]),
    "CLI11": (r"CLI/", []),
    "libarchive": (r"archive(_entry)?\.h", ["tests/unit/csv_compress.cpp"]),
    "xxHash": (r"xxhash\.h", ["tests/"]),
    "zlib": (r"zlib\.h", ["tests/"]),
    "nlohmann-json": (r"nlohmann/", ["tests/"]),
    # Tests hang a sink of their own into the log to read it.
    "spdlog": (r"spdlog/", ["tests/"]),
    "fmt": (r"fmt/", ["lib/src/", "cmd/", "tests/"]),
    "doctest": (r"doctest/", ["tests/"]),
}
# Ours, the compiler's, POSIX's and Linux's; a third party's name is looked for first.
PARTY_OF_NOBODY = re.compile(r"^(ratings|sanitizer|sys|netinet|arpa|net|linux)/|^[a-z]+\.h$")
STANDARD_HEADER = re.compile(r"^[a-z_0-9]+$")  # <vector>, <string_view>: no dot, no slash
LIMIT = 400
OUR_FOLDERS = ("lib", "cmd", "data", "tests", "docker")
TOP_FOLDERS = {*OUR_FOLDERS, "man"}
MADE_HERE = {"build", "pg_data", "secrets"}  # by the build and by Compose; .gitignore has them
TEXT_SUFFIXES = {".cpp", ".hpp", ".py", ".sh", ".sql", ".cmake", ".lua", ".html", ".js", ".css"}


def ours(*suffixes):
    for folder in OUR_FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix in suffixes and "__pycache__" not in path.parts:
                yield path


def includes(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found.group(1), found.group(2)


class Room:
    """A row of ARCHITECTURE's table: the rooms it may use, and the third parties."""

    def __init__(self, may_use, third_party):
        self.may_use = set(re.findall(r"[a-z]+", re.sub(r"\(.*?\)", "", may_use)))
        self.third_party = set(re.findall(r"[\w-]*\w[\w-]*", third_party))


def table_of_rooms():
    rows = re.findall(r"^\| `((?:lib/src/|cmd)[a-z]*)` \|[^|]*\|([^|]*)\|([^|]*)\|$", (ROOT / "ARCHITECTURE.md").read_text(), re.M)
    return {name: Room(may_use, third_party) for name, may_use, third_party in rows}


class Layering(unittest.TestCase):
    def test_the_rooms_at_the_top_are_those_of_the_design(self):
        found = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
        self.assertEqual(found - MADE_HERE, TOP_FOLDERS)

    def test_a_third_party_is_included_only_where_the_table_names_it(self):
        rooms = table_of_rooms()
        doors = {library: [*tests, *(f"{room}/" for room, row in rooms.items() if library in row.third_party)]
                 for library, (_, tests) in THIRD_PARTIES.items()}
        wrong, used = [], set()
        for path in ours(".cpp", ".hpp"):
            name = path.relative_to(ROOT).as_posix()
            for number, bracket, target in includes(path):
                library = next((each for each, (pattern, _) in THIRD_PARTIES.items() if re.match(pattern, target)), None)
                if library is None and bracket == "<" and not (STANDARD_HEADER.match(target) or PARTY_OF_NOBODY.match(target)):
                    wrong.append(f"{name}:{number}: nobody knows whose {target} is")
                if library is not None:
                    used.add(library)
                    if not name.startswith(tuple(doors[library])):
                        wrong.append(f"{name}:{number}: {library} ({target}) belongs in {', '.join(doors[library])}")
        self.assertEqual(wrong, [])
        # A pattern that matches nothing would check nothing.
        self.assertEqual(used, set(THIRD_PARTIES))
        self.assertEqual({each for row in rooms.values() for each in row.third_party} - set(THIRD_PARTIES), set())

    def test_a_room_includes_only_the_rooms_that_the_table_lets_it(self):
        rooms = {name.removeprefix("lib/src/"): row for name, row in table_of_rooms().items() if name.startswith("lib/src/")}
        self.assertEqual(set(rooms), {path.name for path in (ROOT / "lib/src").iterdir() if path.is_dir()})
        wrong, used = [], set()
        for path in (ROOT / "lib/src").rglob("*.[ch]pp"):
            room = path.relative_to(ROOT / "lib/src").parts[0]
            allowed = {room, "core"} | (set() if room == "core" else rooms[room].may_use)
            for number, bracket, target in includes(path):
                other = target.split("/")[0]
                if bracket == '"' and other in rooms:
                    used.add((room, other))
                    if other not in allowed:
                        wrong.append(f"{path.relative_to(ROOT)}:{number}: {room} may not use {other} ({target})")
        self.assertEqual(wrong, [])
        self.assertGreater(len(used), 20)
        self.assertLessEqual({("load", "csv"), ("sqlite", "store"), ("suspects", "store")}, used)

    def test_the_commands_see_the_library_through_its_public_headers(self):
        rooms = {path.name for path in (ROOT / "lib/src").iterdir()}
        wrong = [f"{path.relative_to(ROOT)}:{number}: {target}" for path in ours(".cpp", ".hpp")
                 if path.is_relative_to(ROOT / "cmd") for number, _, target in includes(path) if target.split("/")[0] in rooms]
        self.assertEqual(wrong, [])

    def test_no_name_of_a_test_has_a_semicolon(self):
        """CMake's lists would make two tests of it, neither of which exists, and both would pass."""
        names = [name for path in ours(".cpp") if path.is_relative_to(ROOT / "tests")
                 for name in re.findall(r'TEST_CASE\(\s*"([^"]*)"', path.read_text(encoding="utf-8"))]
        self.assertGreater(len(names), 400)
        self.assertEqual([name for name in names if ";" in name], [])

    def test_public_headers_include_only_the_standard_library_and_each_other(self):
        headers = sorted((ROOT / "lib/include/ratings").glob("*.hpp"))
        self.assertGreater(len(headers), 10)
        wrong = []
        for path in headers:
            for number, bracket, target in includes(path):
                fine = STANDARD_HEADER.match(target) if bracket == "<" else target.startswith("ratings/")
                if not fine:
                    wrong.append(f"{path.name}:{number}: {target}")
        self.assertEqual(wrong, [])

    def test_the_library_includes_nothing_of_the_commands_and_nothing_of_the_tests(self):
        wrong = [f"{path.relative_to(ROOT)}:{number}: {target}"
                 for path in ours(".cpp", ".hpp") if path.is_relative_to(ROOT / "lib")
                 for number, _, target in includes(path)
                 if target.startswith(("cmd/", "tests/", "support/")) or "../" in target]
        self.assertEqual(wrong, [])

    def test_no_file_is_longer_than_400_lines(self):
        files = list(ours(*TEXT_SUFFIXES)) + [path for path in ROOT.iterdir() if path.suffix == ".sh"]
        long = [f"{path.relative_to(ROOT)}: {count} lines" for path in files
                if (count := len(path.read_text(encoding="utf-8").splitlines())) > LIMIT]
        self.assertGreater(len(files), 50)
        self.assertEqual(long, [])

    def test_the_changelog_and_the_build_name_the_same_version(self):
        built = re.search(r"^project\(ratingsctl VERSION (\d+\.\d+\.\d+)", (ROOT / "CMakeLists.txt").read_text(), re.M)
        written = re.search(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
        image = re.search(r"^ARG VERSION=(\S+)", (ROOT / "docker/Dockerfile").read_text(), re.M)
        self.assertEqual({built.group(1), written.group(1), image.group(1)}, {built.group(1)})

    def test_clang_tidy_looks_into_every_header_of_ours(self):
        settings = (ROOT / ".clang-tidy").read_text()
        pattern = re.search(r"^HeaderFilterRegex: '(.*)'$", settings, re.M).group(1)
        missed = [str(path.relative_to(ROOT)) for path in ours(".hpp")
                  if not re.search(pattern, "/anywhere/" + path.relative_to(ROOT).as_posix())]
        self.assertEqual(missed, [])
        self.assertIn("WarningsAsErrors: '*'", settings)

    def test_every_check_that_is_switched_off_has_its_reason(self):
        settings = (ROOT / ".clang-tidy").read_text()
        off = set(re.findall(r"^  -([a-z-]+?),?$", settings, re.M))
        reasons = set(re.findall(r"^#   ([a-z]+-[a-z-]+) {2,}\S", settings, re.M)) | \
            set(re.findall(r"^#   ([a-z]+-[a-z-]+)   ?\S", settings, re.M))
        self.assertGreater(len(off), 10)
        self.assertEqual(off, reasons)


if __name__ == "__main__":
    unittest.main(verbosity=2)

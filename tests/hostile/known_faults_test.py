#!/usr/bin/env python3
"""The known faults of cpp-httplib's server side, each as a probe: plain cpp-httplib 0.11 shows it, ratingsctl does not.

The list is that of research/reliability.md, section 4.5, without the faults of clients, of TLS and of code that is newer than 0.11.
A probe returns what it saw, and whether that is the fault. On other versions of the library only ratingsctl is asked.

Three of the list put line ends of a client into a header field: CVE-2020-11709 (a response's, by set_redirect and set_header; gone
before 0.11), CVE-2023-26130 (the content type of a request that httplib's client sends; Debian has mended its 0.11) and
CVE-2026-21428 (a request's, in the client). Here no httplib writes a header, and `split_header` sees that nothing that a client
sends reaches one with a line end.
"""
import argparse
import contextlib
import gzip
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "e2e"))
import rig  # noqa: E402
from corpus import request  # noqa: E402
from harness import free_port  # noqa: E402

MEGABYTE = 2**20
SMALL_STACK = ("sh", "-c", 'ulimit -s 256 && exec "$@"', "sh")  # threads get as much; musl gives less
MUCH = 32 * MEGABYTE  # of a body that nobody wants; a server may read a little of it before it says so

FIRST_BYTE = 5.0  # seconds


def connect(port, patience=5):
    client = socket.create_connection(("127.0.0.1", port), timeout=patience)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def send(client, *parts):
    """How many bytes were taken before the server ended the connection, or all."""
    taken = 0
    try:
        for part in parts:
            client.sendall(part)
            taken += len(part)
    except OSError:
        pass
    return taken


def hear(client, patience=1.0):
    """All that comes until a pause or the end. The first of it may take longer: a busy machine is no fault of a server's."""
    client.settimeout(max(patience, FIRST_BYTE))
    heard = b""
    with contextlib.suppress(OSError):
        while data := client.recv(65536):
            heard += data
            client.settimeout(patience)
    return heard


def status(heard):
    return int(heard.split()[1]) if heard.startswith(b"HTTP/1.") else 0


def exchange(port, *parts, patience=1.0):
    with contextlib.closing(connect(port)) as client:
        taken = send(client, *parts)
        return hear(client, patience), taken


def refuses_within(port, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            connect(port).close()
        except OSError:
            return True
        time.sleep(0.05)
    return False


def endless_body(port):
    """CVE-2025-46728: a chunked body has no limit."""
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    heard, taken = exchange(port, request("POST /rates/1 HTTP/1.1", "Transfer-Encoding: chunked"),
                            *[chunk] * (MUCH // 0x10000), b"0\r\n\r\n", patience=3)
    return f"{taken // MEGABYTE} MB taken, status {status(heard)}", taken > MUCH and status(heard) == 200


def endless_line(port):
    """CVE-2025-53628: a line has no limit; all of it is kept before anything is said."""
    with contextlib.closing(connect(port)) as client:
        taken = send(client, b"GET /", *[b"a" * 65536] * 64)
        heard = hear(client)
    return f"{taken // 1024} kB of a line taken, then {heard[:20]!r}", taken > 4 * MEGABYTE and not heard


def endless_fields(port):
    """CVE-2025-52887: header fields have no limit."""
    heard, _ = exchange(port, request("GET /rates/1 HTTP/1.1", *["X: y"] * 50_000), patience=3)
    return f"status {status(heard)}", status(heard) == 200


def endless_chunk(port):
    """CVE-2025-53629: one chunk may say any size, and memory grows with it."""
    heard, taken = exchange(port, request("POST /rates/1 HTTP/1.1", "Transfer-Encoding: chunked"), b"%x\r\n" % MUCH,
                            *[b"x" * 65536] * (MUCH // 65536), b"\r\n0\r\n\r\n", patience=3)
    return f"{taken // MEGABYTE} MB taken, status {status(heard)}", taken > MUCH and status(heard) == 200


def shadowed_address(port):
    """CVE-2025-66570: a client's field stands for the server's own."""
    heard, _ = exchange(port, request("GET /rates/1 HTTP/1.1", "REMOTE_ADDR: 6.6.6.6"))
    return f"status {status(heard)}, {heard.count(b'6.6.6.6')} times in the answer", b"6.6.6.6" in heard


def packed_body(port):
    """CVE-2026-22776: a small body unpacks to a large one."""
    body = gzip.compress(b"\0" * MUCH)
    heard, _ = exchange(port, request("POST /rates/1 HTTP/1.1", "Content-Encoding: gzip", f"Content-Length: {len(body)}"), body, patience=3)
    unpacked = re.search(rb"X-Body-Bytes: (\d+)", heard)
    return f"status {status(heard)}, {unpacked[1].decode() if unpacked else 0} bytes unpacked", bool(unpacked) and int(unpacked[1]) >= MUCH


def packed_stream(port):
    """CVE-2026-28435: the limit of a body counts its packed bytes where a handler reads it piece by piece. (Plain: a limit of 1 MB.)"""
    body = gzip.compress(b"\0" * MUCH)
    heard, _ = exchange(port, request("PUT /rates/1 HTTP/1.1", "Content-Encoding: gzip", f"Content-Length: {len(body)}"), body, patience=3)
    unpacked = re.search(rb"X-Body-Bytes: (\d+)", heard)
    return f"status {status(heard)}, {unpacked[1].decode() if unpacked else 0} bytes unpacked", bool(unpacked) and int(unpacked[1]) >= MUCH


def told_exception(port):
    """CVE-2026-28434: what an exception says is told to the client. (Here /ready throws in the plain server.)"""
    heard, _ = exchange(port, request("GET /ready HTTP/1.1"))
    return f"status {status(heard)}, {'with' if b'EXCEPTION_WHAT' in heard else 'without'} its text", b"EXCEPTION_WHAT" in heard


def smuggled_request(port):
    """CVE-2026-34441: the body of a GET is taken for the next request."""
    inner = request("GET /rates/2 HTTP/1.1", "Connection: close")
    with contextlib.closing(connect(port)) as client:
        send(client, request("GET /rates/1 HTTP/1.1", f"Content-Length: {len(inner)}"))
        heard = hear(client, 0.3)  # plain httplib forgets what came in the same packet
        send(client, inner)
        heard += hear(client)
    return f"{heard.count(b'HTTP/1.1 ')} answers to one request", heard.count(b"HTTP/1.1 ") > 1


def negative_chunk(port):
    """CVE-2026-45352: a chunk of negative size is read as a huge one."""
    heard, taken = exchange(port, request("POST /rates/1 HTTP/1.1", "Transfer-Encoding: chunked"), b"-1\r\n",
                            *[b"x" * 65536] * (MUCH // 65536), patience=3)
    return f"{taken // MEGABYTE} MB taken, status {status(heard)}", taken > MUCH


def decoded_field(port):
    """CVE-2026-45372: escapes in a field's value are decoded, line ends among them."""
    heard, _ = exchange(port, request("GET /rates/1 HTTP/1.1", "X: a%0d%0ab"))
    echoed = re.search(rb"X-Echo-Bytes: (\d+)", heard)
    return f"status {status(heard)}, {echoed[1].decode() if echoed else 'no'} bytes of the 9 reach the handler", bool(echoed) and echoed[1] == b"4"


def deep_expression(port):
    """CVE-2026-29076: a long parameter of a multipart body overflows the stack of std::regex, here one of 256 kB."""
    name = b"Content-Disposition: form-data; name=\"a\"; filename*=UTF-8''" + b"a" * 8_000 + b"\r\n"
    body = b"--b\r\n" + name + b"\r\nx\r\n--b--\r\n"
    heard, _ = exchange(port, request("POST /rates/1 HTTP/1.1", "Content-Type: multipart/form-data; boundary=b",
                                      f"Content-Length: {len(body)}"), body, patience=3)
    alive = not refuses_within(port, 3)  # what overflows its stack takes a moment to die
    return f"status {status(heard)}, the server is {'there' if alive else 'gone'}", not alive


PROBES = (endless_body, endless_line, endless_fields, endless_chunk, shadowed_address, packed_body, packed_stream, told_exception, smuggled_request,
          negative_chunk, decoded_field, deep_expression)


LINE_ENDS = ("%0d%0a", "%0D%0A", "%250d%250a", "%0a", "%0d", "\\r\\n", "\xe5\x98\x8a\xe5\x98\x8d", "%E5%98%8A%E5%98%8D", "\r\n", "\r", "\n", "\x00\r\n", "\r\n ")


def split_header(port):
    """How many requests with a line end where an answer may repeat it get one in the answer's header, or no answer."""
    wrong = []
    for end in LINE_ENDS:
        bad = f"1{end}Injected: 1"
        fields = [("GET /rates/1?limit=1 HTTP/1.1", f"{name}: {bad}") for name in
                  ("X-Request-Id", "If-None-Match", "Accept-Encoding", "Origin", "Referer", "X-Forwarded-For", "Range", "Connection", "Keep-Alive")]
        lines = [(f"GET {target}{bad.replace(' ', '%20')} HTTP/1.1",) for target in
                 ("/rates/", "/user/profile/", "/", "/rates?uid=", "/rates/1?limit=1&cursor=", "/rates/1?limit=1&movie_id=", "/rates/1?limit=1&from=",
                  "/rates/1?limit=1&order=", "/rates/1?format=", "http://")]
        for parts in fields + lines + [(f"GET{bad} /rates/1 HTTP/1.1",), (f"BREW /rates/{bad} HTTP/1.1",), ("GET / HTTP/1.1", f"Host: {bad}")]:
            heard, _ = exchange(port, request(*parts, "Connection: close"), patience=0.3)
            lines_of_header = heard.split(b"\r\n\r\n")[0].split(b"\r\n")
            if not heard or any(line.lower().startswith(b"injected") or b"\r" in line or b"\n" in line for line in lines_of_header):
                wrong.append((parts, heard[:300]))
    for one in wrong[:10]:
        print("a header was split:", *one)
    return len(wrong)


@contextlib.contextmanager
def plain(program):
    """A fresh one for each probe: some of them end it."""
    port = free_port()
    process = subprocess.Popen([*SMALL_STACK, program, str(port)])
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                connect(port).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        yield port
    finally:
        process.kill()
        process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--plain", required=True)
    parser.add_argument("--version", required=True, help="of cpp-httplib")
    options = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as home:
        store = rig.SqliteStore(home)
        (Path(home) / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n1,1029,3.0,1260759179\n")
        subprocess.run([options.program, "load", f"{home}/ratings.csv", "--store", store.url], check=True,
                       capture_output=True, env=rig.clean_environment(home))
        ours = rig.Server(options.program, store.url, home)
        ours.command = [*SMALL_STACK, *ours.command]
        with ours as server:
            for probe in PROBES:
                name = probe.__doc__.split(":")[0]
                seen, fault = probe(server.port)
                wrong += fault
                print(f"{name:<15} ratingsctl: {seen}{'  <-- THE FAULT' if fault else ''}")
                with plain(options.plain) as port:
                    seen, fault = probe(port)
                missing = not fault and options.version.startswith("0.11")
                wrong += missing
                print(f"{'':<15} plain {options.version}: {seen}{'  <-- shows no fault, so the probe proves nothing' if missing else ''}")
            wrong += split_header(server.port)
    print(f"{len(PROBES)} faults, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""Requests that no honest client sends, each with the answer it must get: its status, and whether the connection stays.

The store behind has one user, 1. What is not said here is said by DESIGN section 5 and RFC 9110 and 9112.
"""
from typing import NamedTuple

KEEP, CLOSE = "keep", "close"
ID_LIMIT = 2 ** 63


class Case(NamedTuple):
    group: str
    sent: bytes
    status: int
    after: str
    head: bool = False


def request(line="GET /rates/1 HTTP/1.1", *fields, host="a"):
    lines = [line] + ([] if host is None else [f"Host: {host}"]) + list(fields)
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def request_lines():
    for line in ("GET  /rates/1 HTTP/1.1", " GET /rates/1 HTTP/1.1", "GET /rates/1  HTTP/1.1", "GET /rates/1 HTTP/1.1 ",
                 "GET /rates/1", "GET", "hello", "GET\t/rates/1\tHTTP/1.1", "GET /rates/1\tHTTP/1.1", "GET /ra tes/1 HTTP/1.1",
                 "/rates/1 HTTP/1.1", "GET HTTP/1.1", "GET  HTTP/1.1", "G\x00T /rates/1 HTTP/1.1", "GET /rates/1 http/1.1",
                 "GET /rates/1 HTTP/1.1x", "GET /rates/1 HTTP/", "GET /rates/1 HTTP/1", "GET /rates/1 HTTP/1.", "GET /rates/1 HTTP/.1",
                 "GET /rates/1 HTTP/11", "GET /rates/1 HTTP/1,1", "GET /rates/1 HTTPS/1.1", "GET /rates/1 HTTP/1.1\x0b",
                 "GET /rates/1 FTP/1.1", "G(T /rates/1 HTTP/1.1", "GET: /rates/1 HTTP/1.1", "GE\x7fT /rates/1 HTTP/1.1",
                 "G\xc3\x84T /rates/1 HTTP/1.1", "\"GET\" /rates/1 HTTP/1.1", "GET /rates/1#top HTTP/1.1", "GET # HTTP/1.1",
                 "GET /rates/1\x00 HTTP/1.1", "\x00 /rates/1 HTTP/1.1", "HTTP/1.1 200 OK", "GET /rates/1 HTTP/1.1 HTTP/1.1",
                 "GET/rates/1 HTTP/1.1", "GET /rates/1HTTP/1.1"):
        yield Case("request line", request(line), 400, CLOSE)
    for version in ("HTTP/2.0", "HTTP/3.0", "HTTP/0.9", "HTTP/2.1", "HTTP/9.9", "HTTP/0.0"):
        yield Case("version", request(f"GET /rates/1 {version}"), 505, CLOSE)
    yield Case("version", request("GET /rates/1 HTTP/1.2"), 200, KEEP)
    yield Case("version", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, CLOSE)
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "Get", "GETS", "HEADER", "PURGE", "PROPFIND",
                   "BREW", "M-SEARCH", "X" * 200, "!#$%&'*+-.^_`|~"):
        yield Case("method", request(f"{method} /rates/1 HTTP/1.1"), 405, KEEP)
        yield Case("method", request(f"{method} /nowhere HTTP/1.1"), 404, KEEP)
    yield Case("method", request("HEAD /rates/1 HTTP/1.1"), 200, KEEP, head=True)
    yield Case("method", request("HEAD /nowhere HTTP/1.1"), 404, KEEP, head=True)
    yield Case("method", request("HEAD /rates/x HTTP/1.1"), 400, KEEP, head=True)


def line_ends():
    for sent in (b"GET /rates/1 HTTP/1.1\nHost: a\n\n", b"GET /rates/1 HTTP/1.1\r\nHost: a\n\r\n", b"GET /rates/1 HTTP/1.1\nHost: a\r\n\r\n",
                 b"GET /rates/1 HTTP/1.1\r\nHost: a\r\n\n", b"GET /rates/1 HTTP/1.1\rHost: a\r\r", b"\n", b"\nGET /rates/1 HTTP/1.1\r\n",
                 b"GET /rates/1 HTTP/1.1\r\r\nHost: a\r\n\r\n", b"GET /rates/1 HTTP/1.1\r\nHost: a\r\r\n\r\n", b"\r\r\n", b"\r\x00",
                 b"GET /rates/1 HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n", b"GET /rates/1 HTTP/1.1\n\rHost: a\n\r\n\r"):
        yield Case("line ends", sent, 400, CLOSE)
    yield Case("line ends", b"\r\n\r\n\r\n" + request(), 200, KEEP)


def fields():
    for line in ("Content-Length : 0", "X : y", " X: y", "\tX: y", "X", "no colon here", ": y", ":", "X\x00: y", "X: \x00", "X: a\x00b",
                 "X: a\x01b", "X: \x1b[31m", "X: a\x7fb", "X\x7f: y", "X Y: z", "X\t: y", "X@: y", "X(: y", "\"X\": y", "X,Y: z", "\xc3\xa4: y",
                 "X: a\x08", "X: \x0c", "X[0]: y", "X{}: y", "X=: y", "X/Y: z"):
        yield Case("field", request("GET /rates/1 HTTP/1.1", line), 400, CLOSE)
    for folded in (" folded", "\tfolded", "  Content-Length: 5", " "):
        yield Case("folded field", request("GET /rates/1 HTTP/1.1", "X: y", folded), 400, CLOSE)
    for line in ("X:", "X:y", "X: \t y \t ", "X: \xc3\xa4\xff", "X: a:b:c", "!#$%&'*+-.^_`|~: y", "X: %00%0d%0a", "X: a%0d%0aSet-Cookie: b", "Cookie: a=b; c=d",
                 "REMOTE_ADDR: 6.6.6.6", "REMOTE_PORT: 6", "LOCAL_ADDR: 6.6.6.6", "LOCAL_PORT: 6", "X-Forwarded-For: ", "X-Forwarded-For: 6.6.6.6",
                 "Range: bytes=0-0", "Range: bytes=0-,0-,0-,0-", "Range: bytes=9-1", "Range: lines=1", "Range:", "If-Range: x", "Range: bytes=-1",
                 "Expect: 100-continue", "Expect: more", "Upgrade: h2c", "Upgrade: websocket", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
                 "Connection: Upgrade, HTTP2-Settings", "Connection: keep-alive", "Connection: closed", "Connection: x-close", "Connection:",
                 "TE: trailers", "Trailer: X", "Keep-Alive: timeout=99999999999999999999", "Accept-Encoding: gzip;q=9", "Accept-Encoding: \x80",
                 "Accept-Encoding: ,,,;;;q=,", "If-None-Match: \"\"", "If-None-Match: W/", "If-None-Match: ,,,", "Authorization: Basic %00",
                 "Content-Encoding: gzip", "Content-Type: multipart/form-data; boundary=x", "Content-Length: 0", "Content-Length: 000"):
        yield Case("ignored field", request("GET /rates/1 HTTP/1.1", line), 200, KEEP)
    yield Case("matching field", request("GET /rates/1 HTTP/1.1", "If-None-Match: *"), 304, KEEP)
    for line in ("Connection: close", "Connection: CLOSE", "connection: foo , close,", "Connection: keep-alive, close", "Connection:close"):
        yield Case("last request", request("GET /rates/1 HTTP/1.1", line), 200, CLOSE)
    yield Case("last request", request("GET /rates/1 HTTP/1.0", host=None), 200, CLOSE)
    yield Case("kept by HTTP/1.0", request("GET /rates/1 HTTP/1.0", "Connection: keep-alive", host=None), 200, KEEP)


def hosts():
    yield Case("host", request(host=None), 400, KEEP)
    for line in ("Host: a", "Host: b", "host: a", "Host:"):
        yield Case("host", request("GET /rates/1 HTTP/1.1", line), 400, KEEP)
        yield Case("host", request("GET /rates/1 HTTP/1.0", line), 400, CLOSE)
    for host in ("a b", "a,b", "a/b", "a\\b", "u@a", "a?b", "a#b", "http://a", "<a>", "\"a\"", "a\tb", "{a}", "a|b", "a^b", "a`b", "\xc3\xa4",
                 "a:bc", "a:65536", "a:999999", "a:1:2", ":", ":80", ":::", "[[[::]", "[::1", "[::1]5001", "[]", "[::g]", "a]b", "a%zz", "a%4"):
        yield Case("host", request(host=host), 400, KEEP)
    for host in ("", "a:5001", "[::1]:5001", "127.0.0.1", "a.b.c.", "A_B", "%41", "a:", "a:65535", "[2001:db8::1]", "  a  "):
        yield Case("host", request(host=host), 200, KEEP)


def bodies():
    unclear = ("Content-Length: 0|Content-Length: 5", "Content-Length: 5|Content-Length: 5", "Content-Length: 0|Content-Length: 0",
               "Content-Length: 5|Transfer-Encoding: chunked", "Transfer-Encoding: chunked|Content-Length: 5", "Content-Length: +5",
               "Content-Length: -5", "Content-Length: 0x5", "Content-Length: 5,5", "Content-Length: 5, 5", "Content-Length:", "Content-Length: five",
               "Content-Length: 5.0", "Content-Length: 5;", "Content-Length: 1 2", "Content-Length: %35", "Content-Length: \"5\"",
               "Transfer-Encoding:", "Transfer-Encoding: identity", "Transfer-Encoding: gzip", "Transfer-Encoding: gzip, chunked",
               "Transfer-Encoding: chunked, gzip", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: xchunked",
               "Transfer-Encoding: chunked;q=1", "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: chunked|Transfer-Encoding: chunked",
               "Transfer-Encoding: chunked|Transfer-Encoding: identity", "Transfer-Encoding: ,chunked", "Transfer-Encoding: chunked,")
    for method in ("GET", "POST", "HEAD"):
        for lines in unclear:
            yield Case("unclear body", request(f"{method} /rates/1 HTTP/1.1", *lines.split("|")) + b"hello", 400, CLOSE)
    yield Case("unclear body", request("POST /rates/1 HTTP/1.0", "Transfer-Encoding: chunked") + b"0\r\n\r\n", 400, CLOSE)
    inner = request("GET /live HTTP/1.1")  # must never be answered
    for line, body, after in ((f"Content-Length: {len(inner)}", inner, KEEP), ("Content-Length: 5", b"hello", KEEP), ("content-length:0001", b"\n", KEEP),
                              ("Content-Length: 65536", b"\r" * 65536, KEEP), ("Content-Length: 65537", inner, CLOSE),
                              ("Content-Length: 18446744073709551617", inner, CLOSE), ("Content-Length: " + "9" * 400, inner, CLOSE),
                              ("Transfer-Encoding: chunked", inner, CLOSE), ("transfer-encoding: Chunked", b"0\r\n\r\n", CLOSE)):
        for method, status in (("GET", 413), ("POST", 405), ("PUT", 405), ("DELETE", 405)):
            yield Case("body", request(f"{method} /rates/1 HTTP/1.1", line) + body, status, after)
        yield Case("body", request("HEAD /rates/1 HTTP/1.1", line) + body, 413, after, head=True)
    for chunk in (b"-1\r\n", b"ffffffffffffffff\r\n", b"5;" + b"x" * 5000 + b"\r\nhello\r\n0\r\n\r\n", b"5\nhello\n0\n\n"):
        yield Case("chunks", request("POST /rates/1 HTTP/1.1", "Transfer-Encoding: chunked") + chunk, 405, CLOSE)


def targets():
    for uid in ("-1", "+1", "01", "00", "1.0", "1e3", "0x1", "abc", "1a", "a1", "%2d1", "1%20", "%201", "%00", "1%00", "%F0%9F%98%80", "१", "1;2", "1,2",
                str(ID_LIMIT), str(ID_LIMIT * 2), "9" * 200, "1%0a", "1%0d%0a", "NaN", "null", "true", "1&2", "'1'", "1--", "*", "~", "@", "1:2"):
        target = "/rates/" + uid.encode().decode("latin-1")
        yield Case("user id", request(f"GET {target} HTTP/1.1"), 400, KEEP)
    for target in ("/rates/1//", "//rates/1", "/rates//1", "/./rates/1", "/rates/../rates/1", "/rates/1/..", "/Rates/1", "/RATES/1", "/rates/1/2",
                   "/rates/1/profile", "/user", "/user/profile", "/user/profile/", "/user/profile/1/2", "/pinger", "/ping/x", "/livee", "/metricss", "/readyy",
                   "/favicon.ico", "/.env", "/..", "/admin", "/rates%", "*", "/" + "a" * 300, "/" + "a/" * 300, "/rates/%"):
        status = 400 if "%" in target else 404
        yield Case("path", request(f"GET {target} HTTP/1.1"), status, KEEP)
    for target in ("/rates%2F1", "/rates/1%2f", "/rates/1%2F2", "%2Frates/1", "/ping%00", "/%00", "http:///ping", "http://u:p@a/ping", "http://", "http://:80/ping", "http://[/ping", "http://a%zz/ping", "/rates/%zz", "/rates/%1", "/rates/%", "/pi\x7fng", "/pi\x80ng",
                   "/ping\xff", "/\x1b[31m", "/rates/1?x=%zz", "/rates/1?%00=1", "/rates/1?limit=%"):
        yield Case("escape", request(f"GET {target} HTTP/1.1"), 400, KEEP)
    for target in ("/rates/%31", "/%72ates/1", "/rates/1/", "/rates/1?", "http://a/rates/1", "http://b:80/rates/1?", "HTTP://a/ping", "/ping/", "/%70ing", "//", "http://a"):
        yield Case("same path in another spelling", request(f"GET {target} HTTP/1.1"), 200, KEEP)
    for query in ("x=1", "limit", "limit=", "limit=0", "limit=-1", "limit=1&limit=1", "limit=1;order=asc", "limit=99999999999999999999", "order=up",
                  "format=xml", "from=yesterday", "to=2009-13-01", "movie_id=a", "movie_id=", "movie_id=1,,2", "min_rating=x", "min_rating=nan", "cursor=x",
                  "cursor=%00", "limit=1&x", "&&x", "=1", "limit[]=1", "LIMIT=1", "from=1&to", "uid=1", "callback=alert"):
        yield Case("parameter", request(f"GET /rates/1?{query} HTTP/1.1"), 400, KEEP)
    yield Case("parameter", request("GET http://a?x=/ping HTTP/1.1"), 400, KEEP)
    for target in ("/rates", "/rates/", "/rates?uid=", "/rates?uid=1,1x", "/rates?uid=-1", "/rates?uid=1&uid=2", "/rates?uid=" + ",".join(map(str, range(101))),
                   "/ping?x=1", "/live?x", "/ready?full=1", "/metrics?name=x", "/user/profile/x", "/user/profile/1?limit=1"):
        yield Case("parameter", request(f"GET {target} HTTP/1.1"), 400, KEEP)


def limits():
    yield Case("limit", request("GET /" + "a" * 8178 + " HTTP/1.1"), 404, KEEP)   # a line of 8192 bytes
    yield Case("limit", request("GET /" + "a" * 8179 + " HTTP/1.1"), 414, CLOSE)
    yield Case("limit", b"GET /" + b"a" * 100_000, 414, CLOSE)
    yield Case("limit", b"A" * 9_000, 414, CLOSE)
    yield Case("limit", request("GET /rates/1 HTTP/1.1", *["X: y"] * 63), 200, KEEP)
    yield Case("limit", request("GET /rates/1 HTTP/1.1", *["X: y"] * 64), 431, KEEP)
    yield Case("limit", request("GET /rates/1 HTTP/1.1", *["X: y"] * 2_000), 431, KEEP)
    yield Case("limit", request("GET /rates/1 HTTP/1.1", *["X: y"] * 50_000), 431, CLOSE)
    yield Case("limit", request("GET /rates/1 HTTP/1.1", "X: " + "y" * 16_000), 200, KEEP)
    yield Case("limit", request("GET /rates/1 HTTP/1.1", "X: " + "y" * 17_000), 431, CLOSE)
    yield Case("limit", request("GET /rates/1 HTTP/1.1", "y" * 17_000 + ": x"), 431, CLOSE)
    yield Case("limit", request("GET /rates/1 HTTP/1.1", *[f"X{n}: " + "y" * 1_000 for n in range(20)]), 431, CLOSE)
    yield Case("limit", request("GET /rates/1 HTTP/1.1", "Accept-Encoding: " + "gzip," * 3_000), 200, KEEP)
    yield Case("limit", request("GET /rates/1 HTTP/1.1", "If-None-Match: " + "\"x\"," * 3_000), 200, KEEP)


def other_protocols():
    for sent in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(32)), b"\x80\x2e\x01\x00\x02", b"SSH-2.0-OpenSSH_9.2\r\n", b"EHLO a\r\n", b"*1\r\n$4\r\nPING\r\n",
                 b"\x00" * 64, b"\xff" * 64 + b"\r\n", b"{\"uid\": 1}\r\n", b"<?xml version=\"1.0\"?>\r\n", b"\x04\x01\x13\x89\x7f\x00\x00\x01\x00", b"PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n",
                 b"() { :; }; echo\r\n", b"${jndi:ldap://a}\r\n", b"\r\n\r\n\x00", b"GET\r\n", b"QUIT\r\n"):
        yield Case("another protocol", sent, 400, CLOSE)


CASES = [case for group in (request_lines, line_ends, fields, hosts, bodies, targets, limits, other_protocols) for case in group()]

"""What no client library would send: requests that end in two places, never, or were none, from a seed."""

import json
from collections.abc import Callable, Mapping, Sequence
from random import Random

from shared.http.operations import MAX_UPLOAD
from shared.http.strict_json import MAX_BYTES

HEAD = "Host: bookbag.example"
TLS_HELLO = bytes.fromhex("16030100c5010000c10303") + bytes(range(32)) + bytes(160)
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)


def lines(*of_head: str, body: bytes = b"") -> bytes:
    return "\r\n".join([*of_head, "", ""]).encode("latin-1") + body


def hidden(token: str, name: str) -> bytes:
    """A request that would make a school, were it taken for one."""
    body = json.dumps({"slug": name, "name": name}).encode()
    return lines(
        "POST /v1/schools HTTP/1.1",
        HEAD,
        f"Authorization: Bearer {token}",
        f"Idempotency-Key: {name}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        body=body,
    )


def ended(rng: Random, token: str) -> tuple[str, list[bytes]]:
    """The name of a form and what is sent of it, in as many writes: none asks clearly for anything to be done."""
    name = rng.choice(list(ENDED))
    inside = hidden(token, f"smuggled-{rng.randrange(10**9)}")
    return name, _in_pieces(rng, ENDED[name](rng, token, inside))


def _in_pieces(rng: Random, whole: bytes) -> list[bytes]:
    cuts = sorted(rng.randrange(len(whole) + 1) for _ in range(rng.choice([0, 0, 1, 3])))
    return [whole[one:other] for one, other in zip([0, *cuts], [*cuts, len(whole)], strict=True)]


def _posting(token: str, *more: str, body: bytes = b"", path: str = "/v1/values") -> bytes:
    """As an operator, who defines no values: what is refused even where it is read."""
    known = [f"POST {path} HTTP/1.1", HEAD, f"Authorization: Bearer {token}", "Content-Type: application/json"]
    return lines(*known, *more, body=body)


def _two_lengths(rng: Random, token: str, inside: bytes) -> bytes:
    right = str(len(inside))
    wrong = rng.choice(
        ["0", "1", f"+{right}", f"-{right}", f"0x{len(inside):x}", right + "1" * 30, f"{right}, 0", "", "٣"]
    )
    spelt = rng.choice(["Content-Length:", "Content-Length :", "content-length:\t", "Content-Length:\x0b"])
    both = [f"Content-Length: {right}", f"{spelt} {wrong}".encode().decode("latin-1")]
    rng.shuffle(both)
    return _posting(token, *both, body=inside)


def _length_and_chunks(rng: Random, token: str, inside: bytes) -> bytes:
    coding = rng.choice(
        [
            "chunked",
            "Chunked",
            "xchunked",
            "chunked, identity",
            "gzip, chunked",
            '"chunked"',
            "chunked;q=1",
            "\x0bchunked",
        ]
    )
    spelt = rng.choice(
        ["Transfer-Encoding:", "Transfer-Encoding :", "Transfer-Encoding:\r\n", "X: a\r\nTransfer-Encoding:"]
    )
    both = [f"Content-Length: {rng.choice([0, 5, len(inside)])}", f"{spelt} {coding}"]
    rng.shuffle(both)
    if "chunked" not in coding.lower():
        both.reverse()
    # Inside a chunk, so that who reads chunks reads a body, and who reads lengths something else.
    chunk = f"{len(inside):x}\r\n".encode() + inside + b"\r\n0\r\n\r\n"
    return _posting(token, *both, body=chunk)


def _bombs(rng: Random, token: str, inside: bytes) -> bytes:
    bomb = rng.choice(
        [
            b"f" * rng.choice([8, 15, 16, 17, 64]) + b"\r\n" + inside,
            b"0" * rng.choice([20, 1000, 70_000]) + b"5\r\n" + inside,
            b"5;" + b"a" * rng.choice([100, 9000, 100_000]) + b"\r\nhello\r\nzz\r\n" + inside,
            b"-1\r\n" + inside,
            b"5\nhello\n" + b"\xff\r\n" + inside,
            b"1\r\na\r\n" * 20_000 + b"g\r\n" + inside,
            b"0\r\nX: " + b"a" * 9000 + b"\r\n" * 3000 + b"zz",
            b"5\r\nhelloX" + inside,
            b" 5 \r\nhello\r\ng\r\n" + inside,
            b"",
        ]
    )
    return _posting(token, "Transfer-Encoding: chunked", body=bomb)


def _giants(rng: Random, token: str, _inside: bytes) -> bytes:
    size = rng.choice([7000, 8192, 9000, 33_000, 200_000])
    return rng.choice(
        [
            lines("GET /" + "a" * size + " HTTP/1.1", HEAD),
            lines("GET /v1/policy?" + "a=1&" * (size // 4) + " HTTP/1.1", HEAD),
            lines("A" * size + " /v1/policy HTTP/1.1", HEAD),
            lines("GET /v1/policy HTTP/1.1", HEAD, "X: " + "a" * size),
            lines("GET /v1/policy HTTP/1.1", HEAD, "X" * size + ": a"),
            lines("GET /v1/policy HTTP/1.1", HEAD, *(f"X-{n}: a" for n in range(size // 8))),
            lines("GET /v1/me HTTP/1.1", HEAD, f"Authorization: Bearer {token}" + "a" * size),
            lines("GET /v1/me HTTP/1.1", HEAD, f"Authorization: Bearer {token}", "Bookbag-Position: " + "a.1.1," * 900),
        ]
    )


def _no_http(rng: Random, _token: str, inside: bytes) -> bytes:
    return rng.choice(
        [
            b"GET /v1/policy\r\n",
            b"GET /v1/me\n\n",
            b"POST /v1/schools\r\n\r\n",
            TLS_HELLO,
            HTTP2,
            rng.randbytes(rng.choice([1, 60, 5000])),
            b"\0" * rng.choice([1, 5000]),
            b"\r\n" * rng.choice([1, 5000]) + b"x\r\n\r\n",
            b"\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01\x1f\x90",
            b"EHLO bookbag.example\r\nMAIL FROM:<a@b.example>\r\n",
            b"AMQP\x00\x00\x09\x01",
            inside.replace(b" HTTP/1.1", b" HTTP/9.9"),
            inside.replace(b" HTTP/1.1", b""),
            inside.replace(b"Host: ", b"Host : "),
            inside.replace(b"Host: bookbag.example", b"Host: a\r\nHost: b"),
            inside.replace(b"POST ", b"POST\t"),
            inside.replace(b"/v1/schools", b"/v1/schools\0"),
            inside.replace(b"/v1/schools", b"/v1/schools%00"),
            inside.replace(b"Authorization", b"Authorization\0"),
            inside.replace(b"/v1/schools", b"/v1/%2e%2e/internal/heads"),
        ]
    )


def _spoilt(rng: Random, _token: str, inside: bytes) -> bytes:
    """A request with one letter of its head exchanged for what no head may hold."""
    at = rng.randrange(inside.index(b"\r\n\r\n"))
    return inside[:at] + rng.choice([b"\0", b"\r", b"\x0b", b"\x7f\0"]) + inside[at + 1 :][:-1]


def _cut(rng: Random, _token: str, inside: bytes) -> bytes:
    return inside[: rng.randrange(len(inside))]


def _pipelined(rng: Random, token: str, inside: bytes) -> bytes:
    """Many clear requests that only read, and behind them one that is not clear."""
    read = lines("GET /v1/me HTTP/1.1", HEAD, f"Authorization: Bearer {token}")
    return read * rng.choice([2, 20, 200]) + _two_lengths(rng, token, inside)


def _asks_for_more(rng: Random, _token: str, inside: bytes) -> bytes:
    """What asks the gateway to be something else than it is."""
    more = rng.choice(
        [
            ["Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQAAP__"],
            ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="],
            ["Range: bytes=" + "0-1," * 1500 + "5-6"],
            ["If-None-Match: " + '"a",' * 1500 + '"b"'],
            ["Accept-Encoding: " + "gzip;q=0," * 700 + "br"],
            ["Expect: 100-continue", f"Content-Length: {MAX_UPLOAD}"],
            ["Expect: a miracle", f"Content-Length: {len(inside)}"],
            ["Connection: Authorization, Bookbag-Gateway, close"],
            ["TE: trailers, deflate;q=0.5", "Trailer: Authorization"],
            ["Content-Encoding: gzip", f"Content-Length: {len(inside)}"],
            ["X-Forwarded-For: " + "127.0.0.1, " * 600, "Forwarded: for=127.0.0.1"],
        ]
    )
    return lines(rng.choice(["GET", "HEAD", "OPTIONS", "TRACE"]) + " /v1/policy HTTP/1.1", HEAD, *more)


Form = Callable[[Random, str, bytes], bytes]
ENDED: Mapping[str, Form] = {
    "two lengths": _two_lengths,
    "length and chunks": _length_and_chunks,
    "chunk bombs": _bombs,
    "giant heads": _giants,
    "no HTTP": _no_http,
    "a spoilt head": _spoilt,
    "cut anywhere": _cut,
    "a pipeline": _pipelined,
    "asks for more": _asks_for_more,
}


def held(token: str) -> Mapping[str, tuple[bytes, bytes]]:
    """What is sent at once, and what then comes letter by letter; the connection stays open."""
    head = f"Authorization: Bearer {token}"
    drip = b"X-Slow: " + b"a" * 500
    pictures = ["POST /v1/media HTTP/1.1", HEAD, head, "Idempotency-Key: a", "Content-Type: image/png"]
    signing_in = ["POST /v1/sessions HTTP/1.1", HEAD, "Content-Type: application/json"]
    return {
        "says nothing": (b"", b""),
        "slow line": (b"G", b"ET /v1/policy" + b"a" * 500),
        "slow headers": (lines("GET /v1/policy HTTP/1.1", HEAD)[:-2], drip),
        "slow body": (_posting(token, "Content-Length: 900"), b"{" * 500),
        "a body that stops": (lines(*signing_in, f"Content-Length: {MAX_BYTES}", body=b" " * (MAX_BYTES - 9)), b""),
        "chunks that stop": (_posting(token, "Transfer-Encoding: chunked", body=b"30000\r\n" + b" " * 0x2FF00), b""),
        "an upload that stops": (lines(*pictures, f"Content-Length: {MAX_UPLOAD}", body=bytes(MAX_UPLOAD - 9)), b""),
        "reads nothing": (lines("GET /openapi.json HTTP/1.1", HEAD) * 60, b""),
        # Answered by the gateway itself: what a service sends away when too many ask at once is for `make load` to see.
        "keeps the connection": (lines("GET /healthz HTTP/1.1", HEAD), b""),
        "TLS": (TLS_HELLO[:40], TLS_HELLO[40:]),
    }


SHARES: Sequence[tuple[str, float]] = (
    ("says nothing", 0.15),
    ("slow line", 0.1),
    ("slow headers", 0.15),
    ("slow body", 0.1),
    ("a body that stops", 0.15),
    ("chunks that stop", 0.1),
    ("an upload that stops", 0.03),
    ("reads nothing", 0.05),
    ("keeps the connection", 0.12),
    ("TLS", 0.05),
)
"""Of all connections that are held at once."""

"""Plain HTTP answers beside WebSocket: what there is, in which form, and to whom nothing is given."""

import gzip

import pytest

from keystead.net import plain
from keystead.rpc.resource import Resource
from tests.net_stage import on_each_loop, stage
from tests.raw_websocket import WebSocket, answer_head, upgrade

TEXT = b"hello, " * 100
TAG = 'W/"abc"'
PAGE = Resource("text/html", TEXT, gzip.compress(TEXT, mtime=0), TAG, {"X-Further": "1"})
SMALL = Resource("text/css", b"x", b"", 'W/"def"', {})
RESOURCES = {"/": PAGE, "/page.css": SMALL}


def request(path="/", verb="GET", **headers):
    written = upgrade(path, Upgrade=None, Connection=None, **headers)
    return written.replace(b"GET", verb.encode(), 1)


def answer(written, *, is_encrypted=False):
    """Give status, headers and body of the answer; None where picows is to answer."""
    found = plain.answer(written, RESOURCES, is_encrypted=is_encrypted)
    if not found:
        return None
    head, _, body = found.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body


def test_a_get_gives_the_body_and_all_that_is_told_of_it():
    status, headers, body = answer(request())
    assert (status, body) == (200, TEXT)
    assert headers == {
        "Content-Type": "text/html",
        "X-Further": "1",
        "ETag": TAG,
        "Content-Length": str(len(TEXT)),
        "Connection": "close",
    }


def test_a_query_and_an_older_version_change_nothing():
    assert answer(request("/?x=1"))[2] == TEXT
    assert answer(request().replace(b"HTTP/1.1", b"HTTP/1.0"))[2] == TEXT


def test_a_head_gives_the_same_without_the_body():
    status, headers, body = answer(request(verb="HEAD"))
    assert (status, headers, body) == (200, answer(request())[1], b"")


@pytest.mark.parametrize("verb", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", "BREW"])
def test_nothing_else_is_done_with_what_is_there(verb):
    status, headers, body = answer(request(verb=verb))
    assert (status, headers["Allow"], body) == (405, "GET, HEAD", b"")


@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [
        (None, False),
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.00, br", False),
        ("identity", False),
    ],
)
def test_who_wants_it_compressed_gets_it_so(accepted, is_compressed):
    _, headers, body = answer(request(Accept_Encoding=accepted))
    assert (headers.get("Content-Encoding") == "gzip") is is_compressed
    assert (gzip.decompress(body) if is_compressed else body) == TEXT


def test_what_does_not_get_shorter_is_not_compressed():
    _, headers, body = answer(request("/page.css", Accept_Encoding="gzip"))
    assert (headers.get("Content-Encoding"), body) == (None, b"x")


@pytest.mark.parametrize("tags", [TAG, '"abc"', f'"other", {TAG}'])
@pytest.mark.parametrize("verb", ["GET", "HEAD"])
def test_who_has_it_already_is_told_so(tags, verb):
    status, headers, body = answer(request(verb=verb, If_None_Match=tags))
    assert (status, headers["ETag"], body) == (304, TAG, b"")
    assert "Content-Length" not in headers


@pytest.mark.parametrize("tags", ['"xyz"', "abc", ""])
def test_who_has_another_one_gets_this_one(tags):
    assert answer(request(If_None_Match=tags))[0] == 200


@pytest.mark.parametrize("path", ["/", "/page.css", "/healthz"])
def test_only_over_tls_browsers_are_told_to_stay_with_it(path):
    encrypted = answer(request(path), is_encrypted=True)[1]
    assert encrypted["Strict-Transport-Security"] == "max-age=63072000"
    assert "Strict-Transport-Security" not in answer(request(path))[1]


def test_an_unknown_path_has_no_head():
    assert answer(request("/nothing", verb="HEAD"))[0] == 404


@pytest.mark.parametrize(
    "left",
    [request("/nothing"), upgrade(), upgrade("/healthz"), b"{}\r\n\r\n", b"GET /\r\n\r\n"],
)
def test_all_else_is_left_to_what_shakes_hands(left):
    assert answer(left) is None


@pytest.mark.parametrize("host", ["example.org", "localhost:1", "[bad", None])
def test_the_name_that_was_asked_for_does_not_matter(host):
    assert answer(request(Host=host)) == answer(request())


@on_each_loop
async def test_a_page_and_a_conversation_share_a_path():
    async with stage("http", resources=RESOURCES) as box:
        raw = await box.dial()
        await raw.send(request(Accept_Encoding="gzip"))
        status, headers = await answer_head(raw)
        assert (status, gzip.decompress(await raw.rest())) == (200, TEXT)
        assert headers["content-encoding"] == "gzip"
        assert box.face.sessions == []

        client, _ = await WebSocket.opened(box)
        assert await client.ask("echo hello") == "hello"


@on_each_loop
async def test_a_request_may_come_in_pieces():
    async with stage("http", resources=RESOURCES) as box:
        raw = await box.dial()
        for byte in request(verb="HEAD"):
            await raw.send(bytes((byte,)))
        assert (await answer_head(raw))[0] == 200
        assert await raw.rest() == b""


@on_each_loop
async def test_a_large_page_comes_whole_to_who_reads_slowly():
    body = b"x" * 1_000_000
    large = Resource("text/plain", body, b"", "", {})
    async with stage("http", resources={"/large": large}) as box:
        box.keep_little_in_the_kernel()
        raw = await box.dial()
        await raw.send(request("/large"))
        assert (await answer_head(raw))[0] == 200
        assert await raw.rest() == body

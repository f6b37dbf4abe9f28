"""The server: where it listens, what it refuses, what it does to Solara's own page."""

import asyncio
import socket
import sys

import pytest
from typer.testing import CliRunner

from policymix.app import crew, server
from policymix.cli import app
from policymix.errors import InvalidValue, NotFound
from policymix.report.fonts import FILE


def said(*words):
    answer = CliRunner().invoke(app, ["serve", *words])
    assert answer.exit_code == 2
    assert answer.output.count("\n") == 1
    return answer.output


def test_a_port_in_use_is_one_sentence():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"--port: found {port} at 127.0.0.1, which is taken" in said("--port", str(port))


def test_options_that_cannot_be():
    assert "--port: found 70000; expected a number from 0 to 65535" in said("--port", "70000")
    assert "no scenario 'dalain-2025'" in said("dalain-2025")
    for host in ("nowhere.invalid", "8.8.8.8", "a" * 70):
        with pytest.raises(InvalidValue, match="--host.*an address of this machine"):
            server.bound(host, 0)


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "solara.server.starlette", None)
    pytest.importorskip("uvicorn")
    with pytest.raises(NotFound, match=r"no package 'solara'.*pip install 'policymix\[serve\]'"):
        server.made()


def test_it_listens_on_this_machine_alone():
    with server.bound(server.HOST, 0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"


def answered(
    path, kind=b"text/html; charset=utf-8", parts=(b"<html>maximum-scale=1, user-", b"scalable=no, minimal-ui")
):
    """What the wrapped application sends for a path: headers by name, and the body."""
    sent = []

    async def inner(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        for number, part in enumerate(parts, start=1):
            await send({"type": "http.response.body", "body": part, "more_body": number < len(parts)})

    async def send(message):
        sent.append(message)

    asyncio.run(server.readable(inner)({"type": "http", "path": path}, None, send))
    return dict(sent[0]["headers"]), b"".join(message.get("body", b"") for message in sent[1:])


def test_readers_may_enlarge_the_page_and_are_told_its_language():
    headers, body = answered("/")
    assert body == b'<html lang="en">minimum-scale=1'
    assert headers[b"content-length"] == str(len(body)).encode()
    assert answered("/x.js", b"text/javascript")[1] == b"<html>maximum-scale=1, user-scalable=no, minimal-ui"


@pytest.mark.parametrize(
    ("path", "client", "kept"),
    [("/x.js", "127.0.0.1", []), ("/x.js", "10.0.0.7", [b"accept-encoding"]), ("/", "10.0.0.7", [])],
)
def test_nothing_is_compressed_for_this_machine_and_no_page_at_all(path, client, kept):
    seen = []

    async def inner(scope, receive, send):
        seen.extend(name for name, _ in scope["headers"])

    scope = {"type": "http", "path": path, "client": (client, 1), "headers": [(b"accept-encoding", b"gzip")]}
    asyncio.run(server.readable(inner)(scope, None, None))
    assert seen == kept


def test_the_font_is_served():
    headers, body = answered(server.FONT_PATH)
    assert headers[b"content-type"] == b"font/ttf"
    assert body == FILE.read_bytes()


def test_solaras_page_still_has_what_is_replaced():
    templates = pytest.importorskip("solara.server.server")
    from pathlib import Path

    text = (Path(templates.__file__).parent / "templates" / "solara.html.j2").read_bytes()
    for old, _ in server.MARKUP:
        assert old in text


def test_the_crew_is_there_before_the_first_visitor(monkeypatch):
    there = []

    class Server:
        def run(self, sockets):
            there.append(crew.shared_crew.cache_info().currsize)

    monkeypatch.setattr(server, "made", Server)
    monkeypatch.setattr(server, "prepare", lambda state: None)
    crew.shared_crew.cache_clear()
    server.serve(port=0)
    assert there == [1]


def test_nothing_is_told_to_anybody():
    assert server.SETTINGS["SOLARA_TELEMETRY_MIXPANEL_ENABLE"] == "false"

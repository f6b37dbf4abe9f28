"""Serves the page on this machine: no network is used, nothing is told to anybody."""

from __future__ import annotations

import errno
import importlib
import os
import socket
import sys
import threading
import warnings
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from policymix.app.crew import shared_crew
from policymix.app.state import State, first_state, query_of
from policymix.errors import InvalidValue, NotFound, PolicymixError
from policymix.experiments.scenario import DEFAULT
from policymix.report.fonts import FILE

if TYPE_CHECKING:
    import uvicorn

HOST, PORT = "127.0.0.1", 8765
LOCAL = (HOST, "::1")
SETTINGS = {  # of Solara, read when it is imported
    "SOLARA_APP": "policymix.app.site",
    "SOLARA_MODE": "production",
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false",
    "SOLARA_ASSETS_FONTAWESOME_ENABLED": "false",
    "SOLARA_KERNEL_CULL_TIMEOUT": "2m",  # a lost connection; who leaves is forgotten at once, the address restores all
    "SOLARA_THEME_TITLE": "policymix",
    "SOLARA_THEME_SHOW_BANNER": "false",
}
IMPORTED = ("policymix.app.site", "xarray", "scipy.special", "matplotlib.figure", "matplotlib.backends.backend_svg")
"""Modules that several threads would otherwise begin to import at once."""
SWITCH = 0.0005
"""Seconds after which Python lets another thread go on: runs leave and take it hundreds of times a second, and a figure
under way would hold each up for ten times as long."""
FONT_PATH = "/policymix/font.ttf"
VIEWPORT = (b"maximum-scale=1, user-scalable=no, minimal-ui", b"minimum-scale=1")
"""Solara's page forbids readers to enlarge it."""
MARKUP = ((VIEWPORT[0], VIEWPORT[1]), (b"<html>", b'<html lang="en">'))

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def serve(
    scenario: str = DEFAULT, host: str = HOST, port: int = PORT, ready: Callable[[str], None] | None = None
) -> None:
    """Serve the page until interrupted.

    Parameters
    ----------
    scenario : name of the scenario to begin with
    host : address to listen at; 127.0.0.1 is this machine alone
    port : 0 for any that is free
    ready : called with the page's address once the port is ours

    Raises
    ------
    NotFound
        No such scenario; Solara is not installed.
    InvalidValue
        The port is in use, the address is not this machine's.
    """
    state = first_state(scenario)
    listening = bound(host, port)
    with listening:
        server = made()
        sys.setswitchinterval(SWITCH)
        shared_crew()  # made here, before visitors' threads could each make one
        threading.Thread(target=prepare, args=[state], daemon=True).start()
        if ready is not None:
            query = query_of(state)
            ready(f"http://{host}:{listening.getsockname()[1]}/" + (f"?{query}" if query else ""))
        server.run(sockets=[listening])


def bound(host: str, port: int) -> socket.socket:
    """A socket at the address."""
    if not 0 <= port <= 65535:
        raise InvalidValue("--port", str(port), "a number from 0 to 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError):
        raise InvalidValue("--host", host, "an address of this machine, such as 127.0.0.1") from None
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        listening.listen()
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise InvalidValue("--host", host, "an address of this machine, such as 127.0.0.1") from None
        raise InvalidValue(
            "--port", f"{port} at {host}, which is taken ({error.strerror})", "another port, or 0 for any that is free"
        ) from None
    return listening


def made() -> uvicorn.Server:
    """The server, with everything imported."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import uvicorn
        from solara.server.starlette import app
    except ModuleNotFoundError as error:
        name = str(error.name).partition(".")[0]
        raise NotFound("package", name, ["pip install 'policymix[serve]'"], where="policymix serve") from None
    warnings.filterwarnings("ignore", "Cookies with samesite=none")  # said at every visit without encryption
    for name in IMPORTED:
        importlib.import_module(name)
    return uvicorn.Server(uvicorn.Config(readable(app), log_level="error", access_log=False, ws_max_size=2**20))


def prepare(state: State) -> None:
    """Compile the rules and answer a state, so that the first visitor does not wait for it."""
    from policymix.app.study import answers, question_of

    try:
        for _ in answers(question_of(state, {}), threading.Event(), awaited=False):
            pass
    except PolicymixError:  # the page itself says what is wrong
        return


def readable(app: App) -> App:
    """The application with its page in a language that readers are told and can enlarge, and with the font."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
        elif scope["path"] == FONT_PATH:
            await _font(send)
        else:
            await app(_uncompressed(scope), receive, _rewriting(send))

    return wrapped


def _uncompressed(scope: Scope) -> Scope:
    """A request without the wish for compression: on this machine that takes longer than it saves, and the page itself
    has to be readable here for `MARKUP`."""
    client = scope.get("client") or ("", 0)
    if scope["path"] != "/" and client[0] not in LOCAL:
        return scope
    return {
        **scope,
        "headers": [(name, value) for name, value in scope.get("headers", []) if name != b"accept-encoding"],
    }


def _rewriting(send: Send) -> Send:
    """Sends on what it is sent, pages with `MARKUP` replaced."""
    held: list[MutableMapping[str, Any]] = []
    body = bytearray()

    async def rewritten(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kinds = [value for name, value in message["headers"] if name == b"content-type"]
            if kinds and kinds[0].startswith(b"text/html"):
                held.append(message)
                return
        elif held:
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            text = bytes(body)
            for old, new in MARKUP:
                text = text.replace(old, new)
            start = held.pop()
            kept = [(name, value) for name, value in start["headers"] if name != b"content-length"]
            await send({**start, "headers": [*kept, (b"content-length", str(len(text)).encode())]})
            message = {**message, "body": text}
        await send(message)

    return rewritten


async def _font(send: Send) -> None:
    """The font with Chinese signs."""
    content = FILE.read_bytes()
    headers = [(b"content-type", b"font/ttf"), (b"cache-control", b"max-age=86400")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})

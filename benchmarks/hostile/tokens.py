"""Who gets in: what an agent may be started with, tokens, TLS, and how fast a token can be guessed."""

import contextlib
import socket
import ssl
import statistics
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import grpc
from axpair_proto.reasons import TOKEN_KEY
from axpair_proto.v1 import blobs_pb2

from benchmarks.hostile.attack import Setting, Tally
from benchmarks.hostile.support.certificates import write_certificate
from benchmarks.hostile.support.served import METHODS, TOKEN, TOY, Served, served

USUAL = 1_000
"""Wrong tokens that are tried for their rate; from there on also every way of starting an agent."""
SHORT = 60

GUESSERS = 8
MAX_RATE = 100.0
"""Wrong tokens answered in a second, in all."""
MAX_RIGHT_SECONDS = 0.25
"""Median of a right call while others guess; machines that run several attacks are slow."""
CALL_SECONDS = 30.0
START_SECONDS = 20.0
TLS_VERSIONS = {ssl.TLSVersion.TLSv1: False, ssl.TLSVersion.TLSv1_1: False, ssl.TLSVersion.TLSv1_2: True}
FIND = "/axpair.v1.Blobs/FindMissing"
OK, REFUSED = "OK", "UNAUTHENTICATED"


def attack(setting: Setting, tally: Tally) -> None:
    """Start agents wrongly, call one wrongly, and guess `count` tokens of another."""
    folder = setting.folder / "files"
    folder.mkdir()
    certificate, key = write_certificate(folder, "lab")
    tls = [f"--tls-cert={certificate}", f"--tls-key={key}"]
    _starts(setting, tally, folder, tls)
    with served(setting, "tls", *tls, runtime=TOY) as agent:
        _tokens(agent, certificate, tally)
        _tls(agent, folder, certificate, tally)
    with served(setting, "guessed", runtime=TOY) as agent:
        _guess(agent, setting.count, tally)


def _starts(setting: Setting, tally: Tally, folder: Path, tls: Sequence[str]) -> None:
    """What must not start, and says why."""
    good = _secret(folder / "good", TOKEN)
    tries: list[tuple[str, Sequence[str]]] = [
        ("others could read the token", ["--token-file", _secret(folder / "read", TOKEN, 0o644)]),
        ("a token of one letter", ["--token-file", _secret(folder / "one", "a")]),
        ("beyond loopback with nothing", ["--listen=0.0.0.0:0"]),
        ("beyond loopback with a token", ["--listen=0.0.0.0:0", "--token-file", good]),
        ("beyond loopback with TLS", ["--listen=0.0.0.0:0", *tls]),
    ]
    if setting.count >= USUAL:
        tries += [
            *(
                (f"a token file of mode {mode:o}", ["--token-file", _secret(folder / f"m{mode:o}", TOKEN, mode)])
                for mode in (0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o666, 0o777)
            ),
            *(
                (f"a token of {size} letters", ["--token-file", _secret(folder / str(size), "x" * size)])
                for size in (2, 8, 15)
            ),
            ("an empty token", ["--token-file", _secret(folder / "empty", "\n\n")]),
            ("a token of spaces", ["--token-file", _secret(folder / "spaces", " " * 40)]),
            ("a token of other letters", ["--token-file", _secret(folder / "other", "пароль-для-всех-плат")]),
            ("a token with codes", ["--token-file", _secret(folder / "codes", "a-long-token\x1b[2J-with-codes")]),
            ("a folder as the token", ["--token-file", str(folder)]),
            ("no token file", ["--token-file", str(folder / "none")]),
            ("IPv6 beyond loopback", ["--listen=[::]:0", "--token-file", good]),
            ("a certificate without its key", [tls[0], "--token-file", good]),
            ("commands without a token", ["--allow-commands"]),
            ("a key as the certificate", [f"--tls-cert={folder / 'lab.key'}", tls[1]]),
            ("a certificate of noise", [f"--tls-cert={good}", tls[1]]),
        ]
    for what, arguments in tries:
        command = [setting.python, "-m", "axpair_agent", "serve", "--listen=127.0.0.1:0", f"--blobs={folder / 'blobs'}"]
        try:
            done = subprocess.run(
                [*command, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=20,
                check=False,
            )
        except subprocess.TimeoutExpired:
            tally.check(False, f"{what}: the agent started")
            continue
        tally.check(done.returncode == 2, f"{what}: exit {done.returncode}: {done.stderr[-200:]}")
        tally.check("Traceback" not in done.stderr and TOKEN not in done.stderr, f"{what}: {done.stderr[-200:]}")


def _tokens(agent: Served, certificate: Path, tally: Tally) -> None:
    """Every form of metadata, and every method without."""
    right = f"Bearer {TOKEN}"
    with _secured(agent, certificate) as channel:
        for what, values, expected in (
            ("the right one", [right], OK),
            ("none", [], REFUSED),
            ("an empty one", [""], REFUSED),
            ("the token alone", [TOKEN], REFUSED),
            ("Bearer alone", ["Bearer"], REFUSED),
            ("Bearer and a space", ["Bearer "], REFUSED),
            ("bearer", [f"bearer {TOKEN}"], REFUSED),
            ("Basic", [f"Basic {TOKEN}"], REFUSED),
            ("two spaces", [f"Bearer  {TOKEN}"], REFUSED),
            ("one letter less", [right[:-1]], REFUSED),
            ("one letter more", [right + "x"], REFUSED),
            ("another case", [f"Bearer {TOKEN.upper()}"], REFUSED),
            ("a wrong and the right one", ["Bearer wrong", right], REFUSED),
            ("the right and a wrong one", [right, "Bearer wrong"], REFUSED),
            ("the right one twice", [right, right], REFUSED),
            ("the right one after a comma", [f"Bearer wrong, {right}"], REFUSED),
            ("4,000 letters", ["Bearer " + "x" * 4_000], REFUSED),
        ):
            came = _called(channel, FIND, [(TOKEN_KEY, value) for value in values])
            tally.check(came == expected, f"authorization: {what}: {came}, not {expected}")
        for key in ("authorization-bin", "proxy-authorization", "x-authorization", "cookie"):
            came = _called(channel, FIND, [(key, right.encode() if key.endswith("-bin") else right)])
            tally.check(came == REFUSED, f"the right token as {key}: {came}")
        for method in (*METHODS, "/axpair.v1.Runs/Nothing", "/nothing"):
            came = _called(channel, method, [])
            tally.check(came == REFUSED, f"{method} without a token: {came}")


def _tls(agent: Served, folder: Path, certificate: Path, tally: Tally) -> None:
    """Other authorities and names, no TLS, and TLS that is too old."""
    other, _ = write_certificate(folder, "other")
    metadata = [(TOKEN_KEY, f"Bearer {TOKEN}")]
    for what, authority, name in (("another CA", other, ""), ("another name", certificate, "elsewhere.example")):
        with _secured(agent, authority, name) as channel:
            came = _called(channel, FIND, metadata, 5.0)
            tally.check(came != OK, f"{what}: {came}")
    with agent.channel() as channel:
        came = _called(channel, FIND, metadata, 5.0)
        tally.check(came != OK, f"without TLS: {came}")
    for version, expected in (
        (ssl.TLSVersion.TLSv1, False),
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
    ):
        came_up = _handshake(agent.port, certificate, version)
        tally.check(came_up == expected, f"{version.name}: {'spoken' if came_up else 'not spoken'}")


def _guess(agent: Served, count: int, tally: Tally) -> None:
    """Guess from many connections at once, and call with the right token from the same address meanwhile."""
    quiet = [_right(agent) for _ in range(20)]
    left = iter(range(count))
    lock = threading.Lock()
    ends: list[str] = []

    def guess() -> None:
        with agent.channel() as channel:
            while True:
                with lock:
                    number = next(left, None)
                if number is None:
                    return
                ends.append(_called(channel, FIND, [(TOKEN_KEY, f"Bearer guess-number-{number:016}")]))

    guessers = [threading.Thread(target=guess) for _ in range(GUESSERS)]
    started = time.monotonic()
    for guesser in guessers:
        guesser.start()
    meanwhile = [_right(agent)]
    while any(guesser.is_alive() for guesser in guessers):
        meanwhile.append(_right(agent))
        time.sleep(0.01)
    seconds = time.monotonic() - started
    for guesser in guessers:
        guesser.join()
    rate, usual, slowed = count / seconds, statistics.median(quiet), statistics.median(meanwhile)
    tally.figures.update(
        {
            "wrong a second": rate,
            "right ms": usual * 1e3,
            "right ms meanwhile": slowed * 1e3,
            "worst ms": max(meanwhile) * 1e3,
        }
    )
    wrong = len(ends) - ends.count(REFUSED)
    tally.check(wrong == 0, f"{wrong} of {count} wrong tokens were not refused: {sorted(set(ends))}")
    tally.check(rate <= MAX_RATE, f"{rate:.0f} wrong tokens a second were answered, more than {MAX_RATE:g}")
    tally.check(
        slowed <= MAX_RIGHT_SECONDS, f"the right token took {slowed:.2f} s while others guessed ({usual:.3f} s)"
    )


def _right(agent: Served) -> float:
    """Seconds of a call with the token over a connection of its own that is up already."""
    with agent.channel() as channel:
        grpc.channel_ready_future(channel).result(timeout=CALL_SECONDS)
        started = time.monotonic()
        came = _called(channel, FIND, agent.metadata)
        return time.monotonic() - started if came == OK else CALL_SECONDS


def _called(
    channel: grpc.Channel, path: str, metadata: Sequence[tuple[str, str | bytes]], seconds: float = CALL_SECONDS
) -> str:
    opened: Any = channel.unary_unary(path, blobs_pb2.FindMissingRequest.SerializeToString)
    try:
        opened(blobs_pb2.FindMissingRequest(), metadata=metadata, timeout=seconds)
    except grpc.RpcError as error:
        call: Any = error
        return str(call.code().name)
    return OK


@contextlib.contextmanager
def _secured(agent: Served, authority: Path, name: str = "") -> Any:
    options: list[tuple[str, Any]] = [("grpc.use_local_subchannel_pool", 1)]
    if name:
        options.append(("grpc.ssl_target_name_override", name))
    trusted = grpc.ssl_channel_credentials(authority.read_bytes())
    with grpc.secure_channel(f"127.0.0.1:{agent.port}", trusted, options=options) as channel:
        yield channel


def _handshake(port: int, certificate: Path, version: ssl.TLSVersion) -> bool:
    """Whether the agent speaks that version of TLS."""
    context = ssl.create_default_context(cafile=str(certificate))
    context.set_alpn_protocols(["h2"])
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with contextlib.suppress(OSError, ssl.SSLError, ValueError):
        context.minimum_version = context.maximum_version = version
        with (
            socket.create_connection(("127.0.0.1", port), 5) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
        ):
            return secured.version() is not None
    return False


def _secret(path: Path, text: str, mode: int = 0o600) -> str:
    path.touch(mode=0o600)
    path.write_text(text)
    path.chmod(mode)
    return str(path)

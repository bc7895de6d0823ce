"""Blobs arrive whole or not at all, once, and within the quota."""

import contextlib
import errno
import os
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from agent_process import CHUNK, AgentProcess, Client, details_of, reason_of, sha256_of, started
from axpair_host.boards.client import connect
from axpair_host.boards.loaded import LoadedModel
from axpair_host.boards.url import GrpcAddress
from axpair_proto.v1 import blobs_pb2, models_pb2
from toy_models import load, toy_model

from benchmarks.hostile.support.refusing import Refusing, is_possible


def blob(mark: str, size: int) -> bytes:
    return (mark.encode() * size)[:size]


def partial_files(folder: Path) -> list[str]:
    return [path.name for path in (folder / "blobs" / "partial").iterdir()]


def test_a_blob_is_missing_until_it_is_sent(client: Client) -> None:
    data = blob("once", 3 * CHUNK + 17)
    digest = sha256_of(data)
    assert client.missing(digest) == {digest: 0}
    reply = client.upload(data)
    assert (reply.complete, reply.committed_bytes) == (True, len(data))
    assert client.missing(digest) == {}
    assert client.upload(data).complete


def test_an_empty_blob_is_a_blob(client: Client) -> None:
    assert client.upload(b"").complete
    assert client.missing(sha256_of(b"")) == {}


def test_a_broken_upload_goes_on_where_it_stopped(agent: AgentProcess, client: Client) -> None:
    data = blob("broken off", 4 * CHUNK)
    digest = sha256_of(data)
    goes_on: queue.Queue[bool] = queue.Queue()

    def parts() -> Iterator[blobs_pb2.UploadRequest]:
        start = blobs_pb2.UploadStart(sha256=digest, size_bytes=len(data))
        yield blobs_pb2.UploadRequest(start=start)
        yield blobs_pb2.UploadRequest(data=data[:CHUNK])
        goes_on.get()

    with agent.client() as doomed:
        call = doomed.blobs.Upload.future(parts(), metadata=doomed.metadata)
        committed = 0
        while committed < CHUNK:  # The agent says when it has the first piece.
            committed = client.missing(digest)[digest]
        call.cancel()
        goes_on.put(True)
    assert client.missing(digest) == {digest: CHUNK}
    reply = client.upload(data, offset=CHUNK)
    assert (reply.complete, reply.committed_bytes) == (True, len(data))


def test_an_upload_whose_sender_went_silent_is_taken_over(agent: AgentProcess, client: Client) -> None:
    data = blob("silent", 2 * CHUNK)
    digest = sha256_of(data)
    silent = threading.Event()

    def parts() -> Iterator[blobs_pb2.UploadRequest]:
        yield blobs_pb2.UploadRequest(start=blobs_pb2.UploadStart(sha256=digest, size_bytes=len(data)))
        yield blobs_pb2.UploadRequest(data=data[:CHUNK])
        silent.wait(60)
        yield blobs_pb2.UploadRequest(data=data[CHUNK:])

    call = client.blobs.Upload.future(parts(), metadata=client.metadata)
    while client.missing(digest) != {digest: CHUNK}:
        pass
    assert client.upload(data, offset=CHUNK).complete
    silent.set()
    with pytest.raises(grpc.RpcError) as caught:
        call.result()
    assert reason_of(caught.value) == "OFFSET"
    assert client.missing(digest) == {}


def test_an_upload_that_ends_early_is_kept_as_it_is(client: Client) -> None:
    data = blob("early", 1000)
    start = blobs_pb2.UploadStart(sha256=sha256_of(data), size_bytes=len(data))
    parts = [blobs_pb2.UploadRequest(start=start), blobs_pb2.UploadRequest(data=data[:400])]
    reply = client.blobs.Upload(iter(parts), metadata=client.metadata)
    assert (reply.complete, reply.committed_bytes) == (False, 400)
    assert client.missing(sha256_of(data)) == {sha256_of(data): 400}
    assert client.upload(data, offset=400).complete


def test_an_offset_that_leaves_a_gap_is_refused(client: Client) -> None:
    data = blob("gap", 1000)
    with pytest.raises(grpc.RpcError) as caught:
        client.upload(data, offset=10)
    assert caught.value.code() is grpc.StatusCode.OUT_OF_RANGE
    assert reason_of(caught.value) == "OFFSET"
    assert "goes on at 0, not at 10" in details_of(caught.value)


def test_bytes_with_another_digest_are_dropped(client: Client) -> None:
    data, digest = blob("damaged", 5000), sha256_of(blob("sound", 5000))
    with pytest.raises(grpc.RpcError) as caught:
        client.upload(data, sha256=digest)
    assert caught.value.code() is grpc.StatusCode.DATA_LOSS
    assert reason_of(caught.value) == "DIGEST_MISMATCH"
    assert client.missing(digest) == {digest: 0}


def test_more_bytes_than_announced_are_refused(client: Client) -> None:
    start = blobs_pb2.UploadStart(sha256=sha256_of(b"12345"), size_bytes=5)
    parts = [blobs_pb2.UploadRequest(start=start), blobs_pb2.UploadRequest(data=b"123456")]
    with pytest.raises(grpc.RpcError) as caught:
        client.blobs.Upload(iter(parts), metadata=client.metadata)
    assert reason_of(caught.value) == "DIGEST_MISMATCH"


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "/"])
def test_what_is_no_digest_becomes_no_path(client: Client, digest: str) -> None:
    for call in (
        lambda: client.missing(digest),
        lambda: client.upload(b"x", sha256=digest or "\n"),
        lambda: client.models.Load(models_pb2.LoadRequest(sha256=digest), metadata=client.metadata),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            call()
        assert reason_of(caught.value) == "DIGEST"


def test_an_upload_must_begin_with_its_start(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.blobs.Upload(iter([blobs_pb2.UploadRequest(data=b"x")]), metadata=client.metadata)
    assert reason_of(caught.value) == "DIGEST"


def test_the_quota_makes_the_blob_used_longest_ago_go_and_never_a_loaded_model(agent_folder: Path) -> None:
    held, used = toy_model(mark="held", size=28_000), toy_model(mark="used", size=28_000)
    unused, new = blob("unused", 30_000), blob("new", 30_000)
    with started(agent_folder, "--quota=100000") as agent, agent.client() as client:
        load(client, held)
        client.upload(used)
        client.upload(unused)
        client.unload(load(client, used).handle)
        wanted = [sha256_of(data) for data in (held, used, unused, new)]
        assert client.missing(*wanted) == {sha256_of(new): 0}
        client.upload(new)
        assert client.missing(*wanted) == {sha256_of(unused): 0}
        with pytest.raises(grpc.RpcError) as caught:
            client.upload(blob("huge", 80_000))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert reason_of(caught.value) == "QUOTA"
        assert client.missing(sha256_of(held)) == {}
        assert partial_files(agent_folder) == []


def test_the_quota_never_makes_anything_go_that_is_no_blob(agent_folder: Path) -> None:
    old, new = blob("old", 60_000), blob("new", 60_000)
    with started(agent_folder, "--quota=100000") as agent, agent.client() as client:
        client.upload(old)
        (whole,) = (path.parent for path in (agent_folder / "blobs").rglob(sha256_of(old)))
        (whole / "photo.png").write_bytes(b"mine")
        (agent_folder / "blobs" / "partial" / "notes.txt").write_bytes(b"mine")
        for path in (whole / "photo.png", agent_folder / "blobs" / "partial" / "notes.txt"):
            os.utime(path, (0, 0))
        client.upload(new)
        assert client.missing(sha256_of(old), sha256_of(new)) == {sha256_of(old): 0}
    assert (whole / "photo.png").read_bytes() == b"mine"
    assert partial_files(agent_folder) == ["notes.txt"]


@contextlib.contextmanager
def begun(agent: AgentProcess, size: int, mark: str, piece: bytes = b"") -> Iterator[Any]:
    """An upload on a connection of its own that announces `size` bytes, sends a piece, and then nothing."""
    over = threading.Event()

    def parts() -> Iterator[blobs_pb2.UploadRequest]:
        yield blobs_pb2.UploadRequest(start=blobs_pb2.UploadStart(sha256=sha256_of(mark.encode()), size_bytes=size))
        if piece:
            yield blobs_pb2.UploadRequest(data=piece)
        over.wait()

    with agent.client() as client:
        call = client.blobs.Upload.future(parts(), metadata=client.metadata)
        try:
            yield call
        finally:
            over.set()


def test_announced_bytes_evict_nothing_and_count_against_other_uploads(agent_folder: Path) -> None:
    old = blob("old", 30_000)
    with started(agent_folder, "--quota=100000") as agent, agent.client() as client:
        client.upload(old)
        with begun(agent, 90_000, "announced", piece=b"x" * 1_000):
            while client.missing(sha256_of(b"announced")) != {sha256_of(b"announced"): 1_000}:
                pass
            assert client.missing(sha256_of(old)) == {}
            with begun(agent, 20_000, "another") as refused, pytest.raises(grpc.RpcError) as caught:
                refused.result(timeout=60)
            assert reason_of(caught.value) == "QUOTA"
            assert "other uploads have announced 90000" in details_of(caught.value)
            assert client.upload(blob("fits", 9_000)).complete
            assert client.missing(sha256_of(old)) == {}
            with pytest.raises(grpc.RpcError):
                client.upload(blob("doesn't", 11_000))


def test_bytes_that_come_make_the_oldest_go_one_after_the_other(agent_folder: Path) -> None:
    first, second = blob("first", 40_000), blob("second", 40_000)
    with started(agent_folder, "--quota=100000") as agent, agent.client() as client:
        client.upload(first)
        client.upload(second)
        digest = sha256_of(b"new")
        with begun(agent, 90_000, "new", piece=b"x" * 30_000):
            while client.missing(digest) != {digest: 30_000}:
                pass
            assert client.missing(sha256_of(first), sha256_of(second)) == {sha256_of(first): 0}


@pytest.mark.parametrize("size", [(1 << 64) - 1, 1 << 63])
def test_sizes_that_no_file_has_are_refused(client: Client, size: int) -> None:
    for start in (
        blobs_pb2.UploadStart(sha256=sha256_of(b"size"), size_bytes=size),
        blobs_pb2.UploadStart(sha256=sha256_of(b"size"), size_bytes=1, offset_bytes=size),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            client.blobs.Upload(iter([blobs_pb2.UploadRequest(start=start)]), metadata=client.metadata)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert reason_of(caught.value) == "MESSAGE"


def test_only_so_many_digests_are_looked_up_in_one_call(client: Client) -> None:
    assert len(client.missing(*(sha256_of(bytes([n % 256, n // 256])) for n in range(1000)))) == 1000
    with pytest.raises(grpc.RpcError) as caught:
        client.missing(*[sha256_of(b"one")] * 1001)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "1001 digests; FindMissing takes 1000 at most" in details_of(caught.value)


def test_a_loaded_model_is_safe_from_another_agent_on_the_same_folder(agent_folder: Path) -> None:
    model = toy_model(mark="m", size=30_000)
    with (
        started(agent_folder, "--quota=40000") as one,
        one.client() as client,
        started(agent_folder, "--quota=40000") as two,
        two.client() as other,
    ):
        load(client, model)
        with pytest.raises(grpc.RpcError) as caught:
            other.upload(blob("other", 30_000))
        assert reason_of(caught.value) == "QUOTA"
        assert client.missing(sha256_of(model)) == {}


def test_a_copy_that_changed_on_disk_is_dropped_when_it_is_loaded(agent_folder: Path) -> None:
    model = toy_model()
    with started(agent_folder) as agent, agent.client() as client:
        client.upload(model)
        stored = agent_folder / "blobs" / "whole" / sha256_of(model)
        stored.write_bytes(model.replace(b"uint8", b"int16"))
        request = models_pb2.LoadRequest(sha256=sha256_of(model))
        with pytest.raises(grpc.RpcError) as caught:
            client.models.Load(request, metadata=client.metadata)
        assert caught.value.code() is grpc.StatusCode.DATA_LOSS
        assert reason_of(caught.value) == "DIGEST_MISMATCH"
        assert client.missing(sha256_of(model)) == {sha256_of(model): 0}
        load(client, model)


def test_a_host_sends_a_copy_that_changed_on_disk_again(agent: AgentProcess, tmp_path: Path) -> None:
    model = toy_model(mark="sent again")
    (tmp_path / "m.toy").write_bytes(model)
    with connect(GrpcAddress(f"grpc://127.0.0.1:{agent.port}", f"127.0.0.1:{agent.port}", token=agent.token)) as board:
        first = board.load(tmp_path / "m.toy")
        assert isinstance(first, LoadedModel)
        first.unload()
        stored = agent.log.parent / "blobs" / "whole" / sha256_of(model)
        stored.write_bytes(model.replace(b"uint8", b"int16"))
        again = board.load(tmp_path / "m.toy")
        assert isinstance(again, LoadedModel)
        assert stored.read_bytes() == model
        again.unload()


def test_an_upload_goes_through_no_link(agent_folder: Path, tmp_path: Path) -> None:
    data = blob("linked", 1000)
    (tmp_path / "mine.txt").write_text("precious")
    with started(agent_folder) as agent, agent.client() as client:
        (agent_folder / "blobs" / "partial" / sha256_of(data)).symlink_to(tmp_path / "mine.txt")
        (offset,) = client.missing(sha256_of(data)).values()
        with pytest.raises(grpc.RpcError) as caught:
            client.upload(data, offset=offset)
    assert reason_of(caught.value) == "DISK"
    assert (tmp_path / "mine.txt").read_text() == "precious"


def test_the_quota_makes_nothing_go_that_has_a_blob_s_name_and_another_content(agent_folder: Path) -> None:
    whole = agent_folder / "blobs" / "whole"
    whole.mkdir(parents=True)
    (whole / sha256_of(b"a")).write_bytes(bytes(60_000))
    with started(agent_folder, "--quota=100000") as agent, agent.client() as client:
        with pytest.raises(grpc.RpcError) as caught:
            client.upload(blob("new", 60_000))
        assert reason_of(caught.value) == "QUOTA"
    assert (whole / sha256_of(b"a")).read_bytes() == bytes(60_000)


def test_blobs_outlive_the_agent(agent_folder: Path) -> None:
    data = blob("kept", 1000)
    with started(agent_folder) as agent, agent.client() as client:
        client.upload(data)
    with started(agent_folder) as agent, agent.client() as client:
        assert client.missing(sha256_of(data)) == {}


def test_a_full_disk_is_said_and_leaves_nothing(agent_folder: Path) -> None:
    resource = pytest.importorskip("resource", reason="no file size limits on this system")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with contextlib.ExitStack() as running:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 * CHUNK, before[1]))
        try:
            agent = running.enter_context(started(agent_folder))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        client = running.enter_context(agent.client())
        with pytest.raises(grpc.RpcError) as caught:
            client.upload(blob("too much", 3 * CHUNK))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert reason_of(caught.value) == "QUOTA"
        assert partial_files(agent_folder) == []


@pytest.mark.skipif(not is_possible(), reason="needs a C compiler and /proc")
def test_a_full_disk_is_said_with_its_folder(agent_folder: Path) -> None:
    blobs = agent_folder / "blobs"
    refusing = Refusing.built(agent_folder / "refusing")
    full = refusing.variables(blobs / "partial", at=3, error=errno.ENOSPC, lasting=True)
    before = [f"{name}={value}" for name, value in full.items()]
    with started(agent_folder, before=["env", *before]) as agent, agent.client() as client:
        data = blob("full", 1000)
        with pytest.raises(grpc.RpcError) as caught:
            client.upload(data)
        assert reason_of(caught.value) == "QUOTA"
        assert f"the agent's disk is full ({blobs}" in details_of(caught.value)
        assert "No space left on device" in details_of(caught.value)
        assert "or name another folder: AXPAIR_CACHE" in details_of(caught.value)


def test_a_disk_that_refuses_is_said_and_isnt_the_agents_failure(agent_folder: Path) -> None:
    with started(agent_folder) as agent, agent.client() as client:
        partial = agent_folder / "blobs" / "partial"
        partial.rmdir()
        partial.touch()
        with pytest.raises(grpc.RpcError) as caught:
            client.upload(blob("refused", 1000))
        assert caught.value.code() is grpc.StatusCode.INTERNAL
        assert reason_of(caught.value) == "DISK"
        assert f"the agent's disk refused ({partial / sha256_of(blob('refused', 1000))}): Not a" in details_of(
            caught.value
        )
        partial.unlink()
        partial.mkdir()
        assert client.upload(blob("taken", 1000)).complete


def test_a_pipe_in_a_partial_file_s_place_is_refused_and_holds_up_no_end(agent_folder: Path) -> None:
    with started(agent_folder) as agent:
        with agent.client() as client:
            data = blob("piped", 1000)
            os.mkfifo(agent_folder / "blobs" / "partial" / sha256_of(data))
            with pytest.raises(grpc.RpcError) as caught:
                client.upload(data)
            assert reason_of(caught.value) == "DISK"
        agent.process.terminate()
        assert agent.process.wait(60) is not None

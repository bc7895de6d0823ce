"""Models that somebody else takes out of the agent's folder: sent again, and no fault of any runtime."""

import json
import shutil
from pathlib import Path

import grpc
import pytest
from agent_process import reason_of, sha256_of, started
from axpair_host.boards.case import Case
from axpair_host.boards.client import connect
from axpair_host.boards.loaded import LoadedModel
from axpair_host.boards.url import GrpcAddress
from axpair_proto.v1 import models_pb2
from toy_models import data, toy_model


def test_a_model_that_is_cleaned_away_while_its_worker_starts_is_missing_and_no_fault(agent_folder: Path) -> None:
    model = toy_model(mark="cleaned away")
    blobs = agent_folder / "blobs"
    starts = json.dumps(["rm", "-rf", str(blobs)])
    with started(agent_folder, f"--option=starts={starts}") as agent, agent.client() as client:
        client.upload(model)
        with pytest.raises(grpc.RpcError) as caught:
            client.models.Load(models_pb2.LoadRequest(sha256=sha256_of(model)), metadata=client.metadata)
        assert reason_of(caught.value) == "BLOB"
        assert client.upload(model).complete
        assert client.missing(sha256_of(model)) == {}


def test_a_model_that_is_gone_when_a_fresh_worker_wants_it_is_sent_again(agent_folder: Path, tmp_path: Path) -> None:
    model = toy_model(mark="gone meanwhile")
    (tmp_path / "m.toy").write_bytes(model)
    with started(agent_folder) as agent:
        address = GrpcAddress(f"grpc://127.0.0.1:{agent.port}", f"127.0.0.1:{agent.port}", token=agent.token)
        with connect(address) as board:
            loaded = board.load(tmp_path / "m.toy")
            assert isinstance(loaded, LoadedModel)
            shutil.rmtree(agent_folder / "blobs" / "whole")
            case = Case(id="one", inputs={"in": data()}, fresh_worker=True)
            assert {answer.facts.failure for answer in loaded.run([case])} == {None}

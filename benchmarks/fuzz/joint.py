"""Joints: containers, topologies, program documents, arrays and models inside them, loaded and run."""

import copy
import io
import json
import tarfile
from pathlib import Path
from random import Random
from typing import Any

import onnx
from axpair_agent.worker.runtime import RuntimeFault
from axpair_emulator.runtime import EmulatorRuntime
from axpair_proto.errors import AxpairError
from axpair_proto.joint import TOPOLOGY_MEMBER, read_joint
from axpair_proto.simulator import Models
from axpair_proto.topology import topology_pb2
from google.protobuf.message import Message

from benchmarks.fuzz import small_models
from benchmarks.fuzz.archives import archive, bomb, compressed
from benchmarks.fuzz.building import build_and_run, run_all
from benchmarks.fuzz.messages import mutate
from benchmarks.fuzz.odd import FLOATS, INTEGERS, STRINGS, damaged

BOMB_BYTES = (300 << 20, 1200 << 20)
_FOREIGN: tuple[Any, ...] = (None, True, [], {}, [2**40] * 4, [[]], 2**70, "uint16", "NHWC")
_SIXTEEN = "operator_conf { operator_conf_items { selector {} attributes { input_feature_type: UINT16 } }"


class Joint:
    """A .joint beside a sound ONNX model and .lava_joint, or a .lava_joint beside a sound .joint."""

    def __init__(self, folder: Path) -> None:
        self._room = folder
        self._sound: list[tuple[Path, dict[str, dict[str, bytes]]]] = []
        for index, model in enumerate(small_models.models()):
            built = folder / f"model_{index}"
            built.mkdir()
            (built / "m.onnx").write_bytes(model.SerializeToString())
            config = small_models.CONFIG.replace("operator_conf {", _SIXTEEN) if index % 2 else small_models.CONFIG
            (built / "c.prototxt").write_text(config)
            small_models.write_pictures(built / "c.tar")
            build_and_run(built)
            kinds = {kind: dict(read_joint(built / f"m.{kind}").members) for kind in ("joint", "lava_joint")}
            self._sound.append((built, kinds))

    def mutant(self, random: Random) -> bytes:
        """The first two bytes say which sound files it goes with."""
        index, kind = random.randrange(len(self._sound)), random.choice(("joint", "joint", "joint", "lava_joint"))
        members = dict(self._sound[index][1][kind])
        if random.random() < 0.0005:
            data = bomb("part_0.arrays.bin", random.choice(BOMB_BYTES))
        else:
            for _ in range(random.choice((1, 1, 1, 2))):
                _damage(members, random)
            if random.random() < 0.85:
                data = compressed(_plain(members), random, ("gz", "gz", "") if random.random() < 0.15 else ("",))
            else:
                data = compressed(archive(list(members.items()), random), random, ("gz", "gz", ""))
        return bytes([index, kind == "joint"]) + data

    def feed(self, data: bytes) -> None:
        built, _ = self._sound[data[0] % len(self._sound)]
        path = self._room / ("fed.joint" if data[1:2] != b"\0" else "fed.lava_joint")
        path.write_bytes(data[2:])
        if path.suffix == ".lava_joint":
            run_all(Models(built / "m.joint", None, path))
            return
        refusals: list[Exception] = []
        try:
            runtime = EmulatorRuntime({})
            description = runtime.load(str(path))
            runtime.run([bytes(port["size_bytes"]) for port in description["inputs"]])
        except RuntimeFault as error:
            refusals.append(error)
        for others in (Models(path, None, built / "m.lava_joint"), Models(path, built / "m.onnx")):
            try:
                run_all(others)
            except AxpairError as error:
                refusals.append(error)
        if refusals:
            raise refusals[0]


def _plain(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as target:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            target.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def _damage(members: dict[str, bytes], random: Random) -> None:
    if random.random() < 0.05:
        members.pop(random.choice(sorted(members)))
        return
    documents = [name for name in members if name.endswith(".json")]
    name = random.choice((*members, *[one for one in documents if "program" in one] * 8))
    if random.random() < 0.15:
        members[name] = damaged(random, members[name])
    elif name == TOPOLOGY_MEMBER:
        members[name] = _changed(topology_pb2.Topology(), members[name], random)
    elif name.endswith(".onnx"):
        members[name] = _changed(onnx.ModelProto(), members[name], random)
    elif name.endswith(".json"):
        members[name] = _document(members[name], random)
    else:
        members[name] = damaged(random, members[name], 3)


def _changed(message: Message, data: bytes, random: Random) -> bytes:
    try:
        message.ParseFromString(data)
    except Exception:  # damaged before
        return data
    mutate(message, random, random.randint(1, 3))
    return message.SerializeToString()


def _document(data: bytes, random: Random) -> bytes:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return data
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        _change(document, random)
    text = json.dumps(document, ensure_ascii=random.random() < 0.5)
    if random.random() < 0.02:
        text = text.replace("[", "[" * random.choice((2, 300, 5000)), 1)
    return text.encode("utf-8", "surrogatepass")


def _change(document: Any, random: Random) -> None:
    places = list(_places(document))
    if not places:
        return
    parent, key = random.choice(places)
    value = parent[key]
    alike = [owner[at] for owner, at in places if type(owner[at]) is type(value)]
    what = random.random()
    if what < 0.1:
        del parent[key]
    elif what < 0.45:
        parent[key] = copy.deepcopy(random.choice(alike))
    elif isinstance(value, list) and what < 0.8:
        value.extend(value[:4]) if random.random() < 0.5 else random.shuffle(value)
    elif isinstance(value, dict) and what < 0.7:
        value[random.choice(STRINGS)] = random.choice((0, "", [], None))
    elif isinstance(value, int) and what < 0.8:
        parent[key] = random.choice((value + 1, value - 1, value * 2, -value, random.randint(0, 300)))
    else:
        parent[key] = random.choice((*INTEGERS, *FLOATS, *STRINGS, *_FOREIGN))


def _places(value: Any) -> Any:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])

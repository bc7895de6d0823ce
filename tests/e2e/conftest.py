"""Real models, converted once a session, and a case of each, paired once."""

from pathlib import Path

import pytest
from axpair_emulator.zoo import fetch
from axpair_host.demo.page import draw_page
from axpair_host.documents.pair import PairDocument
from axpair_host.documents.steps import NextStep
from axpair_proto.simulator import Models
from command_line import axpair
from pairs import Case, Paired, case_of
from printed import printed
from real_models import build_centerface, build_orientation


@pytest.fixture(scope="session")
def centerface(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The face detector."""
    return build_centerface(tmp_path_factory.mktemp("centerface"))


@pytest.fixture(scope="session")
def orientation(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The page classifier."""
    return build_orientation(tmp_path_factory.mktemp("orientation"))


@pytest.fixture(scope="session")
def face(centerface: Models) -> Case:
    """The face detector on a photo with a face, of another size than the model's."""
    return case_of(centerface, fetch("astronaut"))


@pytest.fixture(scope="session")
def page(orientation: Models, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The page classifier on an upright page."""
    path = tmp_path_factory.mktemp("pages") / "upright.png"
    draw_page(7).save(path)
    return case_of(orientation, path)


@pytest.fixture(scope="session")
def paired_face(face: Case, tmp_path_factory: pytest.TempPathFactory) -> Paired:
    """The detector's case on a sound board. Only to be read."""
    return _paired(face, tmp_path_factory.mktemp("face") / "gt")


@pytest.fixture(scope="session")
def paired_page(page: Case, tmp_path_factory: pytest.TempPathFactory) -> Paired:
    """The classifier's case on a sound board. Only to be read."""
    return _paired(page, tmp_path_factory.mktemp("page") / "gt")


def _paired(case: Case, gt: Path) -> Paired:
    done = axpair("pair", *case.flags, "--out", gt, "--json")
    assert done.returncode in (0, 1), done.stderr
    return Paired(case, gt, done, printed(done.stdout, PairDocument[NextStep]))

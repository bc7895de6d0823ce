"""Real models, converted once a session."""

import pytest
from axpair_host.demo.page import draw_page
from axpair_proto.simulator import Models
from pairs import Case, case_of
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
    from axpair_emulator.zoo import fetch

    return case_of(centerface, fetch("astronaut"))


@pytest.fixture(scope="session")
def page(orientation: Models, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The page classifier on an upright page."""
    path = tmp_path_factory.mktemp("pages") / "upright.png"
    draw_page(7).save(path)
    return case_of(orientation, path)

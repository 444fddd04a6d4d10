"""One kernel for many tests, a front end that fills in its forms, and a sandbox in this process."""

from collections.abc import Iterator

import pytest

from tests.remember.conftest import desk, kernel, sandbox, served  # noqa: F401 - fixtures
from tests.remember.desk import Desk
from tests.waiting.front_end import FrontEnd


@pytest.fixture
def front(desk: Desk) -> Iterator[FrontEnd]:  # noqa: F811 - a fixture
    """Return a front end at a desk where all but the password is known."""
    desk.know()
    desk.kernel.do("import os; del os.environ['ETNA_PASSWORD']")
    made = FrontEnd(desk.kernel)
    yield made
    made.leave()

"""One kernel for many tests, a front end that fills in its forms, and a sandbox in this process."""

from tests.remember.conftest import desk, kernel, sandbox, served  # noqa: F401 - fixtures
from tests.waiting.conftest import front  # noqa: F401 - a fixture

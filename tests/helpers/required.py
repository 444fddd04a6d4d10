"""What a test lacks on this machine: a reason to skip it, or to fail where everything has to be tested."""

import os
import shutil
import subprocess
from typing import NoReturn

import pytest

#: Set to anything by CI, where a test that is skipped would go unseen.
REQUIRED = "ETNA_REQUIRE_BROWSER"
# Read once, since tests clear every variable of ours from their environment.
IS_REQUIRED = bool(os.environ.get(REQUIRED))


def lacks(what: str) -> NoReturn:
    """Skip this test for want of something, or fail it where everything has to be tested."""
    if IS_REQUIRED:
        pytest.fail(f"{what}, and {REQUIRED} is set", pytrace=False)
    pytest.skip(what)


def can(*command: object) -> bool:
    """Run a program that this machine may not have, or not allow; return whether it worked."""
    words = [str(word) for word in command]
    if shutil.which(words[0]) is None:
        return False
    return 0 == subprocess.run(words, capture_output=True, check=False).returncode

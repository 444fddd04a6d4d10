"""A flow at a server that asks for steps."""

from etna_magic import LoginFlow
from tests.helpers import accounts
from tests.helpers.server import ScriptedServer, answer

SUCCESS = answer(200, accounts.SUCCESS)
STEPS = ["VerificationCode", "SecutityPin", "SecurityPin"]


def wanted(step: object, token: object = accounts.INTERIM, **more: object) -> bytes:
    """Return an answer that wants a step."""
    members = {"State": "Expecting", "Step": step, "Reason": "Tell me", "Token": token} | more
    return answer(202, accounts.body(**members))


def flow_at(server: ScriptedServer, *answers: bytes) -> LoginFlow:
    """Return a flow at a server that gives these answers."""
    return LoginFlow(accounts.credentials(server.play(*answers).base_url), timeout=5)

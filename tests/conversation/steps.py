"""A flow at a server that asks for steps."""

from etna_magic import LoginFlow
from tests.support import people
from tests.support.server import ScriptedServer, answer

SUCCESS = answer(200, people.SUCCESS)
STEPS = ["VerificationCode", "SecutityPin", "SecurityPin"]


def wanted(step: object, token: object = people.INTERIM, **more: object) -> bytes:
    """Return an answer that wants a step."""
    members = {"State": "Expecting", "Step": step, "Reason": "Tell me", "Token": token} | more
    return answer(202, people.body(**members))


def flow_at(server: ScriptedServer, *answers: bytes) -> LoginFlow:
    """Return a flow at a server that gives these answers."""
    return LoginFlow(people.credentials(server.play(*answers).base_url), timeout=5)

"""A server with every fault, and the cells of a user who meets them all and looks at what they left."""

import socket
from collections.abc import Callable

from tests.helpers import accounts
from tests.helpers.server import Received, answer

# Walks from the last error to all that it refers to, as a debugger would, and prints it.
WALK = """
def _walk():
    import sys
    seen, waiting = [], [getattr(sys, "last_value", None), getattr(sys, "last_exc", None)]
    while waiting:
        error = waiting.pop()
        if error is None or any(error is one for one in seen):
            continue
        seen.append(error)
        waiting += [error.__cause__, error.__context__]
        print(repr(error), str(error), error.args, vars(error))
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_name != "_walk":
                print({name: repr(value) for name, value in trace.tb_frame.f_locals.items()})
            trace = trace.tb_next
    return len(seen)
"""

LOOKS = ("%tb", "_walk()")
# These have no error to show.
HARMLESS = {
    "%store etna_token",
    "import pickle; copy = pickle.loads(pickle.dumps([etna_token, etna_session]))",
    "%etna_login short --lifetime 1\nwhile short_token.remaining.total_seconds() > 0: time.sleep(.02)",
    "_held = short_session, short_token\n%etna_logout short",
}

# Each is run, and then what it left is looked at.
FAILURES = (
    "%etna_login refused -b http://{host}/refuse/api",
    "%etna_login refused -b http://{host}/app-key/api",
    "%etna_login refused -b http://{host}/closed/api",
    "%etna_login refused -b http://{host}/garbage/api",
    "%etna_login refused -b http://{host}/redirect/api",
    "%etna_login refused -b http://{host}/code/api",
    "%etna_login refused -b http://{host}/pin/api",
    "%etna_login refused -b http://127.0.0.1:9/api",
    "%etna_login refused -b http://name.invalid/api",
    "%etna_login refused -b https://{host}/api",
    "%etna_login refused -b http://{host}/silent/api",
    "%etna_login refused -e broken.env -b http://{host}/ok/api",
    "%etna_login refused --no-such-option",
    "%etna_login refused --lifetime soon",
    "%etna_login 'open",
    "os.environ['ETNA_PASSWORD'] += '\\n'\n%etna_login refused",
    "os.environ['ETNA_PASSWORD'] = ' ' + _kept['ETNA_PASSWORD']\n%etna_login refused",
    "os.environ['ETNA_PASSWORD'] = _kept['ETNA_PASSWORD'] + '\\N{{EURO SIGN}}'\n%etna_login refused",
    "os.environ.update(_kept)\nos.environ['ETNA_APP_KEY'] += '\\r\\nX: y'\n%etna_login refused",
    "os.environ.update(_kept)\nos.environ['ETNA_PIN_CODE'] += '\\t'\n%etna_login refused -b http://{host}/pin/api",
    "os.environ.update(_kept)\nos.environ['ETNA_TOKEN_LIFETIME'] = 'soon'\n%etna_login refused",
    "del os.environ['ETNA_TOKEN_LIFETIME']\netna_session.get('closed')",
    "etna_session.get('garbage')",
    "etna_session.post('closed', json={{}})",
    "etna_session.get('silent')",
    "etna_session.get('redirect')",
    "etna_session.get('http://127.0.0.1:9/elsewhere')",
    "etna_session.get('x', headers={{'X': 'y\\n'}})",
    "etna_session.get('x', headers={{'X': '\\N{{EURO SIGN}}'}})",
    "etna_session.get('x', proxies={{'http': 'http://127.0.0.1:9'}}, timeout='soon')",
    "etna_session.get('v1.0/denied').raise_for_status()",
    "requests.get('http://127.0.0.1:9/', auth=etna_token)",
    "requests.get('http://{host}/ok/api/closed', auth=etna_token, timeout='soon')",
    "'Bearer ' + etna_token",
    "f'{{etna_token}}'",
    "%store etna_token",
    "import pickle; copy = pickle.loads(pickle.dumps([etna_token, etna_session]))",
    "copy[0].headers()",
    "copy[1].post('v1.0/denied')",
    "%etna_login short --lifetime 1\nwhile short_token.remaining.total_seconds() > 0: time.sleep(.02)",
    "short_session.get('v1.0/denied')",
    "short_session.post('v1.0/denied')",
    "[quote for quote in map(short_session.get, ['v1.0/denied'])]",
    "_held = short_session, short_token\n%etna_logout short",
    "_held[0].get('v1.0/denied')",
    "_held[1].headers()",
    "import etna_magic\nawait etna_magic.login('refused', base_url='http://{host}/refuse/api')",
)

BEFORE = (
    "%load_ext etna_magic\nimport os, time, logging, requests",
    # This copy must not be what the hunt finds.
    "class Kept(dict):\n    __repr__ = object.__repr__\n_kept = Kept(os.environ)",
    "logging.basicConfig(level=logging.DEBUG, force=True)",
    "for name in ('urllib3', 'requests', 'etna_magic'): logging.getLogger(name).setLevel(logging.DEBUG)",
    WALK,
    "%xmode Verbose",
    "%etna_login",
    "etna_token, etna_session",
)
AFTER = (
    "%history",
    "%history -o -n",
    "%whos",
    "%etna_status",
    "%etna_status --check --for 48h",
    "%etna_status --json --check",
    "print(In)",
    "print(Out)",
    "repr(vars())",
    "etna_token?",
    "etna_session??",
    "vars(etna_session)",
    "%store",
    "%etna_logout --all",
)

#: What a user types at the prompts of ``%etna_login typed --prompt``.
TYPED = (accounts.APP_KEY, accounts.USERNAME, accounts.PASSWORD, accounts.CODE)


def serve(interrupt: Callable[[], None]) -> Callable[[socket.socket, Received], None]:
    """Return how the server answers; whoever asks for something silent is interrupted."""

    def reply(connection: socket.socket, request: Received) -> None:
        kind = request.target.split("/")[1]
        if kind == "ok" and not request.target.endswith(("/token", "/logout")):
            kind = request.target.rsplit("/", 1)[1]
        if kind == "silent":
            interrupt()
            connection.recv(1)  # until the client goes away
        elif kind != "closed":
            connection.sendall(_answer_to(kind, request))

    return reply


def _answer_to(kind: str, request: Received) -> bytes:
    elsewhere = ("Location", "http://localhost:9/token")
    answers = {
        "garbage": b"\0\1\2" + b"".join(value.encode("latin-1") for value in request.values("Password")),
        "redirect": answer(302, b"", elsewhere),
        "denied": answer(401, accounts.body(Message="Authorization has been denied for this request.")),
        "refuse": answer(
            401, accounts.body(State="Failed", Reason=f"not {accounts.PASSWORD} {accounts.APP_KEY}")
        ),
        "app-key": answer(403, accounts.body(error="Application key is not defined or does not exist")),
        "code": answer(202, accounts.CODE_NEEDED),
        "pin": answer(202, accounts.PIN_NEEDED),
    }
    if kind == "code" and request.values("VerificationCode"):
        again = accounts.body(
            State="Expecting", Step="VerificationCode", Reason=f"not {accounts.CODE}", Token=accounts.INTERIM
        )
        return answer(202, again)
    return answers.get(kind, answer(200, accounts.SUCCESS))

"""The ways in which an object is pickled or copied, and texts as a pickle could have them."""

import base64
import copy
import pickle

import cloudpickle
import dill

PICKLERS = {
    "pickle": pickle.dumps,
    "oldest protocol": lambda what: pickle.dumps(what, protocol=0),
    "cloudpickle": cloudpickle.dumps,
    "dill": dill.dumps,
    "closure": lambda what: cloudpickle.dumps(lambda: what),
}
COPIERS = {"copy": copy.copy, "deepcopy": copy.deepcopy}


def unpickled(sent: bytes) -> object:
    """Return the object that another process would unpickle."""
    found = pickle.loads(sent)  # noqa: S301 - our own
    return found() if type(found).__name__ == "function" else found


#: Each way to have another object of the same kind.
WAYS = {
    **{name: lambda what, dumps=dumps: unpickled(dumps(what)) for name, dumps in PICKLERS.items()},
    **COPIERS,
}


def spellings(secret: str) -> list[bytes]:
    """Return a text as it is, in hex, and in base64 at each of its three alignments, without the odd ends."""
    plain = secret.encode()
    shifted = [base64.b64encode(b"x" * shift + plain)[4 if shift else 0 : -4] for shift in range(3)]
    return [plain, plain.hex().encode(), *shifted]

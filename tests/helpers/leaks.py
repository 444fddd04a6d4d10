"""Looks for secrets wherever an exception could show or carry them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FunctionType, MethodType, ModuleType, TracebackType

from etna_magic import EtnaError, Secret

_TESTS = str(Path(__file__).resolve().parents[1])


def caught(act) -> EtnaError:
    """Return the error of ours that this raises, its traceback with it."""
    try:
        result = act()
    except EtnaError as error:
        return error
    raise AssertionError(f"no EtnaError, but {result!r}")


def chain(error: BaseException) -> list[BaseException]:
    """Return an exception and all that it carries as cause or context, suppressed or not."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and not any(one is other for other in found):
            found.append(one)
            waiting += [one.__cause__, one.__context__]
    return found


def leaks(error: BaseException, secrets: Iterable[str], *, deep: bool = True) -> list[str]:
    """Return every place in an exception's chain and frames where one of these texts is seen.

    Frames of the tests themselves do not count: they know the secrets. `deep` looks into the
    attributes of what the locals hold; without it only at what a ``repr`` of the locals shows.
    """
    secrets = tuple(secrets)
    places = [place for one in chain(error) for place in _places(one, deep=deep)]
    return [where for where, text in places if any(secret in text for secret in secrets)]


def _places(error: BaseException, *, deep: bool) -> Iterator[tuple[str, str]]:
    kind = type(error).__name__
    yield f"{kind}: its text", f"{error} {error!r}"
    yield f"{kind}: its arguments", "".join(_views(error.args, deep=deep))
    yield f"{kind}: its attributes", "".join(_views(vars(error), deep=deep))
    for frame, line in _frames(error.__traceback__):
        if frame.f_code.co_filename.startswith(_TESTS):
            continue
        where = f"{Path(frame.f_code.co_filename).name}:{line} {frame.f_code.co_name}"
        for name, value in frame.f_locals.items():
            yield f"{kind}: local {name} of {where}", "".join(_views(value, deep=deep))


def _frames(traceback: TracebackType | None) -> Iterator[tuple]:
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _views(value: object, *, deep: bool) -> Iterator[str]:
    yield _repr(value)
    if deep:
        members = value.values() if isinstance(value, dict) else value
        few = members if isinstance(value, (dict, list, tuple, set)) else [value]
        for one in few:
            yield from (_repr(part) for part in _parts(one))


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - that a repr raises is for its own test to say
        return f"({type(error).__name__})"


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, (Secret, type, ModuleType)):
        return  # a Secret's own slot is the one place where a text may be
    if isinstance(value, MethodType):
        value = value.__self__
    if isinstance(value, FunctionType):
        yield from (cell.cell_contents for cell in value.__closure__ or ())
    yield from getattr(value, "__dict__", {}).values()
    for kind in type(value).__mro__:
        for slot in getattr(kind, "__slots__", ()):
            if hasattr(value, slot):
                yield getattr(value, slot)

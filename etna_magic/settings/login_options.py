"""What was asked for by a login: the options of ``%etna_login``, ``login()`` and every renewal."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from etna_magic.secret import Secret
    from etna_magic.token import Token

Ask = Literal["form", "prompt", "never"]


class LoginOptions(NamedTuple):
    """The options of one login, and what a person typed for it.

    ``env_file``, ``auto_renew``, ``remember``, ``read_only``, ``sandbox``: as the options of those names.
    """

    name: str = "etna"
    base_url: str | None = None
    username: str | None = None
    #: As text, such as ``24h``.
    lifetime: str | None = None
    env_file: Path | None = None
    #: The answer to the first step that asks for a code; it is used once.
    code: Secret | None = None
    #: Whom to ask for what is missing; None is for the front end to decide.
    ask: Ask | None = None
    auto_renew: bool = False
    remember: bool = False
    #: It is not repeated by a bare line, which lifts it; a renewal keeps it.
    read_only: bool = False
    sandbox: bool = False
    #: Whether success is reported without user, host and folder.
    quiet: bool = False
    #: The ``.env`` that a renewal reads again, whatever the working directory is by then.
    dotenv: Path | None = None
    #: What a person typed last time, and for which base URL; the password only where renewals need it.
    typed: Mapping[str, Secret] = MappingProxyType({})
    typed_for: str = ""

    def repeating(self, before: LoginOptions | None) -> LoginOptions:
        """Return these options, or those of the last login where they say neither who nor where.

        The line that a warning ends in, a bare ``%etna_login``, is such a line. It must not lead to
        another user or server because the environment names one.
        """
        if before is None or self.base_url or self.username or self.env_file or self.sandbox:
            return self
        return before._replace(
            lifetime=self.lifetime or before.lifetime,
            code=self.code,
            ask=self.ask,
            auto_renew=self.auto_renew or before.auto_renew,
            remember=self.remember or before.remember,
            read_only=self.read_only,
            quiet=self.quiet or before.quiet,
            dotenv=None,
        )

    def after(
        self, token: Token, typed: Mapping[str, Secret], dotenv: Path | None, *, renews: bool
    ) -> LoginOptions:
        """Return what a renewal or a bare line needs to log in again as now."""
        secret = () if renews else ("password", "pin")
        kept = {name: value for name, value in {**self.typed, **typed}.items() if name not in secret}
        return self._replace(code=None, ask=None, typed=kept, typed_for=token.base_url, dotenv=dotenv)

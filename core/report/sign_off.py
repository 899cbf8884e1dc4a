"""Signing a result: who, when, and a hash of everything that the numbers depend on.

A sign-off is kept for ever. Whether it still holds is computed: its hash is that of the present content, or it is not.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  (msgspec reads the annotations at run time)
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from core.session.session import Session

_KEY = "sign-offs"
_SHOWN = 16


class SignOff(msgspec.Struct, frozen=True):
    """Somebody answered for a result; ``time`` is aware, ``content`` the hash of what was signed."""

    person: str
    time: datetime
    content: str
    version: str


def short(sha256: str) -> str:
    """Return as much of a hash as a person compares: four groups of four."""
    head = sha256[:_SHOWN]
    return " ".join(head[place : place + 4] for place in range(0, len(head), 4))


def load_sign_offs(session: Session) -> tuple[SignOff, ...]:
    """Return the sign-offs of a session, oldest first; raises ValueError if they are damaged."""
    return msgspec.convert(session.get(_KEY, []), tuple[SignOff, ...])


def sign(session: Session, sign_off: SignOff) -> None:
    """Keep a sign-off in the session, and a line in its history.

    Raises
    ------
    SessionError
        If it cannot be stored.
    """
    with session.together():
        session.put(_KEY, msgspec.to_builtins((*load_sign_offs(session), sign_off)))
        session.note(sign_off.person, None, f"Signed off, content {short(sign_off.content)}")

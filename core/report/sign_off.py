"""Signing a result: who, when, and a hash of everything that the numbers depend on.

A sign-off is kept for ever. Whether it still holds is computed: its hash is that of the present content, or it is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.session.values import SignOff as SignOff  # noqa: TC001 (for all that sign)

if TYPE_CHECKING:
    from core.session.session import Session

_SHOWN = 16


def short(sha256: str) -> str:
    """Return as much of a hash as a person compares: four groups of four."""
    head = sha256[:_SHOWN]
    return " ".join(head[place : place + 4] for place in range(0, len(head), 4))


def load_sign_offs(session: Session) -> tuple[SignOff, ...]:
    """Return the sign-offs of a session, oldest first."""
    return session.sign_offs.all()


def sign(session: Session, sign_off: SignOff) -> None:
    """Keep a sign-off in the session, and a line in its history.

    Raises
    ------
    SessionError
        If it cannot be stored.
    """
    with session.transaction():
        session.sign_offs.add(sign_off)
        session.edits.note(sign_off.user, None, f"Signed off, content {short(sign_off.content)}")

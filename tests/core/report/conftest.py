"""A session that is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.session.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    MakeSession = Callable[..., Path]


@pytest.fixture
def session(make_session: MakeSession) -> Iterator[Session]:
    with Session.open(make_session()) as session:
        yield session

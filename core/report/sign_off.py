"""Signing a result: who, when, and a hash of everything that the numbers depend on.

A sign-off is kept for ever. Whether it still holds is computed: its hash is that of the present content, or it is not.
To know that after each edit without counting every image again, the session keeps a digest of each image, which any
change of the image makes void, and each sign-off the hash of all digests.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from core.counting.count import CountSettings
from core.report.content import signed_part
from core.report.gather import Gatherer
from core.report.session_kinds import signed_kinds
from core.session.values import SignOff as SignOff
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from core.counting.estimates import EstimateInputs
    from core.report.content import ReportContent, ReportImage
    from core.session.session import Session
    from core.session.values import Sample

_SHOWN = 16
_PREFIX = 8
_DIGEST = 16
_BATCH = 200


def short(sha256: str) -> str:
    """Return as much of a hash as a person compares: four groups of four."""
    head = sha256[:_SHOWN]
    return " ".join(head[place : place + 4] for place in range(0, len(head), 4))


def sign(session: Session, content: ReportContent, user: str, time: datetime) -> SignOff:
    """Sign what a report says: keep the sign-off in the session, and a line in its history.

    Raises
    ------
    SessionError
        If it cannot be stored.
    """
    prefix = _counting(content.classes, content.settings)
    digests = {image.id: _digest(image, prefix) for image in content.images}
    kinds = [] if content.kinds is None else content.kinds.signed
    head = _head(content.sample, content.classes, content.settings, content.inputs, kinds)
    sign_off = SignOff(user, time, content.content, content.version, head, _state(digests.values()))
    with session.transaction():
        session.sign_offs.add(sign_off)
        session.images.set_digests(digests)
        session.edits.note(user, None, gettext("Signed off, content {short}").format(short=short(content.content)))
    return sign_off


def may_be_signed(session: Session, settings: CountSettings | None = None) -> bool:
    """Tell at once whether a sign-off may hold: whether one was given with this sample, settings and inputs.

    ``settings`` are taken instead of the stored ones. What images count is not looked at, and a sign-off of schema 1
    may always hold.

    Raises
    ------
    SessionError
        If the session cannot be read.
    """
    stored, classes = session.settings.counting() or (CountSettings({}), ())
    of_session = session.settings
    kinds = signed_kinds(of_session.kinds(), of_session.differential_inputs())
    head = _head(of_session.sample(), classes, settings or stored, of_session.estimate_inputs(), kinds)
    return any(one.head in ("", head) for one in session.sign_offs.all())


class SignOffCheck:
    """Finds out whether the content of a session is signed: ``signed`` or ``superseded`` when ``steps`` has ended.

    ``signed`` is the latest sign-off of exactly this content; ``superseded`` the latest one of other content, if
    nobody has signed this one.
    """

    def __init__(self, session: Session, settings: CountSettings | None = None) -> None:
        """Prepare to check; ``settings`` are taken instead of the stored ones, as in ``gathering``."""
        self._session = session
        self._settings = settings
        self.signed: SignOff | None = None
        self.superseded: SignOff | None = None

    def steps(self) -> Iterator[int]:
        """Count the images that have changed since they were last counted for this, one at each step.

        Yields how many were counted so far. A sign-off of schema 1 has no digests: once one of those may hold, all
        images are counted.
        """
        sign_offs = self._session.sign_offs.all()
        if not sign_offs:
            return
        gatherer = Gatherer(self._session, self._settings)
        head = _head(gatherer.sample, gatherer.classes, gatherer.settings, gatherer.inputs, gatherer.kinds.signed)
        state = ""
        if any(one.head == head for one in sign_offs):
            state = yield from self._present_state(gatherer)
        self.signed = next((one for one in reversed(sign_offs) if (one.head, one.state) == (head, state)), None)
        old = {one.content: one for one in sign_offs if not one.head}
        if self.signed is None and old:
            for done, image in enumerate(gatherer.on_list, 1):
                gatherer.add(image)
                yield done
            self.signed = old.get(gatherer.content_hash())
        if self.signed is None:
            self.superseded = sign_offs[-1]

    def _present_state(self, gatherer: Gatherer) -> Iterator[int]:
        """Count what has changed; return the hash of all digests."""
        images, prefix = self._session.images, _counting(gatherer.classes, gatherer.settings)
        digests = images.digests()
        stale = {image for image, digest in digests.items() if digest is None or not digest.startswith(prefix)}
        fresh: dict[int, tuple[int, bytes]] = {}
        for done, image in enumerate((image for image in gatherer.on_list if image.id in stale), 1):
            digests[image.id] = digest = _digest(gatherer.add(image), prefix)
            fresh[image.id] = images.revision(image.id), digest
            if done % _BATCH == 0:
                self._keep(fresh)
            yield done
        self._keep(fresh)
        return _state(digests[image.id] or b"" for image in gatherer.on_list)

    def _keep(self, fresh: dict[int, tuple[int, bytes]]) -> None:
        """Store digests, but for those of images that were changed meanwhile."""
        images = self._session.images
        if not self._session.read_only:
            images.set_digests(
                {image: digest for image, (known, digest) in fresh.items() if images.revision(image) == known}
            )
        fresh.clear()


def _counting(classes: tuple[str, ...], settings: CountSettings) -> bytes:
    """Return what stands before the digests of images that were counted in this way."""
    document = [classes, settings.thresholds, settings.nms_iou, settings.edge_rule.value]
    return hashlib.sha256(msgspec.json.encode(document, order="deterministic")).digest()[:_PREFIX]


def _head(
    sample: Sample,
    classes: tuple[str, ...],
    settings: CountSettings,
    inputs: EstimateInputs,
    kinds: Sequence[object],
) -> str:
    """Return the hash of everything that is signed besides the images."""
    document = [sample, inputs, _counting(classes, settings).hex(), *([list(kinds)] if kinds else [])]
    return hashlib.sha256(msgspec.json.encode(document, order="deterministic")).hexdigest()


def _digest(image: ReportImage, prefix: bytes) -> bytes:
    """Return the digest of what is signed of an image."""
    content = msgspec.json.encode(signed_part(image), order="deterministic")
    return prefix + hashlib.sha256(content).digest()[:_DIGEST]


def _state(digests: Iterable[bytes]) -> str:
    """Return the hash of the digests of all images, in the order of the list."""
    return hashlib.sha256(b"".join(digest[_PREFIX:] for digest in digests)).hexdigest()

"""One window for each person: a second start hands its images to the window that is already open."""

from __future__ import annotations

import getpass
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

if TYPE_CHECKING:
    from collections.abc import Sequence

_CONNECT_MS = 500
_ANSWER_MS = 5000
_ANSWER = b"opened\n"
_LONGEST_SOCKET_PATH = 100  # what every Unix can bind
_LARGEST_MESSAGE = 1 << 20


def server_name() -> str:
    """Return the name under which this person's window is found; on Linux a path that only they can reach."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    path = str(Path(runtime) / "smearcount")
    if runtime and len(path) <= _LONGEST_SOCKET_PATH and os.access(runtime, os.W_OK):
        return path
    try:
        return f"smearcount-{getpass.getuser()}"
    except (OSError, KeyError, ImportError):
        return "smearcount"


def hand_over(paths: Sequence[Path], name: str | None = None) -> bool:
    """Give paths to the window that is open, which comes to the front; False if there is none that answers."""
    socket = QLocalSocket()
    socket.connectToServer(name or server_name())
    if not socket.waitForConnected(_CONNECT_MS):
        return False
    socket.write(json.dumps([str(path.absolute()) for path in paths]).encode() + b"\n")
    answered = socket.waitForReadyRead(_ANSWER_MS) and socket.readAll().data() == _ANSWER
    socket.close()
    return answered


class SingleInstance(QObject):
    """Listens for later starts of the program."""

    called = Signal(list)  # paths, possibly none: the window is wanted

    def __init__(self, name: str | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)
        name = name or server_name()
        if not self._server.listen(name):
            QLocalServer.removeServer(name)  # left behind by a window that was killed: nobody answered there
            self._server.listen(name)

    @property
    def listening(self) -> bool:
        """Whether later starts find this window."""
        return self._server.isListening()

    def close(self) -> None:
        """Listen no longer."""
        self._server.close()

    @Slot()
    def _on_connection(self) -> None:
        socket = self._server.nextPendingConnection()
        socket.disconnected.connect(socket.deleteLater)
        socket.readyRead.connect(self._on_message)
        if socket.canReadLine():
            self._read(socket)

    @Slot()
    def _on_message(self) -> None:
        socket = self.sender()
        if isinstance(socket, QLocalSocket):
            self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > _LARGEST_MESSAGE:
                socket.abort()
            return
        try:
            message = json.loads(bytes(socket.readLine().data()))
        except ValueError:
            socket.abort()
            return
        if not isinstance(message, list):
            socket.abort()
            return
        socket.write(_ANSWER)
        socket.flush()
        self.called.emit([Path(path) for path in message if isinstance(path, str)])

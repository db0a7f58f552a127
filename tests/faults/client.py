"""A visitor of the dashboard without a browser: speaks with a real server as a page does, and presses its buttons."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect

_PATIENCE_SECONDS = 60.0


class Visitor:
    """One who looks at the page of a run.

    Args:
        url: Of the server.
        run: The run.
    """

    def __init__(self, url: str, run: str) -> None:
        address = url.replace("http", "ws") + "/_stcore/stream"
        self._way = connect(address, max_size=None, compression=None, open_timeout=_PATIENCE_SECONDS)
        self._query = f"run={run}"
        self._buttons: dict[str, str] = {}
        self._fields: dict[str, str] = {}
        self._page = ""

    def __enter__(self) -> Self:
        self._connection: ClientConnection = self._way.__enter__()
        message = BackMsg()
        message.rerun_script.query_string = self._query
        message.rerun_script.page_name = "train"
        self._connection.send(message.SerializeToString())
        self._listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._way.__exit__(kind, error, trace)

    @property
    def buttons(self) -> set[str]:
        """The labels of the buttons that the page has shown by now."""
        return set(self._buttons)

    def press(self, label: str, *, wait: bool = True, **fields: str) -> None:
        """Press a button.

        Args:
            label: What stands on it; of several the one that came last.
            wait: Until the page is drawn anew.
            fields: What is written into fields of one line before, by their labels.
        """
        while label not in self._buttons:  # the very first visit of a server is drawn twice
            self._listen()
        message = BackMsg()
        message.rerun_script.query_string = self._query
        message.rerun_script.page_script_hash = self._page
        widgets = message.rerun_script.widget_states.widgets
        widgets.extend(WidgetState(id=self._fields[name], string_value=text) for name, text in fields.items())
        widgets.append(WidgetState(id=self._buttons[label], trigger_value=True))
        self._connection.send(message.SerializeToString())
        if wait:
            self._listen()

    def _listen(self) -> None:
        """Take in what the server says until the page is drawn."""
        while True:
            message = ForwardMsg.FromString(self._connection.recv(_PATIENCE_SECONDS, decode=False))
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self._page = message.new_session.page_script_hash
                self._buttons.clear()
                self._fields.clear()
            elif kind == "delta":
                self._remember(message.delta.new_element)
            elif kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return

    def _remember(self, element: Element) -> None:
        kind = element.WhichOneof("type")
        if kind == "button":
            self._buttons[element.button.label] = element.button.id
        elif kind == "text_input":
            self._fields[element.text_input.label] = element.text_input.id

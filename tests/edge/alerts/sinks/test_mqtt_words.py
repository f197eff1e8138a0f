import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.sinks import mqtt_words


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "refuses connections"),
        (TimeoutError("timed out"), "does not answer"),
        (socket.gaierror(-2, "Name or service not known"), "(Name or service not known)"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version"), "does not agree on TLS"),
        (OSError(113, "No route to host"), "cannot be reached: No route to host"),
        (ValueError("odd\nthing"), r"cannot be reached: odd\nthing"),
        (RuntimeError(), "cannot be reached: RuntimeError"),
    ],
)
def test_why_there_is_no_connection(error: Exception, said: str) -> None:
    assert said in mqtt_words.not_connected(error)


@given(st.text())
def test_what_a_broker_says_stays_on_one_line(reason: str) -> None:
    assert mqtt_words.refusal(reason).isprintable()
    assert mqtt_words.not_published(reason, "edge-run/desk/event").isprintable()
    assert mqtt_words.not_connected(OSError(5, reason)).isprintable()

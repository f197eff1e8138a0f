"""Which addresses the health port may have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import ConfigError
from edge.health.config import HealthConfig, address, is_loopback


@pytest.mark.parametrize(
    ("listen", "where"),
    [
        ("127.0.0.1:9464", ("127.0.0.1", 9464)),
        ("127.0.0.2:1", ("127.0.0.2", 1)),
        ("[::1]:9464", ("::1", 9464)),
        ("localhost:9464", ("localhost", 9464)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("", None),
    ],
)
def test_this_device_may_always_ask(listen, where):
    assert address(HealthConfig(listen=listen)) == where


@pytest.mark.parametrize(
    "listen", ["0.0.0.0:9464", "[::]:9464", "192.168.1.7:9464", "desk.local:9464", "127.1:80"]
)
def test_others_may_ask_only_where_that_is_wanted(listen):
    with pytest.raises(ConfigError, match=r"health\.listen.*others can reach.*health\.public"):
        address(HealthConfig(listen=listen))
    found = address(HealthConfig(listen=listen, public=True))
    assert found is not None
    assert found[1] == int(listen.rpartition(":")[2])


@pytest.mark.parametrize(
    "listen",
    [
        "9464",
        ":9464",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "::1:9464",
        "[127.0.0.1]:9464",
        "[]:9464",
        "[::1]",
        "http://127.0.0.1:9464",
        "127.0.0.1:9464/metrics",
        "user@127.0.0.1:9464",
        "127.0.0.1:٣",
        " 127.0.0.1:9464",
    ],
)
@pytest.mark.parametrize("public", [False, True])
def test_what_is_no_address_is_refused_by_its_key(listen, public):
    with pytest.raises(ConfigError, match=r"health\.listen = .*write 127\.0\.0\.1:9464"):
        address(HealthConfig(listen=listen, public=public))


@given(st.text(max_size=30))
def test_any_text_is_an_address_of_this_device_or_refused_by_its_key(listen):
    told = ""
    try:
        found = address(HealthConfig(listen=listen))
    except ConfigError as error:
        found, told = None, str(error)
    if found is None:
        assert listen == "" or "health.listen" in told
    else:
        assert is_loopback(found[0])

"""Sensors on trees like those that the kernel shows, and the words of a Pi 5's firmware."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.energy.pmic import rails
from benchmarks.energy.sensors import SensorError, find

# as a Raspberry Pi 5 answers
PMIC = """\
 3V7_WL_SW_A current(0)=0.09758000A
   3V3_SYS_A current(1)=0.06245952A
  VDD_CORE_A current(7)=1.08767400A
      HDMI_A current(22)=0.01367520A
 3V7_WL_SW_V volt(8)=3.70000000V
   3V3_SYS_V volt(9)=3.30632200V
  VDD_CORE_V volt(15)=0.89745940V
      HDMI_V volt(23)=5.08000000V
     EXT5V_V volt(24)=5.07864000V
      BATT_V volt(25)=0.00000000V
"""


def tree(root: Path, **files: str) -> Path:
    """Files of one device; `__` in a name stands for nothing."""
    root.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / name).write_text(text + "\n")
    return root


def nothing() -> None:
    """No vcgencmd."""


def watts(root: Path) -> dict[str, float]:
    return {sensor.name: sensor.value() for sensor in find(root, nothing).sensors}


def test_a_machine_without_any_has_none(tmp_path: Path) -> None:
    assert find(tmp_path, nothing) == ([], [])


def test_an_ina219_tells_its_power(tmp_path: Path) -> None:
    values = {
        "in0_input": "4",
        "in1_input": "5048",
        "curr1_input": "612",
        "power1_input": "3080000",
    }
    tree(tmp_path / "class/hwmon/hwmon2", name="ina219", **values)
    tree(tmp_path / "class/hwmon/hwmon0", name="cpu_thermal", temp1_input="51000")
    assert watts(tmp_path) == {"ina219 hwmon2": pytest.approx(3.08)}


def test_an_ina3221_tells_volts_and_amperes_of_its_channels(tmp_path: Path) -> None:
    folder = tree(tmp_path / "class/hwmon/hwmon1", name="ina3221", in7_input="99")
    tree(folder, in1_input="5000", curr1_input="400", in2_input="3300", curr2_input="-100")
    tree(folder, curr3_input="7")  # without volts it says nothing
    assert watts(tmp_path) == {"ina3221 hwmon1": pytest.approx(2.0 + 0.33)}


def test_rapl_counts_joules_of_each_socket(tmp_path: Path) -> None:
    caps = tmp_path / "class/powercap"
    top = {"energy_uj": "7500000", "max_energy_range_uj": "262143328850"}
    tree(caps / "intel-rapl:0", name="package-0", **top)
    tree(caps / "intel-rapl:0:0", name="core", **top)
    tree(caps / "intel-rapl", enabled="1")
    sensors, refused = find(tmp_path, nothing)
    assert refused == []
    assert [(one.name, one.kind) for one in sensors] == [("RAPL package-0", "joules")]
    assert sensors[0].value() == pytest.approx(7.5)
    assert sensors[0].wraps == pytest.approx(262143.32885)


def test_what_only_root_may_read_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tree(tmp_path / "class/powercap/intel-rapl:0", name="package-0", energy_uj="1")
    read_text = Path.read_text

    def refuse(path: Path, *args: str, **options: str) -> str:
        if path.name == "energy_uj":  # the tests may run as root, whom no mode bits stop
            raise PermissionError(13, "Permission denied", str(path))
        return read_text(path, *args, **options)

    monkeypatch.setattr(Path, "read_text", refuse)
    sensors, refused = find(tmp_path, nothing)
    assert sensors == []
    assert len(refused) == 1
    assert f"sudo chmod a+r {secret}/energy_uj" in refused[0]


@pytest.mark.parametrize(
    ("status", "files", "expected"),
    [
        ("Discharging", {"power_now": "6100000"}, 6.1),
        ("Discharging", {"voltage_now": "12000000", "current_now": "-500000"}, 6.0),
        ("Charging", {"power_now": "6100000"}, None),
    ],
)
def test_a_battery_tells_what_it_gives(
    tmp_path: Path, status: str, files: dict[str, str], expected: float | None
) -> None:
    supplies = tmp_path / "class/power_supply"
    tree(supplies / "BAT0", type="Battery", status=status, **files)
    tree(supplies / "AC", type="Mains", online="1")
    found = {} if expected is None else {"battery BAT0": pytest.approx(expected)}
    assert watts(tmp_path) == found


def test_a_sensor_without_its_figures_is_refused(tmp_path: Path) -> None:
    tree(tmp_path / "class/power_supply/BAT1", type="Battery", status="Discharging")
    tree(tmp_path / "class/hwmon/hwmon0", name="ina226", power1_input="soon")
    sensors, refused = find(tmp_path, nothing)
    assert sensors == []
    assert [line.partition(":")[0] for line in refused] == ["ina226 hwmon0", "battery BAT1"]


def test_a_sensor_that_is_unplugged_is_an_error(tmp_path: Path) -> None:
    folder = tree(tmp_path / "class/hwmon/hwmon0", name="ina260", power1_input="5")
    (sensor,), _ = find(tmp_path, nothing)
    (folder / "power1_input").unlink()
    with pytest.raises(SensorError, match="ina260 hwmon0: has stopped telling"):
        sensor.value()


def test_a_pi_5_tells_its_rails(tmp_path: Path) -> None:
    (sensor,), _ = find(tmp_path, lambda: PMIC)
    parts = {"3V7_WL_SW": 0.361046, "3V3_SYS": 0.206511, "VDD_CORE": 0.976143, "HDMI": 0.069470}
    assert rails(PMIC) == {rail: pytest.approx(part, abs=1e-6) for rail, part in parts.items()}
    assert sensor.value() == pytest.approx(sum(parts.values()), abs=1e-5)


def test_firmware_that_stops_answering_is_an_error(tmp_path: Path) -> None:
    answers = iter([PMIC, PMIC, None])
    (sensor,), _ = find(tmp_path, lambda: next(answers))
    with pytest.raises(SensorError, match="Pi 5 PMIC"):
        sensor.value()


@pytest.mark.parametrize(
    "text",
    ["", 'error=1 error_msg="Command not registered"', "VDD_CORE_A current(7)=A", "X_V volt(1)=1V"],
)
def test_other_answers_have_no_rails(text: str) -> None:
    assert rails(text) == {}


@given(st.text())
def test_no_answer_upsets_it(text: str) -> None:
    assert all(isinstance(one, float) for one in rails(text).values())


@given(
    st.dictionaries(
        st.from_regex(r"[0-9A-Z_]{1,12}", fullmatch=True),
        st.tuples(st.floats(0, 20), st.floats(0, 6)),
        max_size=15,
    ),
    st.randoms(),
)
def test_every_rail_is_found_in_any_order(
    told: dict[str, tuple[float, float]], rng: object
) -> None:
    lines = [
        f"  {rail}_A current({i})={amps:.8f}A" for i, (rail, (amps, _)) in enumerate(told.items())
    ]
    lines += [
        f"  {rail}_V volt({i})={volts:.8f}V" for i, (rail, (_, volts)) in enumerate(told.items())
    ]
    rng.shuffle(lines)  # type: ignore[attr-defined]
    found = rails("\n".join(lines))
    assert found == {
        rail: pytest.approx(amps * volts, abs=1e-6) for rail, (amps, volts) in told.items()
    }

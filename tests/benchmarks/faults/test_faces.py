from benchmarks.faults import faces


def test_twenty_are_seen_and_each_angry_one_is_told_of_once() -> None:
    measured = faces.measure(6)
    assert measured["tracked"] == 20
    [row] = measured["rows"]
    assert (row["lost"], row["doubled"]) == (0, 0)


def test_one_who_is_missed_would_be_counted(monkeypatch) -> None:
    # the desk's, which looks for larger faces
    monkeypatch.setattr(faces, "DETECTION", faces.DetectionConfig())
    assert faces.measure(4)["rows"][0]["lost"] > 0

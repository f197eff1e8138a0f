import threading

from edge.health.heartbeat import Heartbeats


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_who_beats_in_time_is_not_stale_and_who_does_not_is() -> None:
    clock = Clock()
    heartbeats = Heartbeats(clock)
    watch, sink = heartbeats.expect("watch", 15), heartbeats.expect("desk", 60)
    clock.now += 15
    assert heartbeats.stale() == {}
    clock.now += 1
    assert heartbeats.stale() == {"watch": 16.0}
    watch()
    assert heartbeats.stale() == {}
    clock.now += 50
    assert heartbeats.stale() == {"watch": 50.0, "desk": 66.0}
    sink()
    assert heartbeats.stale() == {"watch": 50.0}


def test_who_is_dismissed_is_not_expected_nor_brought_back_by_a_late_beat() -> None:
    clock = Clock()
    heartbeats = Heartbeats(clock)
    beat = heartbeats.expect("watch", 1)
    heartbeats.dismiss("watch")
    beat()
    clock.now += 100
    assert heartbeats.stale() == {}
    heartbeats.dismiss("nobody")


def test_beats_from_many_threads_are_all_heard() -> None:
    clock = Clock()
    heartbeats = Heartbeats(clock)
    beats = [heartbeats.expect(str(number), 1) for number in range(8)]
    clock.now += 100
    threads = [threading.Thread(target=beat) for beat in beats]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heartbeats.stale() == {}

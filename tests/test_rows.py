"""The rows in hand, by a clock of the test's: nobody is forgotten, and no gate is overrun."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from publisher.deliver.gate import Gate
from publisher.deliver.rows import Rows, interleaved
from publisher.deliver.throttle import Throttle
from tests.rig.builders import claim

GATES = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from([0.0, 0.5, 4.0])), min_size=1, max_size=4
)


@given(
    gates=GATES,
    senders=GATES,
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=60),
    hands=st.integers(1, 6),
    seconds=st.sampled_from([0.1, 1.0, 3.0]),
)
def test_every_row_has_its_turn_and_no_gate_is_overrun(
    gates: list[tuple[int, float]],
    senders: list[tuple[int, float]],
    rows: list[tuple[int, int]],
    hands: int,
    seconds: float,
) -> None:
    """Rows pass two gates; each takes ``seconds``, and so many hands take them."""
    first = [Gate(f"d{n}", Throttle(most), gap) for n, (most, gap) in enumerate(gates)]
    second = [Gate(f"s{n}", Throttle(most), gap) for n, (most, gap) in enumerate(senders)]
    through = {
        number: (first[one % len(first)], second[two % len(second)])
        for number, (one, two) in enumerate(rows)
    }
    sent_away: list[int] = []
    waiting = Rows(lambda row: through[row.delivery], lambda row, _: sent_away.append(row.delivery))
    waiting.add([claim(number, "example.org") for number in through])
    now, begun, under_way = 0.0, dict[int, float](), dict[int, float]()
    while len(begun) + len(sent_away) < len(rows):
        while len(under_way) < hands and (row := waiting.next(now)) is not None:
            begun[row.delivery] = now
            under_way[row.delivery] = now + seconds
        for gate in (*first, *second):
            inside = sum(gate in through[number] for number in under_way)
            assert inside <= gate.throttle.most
        opens = waiting.opens if len(under_way) < hands else None
        ends = [*under_way.values(), *([opens] if opens is not None else [])]
        assert ends or len(begun) + len(sent_away) == len(rows), "rows wait and nothing will come"
        now = max(now, min(ends, default=now))
        for number in [number for number, end in under_way.items() if end <= now]:
            del under_way[number]
            waiting.over(claim(number, "example.org"), now)

    assert sorted([*begun, *sent_away]) == list(through)
    assert len(waiting) == 0
    for gate in (*first, *second):
        times = sorted(at for number, at in begun.items() if gate in through[number])
        assert all(b - a >= gate.gap - 1e-9 for a, b in pairwise(times))


def test_rows_of_a_gate_that_rests_are_sent_away_one_before_the_others() -> None:
    gate = Gate("down.example", Throttle(1))
    away: list[float] = []
    rows = Rows(lambda _: (gate,), lambda _, seconds: away.append(seconds))
    rows.add([claim(number, "down.example") for number in range(5)])
    first = rows.next(0.0)
    assert first is not None
    assert rows.next(0.0) is None  # the others are aside
    rested = [gate.put_off(1.0) for _ in range(10)]
    rows.over(first, 1.0)

    assert rested == [0.0] * 9 + [300.0]
    assert rows.next(1.0) is None
    assert away == [300.0, 360.0, 360.0, 360.0]


def test_rest_grows_until_something_is_taken() -> None:
    gate, now, rests = Gate("down.example", Throttle(4)), 0.0, []
    for _ in range(15):
        if seconds := gate.put_off(now):
            rests.append(seconds)
            now += seconds
    gate.answered()
    again = [gate.put_off(now) for _ in range(10)]

    assert rests == [300.0, 600.0, 1200.0, 2400.0, 3600.0, 3600.0]
    assert again[-1] == 300.0


def test_interleaving_keeps_the_share_of_each_domain_everywhere() -> None:
    rows = [claim(n, "gmail.com") for n in range(300)]
    rows += [claim(300 + n, f"d{n % 50}.example") for n in range(200)]
    mixed = interleaved(rows, lambda row: row.address.domain)

    for start in range(0, 500, 50):
        part = Counter(row.address.domain for row in mixed[start : start + 50])
        assert 20 <= part["gmail.com"] <= 40
    assert sorted(row.delivery for row in mixed) == list(range(500))


def test_interleaving_leaves_confirmations_in_front() -> None:
    rows = [claim(0, "a.example", confirms=True), *(claim(n, "b.example") for n in range(1, 4))]

    assert interleaved(rows, lambda row: row.address.domain)[0].delivery == 0

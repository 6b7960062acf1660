"""Batches: which items share a statement, and which result each item gets."""

import asyncio

import pytest

from nestmap.background import Background
from nestmap.database import DatabaseError, Locked, Overloaded, Refused, TimedOut, Unavailable
from nestmap.sessions.batch_rules import BatchRules
from nestmap.sessions.batcher import Batcher, BatchLimits
from tests.support.awaiting import awaited

LIMITS = BatchLimits(items=4, waiting=6, slow_after=0.01, running=2, timeout=30)
HASTY = BatchLimits(items=4, waiting=6, slow_after=0.01, running=1, timeout=0.03)


NO_RULES = BatchRules()


class Sender:
    """Returns the items of a batch in capitals; `held` batches wait until they are released."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.faulty: dict[str, Exception] = {}
        self.held: set[str] = set()
        self._let_go = asyncio.Event()
        self._sent = asyncio.Event()

    async def __call__(self, units):
        items = ["+".join(unit.items) for unit in units]
        self.batches.append(items)
        self._sent.set()
        if self.held & set(items):
            await self._let_go.wait()
        for item in items:
            if item in self.faulty:
                raise self.faulty[item]
        return [item.upper() for item in items]

    def let_go(self) -> None:
        self.held.clear()
        self._let_go.set()

    async def has_sent(self, count: int) -> None:
        """Wait until `count` batches have been sent."""
        async with asyncio.timeout(10):
            while len(self.batches) < count:
                self._sent.clear()
                await self._sent.wait()


def batcher(sender, limits=LIMITS, rules=NO_RULES):
    return Batcher("try", sender, Background(), rules=rules, limits=limits)


def first(item):
    return item[0]


async def outcomes(futures):
    return await asyncio.gather(*futures, return_exceptions=True)


@awaited
async def test_a_single_item_is_sent_at_once():
    sender = Sender()
    assert await batcher(sender).submit("a") == "A"
    assert sender.batches == [["a"]]


@awaited
async def test_items_of_one_turn_share_a_statement_and_each_gets_its_own_result():
    sender = Sender()
    tried = batcher(sender)
    assert await outcomes(map(tried.submit, "abc")) == ["A", "B", "C"]
    assert sender.batches == [["a", "b", "c"]]


@awaited
async def test_what_arrives_while_a_batch_runs_goes_in_the_next_one():
    sender = Sender()
    # A batch is slow after half a minute only, so that no other batch overtakes it.
    tried = batcher(sender, BatchLimits(items=4, slow_after=30))
    sender.held = {"a"}
    first = tried.submit("a")
    await sender.has_sent(1)
    later = [tried.submit(item) for item in "bcdef"]
    sender.let_go()
    assert await outcomes([first, *later]) == list("ABCDEF")
    assert sender.batches == [["a"], ["b", "c", "d", "e"], ["f"]]


@awaited
async def test_what_arrives_with_the_results_of_a_batch_goes_in_the_next_one():
    sender = Sender()
    tried = batcher(sender, BatchLimits(slow_after=30))
    sender.held = {"a"}
    answered = tried.submit("a")

    async def ask_again():
        await answered
        return await tried.submit("c")

    again = asyncio.create_task(ask_again())
    await sender.has_sent(1)
    waiting = tried.submit("b")
    sender.let_go()
    assert await outcomes([waiting, again]) == ["B", "C"]
    assert sender.batches == [["a"], ["b", "c"]]


@pytest.mark.parametrize(
    ("turns", "batches"),
    [
        ({"a": 0, "b": 1}, [["a"], ["b"]]),
        ({"a": 0, "b": 0, "c": 1, "d": 2, "e": 3}, [["a", "b", "c", "d"], ["e"]]),
    ],
    ids=["a single item does not wait", "several wait for those of two more turns"],
)
@awaited
async def test_a_batch_starts_later_if_more_items_come(turns, batches):
    sender = Sender()
    tried = batcher(sender, BatchLimits(slow_after=30))

    async def submit_after(turns, item):
        for _ in range(turns):
            await asyncio.sleep(0)
        return await tried.submit(item)

    await outcomes(submit_after(turn, item) for item, turn in turns.items())
    assert sender.batches == batches


@awaited
async def test_two_items_with_one_key_never_share_a_statement_and_keep_their_order():
    sender = Sender()
    tried = batcher(sender, rules=BatchRules(first))
    asked = ["a1", "b1", "a2", "a3", "b2"]
    assert await outcomes(map(tried.submit, asked)) == ["A1", "B1", "A2", "A3", "B2"]
    assert sender.batches == [["a1", "b1"], ["a2", "b2"], ["a3"]]


@awaited
async def test_an_error_of_one_item_is_raised_for_that_item_only():
    sender = Sender()
    sender.faulty = {"c": Refused("22P05", "not this character")}
    told = await outcomes(map(batcher(sender).submit, "abcd"))
    assert [one for one in told if isinstance(one, str)] == ["A", "B", "D"]
    assert isinstance(told[2], Refused)
    assert told[2].sqlstate == "22P05"
    assert ["c"] in sender.batches


@awaited
async def test_errors_of_several_items_are_raised_for_those_items_only():
    sender = Sender()
    sender.faulty = {item: Refused("22023", item) for item in "bd"}
    told = await outcomes(map(batcher(sender).submit, "abcd"))
    assert [str(one) for one in told] == ["A", "22023 b", "C", "22023 d"]


@awaited
async def test_an_item_with_a_locked_row_is_repeated_alone_and_succeeds():
    sender = Sender()

    async def send(units):
        attempts = sender.batches.count(["b"])
        sender.faulty = {"b": Locked("held")} if attempts < 2 else {}
        return await sender(units)

    assert await outcomes(map(batcher(send).submit, "ab")) == ["A", "B"]
    assert sender.batches.count(["b"]) == 3


@awaited
async def test_a_locked_row_is_not_waited_for_beyond_the_time_of_the_item():
    sender = Sender()
    sender.faulty = {"b": Locked("held")}
    tried = batcher(sender, BatchLimits(items=4, timeout=0.6))
    told = await outcomes(map(tried.submit, "ab"))
    assert told[0] == "A"
    assert isinstance(told[1], Locked)
    assert sender.batches.count(["b"]) == 1


@awaited
async def test_an_outage_is_raised_for_each_item_with_its_own_exception():
    sender = Sender()
    sender.faulty = {"b": Unavailable("away")}
    told = await outcomes(map(batcher(sender).submit, "abc"))
    assert [type(one) for one in told] == [Unavailable] * 3
    assert len(set(map(id, told))) == 3
    assert sender.batches == [["a", "b", "c"]]


@awaited
async def test_a_bug_in_send_fails_all_items_and_is_logged(caplog):
    sender = Sender()
    sender.faulty = {"a": ZeroDivisionError("a mistake")}
    tried = batcher(sender)
    told = await outcomes(map(tried.submit, "ab"))
    assert [type(one) for one in told] == [DatabaseError] * 2
    sender.faulty = {}
    assert await tried.submit("c") == "C"
    assert "try batch failed" in caplog.text
    assert "a mistake" in caplog.text


@awaited
async def test_an_exception_among_the_results_is_raised_for_its_item():
    async def send(units):
        items = [unit.item for unit in units]
        return [KeyError(item) if item == "b" else item.upper() for item in items]

    told = await outcomes(map(batcher(send).submit, "abc"))
    assert (told[0], type(told[1]), told[2]) == ("A", KeyError, "C")


@awaited
async def test_an_item_above_the_queue_limit_is_refused_at_once():
    sender = Sender()
    tried = batcher(sender)
    waiting = [tried.submit(item) for item in "abcdef"]
    with pytest.raises(Overloaded, match="try"):
        tried.submit("g")
    assert await outcomes(waiting) == list("ABCDEF")
    assert await tried.submit("g") == "G"


@awaited
async def test_the_items_of_slow_batches_count_among_those_that_wait():
    sender = Sender()
    sender.held = {"a", "e"}
    tried = batcher(sender)
    waiting = [tried.submit(item) for item in "abcdef"]
    await sender.has_sent(2)
    waiting += [tried.submit(item) for item in "ghij"]
    with pytest.raises(Overloaded, match="try"):
        tried.submit("k")
    sender.let_go()
    assert await outcomes(waiting) == list("ABCDEFGHIJ")


@awaited
async def test_answered_items_do_not_count_while_one_of_their_batch_has_a_locked_row():
    sender = Sender()
    sender.faulty = {"a": Locked("held")}
    tried = batcher(sender)
    locked, *answered = [tried.submit(item) for item in "abcd"]
    assert await outcomes(answered) == list("BCD")
    sender.held = {"e"}
    slow = [tried.submit(item) for item in "efgh"]
    while ["e", "f", "g", "h"] not in sender.batches:
        await asyncio.wait([locked], timeout=LIMITS.slow_after)
    # They are counted at each check of the times.
    await asyncio.wait([locked], timeout=3 * LIMITS.slow_after)
    slow += [tried.submit(item) for item in "ijklm"]
    with pytest.raises(Overloaded):
        tried.submit("n")
    sender.faulty = {}
    sender.let_go()
    assert await outcomes([locked, *slow]) == list("AEFGHIJKLM")


@awaited
async def test_items_that_have_their_results_do_not_count():
    sender = Sender()
    tried = batcher(sender)
    for _ in range(2 * (LIMITS.waiting + LIMITS.items)):
        assert await tried.submit("a") == "A"
    sender.faulty = {"a": RuntimeError("a defect")}
    for _ in range(2 * (LIMITS.waiting + LIMITS.items)):
        with pytest.raises(DatabaseError, match="try failed"):
            await tried.submit("a")


@awaited
async def test_a_slow_batch_is_overtaken_by_as_many_as_may_run():
    sender = Sender()
    sender.held = {"a", "b"}
    tried = batcher(sender)
    first = tried.submit("a")
    await sender.has_sent(1)
    assert await tried.submit("c") == "C"
    second = tried.submit("b")
    await sender.has_sent(3)
    third = tried.submit("d")
    # Two slow batches are running, the maximum: the third waits for one of them.
    await asyncio.wait([third], timeout=5 * LIMITS.slow_after)
    assert [first.done(), second.done(), third.done()] == [False] * 3
    sender.let_go()
    assert await outcomes([first, second, third]) == ["A", "B", "D"]


@awaited
async def test_an_item_of_a_running_batch_fails_when_its_time_is_over():
    sender = Sender()
    sender.held = {"a"}
    tried = batcher(sender, HASTY)
    first = tried.submit("a")
    await sender.has_sent(1)
    with pytest.raises(TimedOut, match="no answer in time"):
        await first
    sender.let_go()
    assert await tried.submit("b") == "B"


@awaited
async def test_an_item_in_the_queue_fails_when_its_time_is_over_and_is_never_sent():
    sender = Sender()
    sender.held = {"a"}
    tried = batcher(sender, HASTY)
    first = tried.submit("a")
    await sender.has_sent(1)
    with pytest.raises(TimedOut, match="too long in the queue"):
        await tried.submit("b")
    sender.let_go()
    assert await tried.submit("c") == "C"
    assert isinstance((await outcomes([first]))[0], TimedOut)
    assert [item for batch in sender.batches for item in batch] == ["a", "c"]


@awaited
async def test_time_that_a_request_has_waited_before_counts():
    sender = Sender()
    sender.held = {"a", "b"}
    tried = batcher(sender)
    since = asyncio.get_running_loop().time() - LIMITS.timeout
    late, early = tried.submit("a", since), tried.submit("b")
    with pytest.raises(TimedOut):
        await late
    assert not early.done()
    sender.let_go()
    assert await early == "B"


@awaited
async def test_an_item_whose_caller_gave_up_is_not_sent_and_affects_no_other():
    sender = Sender()
    sender.held = {"a"}
    tried = batcher(sender, BatchLimits(items=4, slow_after=30))
    running, waiting = tried.submit("a"), tried.submit("b")
    await sender.has_sent(1)
    gone, other = tried.submit("c"), tried.submit("d")
    running.cancel()
    gone.cancel()
    sender.let_go()
    assert await outcomes([waiting, other]) == ["B", "D"]
    assert sender.batches == [["a", "b"], ["d"]]


MERGED = BatchRules(first, merges=True, repeats=True)


@awaited
async def test_items_with_one_key_that_are_merged_go_as_one():
    sender = Sender()
    sender.held = {"a1"}
    tried = batcher(sender, BatchLimits(items=4, slow_after=30), MERGED)
    alone = tried.submit("a1")
    await sender.has_sent(1)
    waiting = [tried.submit(item) for item in ("a2", "b1", "a3")]
    sender.let_go()
    assert await outcomes([alone, *waiting]) == ["A1", "A2+A3", "B1", "A2+A3"]
    assert sender.batches == [["a1"], ["a2+a3", "b1"]]


@awaited
async def test_no_item_overtakes_a_slow_one_with_its_key_and_the_others_keep_their_places():
    sender = Sender()
    sender.held = {"a1"}
    tried = batcher(sender, LIMITS, MERGED)
    slow = tried.submit("a1")
    await sender.has_sent(1)
    waiting = [tried.submit(item) for item in ("a2", "a3", "a4", "b1", "a5", "c1")]
    assert await asyncio.wait_for(waiting[3], 10) == "B1"
    assert sender.batches == [["a1"], ["b1", "c1"]]
    sender.let_go()
    assert await slow == "A1"
    await outcomes(waiting)
    assert sender.batches == [["a1"], ["b1", "c1"], ["a2+a3+a4+a5"]]


@awaited
async def test_many_items_of_a_key_that_is_running_delay_no_other_key():
    sender = Sender()
    sender.held.add("a1")
    merging = BatchRules(first, merges=True)
    tried = batcher(sender, BatchLimits(items=2, slow_after=0.01, running=2), merging)
    ones = [tried.submit("a1")]
    await sender.has_sent(1)
    ones += [tried.submit(f"a{n}") for n in range(2, 12)]
    assert await tried.submit("b1") == "B1"
    sender.let_go()
    await asyncio.gather(*ones)
    assert sender.batches[:2] == [["a1"], ["b1"]]


EIGHT = BatchLimits(items=8, slow_after=0.01, running=2)


async def behind_a_slow_batch(keys):
    """Send a batch with the first item of each key; return its sender, the batcher and the futures."""
    sender = Sender()
    sender.held.add("a1")
    tried = batcher(sender, EIGHT, BatchRules(first, merges=True))
    slow = [tried.submit(f"{key}1") for key in keys]
    await sender.has_sent(1)
    return sender, tried, slow


@awaited
async def test_few_items_at_a_time_overtake_a_slow_batch_that_is_full():
    sender, tried, slow = await behind_a_slow_batch("abcdefgh")
    later = [tried.submit(f"{key}1") for key in "ijklmnop"]
    assert await later[-1] == "P1"
    sender.let_go()
    await outcomes(slow)
    assert [len(batch) for batch in sender.batches] == [8, 2, 2, 2, 2]


@pytest.mark.parametrize(("waiting", "overtaken"), [("abc", True), ("abcde", False)])
@awaited
async def test_an_item_overtakes_few_of_those_that_wait_behind_a_slow_batch(waiting, overtaken):
    sender, tried, slow = await behind_a_slow_batch("abcdefgh")
    behind = [tried.submit(f"{key}2") for key in waiting]
    last = tried.submit("i1")
    await asyncio.wait([last], timeout=10 if overtaken else 5 * EIGHT.slow_after)
    assert last.done() == overtaken
    sender.let_go()
    await outcomes([*slow, *behind, last])


@awaited
async def test_waiting_items_of_many_keys_that_are_running_delay_no_other_key():
    sender, tried, slow = await behind_a_slow_batch("abcd")
    slow += [tried.submit(f"{key}2") for key in "abcd"]
    assert await asyncio.wait_for(tried.submit("e1"), 10) == "E1"
    sender.let_go()
    await outcomes(slow)


@awaited
async def test_an_item_whose_caller_gave_up_delays_others_with_its_key_only_while_it_is_sent():
    sender = Sender()
    sender.faulty = {"b1": Locked("held")}
    tried = batcher(sender, LIMITS, MERGED)
    given_up, locked = tried.submit("a1"), tried.submit("b1")
    await sender.has_sent(1)
    given_up.cancel()
    assert await tried.submit("a2") == "A2"
    assert not locked.done()
    sender.faulty = {}
    assert await locked == "B1"


@awaited
async def test_after_its_answer_an_item_delays_no_other_with_its_key():
    sender = Sender()
    sender.faulty = {"a1": Locked("held")}

    async def send(units):
        # A lock is waited for.
        await asyncio.sleep(0.01)
        return await sender(units)

    tried = batcher(send, LIMITS, MERGED)
    locked, answered = tried.submit("a1"), tried.submit("b1")
    assert await answered == "B1"
    assert await tried.submit("b2") == "B2"
    assert not locked.done()
    sender.faulty = {}
    assert await locked == "A1"


@awaited
async def test_after_its_time_limit_an_item_that_was_sent_still_delays_the_others_with_its_key():
    sender = Sender()
    sender.held = {"a1"}
    limits = BatchLimits(items=4, slow_after=0.01, running=2, timeout=0.03)
    tried = batcher(sender, limits, MERGED)
    slow = tried.submit("a1")
    await sender.has_sent(1)
    assert [type(one) for one in await outcomes([slow])] == [TimedOut]
    waiting = [tried.submit("a2"), tried.submit("b1")]
    assert await waiting[1] == "B1"
    assert sender.batches == [["a1"], ["b1"]]
    sender.let_go()
    assert await waiting[0] == "A2"


@awaited
async def test_the_fault_of_one_of_several_that_were_merged_is_told_to_that_one_alone():
    sender = Sender()
    sender.faulty = {"a1+a2": Refused("22P05", "no"), "a2": Refused("22P05", "no")}
    told = await outcomes(map(batcher(sender, rules=MERGED).submit, ["a1", "a2", "b1"]))
    assert (told[0], type(told[1]), told[2]) == ("A1", Refused, "B1")


@awaited
async def test_those_that_were_merged_with_a_faulty_one_are_stored_in_order_and_never_side_by_side():
    stored: list[str] = []

    async def send(units):
        (unit,) = units  # A statement changes a row once.
        await asyncio.sleep(0)
        if "a5" in unit.items:
            raise Refused("22P05", "no")
        stored.extend(unit.items)
        return [unit.item]

    names = [f"a{n}" for n in range(1, 9)]
    told = await outcomes(map(batcher(send, BatchLimits(), MERGED).submit, names))
    assert [n for n, one in zip(names, told, strict=True) if isinstance(one, Refused)] == ["a5"]
    assert stored == [name for name in names if name != "a5"]


@awaited
async def test_items_of_a_batch_that_was_cancelled_before_it_took_them_go_in_the_next_one():
    sender, background = Sender(), Background()
    tried = Batcher("try", sender, background, rules=NO_RULES, limits=LIMITS)
    # The second item makes the batch wait for another turn of the loop.
    waiting = [tried.submit("a"), tried.submit("b")]
    assert not await background.drain(0)
    assert not sender.batches
    assert await asyncio.wait_for(outcomes(waiting), 10) == ["A", "B"]

"""G5: requests of one session that run at once do not lose each other's changes."""


def ids(count: int, prefix: str) -> list[str]:
    return [f"{prefix}{number:02}" for number in range(count)]


def test_sixty_places_put_at_once_on_two_instances_are_all_stored(tourist):
    tourist.register()
    sent = [tourist.send_place(place, at=n % 2) for n, place in enumerate(ids(60, "p"))]
    assert {each.answer().status for each in sent} == {201}
    assert tourist.place_ids(at=0) == tourist.place_ids(at=1) == ids(60, "p")


def test_simultaneous_deletions_and_additions_are_all_stored(tourist):
    for place in ids(30, "old"):
        tourist.put_place(place)
    sent = []
    for number, (old, new) in enumerate(zip(ids(30, "old"), ids(30, "new"), strict=True)):
        sent.append(tourist.send("DELETE", f"/api/places/{old}", at=number % 2))
        sent.append(tourist.send_place(new, at=(number + 1) % 2))
    assert {each.answer().status for each in sent} == {201, 204}
    assert tourist.place_ids() == ids(30, "new")


def test_two_simultaneous_writes_of_one_place_leave_one_of_the_two(tourist):
    tourist.put_place("lisbon", "first")
    names = [f"name {number}" for number in range(20)]
    sent = [tourist.send_place("lisbon", name, at=n % 2) for n, name in enumerate(names)]
    assert {each.answer().status for each in sent} == {200}
    (place,) = tourist.places()
    assert place["name"] in names


def test_a_change_during_a_sign_in_is_kept_or_refused_and_never_lost(tourist, relay):
    """A 201 means that the place is stored; the other response is 401 session_ended."""
    tourist.register()
    for turn in range(10):
        place = f"p{turn}"
        change = tourist.send_place(place, at=turn % 2)
        signed_in = tourist.sign_in(at=1 - turn % 2)
        answer = change.answer()
        # This test is about what is stored, not about which response the browser read last.
        tourist.read(signed_in)
        assert answer.status in {201, 401}
        assert tourist.signed_in()
        assert (place in tourist.place_ids()) == (answer.status == 201)


def test_changes_of_different_visitors_are_never_mixed_up(tourist, pair):
    """A batch has changes of many sessions; each change goes to its own row."""
    visitors = [tourist.twin() for _ in range(20)]
    for visitor in visitors:
        visitor.jar.clear()
    sent = [
        visitor.send_place(f"of-{number}-{n}", at=(number + n) % 2)
        for number, visitor in enumerate(visitors)
        for n in range(1)
    ]
    assert {each.answer().status for each in sent} == {201}
    for number, visitor in enumerate(visitors):
        assert visitor.place_ids() == [f"of-{number}-0"]

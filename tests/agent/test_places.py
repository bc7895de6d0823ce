"""Who is sent away when there is no room, and who waits."""

import threading

import pytest
from axpair_agent.errors import CallError
from axpair_agent.places import DEFAULT_PLACES, Call, Places

METHOD = "/axpair.v1.Models/Load"


class Visitor:
    """A call whose cancelling can be seen."""

    def __init__(self, peer: str, method: str = METHOD, watches: bool = False) -> None:
        self.cancelled = threading.Event()
        self.call = Call(method, peer, self.cancelled.set, watches)


def arrive(places: Places, *peers: str) -> list[Visitor]:
    visitors = [Visitor(peer) for peer in peers]
    for visitor in visitors:
        places.arrive(visitor.call)
    return visitors


def test_a_call_without_a_message_is_ended_in_time() -> None:
    (visitor,) = arrive(Places(first_seconds=0.01), "a")
    assert visitor.cancelled.wait(60)


def test_one_too_many_costs_the_connection_with_the_most() -> None:
    visitors = arrive(Places(max_waiting=4), "few", "many", "many", "other", "few and last")
    assert [visitor.cancelled.is_set() for visitor in visitors] == [False, True, False, False, False]


def test_served_calls_take_no_place_from_waiting_ones() -> None:
    places = Places(max_waiting=2)
    served = arrive(places, "a", "b")
    for visitor in served:
        places.admit(visitor.call)
    waiting = arrive(places, "a", "b")
    assert not any(visitor.cancelled.is_set() for visitor in (*served, *waiting))


def test_without_a_place_in_time_a_call_is_told_that_the_agent_is_busy() -> None:
    places = Places(first_seconds=0.05)
    visitors = [Visitor("a") for _ in range(DEFAULT_PLACES + 1)]
    for visitor in visitors[:-1]:
        places.arrive(visitor.call)
        places.admit(visitor.call)
    places.arrive(visitors[-1].call)
    with pytest.raises(CallError, match=f"serves {DEFAULT_PLACES} calls"):
        places.admit(visitors[-1].call)
    places.leave(visitors[0].call)
    other = Visitor("b")
    places.arrive(other.call)
    places.admit(other.call)
    assert not any(visitor.cancelled.is_set() for visitor in visitors[:-1])


def test_a_place_that_gets_free_goes_to_who_waits_for_it() -> None:
    places = Places()
    visitors = [Visitor("a") for _ in range(DEFAULT_PLACES + 1)]
    for visitor in visitors:
        places.arrive(visitor.call)
    for visitor in visitors[:-1]:
        places.admit(visitor.call)
    admitted = threading.Thread(target=places.admit, args=(visitors[-1].call,))
    admitted.start()
    places.leave(visitors[3].call)
    admitted.join(60)
    assert not admitted.is_alive()


def test_a_call_that_does_nothing_makes_room_for_another() -> None:
    places = Places(idle_seconds=0.0)
    visitors = [Visitor("crowd") for _ in range(DEFAULT_PLACES - 1)] + [Visitor("alone")]
    for visitor in visitors:
        places.arrive(visitor.call)
        places.admit(visitor.call)
        places.waits(visitor.call)
    other = Visitor("another")
    places.arrive(other.call)
    waiting = threading.Thread(target=places.admit, args=(other.call,))
    waiting.start()
    assert visitors[0].cancelled.wait(60)
    places.leave(visitors[0].call)
    waiting.join(60)
    assert [visitor.cancelled.is_set() for visitor in visitors[1:]] == [False] * (DEFAULT_PLACES - 1)


def test_who_only_watches_is_idle_all_the_time_and_who_works_never() -> None:
    places = Places(idle_seconds=0.0, first_seconds=0.05)
    working = [Visitor("a") for _ in range(DEFAULT_PLACES - 1)]
    watching = Visitor("b", watches=True)
    for visitor in (*working, watching):
        places.arrive(visitor.call)
        places.admit(visitor.call)
    late = Visitor("c")
    places.arrive(late.call)
    with pytest.raises(CallError):  # nobody leaves here, though told
        places.admit(late.call)
    assert watching.cancelled.is_set()
    assert not any(visitor.cancelled.is_set() for visitor in working)


def test_a_call_that_is_over_leaves_when_its_thread_is_back() -> None:
    places = Places(first_seconds=0.05)
    visitors = [Visitor("a") for _ in range(DEFAULT_PLACES)]
    for visitor in visitors:
        places.arrive(visitor.call)
        places.admit(visitor.call)
    places.end(visitors[0].call)
    late = Visitor("b")
    places.arrive(late.call)
    with pytest.raises(CallError):
        places.admit(late.call)
    places.pause(visitors[0].call)
    later = Visitor("b")
    places.arrive(later.call)
    places.admit(later.call)

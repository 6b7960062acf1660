"""Divides the connections of one process among its pools."""


def shares(total: int, *weights: int) -> list[int]:
    """Return how many of ``total`` connections each pool gets, by weight and at least one each.

    Each pool has its own connections, so that slow work in one does not delay the others.
    Raises ValueError if there are fewer connections than pools.
    """
    if total < len(weights):
        raise ValueError(f"at least {len(weights)} connections are needed")
    given = [1] * len(weights)
    while sum(given) < total:
        wants = [weight / share for weight, share in zip(weights, given, strict=True)]
        given[wants.index(max(wants))] += 1
    return given

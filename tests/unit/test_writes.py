"""Changes of one session that are sent as one do what they do one after the other."""

from hypothesis import given
from hypothesis import strategies as st

from nestmap.sessions import Client
from nestmap.sessions.writes import Update, merged

KEYS = st.sampled_from("abcd")
CHANGES = st.builds(
    lambda changed, removed, replaces: Update(
        sid="s",
        changed=changed,
        removed=sorted(removed - set(changed)),
        replaces=replaces,
        client=Client(),
    ),
    st.dictionaries(KEYS, st.binary(max_size=1)),
    st.sets(KEYS),
    st.booleans(),
)


def after(data, change):
    kept = {} if change.replaces else {k: v for k, v in data.items() if k not in change.removed}
    return kept | change.changed


@given(st.dictionaries(KEYS, st.just(b"!")), st.lists(CHANGES, min_size=1, max_size=5))
def test_merged_changes_do_what_they_do_one_after_the_other(data, changes):
    expected = data
    for change in changes:
        expected = after(expected, change)
    assert after(data, merged(changes)) == expected

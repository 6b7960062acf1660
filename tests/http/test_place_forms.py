"""Pinning, editing, removing and finding places on the page, without JavaScript."""

import re
from urllib.parse import quote

import pytest

from tests.support.follow import follow, fragment
from tests.support.page import Page, submit
from tests.support.visitor import Visitor


def pin(visitor, **fields):
    """Fill in the form of the home page and send it; return the answer to the post."""
    home = visitor.get("/")
    return submit(visitor, home, Page(home).form(action="/places"), "/", **fields)


def said(page) -> str:
    """Return the text of the status line of the page, or ""."""
    source = page.text
    start = source.find('role="status"')
    return Page(page).text if start < 0 else source[start : source.find("</div>", start)]


def cards(page) -> list[str]:
    """Return the names of the places on the board, from the top."""
    found = Page(page)
    return [text.strip() for text in found.headings(3)]


def test_after_pinning_the_page_confirms_it_once_and_shows_the_new_place_first(visitor):
    pin(visitor, name="Lisbon")
    answer = pin(visitor, name="Porto")
    place_id = fragment(visitor.twin(), answer)
    home = follow(visitor, answer)
    assert "Porto is pinned." in said(home)
    assert cards(home) == ["Porto", "Lisbon"]
    assert f'id="{place_id}"' in home.text
    assert "Porto is pinned." not in visitor.get("/").text


def test_showing_the_status_line_writes_nothing(visitor, shared_database):
    answer = pin(visitor, name="Lisbon")
    version = "select xmin::text, ctid::text from session"
    before = shared_database.all(version)
    assert "is pinned" in follow(visitor, answer).text
    assert shared_database.all(version) == before


def test_a_forged_status_line_is_not_shown(visitor):
    visitor.jar.put("nestmap.flash", "2|1:0|10:1|13:nestmap.flash|4:eyJ9|0")
    assert visitor.get("/").status == 200


def test_a_form_that_is_sent_twice_pins_once(visitor):
    home = visitor.get("/")
    form = Page(home).form(action="/places").fields | {"name": "Lisbon"}
    visitor.put_place("a", "A")
    clicks = [visitor.send("POST", "/places", form=form) for _ in range(2)]
    assert [click.answer().status for click in clicks] == [303, 303]
    assert [place["name"] for place in visitor.places() if place["id"] != "a"] == ["Lisbon"]


def test_a_removed_place_of_a_visitor_can_be_restored(visitor):
    visitor.request(
        "PUT",
        "/api/places/kyoto",
        json={"name": "Kyoto", "note": "in April", "latitude": 35.02, "longitude": 135.75},
    )
    before = visitor.places()
    page = visitor.get("/")
    gone = follow(visitor, submit(visitor, page, Page(page).form(button="Remove Kyoto"), "/"))
    assert "Removed Kyoto." in said(gone)
    assert visitor.places() == []
    back = follow(visitor, submit(visitor, gone, Page(gone).form(button="Undo"), "/"))
    assert "Kyoto is back." in said(back)
    assert visitor.places() == before


def test_a_removed_place_of_an_account_can_be_restored(visitor):
    visitor.put_place("kyoto", "Kyoto")
    visitor.register()
    page = visitor.get("/")
    gone = follow(visitor, submit(visitor, page, Page(page).form(button="Remove Kyoto"), "/"))
    assert visitor.place_ids() == []
    follow(visitor, submit(visitor, gone, Page(gone).form(button="Undo"), "/"))
    assert visitor.place_ids() == ["kyoto"]


def test_a_removal_before_another_change_cannot_be_undone(visitor):
    for place in ("a", "b"):
        visitor.put_place(place, place.upper())
    page = visitor.get("/")
    gone = follow(visitor, submit(visitor, page, Page(page).form(button="Remove A"), "/"))
    undo = Page(gone).form(button="Undo")
    pin(visitor, name="Oslo")
    late = follow(visitor, submit(visitor, gone, undo, "/"))
    assert "nothing to undo" in said(late)
    assert "a" not in visitor.place_ids()


def test_after_removing_the_page_shows_the_neighbouring_place(visitor):
    for place in ("a", "b", "c"):
        visitor.put_place(place, place.upper())
    page = visitor.get("/")
    assert cards(page) == ["C", "B", "A"]
    answer = submit(visitor, page, Page(page).form(button="Remove B"), "/")
    assert answer.location == "/#a"


def test_a_place_can_be_edited(visitor):
    visitor.put_place("lisbon", "Lisbno")
    edit = visitor.get("/places/lisbon")
    form = Page(edit).form(having="name")
    assert form.fields["name"] == "Lisbno"
    answer = submit(
        visitor, edit, form, "/places/lisbon", name="Lisbon", latitude="38,72", longitude="-9.14"
    )
    assert answer.location == "/#lisbon"
    assert "Lisbon is changed." in said(follow(visitor, answer))
    (place,) = visitor.places()
    assert (place["id"], place["name"], place["latitude"]) == ("lisbon", "Lisbon", 38.72)


@pytest.mark.parametrize("position", [(37.774929, -122.4194155), (1e-7, -0.3), (90, 180), (0, 0)])
def test_a_change_of_the_note_keeps_the_position(visitor, position):
    at = dict(zip(("latitude", "longitude"), position, strict=True))
    visitor.request("PUT", "/api/places/a", json={"name": "A"} | at)
    edit = visitor.get("/places/a")
    form = Page(edit).form(having="name")
    assert "e" not in form.fields["latitude"]
    assert submit(visitor, edit, form, "/places/a", note="To see again").status == 303
    (place,) = visitor.places()
    assert place == {"id": "a", "name": "A", "note": "To see again"} | at


def as_a_browser_sends(fields: dict[str, str]) -> dict[str, str]:
    """Return the fields of a form: an <input> has no line breaks, those of a <textarea> are CR LF."""
    name = re.sub(r"[\r\n]", "", fields["name"])
    note = re.sub(r"\r\n|\r|\n", "\r\n", fields["note"])
    return fields | {"name": name, "note": note}


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("Rome\nItaly", " two blanks, \t a tab and a break \n"),
        ("\r\nRome\r ", "\r\none\rtwo\nthree\r\n\r\n"),
        (" \x01Rome\x1f", "\n\nbell: \x07, form feed: \x0c, next line: \x85"),
    ],
)
def test_saving_a_form_changes_only_what_was_edited(visitor, name, note):
    visitor.request("PUT", "/api/places/a", json={"name": name, "note": note})
    before = visitor.places()
    edit = visitor.get("/places/a")
    form = Page(edit).form(having="name")
    form.fields |= as_a_browser_sends(form.fields)
    assert submit(visitor, edit, form, "/places/a").status == 303
    assert visitor.places() == before
    assert submit(visitor, edit, form, "/places/a", note="new").status == 303
    (place,) = visitor.places()
    assert (place["name"], place["note"]) == (name, "new")
    assert submit(visitor, edit, form, "/places/a", name="Roma", note="two\r\nlines").status == 303
    (place,) = visitor.places()
    assert (place["name"], place["note"]) == ("Roma", "two\nlines")


def test_editing_an_unknown_place_is_404(visitor):
    assert visitor.get("/places/lisbon").status == 404
    visitor.put_place("a")
    assert visitor.post("/places/lisbon", form={"name": "Lisbon"}).status == 404
    assert visitor.place_ids() == ["a"]


@pytest.mark.parametrize("signed_in", [False, True])
def test_an_edited_place_that_was_removed_meanwhile_can_be_pinned_anew(visitor, signed_in):
    visitor.put_place("lisbon", "Lisbon")
    if signed_in:
        visitor.register()
    edit = visitor.get("/places/lisbon")
    visitor.delete_place("lisbon")
    typed = {"name": "Lisboa", "note": "a long story", "latitude": "38.7", "longitude": "-9.1"}
    late = submit(visitor, edit, Page(edit).form(having="name"), "/places/lisbon", **typed)
    assert late.status == 404
    assert "was removed meanwhile" in Page(late).text
    again = Page(late).form(action="/places")
    assert again.fields.items() >= typed.items()
    assert submit(visitor, late, again, "/places/lisbon").status == 303
    (place,) = visitor.places()
    assert (place["name"], place["note"]) == ("Lisboa", "a long story")


def test_the_page_lists_all_mistakes_at_once_and_keeps_what_was_typed(visitor):
    answer = pin(visitor, name="\u200b", note="n" * 501, town="Nowhere-on-Sea", latitude="north")
    assert answer.status == 400
    page = Page(answer)
    assert {"name_error", "note_error", "town_error"} <= page.ids
    form = page.form(action="/places")
    assert form.fields["town"] == "Nowhere-on-Sea"
    assert page.attribute_of("name_field", "autofocus") is not None
    assert visitor.places() == []


def test_a_place_in_a_town_is_on_the_map(visitor):
    home = follow(visitor, pin(visitor, name="The old capital", town="Kyoto"))
    (place,) = visitor.places()
    assert (place["latitude"], place["longitude"]) == (35.02, 135.75)
    assert "1 pin" in home.text


def test_a_place_with_the_name_of_a_town_is_at_that_town(visitor):
    home = follow(visitor, pin(visitor, name="Kyoto"))
    assert "Kyoto, Japan" in said(home)
    assert visitor.places()[0]["longitude"] == 135.75


def test_the_page_offers_a_choice_between_towns_with_the_same_name(visitor):
    answer = pin(visitor, name="Home", town="Springfield")
    assert answer.status == 400
    page = Page(answer)
    assert "Springfield, Illinois, United States" in page.text
    chosen = page.button_value("Springfield, Illinois")
    form = page.form(action="/places")
    sent = form.fields | {"at": chosen}
    assert visitor.post("/places", form=sent).status == 303
    (place,) = visitor.places()
    assert (place["name"], round(place["latitude"])) == ("Home", 40)


def test_a_place_without_coordinates_is_on_the_board_only(visitor):
    home = follow(visitor, pin(visitor, name="The café by the canal"))
    assert cards(home) == ["The café by the canal"]
    assert "Not on the map." in home.text
    assert "0 pins" in home.text


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [("91", "0"), ("0", "181"), ("1", ""), ("nan", "0"), ("x", "0")]
    + [(text, "0") for text in ("1_0", "infinity", "1e1", "0x1", "--1", ".", "1.2.3", "9" * 5000)],
)
def test_coordinates_out_of_range_are_refused(visitor, latitude, longitude):
    answer = pin(visitor, name="n", latitude=latitude, longitude=longitude)
    assert answer.status == 400
    assert visitor.places() == []


@pytest.mark.parametrize(
    "typed", ["35,5", "+35.5", "035.50", "\uff13\uff15.\uff15", "\u0663\u0665.\u0665"]
)
def test_coordinates_are_read_as_people_write_them(visitor, typed):
    pin(visitor, name="n", latitude=typed, longitude="-.5")
    (place,) = visitor.places()
    assert (place["latitude"], place["longitude"]) == (35.5, -0.5)


def test_one_form_sent_with_two_names_pins_two_places(visitor):
    """A browser shows the form again with its key after Back."""
    home = visitor.get("/")
    form = Page(home).form(action="/places").fields
    for name in ("京都", "東京", "Sao Tome", "São Tomé"):
        assert visitor.send("POST", "/places", form=form | {"name": name}).answer().status == 303
    assert {place["name"] for place in visitor.places()} == {"京都", "東京", "Sao Tome", "São Tomé"}


def test_the_board_has_a_filter_from_30_places_on(visitor):
    for number in range(29):
        visitor.put_place(f"p{number}", f"Place {number}")
    assert not Page(visitor.get("/")).has_field("q")
    visitor.put_place("oslo", "Oslo")
    assert Page(visitor.get("/")).has_field("q")
    assert cards(visitor.get("/?q=OSLO")) == ["Oslo"]
    assert cards(visitor.get("/?q=nothing")) == []


@pytest.fixture
def collector(visitor, shared_database):
    """Return a visitor with an account of 120 places on the equator, of which "Place 1" is the newest."""
    visitor.register()
    shared_database.execute(
        "insert into nestmap.places (user_id, id, name, latitude, longitude, created_at)"
        " select u.id, 'p' || n, 'Place ' || n, 0, n, now() - n * interval '1 minute'"
        " from nestmap.users as u, generate_series(1, 120) as n where u.email = %s",
        visitor.email,
    )
    return visitor


def pin_links(page) -> dict[str, str]:
    """Return where the pins of a page lead, by the name of the place."""
    links = [a for tag, a in Page(page).elements if tag == "a" and "aria-label" in a]
    return {link["aria-label"]: link["href"] for link in links}


def test_a_board_of_many_places_has_pages(collector):
    visitor = collector
    first = visitor.get("/")
    assert cards(first)[0] == "Place 1"
    assert len(cards(first)) == 100
    assert cards(visitor.get("/?page=2"))[-1] == "Place 120"
    for odd in ("0", "3", "-1", "x", "9" * 30, "\u0663"):
        assert cards(visitor.get(f"/?page={quote(odd)}"))
    page = visitor.get("/?page=2")
    gone = submit(visitor, page, Page(page).form(button="Remove Place 110"), "/?page=2")
    assert gone.location == "/?page=2#p111"
    last = submit(visitor, first, Page(first).form(button="Remove Place 100"), "/")
    assert last.location == "/#p101"
    assert 'id="p101"' in follow(visitor, last).text


def test_a_pin_leads_to_the_card_of_its_place_on_whichever_page_it_is(collector):
    first, second = collector.get("/"), collector.get("/?page=2")
    assert pin_links(first)["Place 7"] == "#p7"
    assert pin_links(first)["Place 110"] == "/?page=2#p110"
    assert pin_links(second)["Place 110"] == "#p110"
    assert pin_links(second)["Place 7"] == "/?page=1#p7"
    assert pin_links(collector.get("/?q=PLACE"))["Place 110"] == "/?q=PLACE&page=2#p110"
    assert 'id="p110"' in collector.get("/?q=PLACE&page=2").text


def test_the_page_of_a_place_leads_back_to_its_card(collector):
    edit = collector.get("/places/p110")
    assert pin_links(edit) == {"Place 110": "/?page=2#p110"}
    back = [a["href"] for tag, a in Page(edit).elements if tag == "a" and "#" in a.get("href", "")]
    assert back.count("/?page=2#p110") == 2


def test_a_visitor_can_delete_the_map(visitor):
    visitor.put_place("lisbon")
    page = visitor.get("/")
    answer = submit(visitor, page, Page(page).form(action="/forget"), "/")
    assert any(cookie.clears for cookie in answer.cookies)
    assert visitor.places() == []


def test_a_signed_in_user_cannot_delete_the_map_this_way(visitor):
    visitor.put_place("lisbon")
    visitor.register()
    assert "/forget" not in visitor.get("/").text
    visitor.post("/forget", form={})
    assert visitor.place_ids() == ["lisbon"]
    assert visitor.signed_in()


def test_the_page_says_how_long_places_are_kept(start_instance, shared_database):
    short = Visitor(start_instance(shared_database.url, SESSION_TTL_SECONDS=1800).url)
    text = Page(short.get("/")).text
    assert "your places for 30 minutes after your last visit, and for 7 days at most" in text
    settings = {"SESSION_ABSOLUTE_TTL_SECONDS": 3600}
    shorter = Visitor(start_instance(shared_database.url, **settings).url)
    text = Page(shorter.get("/")).text
    assert "your places for 1 hour. Register" in text


def test_a_form_of_64_kib_of_combining_marks_is_answered(visitor):
    name = "\u0344" * 5000 + "\u0316" * 5000
    answer = pin(visitor, name=name)
    assert answer.status == 400
    assert visitor.places() == []


@pytest.mark.parametrize("letter", ["n", "京", "🗺"])
def test_the_longest_texts_can_be_edited(visitor, letter):
    texts = {"name": letter * 120, "note": letter * 500}
    assert visitor.request("PUT", "/api/places/long", json=texts).status == 201
    page = Page(visitor.get("/places/long"))
    for name, text in texts.items():
        # A browser counts some characters as two, and does not send a text that was edited and is longer.
        assert (
            int(page.attribute_of(f"{name}_field", "maxlength"))
            == len(text.encode("utf-16-le")) // 2
        )

"""What a contact owns, did and went through; why it is one person; and what is changed by hand."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from graph.identity.events import read_event
from graph.kinfold import Kinfold
from tests.browser.conftest import Open, findings_of_axe

Resolve = Callable[..., dict[str, Any]]
Story = Callable[[str], str]


def test_segments_workflows_and_properties_of_a_contact_are_shown(
    open_page: Open, resolve: Resolve, kinfold: Kinfold, origin: str
) -> None:
    contact = str(resolve(email="ana@example.com", properties={"country": "FR"})["id"])
    page = open_page()
    page.evaluate(
        """async (contact) => {
            const put = (path, body) => fetch(path, {method: 'PUT', headers: {'Content-Type': 'application/json'},
                                                     body: JSON.stringify(body)});
            await put('/v1/segments/french', {kind: 'dynamic', where: {property: 'country', is: 'FR'}});
            await put('/v1/workflows/welcome', {});
            await put(`/v1/workflows/welcome/contacts/${contact}`, {status: 'active'});
            await fetch(`/v1/workflows/welcome/contacts/${contact}/runs`, {method: 'POST',
              headers: {'Content-Type': 'application/json'},
              body: JSON.stringify({node: 'mail', ran_at: '2026-11-22T10:00:00Z', data: {template: 'hello'}})});
        }""",
        contact,
    )
    page.goto(f"{origin}/#/contact/{contact}/keys")
    for text in ("french", "welcome", "active", "mail", "template: hello", "country", "FR"):
        expect(page.locator(".groups")).to_contain_text(text)
    assert not findings_of_axe(page)


def test_keys_of_declared_namespaces_stand_on_the_card_and_can_be_asked_about(
    open_page: Open, resolve: Resolve, origin: str
) -> None:
    contact = str(resolve(email="ana@example.com", tracker_id="t1")["id"])
    page = open_page()

    def with_phone(route: Route) -> None:
        answer = route.fetch().json()
        answer["keys"] |= {"loyalty_card": ["0042170035"], "app_push": ["token"]}
        push = {"id": "token", "namespace": "app_push", "shared_with": [], "state": "asleep"}
        answer["subscriptions"].append(push)
        route.fulfill(json=answer)

    def declared(route: Route) -> None:
        items = [{"name": "loyalty_card"}, {"name": "app_push", "class": "subscription"}]
        route.fulfill(json={"items": items, "next": None})

    page.route("**/v1/namespaces", declared)
    page.route(f"**/v1/contacts/{contact}", with_phone)
    page.goto(f"{origin}/#/contact/{contact}/keys")
    page.reload()
    group = page.locator(".group", has=page.get_by_role("heading", name="loyalty card"))
    expect(group.get_by_role("link", name="0042170035")).to_be_visible()
    expect(group.get_by_role("button", name="Take away the loyalty card 0042170035")).to_be_visible()
    pushes = page.locator(".group", has=page.get_by_role("heading", name="Push subscriptions"))
    expect(pushes.get_by_role("link", name="token")).to_be_visible()
    expect(pushes.get_by_text("asleep", exact=True)).to_be_visible()
    expect(pushes.get_by_role("button", name="Wake on the subscription token")).to_be_visible()
    expect(page.locator(".group", has=page.get_by_role("heading", name="app push"))).to_have_count(0)
    assert not findings_of_axe(page)
    page.goto(f"{origin}/#/contact/{contact}/why")
    expect(page.locator("#own-keys option[value='loyalty_card:0042170035']")).to_have_count(1)
    expect(page.locator("#own-keys option[value='app_push:token']")).to_have_count(1)


def test_activity_stands_by_device_and_comes_page_by_page(open_page: Open, resolve: Resolve) -> None:
    for turn in range(70):
        resolve(email="ana@example.com", tracker_id=f"t{turn % 2}", event=f"view-{turn}", message_id=f"m{turn}")
    contact = resolve(email="ana@example.com", tracker_id="t0", event="last", event_properties={"url": "/end"})["id"]
    page = open_page(f"#/contact/{contact}/activity")
    expect(page.locator(".events > li")).to_have_count(50)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".events > li")).to_have_count(71)
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()
    expect(page.get_by_role("img", name="36 activities on t0")).to_be_visible()
    expect(page.get_by_role("img", name="35 activities on t1")).to_be_visible()
    page.locator(".events summary").first.click()
    expect(page.locator(".events > li").first).to_contain_text("url: /end")
    expect(page.locator(".events > li").first.locator(".trace li").first).to_be_visible()
    page.get_by_label("Device").select_option("t1")
    expect(page.locator(".events > li")).to_have_count(35)
    expect(page).to_have_url(re.compile("/activity/t1$"))
    assert not findings_of_axe(page)


def test_history_is_told_in_words_with_what_can_be_taken_back(open_page: Open, story: Story) -> None:
    page = open_page(f"#/contact/{story('david@example.com')}/history")
    history = page.locator(".history")
    expect(history).to_contain_text("was folded into this contact by rule 3, event m51")
    expect(history.get_by_role("button", name="Un-merge")).to_have_count(3)
    assert not findings_of_axe(page)


def test_why_two_keys_are_one_persons_is_told_step_by_step_and_marked(open_page: Open, story: Story) -> None:
    page = open_page("#/why")
    page.get_by_label("This key").fill("david@example.com")
    page.get_by_label("and this one").fill("david-laptop")
    page.get_by_role("button", name="Tell why").click()
    expect(page.get_by_role("heading", name="Yes: both are David")).to_be_visible()
    expect(page.locator(".steps li")).to_have_count(4)
    expect(page.locator(".steps")).to_contain_text("by rule 4.2, event m49")
    expect(page.locator(".around .on-path").first).to_be_visible()
    assert not findings_of_axe(page)


def test_two_keys_of_different_people_are_told_apart(open_page: Open, story: Story) -> None:
    page = open_page("#/why/email:ana@example.com/tracker_id:david-phone")
    expect(page.get_by_role("heading", name="No: they belong to different contacts")).to_be_visible()
    expect(page.get_by_role("link", name="Ana")).to_be_visible()
    page = open_page("#/why/ana@example.com/nobody")
    expect(page.get_by_role("heading", name="Nobody owns both")).to_be_visible()


def test_the_keys_of_a_contact_are_offered_when_it_is_asked_why(open_page: Open, story: Story) -> None:
    contact = story("chloe@example.com")
    page = open_page(f"#/contact/{contact}/why/tracker_id:chloe-laptop")
    expect(page.get_by_label("This key")).to_have_value("tracker_id:chloe-laptop")
    options = page.locator("datalist option").evaluate_all("all => all.map(one => one.value)")
    assert {"email:chloe@example.com", "user_id:shop-1003", "subscription:push-chloe-phone"} <= set(options)
    page.get_by_role("button", name="Tell why").click()
    expect(page.locator(".steps")).to_contain_text("chloe-laptop")


def test_two_contacts_are_folded_after_a_preview_of_every_field_and_taken_apart_again(
    open_page: Open, story: Story, kinfold: Kinfold
) -> None:
    eva, bruno = story("eva@example.com"), story("bruno@example.com")
    before = [kinfold.contacts.get(eva), kinfold.contacts.get(bruno)]
    page = open_page(f"#/contact/{bruno}/change")
    page.get_by_label("The other contact's id, or a key of it").fill("eva@example.com")
    page.get_by_role("button", name="Preview").first.click()
    preview = page.get_by_role("group", name="Preview")
    expect(preview).to_be_focused()
    for text in ("would be folded", "would change", "eva@example.com", "properties._name", "merged_from"):
        expect(preview).to_contain_text(text)
    assert not findings_of_axe(page)
    assert [kinfold.contacts.get(eva), kinfold.contacts.get(bruno)] == before, "a preview writes nothing"
    preview.get_by_role("button", name="Fold them into one").click()
    expect(page).to_have_url(re.compile(f"#/contact/{bruno}"))
    expect(page.locator(".facts")).to_contain_text("3 folded in")
    assert kinfold.contacts.get(eva)["redirected_from"] == eva

    page.goto(page.url.partition("#")[0] + "#/unions")
    first = page.locator("tbody tr").first
    expect(first).to_contain_text("by hand")
    first.get_by_role("button", name="Un-merge").click()
    expect(page.get_by_role("group", name="Preview")).to_contain_text("would come back")
    page.get_by_role("group", name="Preview").get_by_role("button", name="Un-merge").click()
    expect(page).to_have_url(re.compile(f"#/contact/{bruno}"))
    expect(page.locator(".facts")).to_contain_text("2 folded in")
    assert [kinfold.contacts.get(eva), kinfold.contacts.get(bruno)] == before


def test_a_key_that_leads_to_several_contacts_asks_which_one(open_page: Open, story: Story) -> None:
    page = open_page(f"#/contact/{story('ana@example.com')}/change")
    page.get_by_label("The other contact's id, or a key of it").fill("push-martin-living-room")
    page.get_by_role("button", name="Preview").first.click()
    page.get_by_role("button", name="Julie, found by subscription").click()
    expect(page.get_by_role("group", name="Preview")).to_contain_text("julie.martin@example.com")
    page.get_by_role("button", name="Leave it as it is").click()
    expect(page.get_by_role("group", name="Preview")).to_have_count(0)


def test_keys_are_given_and_taken_after_a_preview(open_page: Open, story: Story, kinfold: Kinfold) -> None:
    ana = story("ana@example.com")
    page = open_page(f"#/contact/{ana}/change")
    card = page.locator(".card", has=page.get_by_role("heading", name="Give it a key"))
    card.get_by_label("Value").fill("new@example.com")
    card.get_by_role("button", name="Preview").click()
    card.get_by_role("group", name="Preview").get_by_role("button", name="Give it").click()
    expect(page.locator(".facts")).to_contain_text("2 names")
    page.get_by_role("link", name="Keys and properties").click()
    page.get_by_role("button", name="Take away the email new@example.com").click()
    page.get_by_role("group", name="Preview").get_by_role("button", name="Take it away").click()
    expect(page.locator(".facts")).to_contain_text("1 name")
    assert kinfold.contacts.get(ana)["emails"] == ["ana@example.com"]


def test_a_key_of_somebody_else_names_its_owner(open_page: Open, story: Story, watch: Any) -> None:
    watch.expect("409")
    page = open_page(f"#/contact/{story('ana@example.com')}/change")
    card = page.locator(".card", has=page.get_by_role("heading", name="Give it a key"))
    card.get_by_label("Value").fill("eva@example.com")
    card.get_by_role("button", name="Preview").click()
    expect(card.get_by_role("alert")).to_contain_text("Its owner is")


def test_a_union_that_is_covered_is_undone_with_those_above_it(open_page: Open, story: Story, watch: Any) -> None:
    watch.expect("409")
    page = open_page(f"#/contact/{story('david@example.com')}/history")
    folded = page.locator(".history > li", has_text="event m47")
    folded.get_by_role("button", name="Un-merge").click()
    folded.get_by_role("button", name="Preview undoing those first").click()
    expect(folded.get_by_role("group", name="Preview")).to_contain_text("would come back")


def try_event(page: Page, **fields: str) -> None:
    for label, value in fields.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Dry run").click()


def test_an_event_as_typed_shows_its_trace_and_writes_nothing(open_page: Open, story: Story, kinfold: Kinfold) -> None:
    ana = story("ana@example.com")
    before = kinfold.contacts.activity(ana)
    page = open_page("#/try")
    try_event(page, Email="ana@example.com", Tracker="david-phone")
    answer = page.get_by_role("region", name="The answer")
    expect(answer).to_contain_text("Rule 3")
    expect(answer.locator(".trace li").first).to_be_visible()
    expect(answer.get_by_role("link", name=ana)).to_be_visible()
    assert not findings_of_axe(page)
    page.get_by_role("button", name="Clear").click()
    try_event(page, Email="somebody@example.com", Tracker="ana-phone")
    expect(answer).to_contain_text("Rule 2.3")
    expect(answer).to_contain_text("a new contact would be made")
    assert kinfold.contacts.activity(ana) == before
    assert kinfold.contacts.owners("email", "somebody@example.com") == []


def test_a_bad_event_names_the_field_and_the_rule(open_page: Open, watch: Any) -> None:
    watch.expect("422")
    page = open_page("#/try")
    page.get_by_label("Properties, as JSON").fill("{")
    page.get_by_role("button", name="Dry run").click()
    expect(page.get_by_role("alert")).to_contain_text("The properties are not JSON")
    page.get_by_label("Properties, as JSON").fill("")
    try_event(page, **{"Occurred at": "yesterday"})
    expect(page.get_by_role("alert")).to_contain_text("occurred_at")


def test_what_a_person_reads_is_when_it_happened_and_its_arrival_is_a_detail(
    open_page: Open, resolve: Resolve, origin: str
) -> None:
    march = "2026-03-{:02}T09:00:00Z"
    resolve(tracker_id="t2", occurred_at=march.format(2))
    resolve(email="ana@example.com", tracker_id="t1", occurred_at=march.format(5))
    contact = resolve(email="ana@example.com", tracker_id="t2", occurred_at=march.format(9))["id"]
    page = open_page(f"#/contact/{contact}")
    expect(page.locator(".facts")).to_contain_text("seen 9 Mar 2026, 09:00 (arrived ")
    page.locator(".around").get_by_role("button", name="t2", exact=True).click()
    expect(page.get_by_role("region", name="Details")).to_contain_text("Came 2 Mar 2026, 09:00 (arrived ")
    page.locator(".around button.folded").click()
    expect(page.get_by_role("region", name="Details")).to_contain_text("Folded 9 Mar 2026, 09:00 (arrived ")
    page.get_by_role("link", name="Keys and properties").click()
    expect(page.locator(".groups")).to_contain_text("first 2 Mar 2026, 09:00 (arrived ")
    expect(page.locator(".groups")).to_contain_text("last 9 Mar 2026, 09:00 (arrived ")
    page.get_by_role("link", name="History").click()
    expect(page.locator(".history > li").first).to_contain_text("9 Mar 2026, 09:00 (arrived ")
    page.goto(f"{origin}/#/unions")
    expect(page.locator("tbody time").first).to_have_attribute("title", re.compile("^9 Mar 2026, 09:00 .*arrived "))
    page.goto(f"{origin}/#/search/ana@example.com")
    expect(page.locator(".facts")).to_contain_text("9 Mar 2026")


def test_what_is_one_more_is_said_as_one(open_page: Open, resolve: Resolve) -> None:
    for turn in range(9):
        resolve(email="ana@example.com", tracker_id=f"t{turn}")
    contact = resolve(email="ana@example.com")["id"]
    page = open_page(f"#/contact/{contact}/keys")
    page.get_by_role("button", name="Show 1 more", exact=True).click()
    expect(page.get_by_role("link", name="t8")).to_be_visible()


def test_an_undone_union_is_folded_again_in_the_page(open_page: Open, story: Story, kinfold: Kinfold) -> None:
    union = kinfold.unions.page(limit=1)[0][0] if story("ana@example.com") else {}
    kinfold.unions.undo(union["id"])
    page = open_page("#/unions")
    page.locator("tr.undone").get_by_role("button", name="Fold again").click()
    page.locator("tr.below").get_by_role("button", name="Fold them again").click()
    expect(page).to_have_url(re.compile(f"#/contact/{union['target']}"))
    assert kinfold.contacts.get(union["source"])["redirected_from"] == union["source"]


@pytest.mark.parametrize("dark", [False, True], ids=["day", "night"])
@pytest.mark.parametrize("width", [1280, 390])
def test_activity_is_filtered_by_event_and_date_and_the_strip_jumps_to_a_day(
    open_page: Open, kinfold: Kinfold, width: int, dark: bool
) -> None:
    for start in range(0, 180, 60):
        kinfold.resolver.resolve(
            [
                read_event(
                    {
                        "email": "busy@example.com",
                        "tracker_id": "t1" if turn % 2 else "t2",
                        "event": "purchase" if turn % 3 == 0 else "page_view",
                        "message_id": f"m{turn}",
                        "occurred_at": f"2026-{1 + turn // 60:02}-{1 + turn % 28:02}T12:00:00Z",
                    }
                )
                for turn in range(start, start + 60)
            ]
        )
    contact = kinfold.contacts.owners("email", "busy@example.com")[0]["id"]
    page = open_page(f"#/contact/{contact}/activity", width=width, dark=dark)
    strip = page.get_by_role("group", name="Activity over time")
    expect(strip.locator("button:enabled").first).to_be_visible()
    expect(page.locator(".strip")).to_contain_text("180 activities in all")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not findings_of_axe(page)
    page.get_by_label("Event").select_option("purchase")
    expect(page).to_have_url(re.compile("/activity//event%3Dpurchase$"))
    expect(page.locator(".strip")).to_contain_text("60 activities in all")
    expect(page.locator(".events strong").first).to_have_text("purchase")
    assert set(page.locator(".events strong").all_inner_texts()) == {"purchase"}
    page.get_by_label("From", exact=True).fill("2026-01-10")
    page.get_by_label("To", exact=True).fill("2026-01-12")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("[data-day]")).to_have_count(2)
    days = page.locator("[data-day]").evaluate_all("parts => parts.map(part => part.dataset.day)")
    assert min(days) >= "2026-01-10"
    assert max(days) <= "2026-01-12"
    assert not findings_of_axe(page)
    page.get_by_role("link", name="All activity", exact=True).click()
    expect(page.locator(".strip")).to_contain_text("180 activities in all")
    strip.get_by_role("button", name="Jump to 5 Feb 2026").click()
    expect(page.locator("[data-day]").first).to_have_attribute("data-day", "2026-02-05")
    page.get_by_label("Device").select_option("t2")
    expect(page).to_have_url(re.compile("/activity/t2/to%3D2026-02-05$"))
    expect(page.locator(".events .device").first).to_contain_text("t2")


@pytest.mark.parametrize("dark", [False, True], ids=["day", "night"])
@pytest.mark.parametrize("width", [1280, 390])
def test_events_are_played_through_as_a_list_under_two_policies_and_shared_as_a_link(
    open_page: Open, kinfold: Kinfold, width: int, dark: bool
) -> None:
    page = open_page("#/try", width=width, dark=dark)
    for email in ("", "ana@example.com", "bo@example.com"):
        page.get_by_label("Tracker", exact=True).fill("t1")
        page.get_by_label("Email", exact=True).fill(email)
        page.get_by_role("button", name="Put it on the list").click()
    expect(page.locator(".queue li")).to_have_count(3)
    page.get_by_label("Tracker", exact=True).fill("t1")
    page.get_by_label("Side by side with").select_option("last_login")
    page.get_by_role("button", name="Dry run").click()
    answer = page.get_by_role("region", name="The answer")
    expect(answer.locator("tbody tr")).to_have_count(4)
    expect(answer.locator("thead")).to_contain_text("strict (this deployment)")
    expect(answer.locator("thead")).to_contain_text("last log-in")
    expect(answer.locator("tr.differs").last).to_contain_text("new contact 2")
    answer.get_by_text("How", exact=True).first.click()
    expect(answer.locator(".trace li").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not findings_of_axe(page)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy a link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".queue li")).to_have_count(0)
    page.goto(link)
    expect(answer.locator("tr.differs").last).to_contain_text("new contact 2")
    expect(page.locator(".queue li")).to_have_count(4)
    page.get_by_role("button", name="Take off event 1").click()
    expect(page.locator(".queue li")).to_have_count(3)
    assert kinfold.overview.figures()["contacts"]["total"] == 0


def test_an_example_is_loaded_and_played_through(open_page: Open) -> None:
    page = open_page("#/try")
    page.get_by_label("An example").select_option("One person on two devices")
    answer = page.get_by_role("region", name="The answer")
    expect(answer.locator("tbody tr").last).to_contain_text("merged")
    assert not findings_of_axe(page)


def test_what_comes_of_the_events_is_drawn_under_namespaces_that_are_chosen(
    open_page: Open, kinfold: Kinfold, watch: Any
) -> None:
    watch.expect("422")
    page = open_page("#/try")
    page.locator("select[name=registry]").select_option("a loyalty card too")
    page.get_by_role("textbox", name="Loyalty card").fill("1234567890")
    page.get_by_label("Tracker", exact=True).fill("till")
    page.get_by_role("button", name="Put it on the list").click()
    page.get_by_role("textbox", name="Loyalty card").fill("1234567890")
    page.get_by_label("Tracker", exact=True).fill("phone")
    page.get_by_role("button", name="Dry run").click()
    answer = page.get_by_role("region", name="The answer")
    expect(answer.locator("tbody tr")).to_have_count(2)
    around = page.locator(".drawings .around")
    around.get_by_role("button", name="1234567890").click()
    details = page.get_by_role("region", name="Details")
    expect(details).to_contain_text("It would be owned by new contact 1")
    for key in ("till", "phone"):
        expect(around.get_by_role("button", name=key, exact=True)).to_be_visible()
    assert not findings_of_axe(page)
    declared = page.get_by_label("Namespaces, as a file of KINFOLD_KEYS declares them, in JSON")
    declared.fill('{"loyalty_card": {"class": "persons"}}')
    page.get_by_role("button", name="Dry run").click()
    expect(page.locator("#registry-wrong")).to_contain_text("namespaces.loyalty_card.class")
    expect(declared).to_have_attribute("aria-invalid", "true")
    assert not findings_of_axe(page)
    assert kinfold.overview.figures()["contacts"]["total"] == 0


def test_contacts_are_called_by_their_names_and_keep_their_ids_to_copy(open_page: Open, story: Story) -> None:
    story("david@example.com")
    page = open_page("#/unions")
    link = page.locator("tbody tr:not(.below) td:nth-child(3) a").first
    expect(link).not_to_contain_text("…")
    shown = link.get_attribute("title")
    assert shown and re.fullmatch("[0-9a-f-]{36}", shown)
    assert link.get_attribute("href") == f"#/contact/{shown}"
    expect(page.locator("tbody tr:not(.below) td:nth-child(2) a").first).to_contain_text("…")

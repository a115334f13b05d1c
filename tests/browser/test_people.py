"""The list of people and the figures of the home page."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Open, findings_of_axe

Story = Callable[[str], str]


def test_people_are_found_by_a_part_of_a_name_filtered_and_opened(
    open_page: Open, story: Story, resolve: Callable[..., dict[str, object]]
) -> None:
    story("david@example.com")
    noemie = resolve(email="c@example.com", properties={"firstName": "Noémie", "lastName": "Durand"})["id"]
    page = open_page("#/people")
    expect(page.locator("tbody tr").first).to_contain_text("Noémie Durand")
    everybody = page.locator("tbody tr").count()
    assert page.evaluate("document.querySelector('tbody tr').getBoundingClientRect().height") <= 34
    page.get_by_label("Part of a name").fill("noem")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label("Kind").select_option("anonymous")
    expect(page.locator(".empty")).to_contain_text("Nobody is like that")
    assert not findings_of_axe(page)
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Noémie Durand").click()
    page.wait_for_url(f"**/#/contact/{noemie}")
    assert everybody > 1


def test_the_list_is_saved_as_a_table(open_page: Open, story: Story) -> None:
    story("david@example.com")
    page = open_page("#/people/kind=known")
    expect(page.locator("tbody tr").first).to_be_visible()
    rows = page.locator("tbody tr").count()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as CSV").click()
    lines = Path(saved.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("id,name,kind,email")
    assert len(lines) == rows + 1


def test_each_figure_leads_to_its_list(open_page: Open, story: Story) -> None:
    story("david@example.com")
    page = open_page()
    known = page.locator(".figure").first
    expect(known).to_contain_text("known")
    number = int(known.locator("b").inner_text())
    assert not findings_of_axe(page)
    known.get_by_role("link").click()
    expect(page.locator("tbody tr")).to_have_count(number)
    expect(page.get_by_label("Kind")).to_have_value("known")

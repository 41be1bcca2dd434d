"""The handbook within the portal: drawn, and nothing in it runs."""

from pathlib import Path

import pytest

from housecall.ehr.registry import PROFILES
from housecall.web.handbook import drawn

GUIDES = ["epic", "generic"]
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"


def test_headings_lists_and_tables_are_drawn() -> None:
    page = drawn("# Top\n\n- one\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", guides=GUIDES)

    assert "<h1>Top</h1>" in page
    assert "<li>one</li>" in page
    assert '<div class="table-frame" tabindex="0"><table class="report">' in page


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a <img src=x onerror=alert(1)> b"])
def test_no_html_of_its_own_comes_through(text: str) -> None:
    page = drawn(text, guides=GUIDES)

    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;" in page


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("https://fhir.epic.com/", 'href="https://fhir.epic.com/"'),
        ("connect-epic.md#where", 'href="/portal/setup/guide/epic"'),
        ("connect-siu.md", None),
        ("../reference/commands.md", None),
        ("javascript:alert(1)", None),
    ],
)
def test_a_link_leads_to_what_is_served_or_is_its_words_alone(target: str, leads_to: str | None) -> None:
    page = drawn(f"See [this]({target}).", guides=GUIDES)

    assert "this" in page
    assert (leads_to in page) if leads_to else ("<a" not in page)


@pytest.mark.parametrize("vendor", [str(one) for one in PROFILES])
def test_each_vendors_guide_has_one_heading_at_the_top_and_no_mark_left(vendor: str) -> None:
    page = drawn((HOW_TO / f"connect-{vendor}.md").read_text(encoding="utf-8"), guides=GUIDES)

    assert page.count("<h1>") == 1
    assert "**" not in page
    assert "\n## " not in page

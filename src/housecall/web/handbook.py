"""The handbook's Markdown as a piece of a page: no HTML of its own comes through, and links lead to what is served."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

_GUIDE: Final = re.compile(r"connect-([a-z]+)\.md(#.*)?")


def drawn(text: str, *, guides: Sequence[str]) -> Markup:
    """The page as HTML; a link to another page is one where that is a guide of the portal, else its words alone."""
    tokens = _parser().parse(text)
    for token in tokens:
        if token.type == "inline" and token.children:
            token.children = _with_links(token.children, guides)
    return Markup(_parser().renderer.render(tokens, _parser().options, {}))  # noqa: S704 - html is off


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    # A wide table is moved within its frame, by keyboard too.
    parser.add_render_rule(
        "table_open", lambda *_: '<div class="table-frame" tabindex="0"><table class="report">'
    )
    parser.add_render_rule("table_close", lambda *_: "</table></div>")
    return parser


def _with_links(tokens: Sequence[Token], guides: Sequence[str]) -> list[Token]:
    kept: list[Token] = []
    is_dropped = False
    for token in tokens:
        if token.type == "link_open":
            target = _target(str(token.attrs.get("href", "")), guides)
            is_dropped = not target
            token.attrs["href"] = target
        if not (is_dropped and token.type in ("link_open", "link_close")):
            kept.append(token)
    return kept


def _target(href: str, guides: Sequence[str]) -> str:
    if href.startswith("https://"):
        return href
    found = _GUIDE.fullmatch(href)
    return f"/portal/setup/guide/{found[1]}" if found and found[1] in guides else ""

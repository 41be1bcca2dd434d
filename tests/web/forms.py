"""The forms of a page: where each is sent, and its fields with what stands in them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """One form that is posted."""

    action: str
    fields: dict[str, set[str]] = field(default_factory=dict)
    # Those that somebody types in, and sees what was typed.
    typed: set[str] = field(default_factory=set)


_TYPED = ("text", "email", "url", "tel", "number", "search", "time")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self.loose: list[tuple[str, str, str]] = []
        self._open: Form | None = None
        self._select = ("", "")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given.get("action", ""))
            self.by_id[given.get("id", "")] = self._open
            if given.get("method", "get").lower() == "post":
                self.forms.append(self._open)
        elif tag in ("input", "textarea", "button", "select") and given.get("name"):
            self._select = (given["name"], given.get("form", ""))
            self._found(*self._select, given.get("value", ""))
            if tag == "textarea" or (tag == "input" and given.get("type", "text") in _TYPED):
                self._typed(*self._select)
        elif tag == "option":
            self._found(*self._select, given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None

    def _typed(self, name: str, owner: str) -> None:
        form = self.by_id.get(owner) if owner else self._open
        if form is not None:
            form.typed.add(name)

    def _found(self, name: str, owner: str, value: str) -> None:
        if owner:
            self.loose.append((owner, name, value))
        elif self._open is not None:
            self._open.fields.setdefault(name, set()).add(value)


def posted_forms(page: str) -> list[Form]:
    """Every form of the page that is posted; a field may stand outside and name its form."""
    reader = _Reader()
    reader.feed(page)
    for owner, name, value in reader.loose:
        if owner in reader.by_id:
            reader.by_id[owner].fields.setdefault(name, set()).add(value)
    return reader.forms

"""The rights text of the country pack as a page: Markdown of headings, paragraphs and lists, and nothing else.

Raw HTML in the text is shown as text. Links and pictures are not part of what a person is read.
"""

from functools import lru_cache

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

# "zero" knows paragraphs alone; what is not switched on here stays plain text.
_READER = MarkdownIt("zero", {"html": False, "linkify": False}).enable(
    ["heading", "list", "emphasis", "newline", "escape"]
)


@lru_cache(maxsize=32)
def as_html(text: str) -> SafeString:
    """The text in the look of the pages. Its own first heading is left to the page."""
    tokens = _READER.parse(text)
    if len(tokens) >= 3 and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        tokens = tokens[3:]
    for token in tokens:
        if token.type == "heading_open":
            token.attrSet("class", "govuk-heading-m")
        elif token.type == "paragraph_open":
            token.attrSet("class", "govuk-body")
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            kind = "bullet" if token.type == "bullet_list_open" else "number"
            token.attrSet("class", f"govuk-list govuk-list--{kind}")
    html = _READER.renderer.render(tokens, _READER.options, {})
    # Safe: the reader escapes every text and knows no raw HTML.
    return mark_safe(html)  # noqa: S308

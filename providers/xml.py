"""XML in both directions: a parser that only parses, and a builder that cannot write malformed XML. Pure functions."""

from __future__ import annotations

from lxml import etree

from providers.errors import Unreadable

Element = etree._Element  # noqa: SLF001  lxml has no public name for the type of its elements

LARGEST = 8 * 1024 * 1024  # bytes; no query here has a larger answer
_DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>\n'  # double quotes as in the documents; lxml writes single


def read(body: bytes) -> Element:
    """Returns a document's root element, without comments and processing instructions.

    It fetches nothing and resolves no entity. It rejects any document with a DTD, because no provider sends one.

    Raises:
        Unreadable: it is not XML, has a DTD, or has more than `LARGEST` bytes.
    """
    if len(body) > LARGEST:
        raise Unreadable("the body is too large")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,  # keeps libxml2's own limits on depth, length and expansion
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        raise Unreadable("the body is not XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("the body has a DTD")
    return root


def text(element: Element, path: str) -> str | None:
    """Returns the stripped text of the first element at a path (`results/result`); None if it is empty."""
    return (element.findtext(path) or "").strip() or None


def element(name: str, /, *content: str | Element, **attributes: str) -> Element:
    """Returns an element with text or elements in it, in that order.

    Raises:
        ValueError: a character that XML cannot represent; see `can_carry`.
    """
    made = etree.Element(name, attributes)
    for item in content:
        if isinstance(item, str):
            made.text = item
        else:
            made.append(item)
    return made


def write(root: Element, *, indent: bool = False) -> bytes:
    """Returns a whole document in UTF-8 with its declaration, indented if a person will read it."""
    return _DECLARATION + etree.tostring(root, encoding="utf-8", pretty_print=indent)


def can_carry(said: str) -> bool:
    """Returns True if XML can represent this; most control characters and lone surrogates cannot be represented."""
    try:
        element("text", said)
    except ValueError:  # UnicodeEncodeError is one
        return False
    return True

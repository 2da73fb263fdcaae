"""XML, both ways: one parser that does nothing but parse, and a builder that cannot write anything malformed. Pure."""

from __future__ import annotations

from lxml import etree

from providers.errors import Unreadable

Element = etree._Element  # noqa: SLF001  lxml has no public name for the type of its elements

LARGEST = 8 * 1024 * 1024  # bytes; an answer beyond them is no answer to anything asked here
_DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>\n'  # with the quotes of the documents; lxml writes single ones


def read(body: bytes) -> Element:
    """The root element of a document, without comments and processing instructions.

    Nothing is fetched and no entity is resolved: a document with a DTD is refused whole, as nobody here sends one.

    Raises:
        Unreadable: if it is no XML, has a DTD, or has more than `LARGEST` bytes.
    """
    if len(body) > LARGEST:
        raise Unreadable("the body is too large")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,  # libxml2's own limits on depth, length and expansion stay in force
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
    """What the first element at a path (`results/result`) holds, without the space around it; None if it is empty."""
    return (element.findtext(path) or "").strip() or None


def element(name: str, /, *content: str | Element, **attributes: str) -> Element:
    """An element with text or elements in it, in that order.

    Raises:
        ValueError: for a character that XML cannot carry; see `can_carry`.
    """
    made = etree.Element(name, attributes)
    for item in content:
        if isinstance(item, str):
            made.text = item
        else:
            made.append(item)
    return made


def write(root: Element, *, indent: bool = False) -> bytes:
    """A whole document in UTF-8 with its declaration; indented where a person is to read it."""
    return _DECLARATION + etree.tostring(root, encoding="utf-8", pretty_print=indent)


def can_carry(said: str) -> bool:
    """Whether XML has a way to say this: it has none for most control characters and for half of a surrogate pair."""
    try:
        element("text", said)
    except ValueError:  # UnicodeEncodeError is one
        return False
    return True

"""Untrusted HTML made fit to publish: an allow-list of tags, attributes and URL schemes.

Called by ingest for every article. Two parsers work here: lxml's tree for what needs a view
of the whole (links against the base, fragments against the ids), then nh3, whose output is
final: nothing may touch the HTML after it.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urljoin, urlsplit

import nh3

from publisher.content.tree import Element, inner_html, parse

_TAGS = set(
    "a abbr address article aside audio b bdi bdo blockquote br caption cite code col colgroup"  # noqa: SIM905
    " dd del details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i"
    " img ins kbd li main mark ol p picture pre q rp rt ruby s samp section small source span"
    " strong sub summary sup table tbody td tfoot th thead time tr u ul var video wbr".split()
)
# Whatever stands in these is not the article's text, so it goes together with the tag.
_CONTENT_TAGS = set(
    "applet button canvas embed frameset iframe math noembed noframes object option script"  # noqa: SIM905
    " select style svg template textarea title".split()
)
_ATTRIBUTES = {
    "*": {"dir", "id", "lang", "title"},
    "a": {"href", "hreflang"},
    "audio": {"controls", "src"},
    "blockquote": {"cite"},
    "col": {"span"},
    "colgroup": {"span"},
    "del": {"cite", "datetime"},
    "img": {"alt", "height", "sizes", "src", "srcset", "width"},
    "ins": {"cite", "datetime"},
    "li": {"value"},
    "ol": {"reversed", "start", "type"},
    "q": {"cite"},
    "source": {"media", "sizes", "src", "srcset", "type"},
    "td": {"colspan", "headers", "rowspan"},
    "th": {"abbr", "colspan", "headers", "rowspan", "scope"},
    "time": {"datetime"},
    "video": {"controls", "height", "poster", "src", "width"},
}
_LINK_SCHEMES = {"http", "https", "mailto", "tel"}
_WEB_SCHEMES = {"http", "https"}

_SRCSET_COMMA = re.compile(r",(?=\s)|(?<=[0-9][wxh]),")
_URL_NOISE = re.compile(r"[\t\r\n]")

# Removing a tag can bring together what may not stand together (a link in a link), which the
# next parse would read differently; two rounds settle all but contrived input.
_ROUNDS = 8


def sanitise(html: str, base: str) -> str:
    """Reduce HTML to what is safe and complete anywhere: balanced, with absolute links.

    Links are resolved against ``base`` ("" if there is none: then relative ones lose their
    target), except those to an id in the same text. An <iframe> becomes a link to what it
    shows. Sanitising the result again changes nothing. Raises ValueError with a sentence
    when the HTML is nested too deeply.
    """
    for _ in range(_ROUNDS):
        cleaned = _clean(html, base)
        if cleaned == html:
            return cleaned
        html = cleaned
    raise ValueError("the HTML is nested in a way that no two readers understand alike")


def _clean(html: str, base: str) -> str:
    body = parse(html, is_fragment=True).find("body")
    if body is None:
        return ""
    _complete(body, base)
    return nh3.clean(
        inner_html(body),
        tags=_TAGS,
        clean_content_tags=_CONTENT_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_LINK_SCHEMES,
        link_rel=None,  # no link opens a window of its own, so there is nothing to shut out
    )


def _complete(body: Element, base: str) -> None:
    """Make every link absolute, keep the ids that links lead to, replace frames by links."""
    for anchor in body.iter("a"):
        if "id" not in anchor.attrib and anchor.get("name"):
            anchor.set("id", anchor.get("name"))
    present = {element.get("id") for element in body.iter() if element.get("id")}
    wanted: set[str] = set()
    for element in list(body.iter()):
        if element is body:
            continue
        match element.tag:
            case "noscript":
                element.drop_tag()  # here nobody runs scripts, so its content is what shows
            case "iframe":
                _link_frame(element, base)
            case "plaintext" | "xmp" | "listing":
                element.tag = "pre"  # what they show, in words that both parsers know
            case "audio" | "video":
                element.set("controls", "")
        _resolve(element, base, present, wanted)
        if element.tag == "img" and not element.get("src"):
            element.drop_tree()
    for element in body.iter():
        if "id" in element.attrib and element.get("id") not in wanted:
            del element.attrib["id"]


def _link_frame(frame: Element, base: str) -> None:
    target = _absolute(frame.get("src", ""), base, _WEB_SCHEMES)
    label = frame.get("title", "").strip()
    for child in list(frame):
        frame.remove(child)
    frame.text = label or target
    frame.tag = "a" if target else "span"
    frame.attrib.clear()
    if target:
        frame.set("href", target)


def _resolve(element: Element, base: str, present: set[str], wanted: set[str]) -> None:
    href = element.get("href")
    if href is not None:
        target = unquote(_URL_NOISE.sub("", href).strip().removeprefix("#"))
        if href.strip().startswith("#") and target in present:
            wanted.add(target)
        else:
            _put(element, "href", _absolute(href, base, _LINK_SCHEMES))
    for name in ("src", "poster", "cite"):
        if name in element.attrib:
            _put(element, name, _absolute(element.get(name), base, _WEB_SCHEMES))
    if "srcset" in element.attrib:
        _put(element, "srcset", _resolve_srcset(element.get("srcset"), base))


def _put(element: Element, name: str, value: str | None) -> None:
    if value:
        element.set(name, value)
    else:
        del element.attrib[name]


def _resolve_srcset(srcset: str, base: str) -> str:
    candidates = []
    for candidate in _SRCSET_COMMA.split(srcset):
        url, *descriptors = candidate.split() or [""]
        if target := _absolute(url.strip(","), base, _WEB_SCHEMES):
            candidates.append(" ".join([target, *descriptors]))
    return ", ".join(candidates)


def _absolute(url: str, base: str, schemes: set[str]) -> str | None:
    """Resolve a URL (RFC 3986 §5) and let it pass if its scheme is among those allowed."""
    url = _URL_NOISE.sub("", url).strip().replace(" ", "%20")
    try:
        resolved = urljoin(base, url)
        parts = urlsplit(resolved)
    except ValueError:  # such as an unclosed bracket around an IPv6 address
        return None
    if parts.scheme not in schemes or not (parts.netloc or parts.scheme not in _WEB_SCHEMES):
        return None
    return resolved if url else None

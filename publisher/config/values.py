"""The types of single values in the config file: how each is written, and what it becomes.

A validator raises ValueError with what is wrong; what is allowed stands in `Allowed`, from
which faults and the reference page both take it.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, InstanceOf, SecretStr, StringConstraints

from publisher import slots
from publisher.config.site import Endpoint, RelayWeights
from publisher.content.fields import is_web_url
from publisher.errors import AddressError
from publisher.mail import address
from publisher.model import Address, Excerpt, ExcerptKind, Hours
from publisher.settings import DURATION, Allowed, read_duration, require_text

_HEAVIEST = 1000

# RFC 5646 §2.1 without extended and grandfathered forms: zh, en-GB, zh-Hans-CN, de-CH-1996.
_LANGUAGE = re.compile(
    r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?(-([a-z0-9]{5,8}|\d[a-z0-9]{3}))*"
    r"(-[0-9a-wy-z](-[a-z0-9]{2,8})+)*(-x(-[a-z0-9]{1,8})+)?",
    re.IGNORECASE | re.ASCII,
)


def _whole(value: Any) -> Any:
    # To pydantic true is 1; digits in quotes are welcome, since the environment gives those.
    if isinstance(value, bool):
        raise ValueError("is not a number")
    return value


def _at_least_a_second(value: timedelta) -> timedelta:
    if value < timedelta(seconds=1):
        raise ValueError("is shorter than a second")
    return value


def _zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(require_text(value))
    except (KeyError, ValueError, OSError) as error:
        near = difflib.get_close_matches(str(value), available_timezones(), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f'"{value}" is not a time zone{hint}') from error


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        hint = f"; did you mean {value.replace('_', '-')}?" if "_" in value else ""
        raise ValueError(f'"{value}" is not a language tag{hint}')
    return value


def _base_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        # Reading the port is what checks it.
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or "@" in parts.netloc or re.search(r"[?#\s]", value):
        raise ValueError(f'"{value}" is not usable')
    return value.rstrip("/")


def _mail_address(value: Any) -> Address:
    try:
        return address.parse(require_text(value))
    except AddressError as error:
        raise ValueError(str(error).rstrip(".")) from error


def _cron(value: str) -> str:
    slots.check(value)
    return value


def _host(value: str) -> str:
    if ":" not in value and re.fullmatch(r"[^\s\[\]/@]+", value):
        return value
    try:
        return str(ipaddress.IPv6Address(value))
    except ValueError:
        raise ValueError(f'"{value}" is not a host') from None


def _listen(value: Any) -> Endpoint:
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]]+)):(\d{1,5})", require_text(value))
    if match is None or int(match[3]) > 65535:
        raise ValueError(f'"{value}" is not a host and a port')
    return Endpoint(match[1] or match[2], int(match[3]))


def _listen_or_socket(value: Any) -> Endpoint | Path:
    text = require_text(value)
    return Path(text) if "/" in text else _listen(text)


def _imap_text(value: str) -> str:
    # It goes into a command of IMAP, whose strings end with their line (RFC 3501 §4.3).
    if not value.isascii() or not value.isprintable():
        raise ValueError("holds characters that IMAP does not take here")
    return value


def _store_url(value: SecretStr) -> SecretStr:
    # The value may hold a password: it is in no message.
    url = value.get_secret_value()
    if url.startswith("sqlite:///") and url.removeprefix("sqlite:///") not in ("", ":memory:"):
        return value
    # Some platforms write the short scheme, which SQLAlchemy does not know.
    scheme, found, rest = url.partition("://")
    if found and rest and scheme in ("postgresql", "postgres"):
        return SecretStr(f"postgresql://{rest}")
    raise ValueError("names no database that is supported")


def _start(value: Any) -> int | None:
    if value == "all":
        return None
    if value == "now":
        return 0
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise ValueError("is not understood")


def _web_url(value: str) -> str:
    if not is_web_url(value):
        raise ValueError(f'"{value}" is not usable')
    return value


def _colour(value: str) -> str:
    if not re.fullmatch("#[0-9a-fA-F]{6}", value):
        raise ValueError(f'"{value}" is not a colour')
    return value.lower()


def _font(value: str) -> str:
    # It goes into a style sheet: nothing that could end the declaration.
    stack = value.replace("'", '"')
    if not re.fullmatch(r'[\w ,"-]{1,200}', stack) or stack.count('"') % 2:
        raise ValueError(f'"{value}" is not a list of fonts')
    return stack


def _excerpt(value: Any) -> Excerpt:
    text = require_text(value)
    if match := re.fullmatch(r"([1-9]\d{0,2}) words", text, re.ASCII):
        return Excerpt(kind=ExcerptKind.WORDS, words=int(match[1]))
    if text in (ExcerptKind.SUMMARY, ExcerptKind.FIRST_PARAGRAPH, ExcerptKind.FULL):
        return Excerpt(kind=ExcerptKind(text))
    raise ValueError(f'"{text}" is not understood')


def _hours(value: Any) -> Hours:
    text = require_text(value)
    match = re.fullmatch(r"(\d\d):(\d\d)-(\d\d):(\d\d)", text, re.ASCII)
    try:
        if match is None:
            raise ValueError
        begin = time(int(match[1]), int(match[2]))
        end = time() if match[3] + match[4] == "2400" else time(int(match[3]), int(match[4]))
    except ValueError:
        raise ValueError(f'"{text}" is not a part of a day') from None
    if begin == end:
        raise ValueError(f'"{text}" is no time at all, or all of the day')
    return Hours(begin, end)


def _hub(value: str) -> str:
    return value if value == "self" else _web_url(value)


def _relays(value: Any) -> RelayWeights:
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return RelayWeights(tuple(value), ())
    if not isinstance(value, dict):
        raise ValueError("is not understood")
    for name, weight in value.items():
        if isinstance(weight, bool) or not isinstance(weight, int) or not 0 <= weight <= _HEAVIEST:
            raise ValueError(f"what {name} has is no weight")
    if not any(value.values()):
        raise ValueError("gives no relay anything to carry")
    return RelayWeights(tuple(value), tuple(value.values()))


def one_or_several(value: Any) -> Any:
    """Take a table for a list of one."""
    return [value] if isinstance(value, dict) else value


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), Allowed("text")]
Slug = Annotated[
    str,
    StringConstraints(pattern=r"\A[a-z0-9]+(-[a-z0-9]+)*\z"),
    Allowed("lower-case letters, digits and single hyphens between them"),
]
Whole = Annotated[int, BeforeValidator(_whole)]
PositiveDuration = Annotated[
    InstanceOf[timedelta],
    AfterValidator(_at_least_a_second),
    BeforeValidator(read_duration),
    Allowed(f"{DURATION}, 1s or longer"),
]
Zone = Annotated[
    InstanceOf[ZoneInfo],
    BeforeValidator(_zone),
    Allowed("an IANA name such as Europe/Berlin"),
]
Language = Annotated[
    str, AfterValidator(_language), Allowed("a BCP 47 tag such as en, en-GB or zh-Hans")
]
BaseUrl = Annotated[
    str,
    AfterValidator(_base_url),
    Allowed("an http or https URL without user, query and fragment"),
]
WebUrl = Annotated[str, AfterValidator(_web_url), Allowed("a whole http or https URL")]
Hub = Annotated[
    str, AfterValidator(_hub), Allowed('"self", or the http or https URL of another hub')
]
MailAddress = Annotated[
    InstanceOf[Address],
    BeforeValidator(_mail_address),
    Allowed('"name@example.org" or "A Name <name@example.org>"'),
]
Cron = Annotated[
    str,
    AfterValidator(_cron),
    Allowed('five cron fields such as "0 7 * * mon", or @hourly @daily @weekly @monthly @yearly'),
]
Host = Annotated[
    str,
    AfterValidator(_host),
    Allowed("a host name, or an IPv4 or IPv6 address, without brackets and port"),
]
Listen = Annotated[
    InstanceOf[Endpoint],
    BeforeValidator(_listen),
    Allowed('"host:port" with a port from 0 to 65535; 0 is any that is free'),
]
ListenOrSocket = Annotated[
    InstanceOf[Endpoint] | InstanceOf[Path],
    BeforeValidator(_listen_or_socket),
    Allowed('"host:port", or the path of a socket, with a slash in it'),
]
ImapText = Annotated[
    str,
    StringConstraints(min_length=1),
    AfterValidator(_imap_text),
    Allowed("text in ASCII"),
]
StoreUrl = Annotated[
    SecretStr,
    AfterValidator(_store_url),
    Allowed("sqlite:///FILE or postgresql://USER@HOST/DATABASE"),
]
DnsName = Annotated[
    str,
    StringConstraints(pattern=r"\A[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?\z", max_length=253),
    Allowed("a name as the DNS has it, such as news or example.org"),
]
Rate = Annotated[
    str,
    StringConstraints(pattern=r"\A[1-9][0-9]{0,8}/[smhd]\z"),
    Allowed("a number per unit of time, such as 10/s, 500/m, 2000/h or 10000/d"),
]
Relays = Annotated[
    InstanceOf[RelayWeights],
    BeforeValidator(_relays),
    Allowed(
        'a list of names, such as ["main", "backup"], or a table of weights from 0 to 1000, such as'
        " { main = 3, second = 1 }"
    ),
]
Start = Annotated[
    InstanceOf[int] | None,
    BeforeValidator(_start),
    Allowed('"all", "now", or a whole number from 1'),
]
HoursText = Annotated[
    InstanceOf[Hours],
    BeforeValidator(_hours),
    Allowed(
        '"BEGIN-END" by a clock of 24 hours, such as "07:00-22:00"; it may reach over midnight'
    ),
]
ColourText = Annotated[
    str, AfterValidator(_colour), Allowed("# and six hexadecimal digits, such as #9c1f1f")
]
FontStack = Annotated[
    str,
    AfterValidator(_font),
    Allowed('"serif", "sans", or names as CSS has them, such as "Charter, Georgia, serif"'),
]
ExcerptText = Annotated[
    InstanceOf[Excerpt],
    BeforeValidator(_excerpt),
    Allowed('"summary", "first-paragraph", "full", or so many words, such as "60 words"'),
]

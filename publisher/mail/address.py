"""Mail addresses: the one place where text becomes an `Address`, and back.

Called at every edge where somebody types or uploads an address, and by compose for To and
From. It never asks the DNS, and never repairs an address: it takes it or refuses it. A name is
another matter (`clean_name`): nobody is to be lost over how a spreadsheet spells them.
Implements RFC 5321 §4.1.2 and §4.5.3.1 without quoted local parts and address literals,
which no public mailbox uses, and RFC 5890 for domains.
"""

from __future__ import annotations

import re

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from publisher.errors import AddressError
from publisher.mail import fields
from publisher.model import Address

MAX_NAME = 200  # characters

_MAX_MAILBOX = 254  # octets: RFC 5321 §4.5.3.1.3 allows a path of 256 with its two brackets
_NAMED = re.compile(r'(?P<name> *"(?:[^"\\]|\\.)*" *|[^<>]*)<(?P<mailbox>[^<>]*)>')
# What turns the direction of all that follows (UAX #9) and can make a name of "gro.elpmaxe@ecila"
# look like an address. The marks that only show a direction stay: names in Arabic need them.
_TURNING = "\u202a-\u202e\u2066-\u2069"
# Besides those and controls: byte order marks, and private use, which is where slots are.
_UNWANTED = re.compile(
    f"{fields.CONTROL.pattern}|[{_TURNING}\ufeff\ue000-\uf8ff\U000f0000-\U0010ffff]"
)
_PLAIN_NAME = re.compile(rf"(?=.{{1,{MAX_NAME}}}\Z)[!-~]+(?: [!-~]+)*")  # most are
_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+")
# Most addresses in the world, about which email-validator has nothing to say: a local part of
# 64 octets (RFC 5321 §4.5.3.1.1), and at least two labels of 63 (RFC 1035 §2.3.1), the last of
# which ends with a letter and none of which has two hyphens in a row (RFC 5890 §2.3.1).
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ORDINARY = re.compile(
    rf"(?P<local>(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*)"
    rf"@(?P<domain>(?![^@]*--)(?:{_LABEL}\.)+(?:[A-Za-z0-9][A-Za-z0-9-]{{0,61}})?[A-Za-z])"
)
_SPECIAL_ENDS = tuple(SPECIAL_USE_DOMAIN_NAMES)
_CASELESS = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)


def parse(text: str, *, name: str | None = None) -> Address:
    """Read ``a@b`` or ``Name <a@b>``; a ``name`` from elsewhere beats the one in the text.

    The domain becomes lower-case A-labels, the local part stays as it is written (RFC 5321
    §2.4: its case is its host's business), blanks within the name become single spaces.
    Raises AddressError, whose sentence may be shown to the person who typed the address.
    """
    text = text.strip(" \t")
    if len(text) > _MAX_MAILBOX + 2 * MAX_NAME:
        raise AddressError("the address is too long")
    if (mailbox := _ordinary(text)) is not None:
        return Address(mailbox=mailbox, name="" if name is None else _checked_name(name))
    _refuse_control_characters(text)
    named = _NAMED.fullmatch(text)
    mailbox = named["mailbox"] if named else text
    try:
        # Addresses with non-ASCII local parts need SMTPUTF8 (RFC 6531) at every hop.
        parts = validate_email(
            mailbox, allow_smtputf8=False, check_deliverability=False, strict=True
        )
    except EmailNotValidError as error:
        raise AddressError(f"{mailbox!r} is not a usable address: {error}") from error
    if name is None:
        name = _unquoted(named["name"].strip(" ")) if named else ""
    return Address(
        mailbox=f"{parts.ascii_local_part}@{parts.ascii_domain}", name=_checked_name(name)
    )


def clean_name(text: str) -> str:
    """Make a name to be shown of what a form, a file or another program has in its place.

    Line ends become blanks, control characters and what turns the direction of writing go, and
    what is longer than MAX_NAME is cut.
    """
    if _PLAIN_NAME.fullmatch(text):
        return text
    name = " ".join(_UNWANTED.sub("", " ".join(text.split())).split())
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1].rstrip() + "…"


def key(address: Address) -> str:
    """Give what all spellings of one mailbox share, for unique keys and suppressions.

    Case is ignored, since no mail host that is in use tells mailboxes apart by it; plus-tags
    and dots are not, since at most hosts those make another mailbox.
    """
    return address.mailbox.casefold()


def scope(text: str) -> str:
    """Read an address, or @ and a domain, as what a suppression is about. Raises AddressError."""
    if text.startswith("@"):
        return f"@{parse(f'postmaster{text}').domain}"
    return key(parse(text))


def header(address: Address) -> str:
    """Give the address for From, To or Reply-To, in words of which a field may be folded.

    Raises AddressError if the address was not made by `parse` and holds what that refuses.
    """
    if len(address.mailbox) > _MAX_MAILBOX or not _MAILBOX.fullmatch(address.mailbox):
        raise AddressError(f"{address.mailbox!r} is not a usable address")
    if not address.name:
        return address.mailbox
    _refuse_control_characters(address.name)
    return f"{fields.phrase(address.name)} <{address.mailbox}>"


def _ordinary(text: str) -> str | None:
    """Give the mailbox of an address that is like most, as email-validator would.

    That one takes twenty times as long, and a list may have a million.
    """
    found = _ORDINARY.fullmatch(text) if len(text) <= _MAX_MAILBOX else None
    if found is None:
        return None
    local, domain = found["local"], found["domain"].lower()
    if domain.endswith(_SPECIAL_ENDS) or local.lower() in _CASELESS:
        return None
    return f"{local}@{domain}"


def _checked_name(name: str) -> str:
    if not name or _PLAIN_NAME.fullmatch(name):
        return name
    name = name.strip(" \t")
    _refuse_control_characters(name)
    name = " ".join(name.split())
    if re.search(f"[{_TURNING}]", name):
        raise AddressError("the name holds a character that turns the direction of writing")
    if len(name) > MAX_NAME:
        raise AddressError(f"the name is longer than {MAX_NAME} characters")
    return name


def _unquoted(name: str) -> str:
    if len(name) >= 2 and name.startswith('"') and name.endswith('"'):
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    return name


def _refuse_control_characters(text: str) -> None:
    found = fields.CONTROL.search(text)
    if found:
        raise AddressError(f"the address holds a control character, U+{ord(found[0]):04X}")

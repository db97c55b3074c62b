"""What providers post is believed when it is signed, and says what it says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from publisher.model import Address
from publisher.providers import (
    Posted,
    Provider,
    Site,
    Unreadable,
    Unsigned,
    mailgun,
    postmark,
    sendgrid,
    ses,
    sparkpost,
)

TOKEN = "aeiaodvbi3haotfgu7eqzlyzogpt2ly"
VERP = f"bounce+{TOKEN}@example.org"
READER = "reader@example.com"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"


class Pages:
    """The web, as far as a provider's module asks for it."""

    def __init__(self, **pages: bytes) -> None:
        self.pages = {CERTIFICATE: b"", **pages}
        self.asked: list[str] = []

    async def get(self, url: str) -> bytes:
        self.asked.append(url)
        return self.pages.get(url, b"")


def site(pages: Pages | None = None) -> Site:
    return Site(bounce=Address(mailbox="bounce@example.org"), get=(pages or Pages()).get)


def post(body: Any, **headers: str) -> Posted:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Posted(
        headers={name.replace("_", "-"): text for name, text in headers.items()}, body=raw
    )


async def told(provider: Provider, posted: Posted) -> list[tuple[str, ...]]:
    """Give kind, address, status and whether our token was found, of each event."""
    found = await provider.events(posted)
    assert len({each.digest for each in found}) == len(found)
    return [
        (each.kind, each.address, each.status, "ours" if each.tokens == (TOKEN,) else "")
        for each in found
    ]


# --- those that log in


LOGIN = {"username": "publisher", "password": "open sesame, please"}


def login(**changes: str) -> str:
    given = LOGIN | changes
    return "Basic " + base64.b64encode(f"{given['username']}:{given['password']}".encode()).decode()


@pytest.fixture
def postmarked() -> Provider:
    return postmark.make(postmark.Settings.model_validate(LOGIN), site())


@pytest.fixture
def sparked() -> Provider:
    return sparkpost.make(sparkpost.Settings.model_validate(LOGIN), site())


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": login(password="wrong")},
        {"authorization": login().replace("Basic", "Bearer")},
        {"authorization": "Basic ~~~"},
        {"authorization": "Basic"},
    ],
    ids=["none", "wrong", "bearer", "garbled", "empty"],
)
async def test_post_without_the_right_login_is_refused(
    postmarked: Provider, sparked: Provider, headers: dict[str, str]
) -> None:
    for provider in (postmarked, sparked):
        with pytest.raises(Unsigned) as caught:
            await provider.events(post({"RecordType": "Bounce"}, **headers))
        assert caught.value.status == 401


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            {
                "RecordType": "Bounce",
                "Type": "HardBounce",
                "Details": "smtp;550 5.1.1 no such user",
            },
            ("hard", READER, "5.1.1", "ours"),
        ),
        (
            {"RecordType": "Bounce", "Type": "HardBounce", "Details": "552 5.2.2 mailbox full"},
            ("soft", READER, "5.2.2", "ours"),
        ),
        (
            {"RecordType": "Bounce", "Type": "SoftBounce", "Details": "mailbox full"},
            ("soft", READER, "", "ours"),
        ),
        ({"RecordType": "Bounce", "Type": "Blocked"}, ("policy", READER, "", "ours")),
        ({"RecordType": "Bounce", "Type": "AutoResponder"}, ("auto_reply", READER, "", "ours")),
        (
            {"RecordType": "Bounce", "Type": "ChallengeVerification"},
            ("challenge", READER, "", "ours"),
        ),
        (
            {"RecordType": "SpamComplaint", "Type": "SpamComplaint"},
            ("complaint", READER, "", "ours"),
        ),
        ({"RecordType": "Delivery", "Recipient": READER}, ("delivered", READER, "", "ours")),
        ({"RecordType": "Open"}, None),
        ({"RecordType": "Bounce", "Type": "NewOne"}, None),
        ([], None),
    ],
)
async def test_what_postmark_tells(
    postmarked: Provider, event: Any, expected: tuple[str, ...] | None
) -> None:
    if isinstance(event, dict):
        event = {"ID": 1, "MessageID": "m", "Email": READER, "From": VERP, **event}

    found = await told(postmarked, post(event, authorization=login()))

    assert found == ([expected] if expected else [])


async def test_what_sparkpost_tells(sparked: Provider) -> None:
    common = {"rcpt_to": READER, "msg_from": VERP}
    events: list[dict[str, Any]] = [
        {"type": "bounce", "bounce_class": "10", "raw_reason": "550 5.1.1 unknown"},
        {"type": "bounce", "bounce_class": "22", "raw_reason": "552 5.2.2 full"},
        {"type": "bounce", "bounce_class": "51", "raw_reason": "550 blocked"},
        {"type": "out_of_band", "bounce_class": 60},
        {"type": "delay"},
        {"type": "delivery"},
        {"type": "spam_complaint"},
        {"type": "open"},
    ]
    body = [
        {"msys": {"message_event": {"event_id": str(n), **common, **each}}}
        for n, each in enumerate(events)
    ]

    found = await told(sparked, post([*body, {"msys": {}}, "x"], authorization=login()))

    assert [each[0] for each in found] == [
        *("hard", "soft", "policy", "auto_reply", "delayed", "delivered", "complaint"),
    ]
    assert found[0] == ("hard", READER, "5.1.1", "ours")


async def test_what_is_no_json_is_refused(postmarked: Provider) -> None:
    for body in (b"", b"{", b"\xff", b"[" * 100_000):
        with pytest.raises(Unreadable):
            await postmarked.events(post(body, authorization=login()))


# --- those that sign

KEY = "key-0123456789"


def mailgunned(event: Any, key: str = KEY, token: str = "t" * 50) -> dict[str, Any]:
    signature = hmac.new(key.encode(), f"1764500000{token}".encode(), hashlib.sha256).hexdigest()
    return {
        "signature": {"timestamp": "1764500000", "token": token, "signature": signature},
        "event-data": event,
    }


def failed(severity: str, code: str, message: str) -> dict[str, Any]:
    return {
        "event": "failed",
        "severity": severity,
        "recipient": READER,
        "id": "1",
        "envelope": {"sender": VERP},
        "message": {"headers": {"message-id": "a@example.org"}},
        "delivery-status": {"enhanced-code": code, "message": message, "code": 550},
    }


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (failed("permanent", "5.1.1", "no"), ("hard", READER, "5.1.1", "ours")),
        (failed("permanent", "", "5.2.2 full"), ("soft", READER, "5.2.2", "ours")),
        (
            failed("permanent", "", "Not delivering") | {"reason": "suppress-bounce"},
            ("hard", READER, "", "ours"),
        ),
        (failed("temporary", "4.4.1", "no"), ("delayed", READER, "", "ours")),
        ({"event": "complained", "recipient": READER}, ("complaint", READER, "", "")),
        ({"event": "delivered", "recipient": READER}, ("delivered", READER, "", "")),
        ({"event": "opened", "recipient": READER}, None),
    ],
)
async def test_what_mailgun_tells(event: Any, expected: tuple[str, ...] | None) -> None:
    provider = mailgun.make(mailgun.Settings.model_validate({"signing_key": KEY}), site())

    found = await told(provider, post(mailgunned(event)))

    assert found == ([expected] if expected else [])


async def test_mailgun_unsigned_or_signed_by_another_is_refused() -> None:
    provider = mailgun.make(mailgun.Settings.model_validate({"signing_key": KEY}), site())
    good = mailgunned({"event": "complained", "recipient": READER})
    changed = {**good, "signature": {**good["signature"], "token": "another"}}

    bodies: list[Any] = [
        mailgunned({}, key="another"),
        changed,
        {"event-data": {}},
        {"signature": {"signature": "é"}},
        [],
    ]
    for body in bodies:
        with pytest.raises(Unsigned):
            await provider.events(post(body))


async def test_sendgrid_is_believed_by_its_signature_alone() -> None:
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    settings = {"public_key": base64.b64encode(public).decode()}
    provider = sendgrid.make(sendgrid.Settings.model_validate(settings), site())
    events = [
        {"event": "bounce", "status": "5.1.1", "reason": "550 5.1.1 unknown", "type": "bounce"},
        {"event": "bounce", "status": "5.0.0", "reason": "550 go away", "type": "blocked"},
        {"event": "bounce", "status": "5.2.2", "reason": "552 5.2.2 full", "type": "bounce"},
        {"event": "dropped", "reason": "Bounced Address"},
        {"event": "dropped", "reason": "Spam Reporting Address"},
        {"event": "dropped", "reason": "Invalid SMTPAPI header"},
        {"event": "deferred"},
        {"event": "delivered"},
        {"event": "spamreport"},
        {"event": "open"},
    ]
    body = json.dumps(
        [{"email": READER, "sg_event_id": str(n), **each} for n, each in enumerate(events)]
    ).encode()

    def signed(
        by: ec.EllipticCurvePrivateKey, text: bytes, timestamp: str = "1764500000"
    ) -> Posted:
        signature = by.sign(timestamp.encode() + text, ec.ECDSA(hashes.SHA256()))
        return post(
            body,
            x_twilio_email_event_webhook_signature=base64.b64encode(signature).decode(),
            x_twilio_email_event_webhook_timestamp="1764500000",
        )

    found = await told(provider, signed(key, body))

    assert [each[0] for each in found] == [
        *("hard", "policy", "soft", "hard", "complaint", "delayed", "delivered", "complaint"),
    ]
    assert found[0] == ("hard", READER, "5.1.1", "")
    for forged in (
        signed(other, body),
        signed(key, body + b" "),
        signed(key, body, "1"),
        post(body),
    ):
        with pytest.raises(Unsigned):
            await provider.events(forged)


@pytest.mark.parametrize("key", ["", "nothing", base64.b64encode(b"no key").decode()])
def test_sendgrids_key_is_looked_at_when_the_config_is_read(key: str) -> None:
    with pytest.raises(ValueError, match="is no public key"):
        sendgrid.Settings.model_validate({"public_key": key})


# --- SES, by way of SNS

Signing = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def private() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def pages(private: rsa.RSAPrivateKey) -> Pages:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(private, hashes.SHA256())
    )
    found = Pages()
    found.pages[CERTIFICATE] = built.public_bytes(Encoding.PEM)
    return found


@pytest.fixture
def sns(private: rsa.RSAPrivateKey) -> Signing:
    """Sign what is posted as SNS does."""

    def sign(version: str = "2", **body: str) -> dict[str, Any]:
        body = {
            "Type": "Notification",
            "MessageId": "m",
            "TopicArn": TOPIC,
            "Timestamp": "2026-11-30T07:00:00.000Z",
            **body,
        }
        confirming = body["Type"] == "SubscriptionConfirmation"
        names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
        if confirming:
            names = [
                "Message",
                "MessageId",
                "SubscribeURL",
                "Timestamp",
                "Token",
                "TopicArn",
                "Type",
            ]
        text = "".join(f"{name}\n{body[name]}\n" for name in names if name in body)
        method = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303 -- as it does by default
        signature = private.sign(text.encode(), padding.PKCS1v15(), method)
        return {
            **body,
            "SignatureVersion": version,
            "Signature": base64.b64encode(signature).decode(),
            "SigningCertURL": CERTIFICATE,
        }

    return sign


def simple_email_service(pages: Pages) -> Provider:
    return ses.make(ses.Settings.model_validate({"topic": TOPIC}), site(pages))


MAIL = {"source": VERP, "messageId": "0102", "commonHeaders": {"messageId": "<a@example.org>"}}


def bounced(kind: str, subtype: str, **recipient: str) -> dict[str, Any]:
    return {
        "notificationType": "Bounce",
        "mail": MAIL,
        "bounce": {
            "bounceType": kind,
            "bounceSubType": subtype,
            "feedbackId": "f",
            "bouncedRecipients": [{"emailAddress": READER, **recipient}],
        },
    }


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            bounced("Permanent", "General", status="5.1.1", diagnosticCode="smtp; 550 5.1.1 no"),
            ("hard", READER, "5.1.1", "ours"),
        ),
        (bounced("Permanent", "OnAccountSuppressionList"), ("hard", READER, "", "ours")),
        (
            bounced("Permanent", "General", status="5.7.1", diagnosticCode="554 5.7.1 blocked"),
            ("policy", READER, "5.7.1", "ours"),
        ),
        (bounced("Transient", "MailboxFull", status="5.2.2"), ("soft", READER, "5.2.2", "ours")),
        (bounced("Transient", "ContentRejected"), ("policy", READER, "", "ours")),
        (
            {
                "eventType": "Complaint",
                "mail": MAIL,
                "complaint": {
                    "feedbackId": "f",
                    "complainedRecipients": [{"emailAddress": READER}],
                },
            },
            ("complaint", READER, "abuse", "ours"),
        ),
        (
            {
                "notificationType": "Complaint",
                "mail": MAIL,
                "complaint": {
                    "complaintFeedbackType": "not-spam",
                    "complainedRecipients": [{"emailAddress": READER}],
                },
            },
            ("feedback", READER, "not-spam", "ours"),
        ),
        (
            {"notificationType": "Delivery", "mail": MAIL, "delivery": {"recipients": [READER]}},
            ("delivered", READER, "", "ours"),
        ),
        (
            {
                "eventType": "DeliveryDelay",
                "mail": MAIL,
                "deliveryDelay": {"delayedRecipients": [{"emailAddress": READER}]},
            },
            ("delayed", READER, "", "ours"),
        ),
        ({"notificationType": "AmazonSnsSubscriptionSucceeded"}, None),
    ],
)
async def test_what_ses_tells(
    pages: Pages, sns: Signing, version: str, message: Any, expected: tuple[str, ...] | None
) -> None:
    provider = simple_email_service(pages)
    posted = post(sns(version, Message=json.dumps(message), Subject="Amazon SES"))

    found = await told(provider, posted)

    assert found == ([expected] if expected else [])
    await provider.events(posted)
    assert pages.asked == [CERTIFICATE]


async def test_topic_is_confirmed_where_sns_is_and_nowhere_else(pages: Pages, sns: Signing) -> None:
    provider = simple_email_service(pages)
    here = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
    common = {"Type": "SubscriptionConfirmation", "Message": "Confirm.", "Token": "t"}

    assert await provider.events(post(sns(SubscribeURL=here, **common))) == []
    with pytest.raises(Unsigned, match="elsewhere"):
        await provider.events(post(sns(SubscribeURL="https://example.net/", **common)))

    assert pages.asked == [CERTIFICATE, here]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Message": "changed"}, "wrong signature"),
        ({"Subject": "put in"}, "wrong signature"),
        ({"Signature": "~"}, "wrong signature"),
        ({"Signature": None}, "wrong signature"),
        ({"TopicArn": TOPIC + "2"}, "another topic"),
        ({"SigningCertURL": "http://sns.eu-west-1.amazonaws.com/a.pem"}, "elsewhere"),
        ({"SigningCertURL": "https://sns.eu-west-1.amazonaws.com.example.net/a.pem"}, "elsewhere"),
        ({"SigningCertURL": "https://sns.eu-west-1.amazonaws.com@example.net/a.pem"}, "elsewhere"),
        ({"SigningCertURL": "https://sns.eu-west-1.amazonaws.com:8443/a.pem"}, "elsewhere"),
        ({"SigningCertURL": "https://bucket.s3.amazonaws.com/a.pem"}, "elsewhere"),
        ({"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/a"}, "elsewhere"),
        ({"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/none.pem"}, "wrong signature"),
        ({"SigningCertURL": "https://["}, "elsewhere"),
    ],
)
async def test_sns_that_is_forged_is_refused_and_strange_places_are_not_asked(
    pages: Pages, sns: Signing, changes: dict[str, Any], reason: str
) -> None:
    provider = simple_email_service(pages)
    good = sns(Message=json.dumps(bounced("Permanent", "General")))

    with pytest.raises(Unsigned, match=reason):
        await provider.events(post(good | changes))

    assert all(url.startswith("https://sns.eu-west-1.amazonaws.com/") for url in pages.asked)


async def test_what_sns_never_posts_is_refused(pages: Pages) -> None:
    with pytest.raises(Unreadable):
        await simple_email_service(pages).events(post({"Type": "Surprise"}))

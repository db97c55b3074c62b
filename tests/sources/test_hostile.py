"""The hostile set: each is refused with a clear line, memory is bounded, others are unharmed."""

from __future__ import annotations

import asyncio
import gzip
import re
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from tests.rig.hostile import HostileRig, Script, endless, head
from tests.rig.program import Site, environment
from tests.rig.web import Page, WebRig

RSS = "Content-Type: application/rss+xml"
FEED = "<rss version='2.0'><channel><title>{0}</title>{1}</channel></rss>"
ITEM = "<item><guid>1</guid><title>{0}</title><description>x</description></item>"
XXE = f"""<?xml version="1.0"?>
<!DOCTYPE rss [<!ENTITY secret SYSTEM "file:///etc/passwd">]>
{FEED.format("x", ITEM.format("&secret;"))}"""
LAUGHS = f"""<?xml version="1.0"?>
<!DOCTYPE rss [<!ENTITY a "ha">{
    "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    )
}]>
{FEED.format("x", ITEM.format("&j;"))}"""

SOURCE = """
[[sources]]
name = "{name}"
kind = "feed"
url = "{url}"
"""
# A process that has loaded the program takes about 130 MiB before it begins.
MOST_MIB = 300


STRANGER = "127.0.0.5"


def rig(what: bytes | Script) -> HostileRig:
    return HostileRig(what, host=STRANGER)


def answer(body: bytes, *lines: str) -> bytes:
    return head(RSS, f"Content-Length: {len(body)}", *lines) + body


async def test_each_is_refused_clearly_and_harms_no_other(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.write("good", "A good article")
    (site.folder / "secret.md").write_text("# Secret\n\nNot to be read.\n")
    (site.articles / "link.md").symlink_to(site.folder / "secret.md")
    bomb = gzip.compress(bytes(300 * 1024 * 1024))
    rigs = {
        "xxe": rig(answer(XXE.encode())),
        "laughs": rig(answer(LAUGHS.encode())),
        "bomb": rig(answer(bomb, "Content-Encoding: gzip")),
        "loris": rig(endless(head(RSS, "Transfer-Encoding: chunked"), b"1\r\n \r\n", 0.2)),
        "huge": rig(endless(head(RSS, "Content-Length: 1073741824"), bytes(65536))),
        "endless": rig(
            endless(head(RSS, "Transfer-Encoding: chunked"), b"10000\r\n" + bytes(65536) + b"\r\n")
        ),
        "redirect": rig(head("Location: http://127.0.0.1/admin", status="302 Found")),
    }
    async with AsyncExitStack() as stack, WebRig(STRANGER) as web:
        web.pages["/feed"] = Page(body=FEED.format("x", ITEM.format("A true story")))
        for each in rigs.values():
            await stack.enter_async_context(each)
        urls = {name: f"{each.url}/feed" for name, each in rigs.items()}
        urls["name"] = "http://localhost/feed"
        urls["last"] = f"{web.url}/feed"
        config = site.config.read_text(encoding="utf-8")
        tables = [SOURCE.format(name=name, url=url) for name, url in urls.items()]
        site.config.write_text(config + "".join(tables), encoding="utf-8")
        await site.aside("migrate")

        said = await ingest(site)

    print(said)
    for name, words in {
        "xxe": "a DTD of its own",
        "laughs": "a DTD of its own",
        "bomb": "the answer is larger than 10.0 MB",
        "loris": "no whole answer within 2 s",
        "huge": "the answer is larger than 10.0 MB",
        "endless": "the answer is larger than 10.0 MB",
        "redirect": "the address 127.0.0.1 is private",
        "name": "is private; set allow_private = true",
    }.items():
        (line,) = [
            each for each in said.splitlines() if each.startswith(f'error: source "{name}":')
        ]
        assert words in line, line
    assert "link.md: this is a link that leads out of the folder" in said
    assert "newsroom: 1 new, 0 changed, 0 unchanged, 0 withdrawn, 1 rejected" in said
    assert "last: 1 new" in said
    (peak,) = re.findall(r"^peak (\d+) MiB$", said, re.MULTILINE)
    assert int(peak) < MOST_MIB


async def ingest(site: Site) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.sources.hostile_pass",
        env={**environment(), "PUBLISHER_CONFIG": str(site.config)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 120)
    return out.decode()

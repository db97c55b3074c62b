"""The wheel, installed alone in an empty environment, makes a site and runs it."""

from __future__ import annotations

import ast
import asyncio
import importlib.metadata
import re
import shutil
import signal
import subprocess
import sys
import venv
from pathlib import Path

import httpx
import pydantic

from tests.rig.program import environment, free_port, until

REPOSITORY = Path(__file__).parents[1]


async def test_wheel_alone_makes_a_site_and_runs_it(tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path)
    python = install(wheel, tmp_path / "empty")
    publisher = python.with_name("publisher")
    site = tmp_path / "site"
    init = await asyncio.create_subprocess_exec(
        publisher, "init", site, cwd=tmp_path, env=environment()
    )
    assert await init.wait() == 0
    port = free_port()
    config = site / "config" / "publisher.toml"
    text = config.read_text(encoding="utf-8")
    german = text.replace('language = "en"', 'language = "de"', 1)
    config.write_text(german.replace("2525", str(free_port())), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        publisher, "run", "--capture", cwd=site, env={**environment(), "PORT": str(port)}
    )

    try:
        await until(lambda: shows_the_welcome(port))
    finally:
        process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(process.wait(), 60)

    assert code == 0


def test_every_package_that_is_imported_is_named_as_a_dependency() -> None:
    """What another package happens to bring may be gone with its next version."""
    named = {
        canonical(re.split(r"[^\w.-]", requirement)[0])
        for requirement in importlib.metadata.requires("publisher") or []
    }
    owners = importlib.metadata.packages_distributions()
    imported = {
        name.partition(".")[0]
        for file in (REPOSITORY / "publisher").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in imports(node)
    }

    unnamed = {
        module
        for module in imported - sys.stdlib_module_names - {"publisher"}
        if not named & {canonical(owner) for owner in owners[module]}
    }

    assert unnamed == set()


def imports(node: ast.AST) -> list[str]:
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module]
    return []


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


async def shows_the_welcome(port: int) -> bool:
    async with httpx.AsyncClient() as client:
        try:
            page = await client.get(f"http://127.0.0.1:{port}/")
        except httpx.TransportError:  # not listening yet
            return False
    return "/articles/welcome" in page.text and "Neueste Artikel" in page.text


def build_wheel(folder: Path) -> Path:
    """Build from a copy of what is under version control, so that nothing else slips in."""
    tree = folder / "tree"
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    for name in names:
        if (REPOSITORY / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, tree / name)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, tree],
        check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """Install a wheel into a new environment; give its Python.

    The packages that it needs are this environment's, by a path file: what is proved is that
    ours needs nothing of the checkout.
    """
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel], check=True
    )
    (theirs,) = (folder / "lib").glob("python*/site-packages")
    ours = Path(pydantic.__file__).parents[1]
    (theirs / "needed.pth").write_text(f"{ours}\n", encoding="utf-8")
    return python


def test_a_process_that_only_sends_loads_none_of_what_the_others_need() -> None:
    """Each of them takes megabytes, of which a worker that sends to a million is spared."""
    heavy = {
        *("aiohttp", "alembic", "css_inline", "feedgen", "feedparser", "mrml", "starlette"),
        "trafilatura",
    }

    told = subprocess.run(
        [sys.executable, "-c", "import publisher.app, publisher.service, sys; print(*sys.modules)"],
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )

    assert not heavy & set(told.stdout.split())

"""The page in headless Chromium, driven by Playwright. Skipped if either is missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, NoReturn

import pytest
import pytest_asyncio

from sandbox.demo_environment import DemoEnvironment
from sandbox.page.server import Server
from sandbox.timeouts import PATIENCE
from tests.page.company import Company

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from playwright.async_api import Browser, ConsoleMessage, Error, Page, ViewportSize

    Opener = Callable[[str], AbstractAsyncContextManager[Page]]

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP: ViewportSize = {"width": 1440, "height": 900}


def _cannot(reason: str) -> NoReturn:
    """Skips the tests with a message, or fails them where a browser is required (the gate)."""
    said = f"THE PAGE IS NOT TESTED IN A BROWSER: {reason}"
    if os.environ.get("THREADLINE_BROWSER") == "required":
        pytest.fail(said)
    pytest.skip(said)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Returns one browser for all tests."""
    where = shutil.which("chromium")
    if where is None:
        _cannot("there is no chromium (install the package `chromium`)")
    if importlib.util.find_spec("playwright") is None:
        _cannot("there is no playwright (pip install 'threadline[test]')")
    from playwright.async_api import async_playwright, expect  # noqa: PLC0415 - may be missing

    expect.set_options(timeout=PATIENCE * 1000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=where, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tab(chromium: Browser) -> AsyncIterator[Page]:
    """Returns one tab for all tests, in Sydney; every server has its own origin, so nothing is shared between them."""
    window = await chromium.new_context(viewport=DESKTOP, timezone_id="Australia/Sydney", locale="en-AU")
    tab = await window.new_page()
    tab.set_default_timeout(PATIENCE * 1000)
    yield tab
    await window.close()


@pytest.fixture
def opened(tab: Page) -> Opener:
    """Opens an address; any error in the page's console fails the test."""

    @asynccontextmanager
    async def open_page(url: str) -> AsyncIterator[Page]:
        wrong: list[str] = []

        def thrown(error: Error) -> None:
            wrong.append(str(error))

        def written(message: ConsoleMessage) -> None:
            wrong.extend([message.text] if message.type == "error" else [])

        tab.on("pageerror", thrown)
        tab.on("console", written)
        await tab.set_viewport_size(DESKTOP)
        await tab.emulate_media(color_scheme="light", reduced_motion="no-preference")
        await tab.goto(url)
        await tab.get_by_role("textbox", name="Text", exact=True).wait_for()
        yield tab
        await tab.goto("about:blank")
        tab.remove_listener("pageerror", thrown)
        tab.remove_listener("console", written)
        expected = ("409 (Conflict)", "net::ERR_")  # the page itself reports what cannot be done, and its own end
        assert [one for one in wrong if not any(words in one for words in expected)] == []

    return open_page


@pytest_asyncio.fixture(loop_scope="session")
async def company() -> AsyncIterator[Company]:
    """The small environment, with a bot for the test."""
    async with Company() as running:
        await running.bot.start()
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def page(company: Company, opened: Opener) -> AsyncIterator[Page]:
    """Its page, as Anna sees it."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(Server(company))
        yield await stack.enter_async_context(opened(server.url))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DemoEnvironment]:
    """The demo's environment with the real bot, started once; each test uses its own phones."""
    assert chromium.is_connected()
    folder = tmp_path_factory.mktemp("stage")
    async with DemoEnvironment(folder, posts_per_second=20.0, post_burst=20, tier_scale=None) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def demo(stage: DemoEnvironment, opened: Opener) -> AsyncIterator[Page]:
    """The page of the demo."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(Server(stage))
        yield await stack.enter_async_context(opened(server.url))
        if stage.slack.modal(stage.anna) is not None:  # left by a failed test
            await stage.slack.close(stage.anna, everything=True)

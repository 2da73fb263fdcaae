"""Screenshots of the demo for the documentation: `python -m sandbox.page.pictures [folder]`.

It uses the real page with the real bot, in Chromium through Playwright; only the tests need these two.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.demo_environment import DemoEnvironment
from sandbox.page.server import Server

if TYPE_CHECKING:
    from playwright.async_api import Page, ViewportSize

FOLDER = Path("docs/pictures")
WIDTH, NARROW, HEIGHT = 1280, 390, 800  # pixels
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
PATIENCE = 8000  # milliseconds

CUSTOMER = "+61 488 023 555"
NEW = "+61 488 023 777"
UNLUCKY = "+61 488 020 001"  # the network fails every text to it


class Photographer:
    """Runs the demo and takes screenshots.

    Attributes:
        taken: the files.
        missing: what the bot did not show, and so is in no screenshot.
    """

    def __init__(self, page: Page, folder: Path) -> None:
        self.taken: list[Path] = []
        self.missing: list[str] = []
        self._page = page
        self._folder = folder

    async def play(self) -> None:
        """Runs every step, from the first text to the last screenshot."""
        await self._thread()
        await self._in_the_dark()
        await self._failure()
        await self._modal()
        await self._home()
        await self._at_phone_width()

    async def _thread(self) -> None:
        await self._text(CUSTOMER, "Hello, is my order on its way?")
        await self._open(CUSTOMER)
        await self._see("#replies", "Hello, is my order on its way?")
        await self._reply("Yes, it left this morning :wave: It should be with you by 5.")
        await self._see("#replies", "✓✓ delivered")
        await self._type_text("Great, thank you!")
        await self._see("#replies", "Great, thank you!")
        await self._see("#messages", "Texts come from leased +61")
        await self._take("thread")

    async def _in_the_dark(self) -> None:
        await self._page.emulate_media(color_scheme="dark")
        await self._take("dark")
        await self._page.emulate_media(color_scheme="light")

    async def _failure(self) -> None:
        await self._text(UNLUCKY, "Can you call me?")
        await self._open(UNLUCKY)
        await self._see("#replies", "Can you call me?")
        await self._reply("We will call you at 3.")
        await self._see("#replies", "✗ failed")
        await self._take("failure")

    async def _modal(self) -> None:
        await self._say("/sms")
        dialog = self._page.get_by_role("dialog")
        if await self._shows("#modal[open]"):
            await dialog.get_by_role("textbox").first.fill(NEW)
            await dialog.locator("textarea").last.fill("Your parcel is here, it waits for you at the counter.")
            await self._see("#modal", "segment")
            await self._take("modal")
            await self._page.keyboard.press("Escape")
        else:
            self.missing.append("the modal")

    async def _home(self) -> None:
        await self._page.get_by_role("link", name="Home").click()
        if await self._shows("#home-blocks > :not(.none)"):
            await self._take("home")
        else:
            self.missing.append("the Home tab")
        await self._page.get_by_role("link", name="support").click()

    async def _at_phone_width(self) -> None:
        await self._open(CUSTOMER)
        await self._page.set_viewport_size({"width": NARROW, "height": HEIGHT})
        await self._take("narrow-workspace")
        await self._page.get_by_role("tab", name="Phones").click()
        await self._page.locator("#phone-list").get_by_role("button", name=CUSTOMER).click()
        await self._take("narrow-phones")

    # --- helpers for the steps ----------------------------------------------------------------------------------------

    async def _text(self, phone: str, words: str) -> None:
        await self._page.locator("#phone-list").get_by_role("button", name=phone).click()
        await self._type_text(words)

    async def _type_text(self, words: str) -> None:
        await self._page.get_by_role("textbox", name="Text", exact=True).fill(words)
        await self._page.keyboard.press("Enter")

    async def _open(self, phone: str) -> None:
        card = self._page.locator("#messages article").filter(has_text=phone).first
        await card.focus()
        await card.press("Enter")
        await self._see("#replies", phone)

    async def _reply(self, words: str) -> None:
        await self._page.locator("#thread textarea").fill(words)
        await self._page.keyboard.press("Enter")

    async def _say(self, words: str) -> None:
        await self._page.locator("#channel textarea").fill(words)
        await self._page.keyboard.press("Enter")

    async def _see(self, where: str, words: str) -> None:
        await self._page.locator(where).get_by_text(words).first.wait_for()

    async def _shows(self, where: str) -> bool:
        from playwright.async_api import TimeoutError as TooLate  # noqa: PLC0415 - it may be missing

        try:
            await self._page.locator(where).first.wait_for(timeout=3000)
        except TooLate:
            return False
        return True

    async def _take(self, name: str) -> None:
        await self._page.wait_for_timeout(400)  # waits for scrolling to end
        file = self._folder / f"{name}.png"
        await self._page.screenshot(path=file, animations="disabled")
        self.taken.append(file)


async def take(folder: Path) -> Photographer:
    """Takes all screenshots.

    Args:
        folder: the target folder.

    Raises:
        RuntimeError: there is no browser.
        ImportError: there is no Playwright.
    """
    from playwright.async_api import async_playwright  # noqa: PLC0415 - it may be missing

    where = shutil.which("chromium")
    if where is None:
        raise RuntimeError("Chromium is not installed.")
    with tempfile.TemporaryDirectory(prefix="threadline-") as installation:
        async with (
            DemoEnvironment(Path(installation)) as environment,
            Server(environment) as server,
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(executable_path=where, args=FLAGS)
            size: ViewportSize = {"width": WIDTH, "height": HEIGHT}
            page = await browser.new_page(viewport=size, timezone_id="Australia/Sydney", locale="en-AU")
            page.set_default_timeout(PATIENCE)
            photographer = Photographer(page, folder)
            await page.goto(server.url)
            await photographer.play()
            await browser.close()
    return photographer


def main() -> int:
    """Takes the screenshots and lists them; returns the exit code."""
    parser = argparse.ArgumentParser(description="Take the screenshots for the documentation.")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    try:
        done = asyncio.run(take(folder))
    except (RuntimeError, ImportError) as error:
        sys.stderr.write(f"No screenshots were taken: {error}\n")
        return 1
    sys.stdout.writelines(f"{file}\n" for file in done.taken)
    sys.stdout.writelines(f"not shown, so in no screenshot: {what}\n" for what in done.missing)
    return 0


if __name__ == "__main__":
    sys.exit(main())

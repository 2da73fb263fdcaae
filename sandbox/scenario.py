"""The scenario of `threadline demo --check`, which runs without a person. It counts what the other sides received.

It observes the bot only from outside: messages in the workspace, texts on the phones, requests at the carriers.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.carriers.faults import Trouble
from sandbox.carriers.outcomes import Fate
from sandbox.demo_environment import DemoEnvironment
from sandbox.scenario_result import ScenarioResult, literal, plus, tells_the_end

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.demo_environment import Branch

CUSTOMER = "+61488023555"
UNLUCKY = "+61488020001"  # the network fails every text to it
NEW = "+61488023777"
NOTE = "she is a regular, be nice"
WAITING = "+61488023101"
CHATTY = "+61488023999"  # answers a leased number, and gets ten replies
ABROAD = {"sales": "+13035550142", "london": "+447700900142", "boston": "+16175550142"}  # by inbox
LEAVING = "+447700900143"  # opts out, in the inbox "london"
COMPOSED = "+16175550143"  # gets a text from the compose window, in the inbox "boston"
LEASE = 12.0  # seconds that a lease lasts: shorter than the scenario, but longer than between two texts in a row
PICTURE = b"\x89PNG\r\n\x1a\n pretend picture"


async def run(folder: Path) -> ScenarioResult:
    """Runs the scenario in a fresh environment. `folder` is empty and belongs to the caller."""
    began = time.monotonic()
    async with ShortLeases(folder) as environment:
        scenario = Scenario(environment)
        try:
            await scenario.play()
        except (TimeoutError, AssertionError) as error:
            scenario.result.faults.append(f"The scenario stopped: {str(error) or 'something did not happen in time'}.")
        scenario.count()
        scenario.result.figures["seconds"] = round(time.monotonic() - began, 1)
        if scenario.result.faults:
            scenario.result.faults.append(f"The end of the bot's log:\n{environment.bot.log[-3000:]}")
        return scenario.result


class ShortLeases(DemoEnvironment):
    """An environment whose leases last seconds instead of 30 days, with short waits for webhook retries."""

    def settings(self, port: int) -> dict[str, Any]:
        """Gives the bot the same lease time, and no early warnings: each post takes a second."""
        self.fone.settings.lease_lifetime = timedelta(seconds=LEASE)
        self.fone.settings.ended_lease_replies = "deliver"
        self.fone.settings.retries = (0.2, 1.0, *(3.0,) * 10)
        days = LEASE / timedelta(days=1).total_seconds()
        return super().settings(port) | {"lease_lifetime_days": days, "lease_warning_days": 0.0}


class Scenario:
    """The run: contacts, team, and the texts that each side sent."""

    def __init__(self, environment: DemoEnvironment) -> None:
        self.result = ScenarioResult()
        self._environment = environment
        self._slack = environment.slack
        self._phones = environment.phones
        self._texted: list[tuple[str, str]] = []  # phone and text, as typed by contacts
        self._replied: list[tuple[str, str]] = []  # phone and text, as typed by the team
        self._numbers_of_ten_replies = 0
        self._decided: Counter[tuple[str, str]] = Counter()  # how often somebody decided to send a text

    async def play(self) -> None:
        """Runs every step in order."""
        await self._first_text_and_two_replies()
        await self._answer_to_the_lease()
        await self._reply_that_fails()
        await self._slash_command()
        await self._ten_replies()
        abroad = [self._at_another_provider(name, phone) for name, phone in ABROAD.items()]
        await asyncio.gather(*abroad, self._opt_out(), self._note_edit_and_retry(), self._compose())
        await self._a_file_each_way()
        await self._killed_in_the_middle()

    def count(self) -> None:
        """Counts what the other sides received and compares it with what was sent."""
        shown = [self._times_shown(phone, text) for phone, text in self._texted]
        sent = Counter(
            (plus(each.to), each.text) for carrier in self._environment.carriers for each in carrier.accepted
        )
        replies = [sent[reply] for reply in self._replied]
        lines = [self._line_below(text) for _, text in self._replied]
        self.result.figures = {
            "inbound_posted": sum(times > 0 for times in shown),
            "replies_sent": sum(times > 0 for times in replies),
            "receipts_shown": sum(tells_the_end(line) for line in lines),
            "alerts": len(self._slack.see(self._environment.alerts)),
            "leases": len(self._environment.fone.leases.all),
            "leases_renewed": self._renewed(),
            "answered_from_the_number_texted": sum(
                text.from_number == self._environment.sydney for text in self._phones.received(CUSTOMER)
            ),
            "threads_on_the_phone": self._numbers_of_ten_replies,
            "slash_sends": sum(sent[(NEW, text)] for phone, text in self._replied if phone == NEW),
            "retries": self._times_delivered(UNLUCKY),
            "notes_leaked": sum(
                NOTE in each.text for carrier in self._environment.carriers for each in carrier.accepted
            ),
            "notes_held": sum("looks like a note" in post["text"] for post in self._posts(UNLUCKY)),
            "late_edits_reported": self._late_edits_reported(),
            "composed": sum(sent[reply] for reply in self._replied if reply[0] == COMPOSED),
            "files": {"in": len(self._files_in_thread()), "out": len(self._files_on_phone())},
            "opt_outs_refused": sum("opted out" in post["text"] for post in self._posts(LEAVING)),
            "providers": {branch.carrier.name: self._seen_by(branch) for branch in self._environment.branches.values()},
            "lost": shown.count(0) + replies.count(0),
            "duplicated": sum(max(0, times - 1) for times in shown) + self._beyond_decisions(sent),
        }
        self._expect("inbound_posted", len(self._texted))
        self._expect("replies_sent", len(self._replied))
        self._expect("receipts_shown", len(self._replied))
        self._expect("alerts", 1)
        self._expect("leases", 3)  # one for each conversation that `/sms` began, and one after the first had ended
        self._expect("answered_from_the_number_texted", sum(phone == CUSTOMER for phone, _ in self._replied))
        self._expect("threads_on_the_phone", 1)
        if not self.result.figures["leases_renewed"]:
            self.result.faults.append("No new number was leased after the earlier leases had ended.")
        for name, seen in self.result.figures["providers"].items():
            if 0 in seen.values():
                self.result.faults.append(f"Something is missing at {name}: {seen}.")
        self._expect("slash_sends", 1)
        self._expect("retries", 1)
        self._expect("notes_leaked", 0)
        self._expect("notes_held", 1)
        self._expect("late_edits_reported", 1)
        self._expect("opt_outs_refused", 1)
        self._expect("composed", 1)
        self._expect("files", {"in": 1, "out": 1})
        self._expect("lost", 0)
        self._expect("duplicated", 0)

    # --- steps --------------------------------------------------------------------------------------------------------

    async def _first_text_and_two_replies(self) -> None:
        """A text arrives by a webhook that comes twice; two replies go out, each by an event that comes twice."""
        self._environment.fone.faults.next(Trouble.WEBHOOK_TWICE)
        await self._text(CUSTOMER, self._environment.sydney, "Hello, is my order on its way? <!channel> *now*")
        await self._shown(CUSTOMER)
        twice = self._slack.faults.redeliver()
        await self._reply(CUSTOMER, "Yes, it left this morning :wave:", "Yes, it left this morning 👋")
        await self._reply(CUSTOMER, "It should be with you by 5 & no later.")
        twice.times = twice.hits
        await self._received(CUSTOMER)
        got = [text.text for text in self._phones.received(CUSTOMER)]
        if got != [text for phone, text in self._replied if phone == CUSTOMER]:
            self.result.faults.append("The two replies did not arrive in order.")

    async def _answer_to_the_lease(self) -> None:
        """The contact answers the number of our last reply, and the answer is posted in the same thread."""
        leased = self._phones.received(CUSTOMER)[-1].from_number
        await self._text(CUSTOMER, leased, "Thank you!")
        await self._shown(CUSTOMER)
        if len(self._roots(CUSTOMER)) != 1:
            self.result.faults.append("The answer to the leased number was not posted in the same thread.")

    async def _reply_that_fails(self) -> None:
        """A reply that the network cannot deliver is reported in the thread and in the alert channel."""
        await self._text(UNLUCKY, self._environment.sydney, "Can you call me?")
        await self._shown(UNLUCKY)
        await self._reply(UNLUCKY, "We will call you at 3.")
        await self._until(lambda: "✗" in self._line_below("We will call you at 3."))
        await self._until(lambda: bool(self._slack.see(self._environment.alerts)))

    async def _slash_command(self) -> None:
        """`/sms` starts a conversation; wrong input gets a private answer and sends nothing."""
        wrong = await self._slack.slash(self._environment.anna, self._environment.support, "/sms", "+61 40 hello")
        if "too short" not in str(wrong.answer):
            self.result.faults.append("A wrong number after /sms got no explanation.")
        text = "Your parcel is here."
        self._say(NEW, text)
        await self._slack.slash(self._environment.anna, self._environment.support, "/sms", f"0488 023 777 {text}")
        await self._received(NEW)

    async def _ten_replies(self) -> None:
        """A contact answers a leased number: ten replies come from it, so that the phone shows one thread."""
        self._say(CHATTY, "Your order is ready.")
        await self._slack.slash(
            self._environment.anna, self._environment.support, "/sms", f"{CHATTY} Your order is ready."
        )
        await self._received(CHATTY)
        await self._text(CHATTY, self._phones.received(CHATTY)[0].from_number, "When do you close?")
        await self._shown(CHATTY)
        for hour in range(10):
            await self._reply(CHATTY, f"On day {hour} at {hour + 8}.")
            await self._received(CHATTY)
        self._numbers_of_ten_replies = len({text.from_number for text in self._phones.received(CHATTY)})

    async def _at_another_provider(self, inbox: str, phone: str) -> None:
        """`/sms` and the contact's answer, then a reply and its receipt, at each of the other three providers."""
        branch = self._environment.branches[inbox]
        self._say(phone, f"Good morning from {inbox}.")
        channel = self._environment.channels[inbox]
        await self._slack.slash(self._environment.ben, channel, "/sms", f"{phone} Good morning from {inbox}.")
        await self._received(phone)
        await self._text(phone, branch.number, f"Good morning to {inbox}!")
        await self._shown(phone)
        await self._reply(phone, f"Come and see us in {inbox}.")
        await self._received(phone)
        await self._until(lambda: tells_the_end(self._line_below(f"Come and see us in {inbox}.")))

    async def _opt_out(self) -> None:
        """A STOP above a signature is confirmed once, by the only text that may go out; a later reply is rejected."""
        await self._text(LEAVING, self._environment.branches["london"].number, "STOP\n\nSent from my iPhone")
        await self._phones.wait_for(lambda: self._phones.received(LEAVING))
        self._decided[LEAVING, self._phones.received(LEAVING)[0].text] += 1
        await self._shown(LEAVING)
        await self._slack.say(
            self._environment.anna, self._channel(LEAVING), "One last offer!", thread_ts=self._roots(LEAVING)[0]
        )
        await self._until(lambda: any("opted out" in post["text"] for post in self._posts(LEAVING)))

    async def _compose(self) -> None:
        """`/sms` alone opens the compose window. A wrong number is reported at its field; a valid text is sent once."""
        slack, ben = self._slack, self._environment.ben
        await slack.slash(ben, self._environment.channels["boston"], "/sms")
        await self._until(lambda: (shown := slack.modal(ben)) and "One moment" not in slack.words(shown))
        slack.fill(ben, "compose:text", "Written in the window.")
        slack.fill(ben, "compose:number", "+1 617")
        wrong = await slack.submit(ben)
        if "number" not in (wrong.answer or {}).get("errors", {}):
            self.result.faults.append("A wrong number in the window was not reported at its field.")
        slack.fill(ben, "compose:number", COMPOSED)
        self._say(COMPOSED, "Written in the window.")
        await slack.submit(ben)
        await self._received(COMPOSED)

    async def _a_file_each_way(self) -> None:
        """A contact's picture becomes a file in the thread; a file in the thread becomes a picture on the phone."""
        phone, environment = ABROAD["sales"], self._environment
        self._texted.append((phone, "This is the one"))
        media = [environment.io.host(PICTURE, "image/png")]
        await self._phones.send(phone, environment.branches["sales"].number, "This is the one", media)
        await self._until(self._files_in_thread)
        ours = self._slack.add_file(environment.anna, "receipt.png", PICTURE)
        self._say(phone, "And this is yours")
        await self._slack.say(
            environment.anna, self._channel(phone), "And this is yours", thread_ts=self._roots(phone)[0], files=[ours]
        )
        await self._received(phone)

    async def _note_edit_and_retry(self) -> None:
        """A note stays in the team, also behind a group; a late edit is reported; a failed text is sent again."""
        root, anna = self._roots(CUSTOMER)[0], self._environment.anna
        await self._slack.say(anna, self._environment.support, f"!note {NOTE}", thread_ts=root)
        said = [post for post in self._slack.thread(self._environment.support, root) if post.get("user") == anna]
        await self._slack.edit(anna, self._environment.support, said[0]["ts"], "It left yesterday")
        await self._until(self._late_edits_reported)
        self._environment.fone.outcome(UNLUCKY, Fate.DELIVERED)
        self._decided[UNLUCKY, "We will call you at 3."] += 1
        line = next(post for post in self._posts(UNLUCKY) if "✗" in post["text"])
        await self._slack.click(anna, self._environment.support, line["ts"], "do:retry")
        await self._until(lambda: "✓✓" in self._line_below("We will call you at 3."))
        typed = f"<!subteam^{self._slack.add_group('billing', [anna])}> !note {NOTE}"
        await self._slack.say(anna, self._environment.support, typed, thread_ts=self._roots(UNLUCKY)[0])
        await self._until(lambda: any("looks like a note" in post["text"] for post in self._posts(UNLUCKY)))

    async def _killed_in_the_middle(self) -> None:
        """The bot is killed with texts and a reply under way. After a restart it finishes them."""
        await self._text(WAITING, self._environment.sydney, "Is anybody there?")
        await self._leases_end()
        await self._reply(CUSTOMER, "One more thing: bring the receipt.")
        await self._reply(CHATTY, "We close early today.")
        await self._environment.bot.kill()
        await self._text(CUSTOMER, self._environment.sydney, "Are you there?")
        await self._environment.bot.start()
        await self._shown(WAITING)
        await self._shown(CUSTOMER)
        await self._received(CUSTOMER)
        await self._received(CHATTY)
        await self._until(lambda: all(self._line_below(text) for _, text in self._replied))

    async def _leases_end(self) -> None:
        """The contact's leases end, for the provider and for the bot, which learned of them later."""
        given = [lease for lease in self._environment.fone.leases.all if lease.phone == CHATTY]
        left = max(lease.ends for lease in given) - self._environment.fone.clock.now()
        await asyncio.sleep(max(0.0, left.total_seconds() + 1.0))

    # --- helpers for the steps ----------------------------------------------------------------------------------------

    async def _text(self, phone: str, to: str, text: str) -> None:
        self._texted.append((phone, text))
        await self._phones.send(phone, to, text)

    async def _reply(self, phone: str, typed: str, text: str | None = None) -> None:
        self._say(phone, text or typed)
        root = self._roots(phone)[0]
        await self._slack.say(self._environment.anna, self._channel(phone), typed, thread_ts=root)

    def _say(self, phone: str, text: str) -> None:
        """Records that somebody in the team decided to send this text to the phone."""
        self._replied.append((phone, text))
        self._decided[phone, text] += 1

    async def _shown(self, phone: str) -> None:
        """Waits until every text from the phone is in a thread."""
        texts = [text for sender, text in self._texted if sender == phone]
        await self._until(lambda: all(self._times_shown(phone, text) for text in texts))

    async def _received(self, phone: str) -> None:
        """Waits until every reply to the phone has arrived."""
        count = sum(to == phone for to, _ in self._replied)
        await self._phones.wait_for(lambda: len(self._phones.received(phone)) >= count)

    async def _until(self, holds: Any) -> None:
        await self._slack.wait_for(holds)

    def _channel(self, phone: str) -> str:
        """Returns the channel of the phone's conversation."""
        places = {LEAVING: "london", COMPOSED: "boston"} | {each: inbox for inbox, each in ABROAD.items()}
        inbox = places.get(phone, "support")
        return self._environment.channels[inbox]

    def _files_in_thread(self) -> list[dict[str, Any]]:
        """Returns the pictures from the contact abroad, as files in their thread."""
        return [file for post in self._posts(ABROAD["sales"]) for file in post.get("files", ())]

    def _files_on_phone(self) -> list[str]:
        """Returns the pictures that the contact abroad received."""
        return [url for text in self._phones.received(ABROAD["sales"]) for url in text.media]

    def _renewed(self) -> int:
        """Returns how often the contact was given a new number after the earlier ones had ended."""
        given = [lease for lease in self._environment.fone.leases.all if lease.phone == CHATTY]
        return sum(all(old.ends <= new.since for old in given[:n]) for n, new in enumerate(given) if n)

    def _late_edits_reported(self) -> int:
        """Returns how often Anna was notified that her edit came too late."""
        return sum("edit" in post["text"] for post in self._slack.ephemerals(self._environment.anna))

    def _posts(self, phone: str) -> list[dict[str, Any]]:
        """Returns the bot's posts in the phone's threads, without the cards."""
        channel = self._channel(phone)
        posts = [post for root in self._roots(phone) for post in self._slack.thread(channel, root)[1:]]
        return [post for post in posts if post.get("bot_id")]

    def _seen_by(self, branch: Branch) -> dict[str, int]:
        """Returns one provider's counts: texts that it accepted, and webhook calls that we answered with 2xx."""
        taken = [each.hook.kind for each in branch.carrier.deliveries if each.is_taken]
        return {
            "sent": len(branch.carrier.accepted),
            "received": taken.count("inbound"),
            "receipts": taken.count("receipt"),
        }

    def _roots(self, phone: str) -> list[str]:
        """Returns the threads whose card is about this phone."""
        digits = phone.removeprefix("+")
        cards = self._slack.see(self._channel(phone))
        return [card["ts"] for card in cards if digits in "".join(filter(str.isdigit, card["text"].split(":")[0]))]

    def _times_shown(self, phone: str, text: str) -> int:
        """Returns how often a contact's text appears in the phone's threads, as literal text."""
        return sum(literal(post).count(text) for post in self._posts(phone))

    def _line_below(self, text: str) -> str:
        """Returns the status line of a reply, matched by the order in the thread."""
        phone = next(to for to, said in self._replied if said == text)
        said = [reply for to, reply in self._replied if to == phone]
        lines = [post["text"] for post in self._posts(phone) if "✓" in post["text"] or "✗" in post["text"]]
        place = said.index(text)
        return lines[place] if place < len(lines) else ""

    def _times_delivered(self, phone: str) -> int:
        """Returns how many of our texts arrived on the phone."""
        return len(self._phones.received(phone))

    def _beyond_decisions(self, sent: Counter[tuple[str, str]]) -> int:
        """Counts texts sent more often than somebody decided, including those that nobody wrote."""
        return (sent - self._decided).total()

    def _expect(self, name: str, count: object) -> None:
        if self.result.figures[name] != count:
            self.result.faults.append(f"{name} is {self.result.figures[name]}, expected {count}.")

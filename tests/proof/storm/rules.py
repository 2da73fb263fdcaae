"""The ten rules of the design, checked against the workspace, the carriers and the phones.

The check reads the bot's own rows for one thing only, the order of the intake, which nobody else knows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sandbox.carriers.faults import Trouble
from sms.message import Status
from tests.e2e.team import key, literal

if TYPE_CHECKING:
    from tests.proof.storm.stage import Storm

GOODBYE = "You will get no more texts from us."
CONFIRMATIONS = (GOODBYE, "You will get texts from us again.")
KEYWORDS = {"STOP", "START"}  # our own sentences contain them too
LISTING = ("fonedynamics", "restcomm")  # providers that can list texts whose webhooks were lost
WITHOUT_IDS = ("iovox",)  # texts without an id: the bot shows a repeat, and marks it
ENDS = ("✓✓", "✗", "no receipt came", "handed to the carrier")


@dataclass(slots=True)
class Found:
    """The counts of the check, and a sentence for each broken rule."""

    inbound: int = 0
    outbound: int = 0
    lost: int = 0
    duplicated_sms: int = 0
    duplicated_posts: int = 0
    unknown_asked: int = 0
    out_of_order: int = 0
    wrong: list[str] = field(default_factory=list)

    def say(self, rule: int, sentence: str) -> None:
        """Records a broken rule."""
        self.wrong.append(f"Rule {rule}: {sentence}")


class Rules:
    """One check of a storm that has calmed down."""

    def __init__(self, storm: Storm) -> None:
        self._storm = storm
        self.found = Found()
        self._posts = [
            (channel, post)
            for channel in (*storm.channels.values(), storm.alerts)
            for top in storm.slack.see(channel)
            for post in storm.slack.thread(channel, top["ts"])
            if post.get("bot_id") == storm.slack.bot_id
        ]

    def check(self) -> Found:
        """Checks all rules."""
        self._inbound_once()
        self._posts_once()
        self._outbound_once()
        self._none_is_silent()
        self._in_order()
        self._no_status_back()
        self._nothing_after_stop()
        self._five_leases()
        self._only_the_team()
        self._literal()
        self._not_too_fast()
        self._no_secret_in_the_log()
        return self.found

    # --- 1 ------------------------------------------------------------------------------------------------------------

    def _inbound_once(self) -> None:
        """A text is once in its phone's threads if its webhook got 2xx, or if the bot can ask for it."""
        taken = {each.hook.message_id for each in self._deliveries("inbound") if each.is_taken}
        texts = [text for phone in self._storm.phones.numbers() for text in self._storm.phones.texts(phone)]
        texts = [text for text in texts if text.direction == "out"]
        said = [literal({"blocks": [block]}) for _, post in self._posts for block in post.get("blocks", ())]
        words = [paragraph for block in said for paragraph in block.split("\n")]
        shown = Counter(word for word in words)
        for text in {text.text for text in texts} - set(shown):
            shown[text] = sum(word.endswith(text) if text in KEYWORDS else word.count(text) for word in words)
        typed = Counter(
            (text.text, text.carrier) for text in texts if text.message_id in taken or text.carrier in LISTING
        )
        tried = Counter(text.text for text in texts)
        self.found.inbound = typed.total()
        for (text, carrier), count in typed.items():
            if shown[text] < count:
                self.found.lost += 1
                self.found.say(1, f"{text!r} was taken or can be asked for, and is in no thread.")
            elif shown[text] > tried[text] and carrier not in WITHOUT_IDS:
                self.found.duplicated_posts += 1
                self.found.say(1, f"{text!r} stands {shown[text]} times in its thread, not {count} times.")

    def _posts_once(self) -> None:
        """No key appears twice in the workspace."""
        keys = Counter((channel, key(post)) for channel, post in self._posts if post.get("blocks"))
        gone = {row["key"].split(":gone:")[0] for row in self._storm.rows("SELECT key FROM posts WHERE state = 'gone'")}
        for (_, name), count in keys.items():
            if count > 1 and name not in gone:
                self.found.duplicated_posts += 1
                self.found.say(1, f"The post {name} is there {count} times: {self._asked_for(name)}.")

    def _asked_for(self, name: str) -> str:
        """Returns the time of each call for the post, and the time that each answer took (seconds)."""
        calls = [call for call in self._storm.slack.calls.of("chat.postMessage") if key(call.arguments) == name]
        return ", ".join(f"{call.at:.1f} ({call.took:.1f} s, {call.error or call.status})" for call in calls)

    # --- 2 ------------------------------------------------------------------------------------------------------------

    def _outbound_once(self) -> None:
        """Each text of the team went out at most once; no text went out without an author."""
        sent, asked = self._storm.sent(), self._asked()
        wanted = [*self._storm.replied, *self._storm.commanded]
        for each in wanted:
            self.found.outbound += sent[each] > 0
            if sent[each] > 1 + self._storm.decisions[each]:
                self.found.duplicated_sms += sent[each] - 1 - self._storm.decisions[each]
                self.found.say(2, f"{each[1]!r} went out {sent[each]} times.")
        self.found.unknown_asked = len(asked)
        for each, count in sent.items():
            if each not in wanted and each not in self._storm.maybe and not each[1].startswith(CONFIRMATIONS):
                self.found.duplicated_sms += count
                self.found.say(2, f"{each[1]!r} went out, and nobody wrote it.")

    def _asked(self) -> list[dict[str, Any]]:
        return self._storm.rows(
            """
            SELECT DISTINCT m.id FROM messages m JOIN attempts a ON a.message_id = m.id
            WHERE a.outcome = 'unknown'
            """
        )

    def _none_is_silent(self) -> None:
        """Each reply has one line below it that shows its result."""
        lines = {key(post): post for _, post in self._posts if post.get("blocks") and key(post).startswith("line:")}
        known = {
            (row["slack_channel"], row["slack_ts"]): row
            for row in self._storm.rows("SELECT id, slack_channel, slack_ts, status, state FROM messages")
        }
        for (channel, ts), text in self._storm.said.items():
            row = known.get((channel, ts))
            if row is None:
                self.found.lost += 1
                message = self._storm.slack.message(channel, ts) or {}
                self.found.say(2, f"{text!r} was never taken in: {ts} below {message.get('thread_ts')}.")
            elif (line := lines.get(f"line:{row['id']}")) is None:
                self.found.lost += 1
                self.found.say(2, f"{text!r} has no line ({row['status']}, {row['state']}).")
            elif not _says_the_end(line):
                self.found.lost += 1
                self.found.say(2, f"{text!r} ended as {line['text']!r}.")

    # --- 3, 4 ---------------------------------------------------------------------------------------------------------

    def _in_order(self) -> None:
        """Texts appear in a thread, and go out, in the order of the intake."""
        conversations = self._storm.rows("SELECT id, channel FROM conversations")
        accepted = [(each.text, place) for place, each in enumerate(self._all_accepted())]
        places = dict(reversed(accepted))
        for conversation in conversations:
            rows = self._storm.rows(
                "SELECT id, direction, text, decided_at FROM messages WHERE conversation_id = :id ORDER BY id",
                id=conversation["id"],
            )
            told = "\n".join(literal(post) for channel, post in self._posts if channel == conversation["channel"])
            once = Counter({"STOP": 2, "START": 2}) + Counter(row["text"] for row in rows)
            rows = [row for row in rows if once[row["text"]] == 1]
            inbound = [(told.find(row["text"]), row["text"]) for row in rows if row["direction"] == "in"]
            outbound = [
                (places[row["text"]], row["text"])
                for row in rows
                if row["direction"] == "out" and not row["decided_at"] and row["text"] in places
            ]
            self._rising([each for each in inbound if each[0] >= 0], "stands in its thread")
            self._rising(outbound, "left")

    def _rising(self, places: list[tuple[int, str]], how: str) -> None:
        for earlier, later in pairwise(places):
            if later[0] < earlier[0]:
                self.found.out_of_order += 1
                self.found.say(3, f"{later[1]!r} {how} before {earlier[1]!r}.")

    def _no_status_back(self) -> None:
        """Each attempt has the furthest status of its receipts."""
        for attempt in self._storm.rows("SELECT id, status FROM attempts"):
            said = self._storm.rows(
                "SELECT status FROM receipts WHERE attempt_id = :id AND status IS NOT NULL", id=attempt["id"]
            )
            furthest = max((Status(row["status"]) for row in said), default=Status(attempt["status"]))
            if Status(attempt["status"]) < furthest:
                self.found.say(4, f"An attempt is {attempt['status']}, and was {furthest.value} once.")

    # --- 5, 6 ---------------------------------------------------------------------------------------------------------

    def _nothing_after_stop(self) -> None:
        """No text typed after a STOP in the thread went out; the confirmation went out at most once."""
        sent = self._storm.sent()
        for each in self._all_accepted():
            to = each.to if each.to.startswith("+") else f"+{each.to}"
            until = self._storm.forbidden.get((to, each.text))
            if until is not None and each.at < until:
                self.found.say(5, f"{each.text!r} went to somebody who had opted out.")
        typed = Counter(self._storm.texted)
        for (phone, text), count in sent.items():
            if text.startswith(GOODBYE) and count > typed[phone, "STOP"]:
                self.found.duplicated_sms += count - typed[phone, "STOP"]
                self.found.say(5, f"The confirmation went out {count} times.")

    def _five_leases(self) -> None:
        """The provider never had to refuse a sixth lease."""
        given = Counter(lease.phone for lease in self._storm.fone.leases.all)
        if any(count > 5 for count in given.values()):
            self.found.say(6, "A contact has more than five leases.")
        refused = sum(each.kind == "send" and each.status == HTTPStatus.FORBIDDEN for each in self._storm.fone.requests)
        if refused > self._storm.fone.faults.happened[Trouble.REFUSE]:
            self.found.say(6, "The company refused a text that nobody had made it refuse.")

    # --- 7 ------------------------------------------------------------------------------------------------------------

    def _only_the_team(self) -> None:
        """No text of guests and strangers went out, and no text with a forged token is in a thread."""
        went = " ".join(text for _, text in self._storm.sent())
        stands = " ".join(literal(post) for _, post in self._posts if post.get("blocks"))
        for text in self._storm.intruded:
            if text in went or text in stands:
                self.found.say(7, f"{text!r} was taken for the team's or a customer's.")
        if set(self._storm.forged_answers) - {HTTPStatus.NOT_FOUND}:
            self.found.say(7, f"Forged webhooks were answered {dict(self._storm.forged_answers)}.")

    # --- 8, 9, 10 -----------------------------------------------------------------------------------------------------

    def _literal(self) -> None:
        """Customers write `<!channel>`; the bot mentions colleagues, but such a text notifies nobody."""
        if any(ping.startswith("<!") for _, post in self._posts for ping in self._storm.slack.pings(post)):
            self.found.say(8, "A post calls the whole channel.")

    def _not_too_fast(self) -> None:
        """Slack refused for speed only when the test made it; a bot that dies during a refusal may forget it."""
        told = sum(fault.hits for fault in self._storm.slack.faults.calls if fault.kind == "ratelimit")
        told += self._storm.told_to_wait
        refused = len(self._storm.slack.calls.failed("ratelimited"))
        if refused > told + self._storm.child.deaths:
            self.found.say(9, f"Slack refused {refused} calls for speed, {told} of them because it was told to.")

    def _no_secret_in_the_log(self) -> None:
        log = self._storm.child.log
        numbers = {phone.removeprefix("+") for phone in self._storm.phones.numbers()}
        bodies = {text for _, text in (*self._storm.texted, *self._storm.replied, *self._storm.commanded)}
        secrets = {self._storm.slack.bot_token, self._storm.slack.app_token, self._storm.fone.settings.token}
        tokens = {each.hook.url.rsplit("/", 1)[1] for each in self._deliveries()}
        for kind, each in (("number", numbers), ("body", bodies), ("secret", secrets), ("token", tokens)):
            if any(one in log for one in each):
                self.found.say(10, f"A {kind} is in the log.")

    # --- how ----------------------------------------------------------------------------------------------------------

    def _deliveries(self, kind: str | None = None) -> list[Any]:
        every = [each for carrier in self._storm.carriers for each in carrier.deliveries]
        return [each for each in every if kind in {None, each.hook.kind}]

    def _all_accepted(self) -> list[Any]:
        return sorted((each for carrier in self._storm.carriers for each in carrier.accepted), key=lambda each: each.at)


def _says_the_end(line: dict[str, Any]) -> bool:
    """True if the line shows the result, or asks."""
    asks = any(block["type"] == "actions" for block in line["blocks"])
    return asks or any(word in line["text"] for word in ENDS)

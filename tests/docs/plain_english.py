"""The plain-English rule of CONTRIBUTING.md as far as a machine can check it: texts, rules, findings."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.docs.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Kind = Literal["docstring", "comment", "message", "page"]

FOLDERS = ("bot", "providers", "sms", "storage", "sandbox", "benchmarks", "docs", "tests", "examples")
WITH_MESSAGES = ("bot", "providers", "storage", "sandbox")  # their string literals are sentences that people read


@dataclass(frozen=True, slots=True)
class Text:
    """One piece of prose.

    Attributes:
        path: of its file, from the root of the repository.
        line: the number of its first line, from 1.
        kind: the place where it was found.
        words: the prose itself.
    """

    path: str
    line: int
    kind: Kind
    words: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Words that we do not use.

    Attributes:
        name: the word, as a finding shows it.
        pattern: matches it as a whole word, in upper and lower case.
        instead: the plain words.
        in_messages: False if messages to people may have it.
    """

    name: str
    pattern: str
    instead: str
    in_messages: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence that breaks a rule."""

    path: str
    line: int  # of the word, from 1
    sentence: str
    rule: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.sentence}\n    {self.rule}"


OPENING = "a sentence opens with {}: name the actor, or write 'True if …'"
RULES = (
    Rule("company", r"compan(?:y|ies)", "provider, or carrier for the network"),
    Rule("told", r"told", "shown, logged, alerted or notified", in_messages=False),
    Rule(
        "taken in",
        r"(?:takes?|took|taken|taking) in(?! (?:(?:the|a|that|this|their|its|one|any|each) )?"
        r"(?:turns?|orders?|pairs?|place|parts?|steps?|time|account|stride|batch(?:es)?|seconds?|minutes?)\b)(?!-)",
        "stored",
    ),
    Rule("becomes of", r"(?:becomes?|became|becoming) of", "result or status"),
    Rule("comes of", r"(?:comes?|came|coming) of(?! age)", "result or status, or 'follows from'"),
    Rule("operator's word", r"operators?'s? words?", "command"),
    Rule("wish", r"wish(?:es|ed|ing)?", "action or request"),
    Rule("heed", r"heed(?:s|ed|ing)?", "handle, follow or read"),
    Rule("anew", r"anew", "again"),
    Rule("in vain", r"in vain", "without success"),
    Rule("ever", r"ever", "leave it out; 'for ever' is 'without end'"),
    Rule("whoever", r"who(?:m|so)?ever", "the person who …, everyone who …"),
    Rule(
        "stands",
        r"(?:stands?|stood)(?!-| (?:for|in for|out|alone|still|by|up|down|back|between)\b)",
        "is; 'stands for' and 'stands in for' are fine",
    ),
    Rule("what waits", r"what waits", "the queue, waiting texts, waiting jobs"),
    Rule("second way", r"second way", "fallback alerts"),
    Rule("the bridge", r"the bridge", "the intake handlers"),
    Rule("patience", r"patience", "timeout"),
    Rule(
        "an old word",
        r"hitherto|henceforth|forthwith|thereof|thereupon|whereupon|wherein|whence|thence|hither|thither|lest|nought",
        "a word of today",
    ),
)

# --- the rules --------------------------------------------------------------------------------------------------------

_OPENING = re.compile(r"\b(?:What|Whoever|Whether)\b")
_EACH = "|".join(rf"(?P<r{number}>{rule.pattern})" for number, rule in enumerate(RULES))
_WORDS = re.compile(rf"(?<![\w-])(?:{_EACH})(?!\w)".replace(" ", r"\s+"), re.IGNORECASE)  # a line may end in between
_HIDDEN = re.compile(r"``.+?``|`[^`]+`|\"[^\"\n|]+\"|“[^”\n|]+”|<!--.*?-->|(?<=\])\([^)\s]+\)", re.DOTALL)
_FENCED = re.compile(r"^(?P<indent> *)```.*?^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_OPENS = re.compile(  # ends where a sentence begins
    r"(?:\A|[.!?…:;|][\"')\]*_”]*\s+|\n[ \t]*\n\s*|(?:\A|\n)[ \t]*(?:[-*+>]|\d+\.)[ \t]+)[\"'(*_\[“\s]*\Z"
)
_BREAK = re.compile(  # between two sentences
    r"(?<=[.!?…])(?P<close>[\"')\]*_”]*)\s+|[ \t]*\|[ \t]*"
    r"|\n(?=[ \t]*(?:\n|(?:[-*+>|#]|\d+\.)[ \t]|\w+: |(?:Args|Attributes|Raises|Returns|Yields):))"
    r"|:\n[ \t]*(?=[A-Z])"
)


def findings(texts: Iterable[Text]) -> list[Finding]:
    """Returns every sentence that breaks a rule, in the order of the texts."""
    return [finding for text in texts for finding in _broken(text)]


def _broken(text: Text) -> Iterator[Finding]:
    masked = _masked(text)
    for match in _OPENING.finditer(masked):
        if _opens_a_sentence(masked, match.start()) and not _is_a_question(text, match.start()):
            yield _finding(text, match.start(), OPENING.format(match[0]))
    for match in _WORDS.finditer(masked):
        rule = RULES[int((match.lastgroup or "r0")[1:])]
        if rule.in_messages or text.kind != "message":
            said = " ".join(match[0].split())
            yield _finding(text, match.start(), f"says {said!r}: write {rule.instead}")


def _masked(text: Text) -> str:
    """Returns the prose with the same length, without code, quotations, comments of HTML and the targets of links."""
    words = _FENCED.sub(_blank, text.words) if text.kind == "page" else text.words
    return words if text.kind == "message" else _HIDDEN.sub(_blank, words)


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", "¤", match[0])


def _opens_a_sentence(words: str, start: int) -> bool:
    """True if a word is the first of a sentence; a heading is no sentence."""
    is_heading = words.startswith("#", words.rfind("\n", 0, start) + 1)
    return not is_heading and _OPENS.search(words, 0, start) is not None


def _is_a_question(text: Text, start: int) -> bool:
    """True for "What should happen?": a question to a person is not a clause that stands for a noun."""
    return _sentence(text.words, start).endswith("?")


def _finding(text: Text, start: int, rule: str) -> Finding:
    return Finding(text.path, text.line + text.words.count("\n", 0, start), _sentence(text.words, start), rule)


def _sentence(words: str, start: int) -> str:
    """Returns the sentence around a place, on one line."""
    begin, end = 0, len(words)
    for match in _BREAK.finditer(words):
        if match.end() <= start:
            begin = match.end()
        elif match.start() > start:
            end = match.start() + len(match["close"] or "")
            break
    return " ".join(words[begin:end].split())


# --- the texts --------------------------------------------------------------------------------------------------------

_LEXEME = re.compile(
    r"\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|(?P<comment>#[^\n]*)",
    re.DOTALL,
)
_BODIES = ("body", "orelse", "finalbody", "handlers", "cases")
_SAYS = {"echo", "secho", "debug", "info", "warning", "error", "critical", "exception", "warn", "fail"}


def of_folder(folder: str) -> Iterator[Text]:
    """Yields the prose of every Python file below a folder of the repository."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield from of_code(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


def of_page(path: Path) -> Iterator[Text]:
    """Yields a page of Markdown."""
    yield Text(path.relative_to(ROOT).as_posix(), 1, "page", path.read_text(encoding="utf-8"))


def of_code(path: str, source: str) -> Iterator[Text]:
    """Yields the docstrings and comments of a module; its messages too, if people read those of its folder.

    Args:
        path: from the root of the repository.
        source: Python.

    Raises:
        SyntaxError: it is not Python.
    """
    tree = ast.parse(source)
    yield from _docstrings(path, tree)
    yield from _comments(path, source)
    if path.partition("/")[0] in WITH_MESSAGES:
        yield from _messages(path, tree)


def _docstrings(path: str, tree: ast.Module) -> Iterator[Text]:
    """Yields each string that is a statement."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield Text(path, node.lineno, "docstring", node.value.value)
        for name in _BODIES:
            inner = getattr(node, name, ())
            waiting.extend(inner if isinstance(inner, list) else ())


def _comments(path: str, source: str) -> Iterator[Text]:
    """Yields each comment; comment lines one below the other are one text.

    The scanner knows strings and comments and nothing else: `tokenize` takes twenty times as long.
    """
    if "#" not in source:
        return
    starts = [0, *(match.end() for match in re.finditer("\n", source))]
    block: Text | None = None
    for match in _LEXEME.finditer(source):
        if match["comment"] is None:
            continue
        number = bisect_right(starts, match.start())
        is_alone = not source[starts[number - 1] : match.start()].strip()
        words = match[0].strip("#-").strip()
        if block is not None and is_alone and number == block.line + block.words.count("\n") + 1:
            block = Text(path, block.line, "comment", f"{block.words}\n{words}")
            continue
        if block is not None:
            yield block
        block = Text(path, number, "comment", words)
        if not is_alone:
            yield block
            block = None
    if block is not None:
        yield block


def _messages(path: str, tree: ast.Module) -> Iterator[Text]:
    """Yields the string literals that look like sentences, or that a call shows, logs or raises."""
    known: set[int] = set()  # ids of nodes: statements, pieces of an f-string
    said: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            known.add(id(node.value)) if isinstance(node.value, ast.Constant) else None
        elif isinstance(node, ast.JoinedStr):
            known.update(id(piece) for piece in node.values if isinstance(piece, ast.Constant))
        elif isinstance(node, ast.Call) and _name(node.func) in _SAYS:
            said.update(id(argument) for argument in node.args)
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            said.update(id(argument) for argument in node.exc.args)
        words = None if id(node) in known else _literal(node)
        if words and " " in words and (id(node) in said or words.rstrip().endswith((".", "!", "?", "…"))):
            yield Text(path, node.lineno, "message", words)  # type: ignore[attr-defined]  # an expression has its line


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def _literal(node: ast.AST) -> str | None:
    """Returns the words of a string; a value within an f-string is `{}`."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(piece.value) if isinstance(piece, ast.Constant) else "{}" for piece in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None

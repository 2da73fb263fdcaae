"""Docs, docstrings, comments, messages and commit subjects keep to the plain-English rule of CONTRIBUTING.md."""

from __future__ import annotations

import subprocess
import tokenize
from io import StringIO

import pytest

from tests.docs import plain_english
from tests.docs.pages import PAGES, ROOT, Page
from tests.docs.plain_english import FOLDERS, OPENING, RULES, Text, findings

_MARKER = "Sort bot, storage, sandbox and tests into rooms"  # commits after this one keep to the rule
_LONGEST = 72  # characters of a commit subject
_ALL_PAGES = [*PAGES, Page(ROOT / "benchmarks/README.md")]


@pytest.mark.parametrize("folder", FOLDERS)
def test_code_is_in_plain_english(folder: str) -> None:
    """No docstring, comment or message below the folder breaks a rule."""
    found = findings(plain_english.of_folder(folder))
    assert not found, _listed(found)


@pytest.mark.parametrize("each", _ALL_PAGES, ids=lambda each: each.name)
def test_pages_are_in_plain_english(each: Page) -> None:
    """No sentence of a page, written by hand or generated, breaks a rule."""
    found = findings(plain_english.of_page(each.path))
    assert not found, _listed(found)


def test_commit_subjects_are_short() -> None:
    """Each has at most 72 characters and no period at its end."""
    subjects = _subjects()
    assert not [each for each in subjects if len(each) > _LONGEST or each.endswith(".")]


# --- the checker finds each kind of fault -----------------------------------------------------------------------------

_BROKEN = {
    "company": "The company sends a receipt.",
    "told": "The author is told.",
    "taken in": "Each text is taken in once.",
    "becomes of": "The line shows what became of it.",
    "comes of": "It logs what comes of the request.",
    "operator's word": "It waits for an operator's word.",
    "wish": "It does the wish of a person.",
    "heed": "It heeds a STOP.",
    "anew": "It opens the thread anew.",
    "in vain": "It tried in vain.",
    "ever": "It waits for ever.",
    "whoever": "It asks whoever is there.",
    "stands": "The reason stands below the reply.",
    "what waits": "It counts what waits.",
    "second way": "Alerts go out by the second way.",
    "the bridge": "The row goes to the bridge.",
    "patience": "It has the patience of Slack.",
    "an old word": "It closes the file, lest a copy remains.",
}


def test_every_rule_has_an_example() -> None:
    """A rule without one could be mistyped, and find nothing."""
    assert [rule.name for rule in RULES] == list(_BROKEN)


@pytest.mark.parametrize("name", _BROKEN)
def test_each_word_is_found(name: str) -> None:
    """In a docstring and on a page, with the plain words to use instead."""
    sentence, rule = _BROKEN[name], next(each for each in RULES if each.name == name)
    for kind in ("docstring", "page"):
        (found,) = findings([Text("x", 1, kind, f"A first sentence. {sentence} A last one.")])
        assert found.sentence == sentence
        assert rule.instead in found.rule


@pytest.mark.parametrize("word", ["What", "Whoever", "Whether"])
@pytest.mark.parametrize("before", ["", "A sentence. ", "Some words\n\n", "Returns:\n    ", "- ", "| cell | ", "**"])
def test_each_opening_is_found(word: str, before: str) -> None:
    """At the beginning of a text, a sentence, a paragraph, a section, a list item and a cell."""
    found = findings([Text("x", 1, "page", f"{before}{word} waits long is shown.")])
    assert OPENING.format(word) in [each.rule for each in found]


@pytest.mark.parametrize(
    "sentence",
    [
        "It never stops, whatever the clock says, and forever means without end.",
        "`told` is the name of a variable, and ``the company`` is one too.",
        'A customer writes "What is it? I wish you heeded me" and waits.',
        "US stands for the United States. The sandbox stands in for Slack. A stand-alone program.",
        "The texts are taken in turn. The rows are taken in the order of their ids.",
        "The outcome of a send, whose cost is known, and what the provider says.",
        "What should happen?",
        "It asks whether the text arrived.",
        "True if the thread is open.",
        "accompany, told_at, evergreen, forever, never, however, unheeded_row",
    ],
)
def test_plain_sentences_pass(sentence: str) -> None:
    """Parts of other words, code, quotations and questions to people are no faults."""
    assert not findings([Text("x", 1, "docstring", sentence)])


def test_code_on_a_page_is_not_read() -> None:
    """Blocks, comments of HTML, headings that open with What, and the targets of links."""
    page = "# What it can do\n\n```sh\necho told anew\n```\n<!-- told -->\n[a page](docs/the-company.md#told)\n"
    assert not findings([Text("x", 1, "page", page)])


def test_words_on_two_lines_are_found() -> None:
    """A line may end within the words of a rule, also in a list."""
    found = findings([Text("x", 1, "page", "- It tried in\n  vain.\n- It says what\n  became of it.\n")])
    assert [(each.line, each.rule.partition(":")[0]) for each in found] == [
        (1, "says 'in vain'"),
        (4, "says 'became of'"),
    ]


def test_the_place_is_exact() -> None:
    """A finding names the file, the line of the word and its whole sentence."""
    (found,) = findings([Text("a/b.py", 7, "docstring", "It is fine.\n\nThe text\nis sent\nanew, at once. Good.")])
    assert (found.path, found.line, found.sentence) == ("a/b.py", 11, "The text is sent anew, at once.")
    assert str(found).startswith("a/b.py:11: The text is sent anew, at once.\n    says 'anew': write again")


_CODE = '''
"""A module that is told something."""

#: A comment that heeds
# two lines, anew.
LIMIT = 3  # for ever
TEXT = "# told: no comment"  # a real one


class Kind:
    """Whether it is open."""

    async def do(self) -> None:
        """Does it.

        Returns:
            What came of it.
        """
        if LIMIT:
            def inner() -> None:
                """In vain."""
        click.echo("a wish")
        log.info("taken in", text="what waits")
        raise ValueError(f"no {self} was heeded")
        tell("They were told.", "not a sentence, heeded", f"The company {LIMIT} is gone.")
'''


def test_everything_in_code_is_read() -> None:
    """Docstrings at every depth, comments of one line and of several, and messages, each with its line."""
    found = findings(plain_english.of_code("bot/x.py", _CODE))
    said = [(each.line, each.rule.partition(":")[0]) for each in found]
    assert sorted(said) == [
        (2, "says 'told'"),
        (4, "says 'heeds'"),
        (5, "says 'anew'"),
        (6, "says 'ever'"),
        (11, "a sentence opens with Whether"),
        (17, "a sentence opens with What"),
        (17, "says 'came of'"),
        (21, "says 'In vain'"),
        (22, "says 'wish'"),
        (23, "says 'taken in'"),
        (24, "says 'heeded'"),
        (25, "says 'company'"),
    ]


def test_data_of_tests_is_not_read() -> None:
    """A customer may write anything: a string counts only in folders whose messages people read."""
    source = 'TEXT = "I wish the company had told me whoever it was."\n'
    assert not findings(plain_english.of_code("tests/x.py", source))
    assert findings(plain_english.of_code("bot/x.py", source))


def test_comments_are_those_of_python() -> None:
    """The fast scanner and the standard library find the same comments."""
    source = _CODE + "\nA = '#' + \"\\\"#\" + '''\n# no\n''' + r'\\\\' + f\"{1:#x}\"  # yes\nB = 1  # last"
    tokens = tokenize.generate_tokens(StringIO(source).readline)
    expected = [each.string.strip("#-").strip() for each in tokens if each.type == tokenize.COMMENT]
    found = [each.words for each in plain_english.of_code("tests/x.py", source) if each.kind == "comment"]
    assert "\n".join(found) == "\n".join(expected)


def _subjects() -> list[str]:
    """Returns the subjects of the commits since the rule, merges excepted. Skips the test where git cannot say."""
    try:
        shallow = _git("rev-parse", "--is-shallow-repository")
        marker = _git("log", "-1", "--format=%H", f"--grep=^{_MARKER}$")
        if shallow != "false" or not marker:
            pytest.skip("the history is not here")
        return _git("log", "--no-merges", "--format=%s", f"{marker}..HEAD").splitlines()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"there is no git here: {error}")


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    run = subprocess.run(command, text=True, capture_output=True, check=True)  # noqa: S603 - git, with words of ours
    return run.stdout.strip()


def _listed(found: list[plain_english.Finding]) -> str:
    return "\n".join([f"{len(found)} findings", *map(str, found)])

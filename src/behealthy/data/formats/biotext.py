"""BioText's pair of files: `<name>_sent` with a token a line, `<name>_label` with its label on the same line.

A blank line parts sentences in both. Every sentence is a document, `<name>:<index>` from 0, because the corpus tells
nothing above it. Labels are bare types, so two entities of one type that touch cannot be told apart.

Not carried: document ids, the white space of the text, scores, assertions, sections, codes, attributes, relations,
entities that overlap or, of one type, touch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from behealthy.data.formats import tags
from behealthy.data.formats.corpus import Corpus, Format, files_by_suffix, refuse_types
from behealthy.data.text import read_text, split_lines, write_text
from behealthy.errors import Problem
from behealthy.extract.tokens import Vocabulary
from behealthy.note import Extraction

_TOKENS, _LABELS = "_sent", "_label"

Block = list[tuple[int, str]]  # line number, line


def read(path: Path, max_bytes: int) -> Corpus:
    """Read the pair of files that a prefix names.

    Raises
    ------
    UnreadableFile
        When one of the two is away or not text.
    """
    token_file, label_file = _pair(path)
    token_text, token_notice = read_text(token_file, max_bytes=max_bytes)
    label_text, label_notice = read_text(label_file, max_bytes=max_bytes)
    notices = [
        Problem(str(file), 0, notice)
        for file, notice in ((token_file, token_notice), (label_file, label_notice))
        if notice
    ]
    token_blocks, label_blocks = _blocks(token_text), _blocks(label_text)
    problems: list[Problem] = []
    if not token_blocks:
        problems.append(Problem(str(token_file), 0, "is empty: no token"))
    usable = _usable(token_blocks, label_blocks, token_file, label_file, problems)
    documents = []
    for index, (words, labels) in enumerate(zip(token_blocks[:usable], label_blocks[:usable], strict=True)):
        if len(words) != len(labels):
            reason = f"sentence {index} has {len(words)} tokens but {len(labels)} labels ({label_file.name}"
            problems.append(Problem(str(token_file), words[0][0], f"{reason}:{labels[0][0]}); it is left out"))
            continue
        parsed, faults = _parse(labels, index, label_file)
        problems += faults
        if faults:
            continue
        spans, oddities = tags.decode(parsed)
        notices.extend(Problem(str(label_file), labels[i][0], reason) for i, reason in oddities)
        text, entities = tags.place([word for _, word in words], spans, 0, 0)
        documents.append(Extraction(f"{path.name}:{index}", text, tuple(entities)))
    return Corpus(tuple(documents), tuple(problems), tuple(notices))


def write(documents: Sequence[Extraction], path: Path) -> None:
    """Write all documents' sentences into one pair of files, with tokens of our own and bare labels.

    Raises
    ------
    FormatError
        When a type cannot be a label, such as O.
    """
    refuse_types(documents, path, lambda t: tags.writable(t, bare=True), "cannot be told from another label")
    vocabulary = Vocabulary()
    words: list[str] = []
    labels: list[str] = []
    for document in documents:
        vocabulary.forget_if_full()
        for sentence in tags.labelled(document, vocabulary, bare=True):
            words.append("".join(f"{token}\n" for token, _ in sentence))
            labels.append("".join(f"{label}\n" for _, label in sentence))
    token_file, label_file = _pair(_prefix(path))
    write_text(token_file, "\n".join(words))
    write_text(label_file, "\n".join(labels))


def pairs(path: Path, suffixes: Sequence[str]) -> list[Path]:
    """List the prefixes to read: the one that the path is or belongs to, or all of a folder.

    A file whose partner is away is listed too, so that reading it says so.

    Raises
    ------
    UnreadableFile
        When there is no such folder or pair.
    """
    if path.is_dir():
        return sorted({_prefix(file) for file in files_by_suffix(path, suffixes)})
    prefix = _prefix(path)
    if not any(file.exists() for file in _pair(prefix)):
        return files_by_suffix(path, suffixes)
    return [prefix]


FORMAT = Format("biotext", (_TOKENS, _LABELS), read, write, pairs)


def _prefix(path: Path) -> Path:
    end = next((end for end in (_TOKENS, _LABELS) if path.name.endswith(end)), "")
    return path.with_name(path.name.removesuffix(end) or path.name)


def _pair(prefix: Path) -> tuple[Path, Path]:
    return prefix.with_name(prefix.name + _TOKENS), prefix.with_name(prefix.name + _LABELS)


def _blocks(text: str) -> list[Block]:
    blocks: list[Block] = [[]]
    for number, line in enumerate(split_lines(text), 1):
        if line.strip(" \t"):
            blocks[-1].append((number, line))
        elif blocks[-1]:
            blocks.append([])
    return blocks if blocks[-1] else blocks[:-1]


def _usable(
    tokens: Sequence[Block], labels: Sequence[Block], token_file: Path, label_file: Path, problems: list[Problem]
) -> int:
    """Give how many sentences can be matched by their index.

    Where the two files differ in their number of sentences, a blank line is too many or too few somewhere, and from
    the first sentence of unequal length on the labels may belong to other sentences.
    """
    if len(tokens) == len(labels):
        return len(tokens)
    shorter = min(len(tokens), len(labels))
    safe = next((i for i in range(shorter) if len(tokens[i]) != len(labels[i])), shorter)
    line = tokens[safe][0][0] if safe < len(tokens) else 0
    reason = (
        f"{len(tokens)} sentences but {label_file.name} has {len(labels)}; "
        f"from sentence {safe} on they cannot be matched and are left out"
    )
    problems.append(Problem(str(token_file), line, reason))
    return safe


def _parse(labels: Block, index: int, label_file: Path) -> tuple[list[tags.Label], list[Problem]]:
    parsed: list[tags.Label] = []
    faults = []
    for number, label in labels:
        try:
            parsed.append(tags.parse(label.strip(" \t")))
        except ValueError as exc:
            faults.append(Problem(str(label_file), number, f"{exc}; sentence {index} is left out"))
    return parsed, faults

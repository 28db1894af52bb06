"""Fingerprints tell the book's own definitions from a reader's, without the book's text.

A fingerprint is made of what Python reads: names, numbers, strings, operators and the structure of lines and
blocks. Comments, docstrings, blank lines and the width of an indentation leave it as it is, so that the book's code
is recognised in every translation.
"""

import ast
import hashlib
import io
import tokenize

_STRUCTURE = {tokenize.NEWLINE: ";", tokenize.INDENT: "{", tokenize.DEDENT: "}"}
_UNREAD = (tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER)


def definitions(tree):
    """The top-level classes and functions of a module."""
    return [node for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))]


def fingerprint(node, lines):
    """The fingerprint of a definition: 16 hexadecimal digits, or None if it shares a line with its docstring.

    Parameters
    ----------
    node : ast.ClassDef or ast.FunctionDef
    lines : list of str
        The lines of the module, with their ends.
    """
    skipped = _docstring_lines(node)
    text = "".join(lines[number - 1] for number in range(node.lineno, node.end_lineno + 1) if number not in skipped)
    try:
        words = [_STRUCTURE.get(token.type, token.string)
                 for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type not in _UNREAD]
    except (SyntaxError, tokenize.TokenError):
        return None
    return hashlib.sha256(" ".join(words).strip("; ").encode()).hexdigest()[:16]


def _docstring_lines(node):
    """The numbers of the lines that docstrings take; one that is a whole body stays, for a body must have something."""
    skipped = set()
    for inner in ast.walk(node):
        if isinstance(inner, (ast.ClassDef, ast.FunctionDef)) and len(inner.body) > 1 and ast.get_docstring(inner) is not None:
            skipped.update(range(inner.body[0].lineno, inner.body[0].end_lineno + 1))
    return skipped

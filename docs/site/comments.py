"""Comments of a header as Doxygen reads them: python3 comments.py HEADER

The headers have plain `//` comments, above what they are about or after it on the same line. Text in them is text: anything that
Doxygen would read as a command, a tag or a link is escaped, except between backquotes.
"""
import re
import sys


def text(comment: str) -> str:
    parts = comment.split("`")
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"([\\@<>#%&$*_|~])", r"\\\1", parts[i])
    return "`".join(parts)


def main() -> None:
    lines = open(sys.argv[1], encoding="utf-8").read().split("\n")
    out = []
    # The comment at the top is about the file.
    top = 0
    while top < len(lines) and lines[top].startswith("//"):
        top += 1
    if top:
        out.append("/// \\file")
    inside_code = False
    for number, line in enumerate(lines):
        whole = re.match(r"^(\s*)//(?!/)(.*)$", line)
        trailing = None if whole else re.match(r"^(.*[;,{}\w)])  // (.*)$", line)
        if whole:
            indent, comment = whole.groups()
            code = comment.startswith("   ")
            if code and not inside_code:
                out.append(indent + "///")
            out.append(indent + "///" + ("   " + comment if code else text(comment)))
            inside_code = code
            continue
        inside_code = False
        if number == top and top:
            out.append("")
        out.append(f"{trailing.group(1)}  ///< {text(trailing.group(2))}" if trailing else line)
    sys.stdout.write("\n".join(out))


main()

// What editors show of instructions, flags, mounts, variables and the keys of compose and bake files.
//
// The texts are in help.md, which is compiled in. Each section starts with `# NAME`, or `# NAME | NAME`; then
// come lines of what it is about, in this order and all of them optional, and the text in Markdown:
//
//   form: RUN [OPTIONS] COMMAND …      one way to write it; the first is the most common
//   word: COMMAND run by the shell     what a word of the forms means
//   snippet: RUN ${1:command}          as editors insert it, with places to fill in; \n is a line end
//   link: https://docs.docker.com/…    the reference
//
// Names are those of people: "RUN", "RUN --mount", "RUN --network=none" for a value, "RUN --mount=type=cache"
// for a type of mount, "RUN --mount,target" for an option and "RUN --mount,sharing=locked" for its value,
// "$TARGETOS", "# syntax" for a directive, "compose build.target", "bake target.context".
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dcache::editor {

struct Help {
  struct Word {
    std::string_view word;
    std::string_view meaning;
  };
  std::string_view name;
  std::vector<std::string_view> forms;
  std::vector<Word> words;
  std::string_view snippet;
  std::string_view link;
  std::string_view text;
};

// In the order of the file. Lives as long as the program.
std::span<const Help> all_help();
// Null for what there is no text about.
const Help* find_help(std::string_view name);

// The section as Markdown: its first forms, the text, and the link.
std::string markdown_of(const Help& help);
// The snippet with its line ends.
std::string snippet_of(const Help& help);

}  // namespace dcache::editor

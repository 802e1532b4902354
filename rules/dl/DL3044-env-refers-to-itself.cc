#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "dcache/dockerfile/expand.h"
#include "dcache/lint/rule.h"

namespace dcache::rules::DL3044 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// The variables that a text refers to and gives no default for.
std::vector<std::string> references_in(std::string_view text, char escape) {
  std::vector<std::string> names;
  const dockerfile::Lookup nothing_set = [](std::string_view) { return std::nullopt; };
  (void)dockerfile::expand(text, nothing_set, {.escape = escape, .missing = &names});
  return names;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  std::set<std::string, std::less<>> known;
  for (const Instruction& instruction : dockerfile.file().instructions()) {
    if (instruction.keyword == Keyword::kArg) {
      for (const dockerfile::Word& word : instruction.arguments)
        known.emplace(word.text.substr(0, word.text.find('=')));
    }
    if (instruction.keyword != Keyword::kEnv) continue;
    const auto words = instruction.arguments;
    std::map<std::string_view, int> set_here;
    for (size_t name = 0; name < words.size(); name += 2)
      ++set_here[words[name].text];
    for (size_t value = 1; value < words.size(); value += 2) {
      // Its own name counts only if the statement sets it twice.
      const auto is_neighbour = [&](const std::string& name) {
        const auto here = set_here.find(name);
        const int others =
            here == set_here.end() ? 0 : here->second - (words[value - 1].text == name ? 1 : 0);
        return others > 0 && !known.contains(name);
      };
      const auto names = references_in(words[value].text, dockerfile.file().escape());
      const auto neighbour = std::ranges::find_if(names, is_neighbour);
      const std::string found = neighbour == names.end() ? "" : *neighbour;
      if (found.empty()) continue;
      reporter
          .report(instruction.span,
                  fmt::format("{} is not set yet when {} uses it", found, words[value - 1].text),
                  fmt::format("set {} in a separate ENV above", found))
          .focus = words[value].span;
      break;
    }
    for (size_t name = 0; name < words.size(); name += 2)
      known.emplace(words[name].text);
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3044",
          .name = "env-refers-to-itself",
          .level = lint::Level::kError,
          .origin = lint::Origin::kHadolint,
          .summary = "A value in ENV refers to a variable that the same ENV sets",
          .rationale =
              "All values in one ENV use the variables as they were before it: a reference to a variable "
              "of the same ENV gives the old value, or nothing.",
          .bad = {"FROM debian:12\n"
                  "ENV HOME_DIR=/app BIN_DIR=$HOME_DIR/bin\n"},
          .good = {"FROM debian:12\n"
                   "ENV HOME_DIR=/app\n"
                   "ENV BIN_DIR=$HOME_DIR/bin\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3044

#include <set>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/hadolint.h"

namespace dcache::rules::DL3066 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

std::set<std::string_view> arguments_of(const dockerfile::File& file) {
  std::set<std::string_view> names;
  for (const Instruction& instruction : file.instructions()) {
    if (instruction.keyword != Keyword::kArg) continue;
    for (const dockerfile::Word& word : instruction.arguments)
      names.insert(word.text.substr(0, word.text.find('=')));
  }
  return names;
}

// A variable that an ARG declares: a build may give a number.
bool is_argument(std::string_view name, const std::set<std::string_view>& arguments) {
  if (!name.starts_with('$')) return false;
  name.remove_prefix(name.starts_with("${") ? 2 : 1);
  return arguments.contains(name.substr(0, name.find_first_of("}:-")));
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(dockerfile, "DL3066");
  const std::set<std::string_view> arguments = arguments_of(dockerfile.file());
  for (const Instruction& instruction : dockerfile.file().instructions()) {
    if (instruction.keyword != Keyword::kUser || instruction.arguments.empty()) continue;
    const std::string_view user = instruction.arguments.front().text;
    const std::string_view name = user.substr(0, user.find(':'));
    if (name.find_first_not_of("0123456789") == std::string_view::npos || is_argument(name, arguments))
      continue;
    if (name == "root" && !as_hadolint) continue;
    reporter
        .report(instruction.span, fmt::format("the user ID of {} is not known outside the image", name),
                "write USER UID:GID")
        .focus = instruction.arguments.front().span;
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3066",
          .name = "user-by-name",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kHadolint,
          .not_in_default = "most images use user names",
          .summary = "USER names a user instead of a user ID",
          .rationale =
              "A name must be looked up in the image's `/etc/passwd`; orchestrators that refuse root "
              "can't know that a name is not root. A user ID is clear. The name `root` is clear too: "
              "only the profile `hadolint` reports it.",
          .bad = {"FROM debian:12\n"
                  "USER app\n"},
          .good = {"FROM debian:12\n"
                   "USER 1000:1000\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3066

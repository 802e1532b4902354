#include "rules/volatile.h"

#include <algorithm>
#include <string>

#include "dcache/project/ci_text.h"
#include "dcache/text/unicode.h"
#include "rules/known_facts.h"
#include "rules/package_managers.h"

namespace dcache::rules {

using dockerfile::Instruction;
using dockerfile::Keyword;
using lint::Dockerfile;

bool is_volatile_name(std::string_view name) {
  std::string upper;
  for (const char c : name)
    upper += text::ascii_upper(c);
  return std::ranges::find(volatile_names(), upper) != volatile_names().end() ||
         project::is_new_each_run(upper) || std::ranges::any_of(volatile_parts(), [&](std::string_view part) {
           return upper.find(part) != std::string::npos;
         });
}

bool mentions(const Instruction& instruction, std::string_view name) {
  const auto inside = [&](std::string_view text) {
    for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
      const char before = at > 0 ? text[at - 1] : ' ';
      const char after = at + name.size() < text.size() ? text[at + name.size()] : ' ';
      const auto is_name = [](char c) {
        return c == '_' || text::ascii_lower(c) != text::ascii_upper(c) || (c >= '0' && c <= '9');
      };
      if (!is_name(before) && !is_name(after)) return true;
    }
    return false;
  };
  return inside(instruction.joined) ||
         std::ranges::any_of(instruction.heredocs,
                             [&](const dockerfile::Heredoc& heredoc) { return inside(heredoc.content); });
}

bool is_costly(Dockerfile& dockerfile, const Instruction& instruction) {
  return instruction.keyword == Keyword::kRun && !uses_of(dockerfile, dockerfile.run_at(instruction)).empty();
}

}  // namespace dcache::rules

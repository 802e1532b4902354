#include "rules/volatile.h"

#include <algorithm>
#include <string>

#include "dcache/text/unicode.h"
#include "rules/package_managers.h"

namespace dcache::rules {

using dockerfile::Instruction;
using dockerfile::Keyword;
using lint::Dockerfile;

bool is_volatile_name(std::string_view name) {
  constexpr std::string_view kNames[] = {
      "VERSION", "APP_VERSION", "BUILD_VERSION", "RELEASE",   "TIMESTAMP",  "VCS_REF",    "DATE",
      "GIT_TAG", "GIT_BRANCH",  "BUILD_TAG",     "CACHEBUST", "CACHE_BUST", "CACHE_DATE", kSourceDateEpoch};
  constexpr std::string_view kParts[] = {"BUILD_DATE",      "BUILD_NUMBER", "BUILD_ID",    "BUILD_TIME",
                                         "BUILD_TIMESTAMP", "GIT_SHA",      "GIT_COMMIT",  "GIT_HASH",
                                         "GIT_REV",         "COMMIT_SHA",   "COMMIT_HASH", "REVISION",
                                         "CI_COMMIT",       "CI_PIPELINE",  "GITHUB_SHA",  "GITHUB_RUN"};
  std::string upper;
  for (const char c : name)
    upper += text::ascii_upper(c);
  return std::ranges::find(kNames, upper) != std::end(kNames) ||
         std::ranges::any_of(kParts,
                             [&](std::string_view part) { return upper.find(part) != std::string::npos; });
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

#include "rules/empty_image.h"

#include <algorithm>

#include "dcache/text/path.h"
#include "rules/sources.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

bool may_bring(const Instruction& instruction, std::span<const std::string_view> folders) {
  switch (instruction.keyword) {
    case Keyword::kRun:
    case Keyword::kShell:
    case Keyword::kOnbuild:
    case Keyword::kUnknown:
      return true;
    case Keyword::kCopy:
    case Keyword::kAdd:
      break;
    default:
      return false;
  }
  if (instruction.arguments.size() < 2) return true;
  const std::string_view written = unquoted(instruction.arguments.back().text);
  if (!written.starts_with('/') || written.find('$') != std::string_view::npos) return true;
  const std::string path = text::clean_path(written);
  return std::ranges::any_of(folders, [&](std::string_view folder) {
    return text::is_within(path, folder) || text::is_within(folder, path);
  });
}

}  // namespace

bool is_surely_missing(lint::Dockerfile& dockerfile, size_t stage, const Instruction& instruction,
                       std::span<const std::string_view> folders) {
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  const bool at_once = instruction.keyword == Keyword::kRun;
  // What a stage says of containers counts for the images made from it, which may have more.
  const auto starts_here = [&](const WrittenStage& one) { return one.base == stage; };
  if (!at_once && std::ranges::any_of(stages, starts_here)) return false;
  for (std::optional<size_t> at = stage; at; at = stages[*at].base) {
    const WrittenStage& one = stages[*at];
    if (one.from == nullptr || (!one.base && image_of(dockerfile, *one.from) != "scratch")) return false;
    for (const Instruction& other : one.body) {
      if (at_once && &other == &instruction) break;
      if (may_bring(other, folders)) return false;
    }
  }
  return true;
}

}  // namespace dcache::rules

#include "dcache/lsp/formatting.h"

#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

#include "dcache/dockerfile/format.h"

namespace dcache::lsp {
namespace {

using nlohmann::json;
using text::Span;

constexpr std::string_view kBlank = " \t";

bool continues(std::string_view line, char escape) {
  const size_t last = line.find_last_not_of(kBlank);
  return last != std::string_view::npos && line[last] == escape;
}

}  // namespace

json formatting(const editor::Workspace::ParsedDockerfile& parsed, const Positions& positions, Span range) {
  json edits = json::array();
  for (const text::Edit& edit : dockerfile::format_edits(parsed.file)) {
    if (range.contains(edit.span))
      edits.push_back({{"range", positions.range_of(edit.span)}, {"newText", edit.replacement}});
  }
  return edits;
}

json typed_formatting(const editor::Workspace::ParsedDockerfile& parsed, const Positions& positions,
                      uint32_t offset, uint32_t indent) {
  const uint32_t line = positions.place_of(offset).line;
  if (line == 0) return json::array();
  const std::string_view source = positions.text();
  const Span above = positions.line(line - 1);
  json edits = formatting(parsed, positions, above);
  const auto& instructions = parsed.file.instructions();
  const bool inside = std::ranges::any_of(instructions, [&](const dockerfile::Instruction& one) {
    return one.span.begin <= above.begin && above.begin < one.span.end;
  });
  if (!inside || !continues(above.of(source), parsed.file.escape())) return edits;
  const bool second = line >= 2 && continues(positions.line(line - 2).of(source), parsed.file.escape());
  const std::string_view text = above.of(source);
  std::string wanted(text.substr(0, second ? std::min(text.find_first_not_of(kBlank), text.size()) : 0));
  if (!second) wanted.assign(indent, ' ');
  const Span typed = positions.line(line);
  const size_t blank = std::min(typed.of(source).find_first_not_of(kBlank), size_t{typed.size()});
  const Span old{typed.begin, typed.begin + static_cast<uint32_t>(blank)};
  if (old.of(source) != wanted) edits.push_back({{"range", positions.range_of(old)}, {"newText", wanted}});
  return edits;
}

}  // namespace dcache::lsp

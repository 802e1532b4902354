#include "dcache/lsp/navigation.h"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "dcache/lsp/shell_names.h"
#include "dcache/report/style.h"
#include "dcache/text/unicode.h"

namespace dcache::lsp {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;
using nlohmann::json;
using text::Span;

// SymbolKind of the protocol.
enum class DocumentSymbolKind : uint8_t {
  kFile = 1,
  kNamespace = 3,
  kProperty = 7,
  kFunction = 12,
  kVariable = 13
};

DocumentSymbolKind symbol_of(Keyword keyword) {
  switch (keyword) {
    case Keyword::kRun:
      return DocumentSymbolKind::kFunction;
    case Keyword::kCopy:
    case Keyword::kAdd:
      return DocumentSymbolKind::kFile;
    case Keyword::kArg:
    case Keyword::kEnv:
      return DocumentSymbolKind::kVariable;
    default:
      return DocumentSymbolKind::kProperty;
  }
}

json document_symbol(std::string name, DocumentSymbolKind kind, Span whole, Span selected,
                     const Positions& positions) {
  return {{"name", std::move(name)},
          {"kind", static_cast<int>(kind)},
          {"range", positions.range_of(whole)},
          {"selectionRange", positions.range_of(selected)}};
}

// Not longer than a line of an outline.
std::string label_of(const Instruction& instruction) {
  constexpr size_t kLongest = 80;
  return report::shortened(instruction.one_line(), kLongest);
}

}  // namespace

Span name_at(std::string_view source, uint32_t offset) {
  uint32_t begin = offset;
  while (begin > 0 && is_name_part(source[begin - 1]))
    --begin;
  uint32_t end = offset;
  while (end < source.size() && is_name_part(source[end]))
    ++end;
  return {begin, end};
}

std::optional<size_t> stage_at(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset) {
  std::optional<size_t> stage;
  for (const Instruction& instruction : parsed.file.instructions()) {
    if (instruction.keyword != Keyword::kFrom || instruction.span.begin > offset) continue;
    stage = stage ? *stage + 1 : 0;
  }
  return stage;
}

json document_symbols(const editor::Workspace::ParsedDockerfile& parsed, const Positions& positions) {
  json top = json::array();
  const auto& instructions = parsed.file.instructions();
  for (size_t i = 0; i < instructions.size(); ++i) {
    const Instruction& one = instructions[i];
    if (one.keyword != Keyword::kFrom) {
      json entry = document_symbol(label_of(one), symbol_of(one.keyword), one.span, one.name_span, positions);
      const bool in_stage = !top.empty() && top.back().contains("children");
      (in_stage ? top.back()["children"] : top).push_back(std::move(entry));
      continue;
    }
    size_t last = i;
    while (last + 1 < instructions.size() && instructions[last + 1].keyword != Keyword::kFrom)
      ++last;
    json stage = document_symbol(label_of(one), DocumentSymbolKind::kNamespace,
                                 {one.span.begin, instructions[last].span.end}, one.name_span, positions);
    stage["children"] = json::array();
    top.push_back(std::move(stage));
  }
  return top;
}

json folding_ranges(const editor::Workspace::ParsedDockerfile& parsed, const Positions& positions) {
  json ranges = json::array();
  const auto add = [&](Span span) {
    const uint32_t first = positions.place_of(span.begin).line;
    const uint32_t last = positions.place_of(span.end > span.begin ? span.end - 1 : span.end).line;
    if (last > first) ranges.push_back({{"startLine", first}, {"endLine", last}});
  };
  for (const json& stage : document_symbols(parsed, positions)) {
    if (stage.contains("children")) add(positions.span_of(stage.at("range")));
  }
  for (const Instruction& one : parsed.file.instructions())
    add(one.span);
  return ranges;
}

std::vector<Span> definitions(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset) {
  const auto used = occurrence_at(parsed, offset);
  if (!used) return {};
  if (used->kind == Occurrence::Kind::kVariable) return used->definitions;
  for (const Occurrence& one : same_occurrences(parsed, offset)) {
    if (one.defines) return {one.span};
  }
  return {};
}

std::vector<Span> references(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset,
                             bool with_definitions) {
  std::vector<Span> spans;
  for (const Occurrence& one : same_occurrences(parsed, offset)) {
    if (with_definitions || !one.defines) spans.push_back(one.span);
  }
  return spans;
}

}  // namespace dcache::lsp

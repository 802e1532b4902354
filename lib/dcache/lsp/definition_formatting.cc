// The layout of a compose or bake file as an editor changes it.
#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

#include "dcache/lsp/definition_features.h"
#include "dcache/lsp/fixes.h"
#include "dcache/project/hcl/format.h"
#include "dcache/project/hcl/parser.h"
#include "dcache/project/hcl/scanner.h"
#include "dcache/project/yaml_layout.h"
#include "dcache/text/json.h"

namespace dcache::lsp {
namespace {

using nlohmann::json;
using text::Span;
namespace hcl = project::hcl;
namespace yaml = project::yaml;

// Of this many edits an editor gets one for all.
constexpr size_t kMostEdits = 10'000;

// What the client's options say of a level of indentation.
struct Indent {
  uint32_t width = 2;
  bool tabs = false;

  std::string text() const { return tabs ? "\t" : std::string(width, ' '); }
};

Indent indent_of_options(const DefinitionRequest& request) {
  const json& options = request.params.at("options");
  const uint64_t width = text::whole_number(options.at("tabSize"), 16);
  const json spaces = options.value("insertSpaces", json(true));
  return {width == 0 ? 2 : static_cast<uint32_t>(width), spaces == json(false)};
}

std::vector<text::Edit> edits_in(const DefinitionRequest& request, Span range) {
  const std::string_view source = request.positions.text();
  if (is_bake_json(request.document.path)) return {};
  const Indent indent = indent_of_options(request);
  const bool compose = is_compose(request.document.path);
  std::vector<text::Edit> edits =
      compose ? yaml::format_edits(source, indent.width) : hcl::format_edits(source, indent.text());
  const size_t all = edits.size();
  std::erase_if(edits, [&](const text::Edit& edit) { return !range.contains(edit.span); });
  // Lines of YAML that are moved alone may belong to something else.
  if (compose && edits.size() != all && !yaml::have_same_values(source, text::apply(source, edits)))
    return {};
  return edits;
}

json answer_with(const DefinitionRequest& request, const std::vector<text::Edit>& edits) {
  if (edits.size() > kMostEdits)
    return replacement(request.positions, text::apply(request.positions.text(), edits));
  json all = json::array();
  for (const text::Edit& edit : edits)
    all.push_back({{"range", request.positions.range_of(edit.span)}, {"newText", edit.replacement}});
  return all;
}

// How far a line after the one that ends at an offset is indented in HCL; nothing inside of a text.
std::optional<std::string> hcl_indent(std::string_view source, Span above, const std::string& unit) {
  hcl::Scanner scanner(source.substr(0, above.end));
  std::vector<size_t> open;  // where the line of each open bracket begins
  size_t line = 0;
  for (hcl::Piece piece = scanner.next(); piece.kind != hcl::PieceKind::kEnd; piece = scanner.next()) {
    if (piece.kind == hcl::PieceKind::kNewline) line = piece.span.end;
    if (piece.opens()) open.push_back(line);
    if (piece.closes() && !open.empty()) open.pop_back();
  }
  if (scanner.in_text()) return std::nullopt;
  if (open.empty()) return "";
  const std::string_view opened = source.substr(open.back());
  return std::string(opened.substr(0, std::min(opened.find_first_not_of(" \t"), opened.size()))) + unit;
}

// The same in YAML, where a key or a dash without a value is followed by one that is indented further.
std::optional<std::string> yaml_indent(std::string_view source, Span above, const std::string& unit) {
  const yaml::Layout layout = yaml::layout_of(source.substr(0, above.end));
  if (layout.lines.empty() || layout.lines.back().kind != yaml::LayoutLine::Kind::kNode) return std::nullopt;
  const yaml::LayoutLine& line = layout.lines.back();
  const uint32_t column = line.columns.empty() ? line.indent : line.columns.back();
  return std::string(column, ' ') + (line.opens ? unit : "");
}

}  // namespace

Answer format_definition(const DefinitionRequest& request) {
  const auto size = static_cast<uint32_t>(request.positions.text().size());
  return answer_with(request, edits_in(request, {0, size}));
}

Answer format_definition_range(const DefinitionRequest& request) {
  return answer_with(request, edits_in(request, request.range()));
}

// After a line end: the new line is indented if there is nothing on it.
Answer format_typed_definition(const DefinitionRequest& request) {
  const Positions& positions = request.positions;
  const std::string_view source = positions.text();
  const uint32_t line = positions.place_of(request.offset()).line;
  const bool compose = is_compose(request.document.path);
  if (line == 0 || is_bake_json(request.document.path)) return json::array();
  const Indent indent = indent_of_options(request);
  const Span typed = positions.line(line);
  const Span above = positions.line(line - 1);
  if (typed.of(source).find_first_not_of(" \t") != std::string_view::npos) return json::array();
  const auto wanted = compose ? yaml_indent(source, above, std::string(indent.width, ' '))
                              : hcl_indent(source, above, indent.text());
  if (!wanted || typed.of(source) == *wanted) return json::array();
  return json::array({{{"range", positions.range_of(typed)}, {"newText", *wanted}}});
}

}  // namespace dcache::lsp

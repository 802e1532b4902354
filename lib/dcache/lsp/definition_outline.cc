// The outline of a compose or bake file, what of it can be folded, and what a selection grows to.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "dcache/lsp/definition_features.h"
#include "dcache/lsp/navigation.h"
#include "dcache/lsp/selection.h"
#include "dcache/project/hcl/scanner.h"
#include "dcache/project/yaml_layout.h"
#include "dcache/report/style.h"

namespace dcache::lsp {
namespace {

using nlohmann::json;
using text::Span;
using Kind = Mention::Kind;
namespace hcl = project::hcl;
namespace yaml = project::yaml;

// SymbolKind of the protocol.
enum class OutlineKind : uint8_t { kNamespace = 3, kPackage = 4, kFunction = 12, kVariable = 13, kKey = 20 };

json outline_entry(const DefinitionRequest& request, std::string_view name, OutlineKind kind, Span whole,
                   Span selected) {
  return {{"name", report::printable(name)},
          {"kind", static_cast<int>(kind)},
          {"range", request.positions.range_of(whole)},
          {"selectionRange", request.positions.range_of(selected)}};
}

std::string_view section_of(Kind kind) {
  switch (kind) {
    case Kind::kNetwork:
      return "networks";
    case Kind::kVolume:
      return "volumes";
    case Kind::kConfig:
      return "configs";
    case Kind::kSecret:
      return "secrets";
    case Kind::kModel:
      return "models";
    default:
      return "services";
  }
}

// A section with what is in it.
json compose_outline(const DefinitionRequest& request, const std::vector<Mention>& mentions) {
  json all = json::array();
  const Mention* section = nullptr;
  std::optional<Kind> kind;  // of what is in the last section
  for (const Mention& one : mentions) {
    if (one.kind == Kind::kKey && one.image.empty()) section = &one;
    if (!one.defines || one.kind == Kind::kAnchor) continue;
    if (kind != one.kind) {
      const std::string_view name = section_of(one.kind);
      const bool found = section != nullptr && section->span.of(request.positions.text()) == name;
      const Span start = found ? section->span : one.span;
      all.push_back(
          outline_entry(request, name, OutlineKind::kNamespace, {start.begin, one.whole.end}, start));
      all.back()["children"] = json::array();
      kind = one.kind;
    }
    all.back()["range"]["end"] = request.positions.position_of(one.whole.end);
    const OutlineKind shown = one.kind == Kind::kImage ? OutlineKind::kPackage : OutlineKind::kKey;
    all.back()["children"].push_back(outline_entry(request, one.name, shown, one.whole, one.span));
  }
  return all;
}

json bake_outline(const DefinitionRequest& request, const std::vector<Mention>& mentions) {
  json all = json::array();
  for (const Mention& one : mentions) {
    if (!one.defines) continue;
    const OutlineKind kind = one.kind == Kind::kVariable   ? OutlineKind::kVariable
                             : one.kind == Kind::kFunction ? OutlineKind::kFunction
                                                           : OutlineKind::kPackage;
    all.push_back(outline_entry(request, one.name, kind, one.whole, one.span));
    const hcl::Piece type = hcl::Scanner(one.whole.of(request.positions.text())).next();
    if (type.span.size() > 0 && one.whole.begin != one.span.begin) all.back()["detail"] = type.text;
  }
  return all;
}

// Ranges of whole lines that can be folded.
class Folds {
 public:
  void add(uint32_t first, uint32_t last, const char* kind = nullptr) {
    if (last > first) all_.push_back({first, last, kind});
  }
  // A comment in a line by itself: those one after the other are folded together.
  void add_comment(uint32_t first, uint32_t last) {
    if (!comment_ || first != comment_->end + 1) finish();
    comment_ = comment_ ? Span{comment_->begin, last} : Span{first, last};
  }
  void finish() {
    if (comment_) add(comment_->begin, comment_->end, "comment");
    comment_.reset();
  }
  json take() {
    finish();
    std::ranges::stable_sort(all_, {}, &Fold::first);
    json ranges = json::array();
    for (const Fold& one : all_) {
      ranges.push_back({{"startLine", one.first}, {"endLine", one.last}});
      if (one.kind != nullptr) ranges.back()["kind"] = one.kind;
    }
    return ranges;
  }

 private:
  struct Fold {
    uint32_t first;
    uint32_t last;
    const char* kind;
  };
  std::optional<Span> comment_;  // its first and last line
  std::vector<Fold> all_;
};

json compose_folds(const DefinitionRequest& request) {
  const yaml::Layout layout = yaml::layout_of(request.positions.text());
  Folds folds;
  for (size_t i = 0; i < layout.lines.size(); ++i) {
    const yaml::LayoutLine& line = layout.lines[i];
    const auto number = request.positions.line_of(line.span.begin);
    if (line.kind == yaml::LayoutLine::Kind::kComment) folds.add_comment(number, number);
    if (line.kind != yaml::LayoutLine::Kind::kNode) continue;
    const size_t last = layout.last_line_of(i);
    if (last > i) folds.add(number, request.positions.line_of(layout.lines[last].span.begin));
  }
  return folds.take();
}

// The last line of brackets stays visible.
json bake_folds(const DefinitionRequest& request) {
  const Positions& positions = request.positions;
  hcl::Scanner scanner(positions.text());
  std::vector<uint32_t> open;  // lines of brackets and heredocs
  Folds folds;
  bool line_start = true;
  for (hcl::Piece piece = scanner.next(); piece.kind != hcl::PieceKind::kEnd; piece = scanner.next()) {
    const bool ends = piece.closes() || piece.kind == hcl::PieceKind::kHeredocEnd;
    if (piece.opens() || piece.kind == hcl::PieceKind::kHeredoc)
      open.push_back(positions.line_of(piece.span.begin));
    if (ends && !open.empty()) {
      const uint32_t line = positions.line_of(piece.span.begin);
      if (line > 0) folds.add(open.back(), line - 1);
      open.pop_back();
    }
    if (piece.kind == hcl::PieceKind::kComment && line_start)
      folds.add_comment(positions.line_of(piece.span.begin), positions.line_of(piece.span.end));
    line_start = piece.kind == hcl::PieceKind::kNewline;
  }
  return folds.take();
}

// The line, and the blocks that it is in.
std::vector<Span> compose_stretches(const yaml::Layout& layout, uint32_t offset) {
  std::vector<Span> all;
  const auto& lines = layout.lines;
  const auto after =
      std::ranges::upper_bound(lines, offset, {}, [](const auto& line) { return line.span.begin; });
  if (after == lines.begin()) return all;
  const auto here = static_cast<size_t>(after - lines.begin()) - 1;
  all.push_back({lines[here].span.begin + lines[here].indent, lines[here].span.end});
  uint32_t indent = UINT32_MAX;
  for (size_t i = here + 1; i-- > 0 && indent > 0;) {
    const yaml::LayoutLine& line = lines[i];
    if (line.kind == yaml::LayoutLine::Kind::kDocument) break;
    if (line.kind != yaml::LayoutLine::Kind::kNode || line.indent >= indent) continue;
    indent = line.indent;
    all.push_back({line.span.begin + line.indent, lines[layout.last_line_of(i)].span.end});
    // What comes after the dash of an item.
    for (const uint32_t column : line.columns)
      all.push_back({line.span.begin + column, lines[layout.last_line_of(i)].span.end});
  }
  return all;
}

// Texts, brackets with and without what is in them, and lines in brackets.
std::vector<Span> bake_stretches(std::string_view source, uint32_t offset) {
  struct Open {
    uint32_t begin;
    uint32_t inside;
    uint32_t line;  // where its line begins
    bool quote;
  };
  std::vector<Span> all;
  std::vector<Open> open;
  hcl::Scanner scanner(source);
  Span line{0, 0};
  const auto add = [&](Span span) {
    if (span.begin <= offset && offset <= span.end) all.push_back(span);
  };
  for (hcl::Piece piece = scanner.next(); piece.kind != hcl::PieceKind::kEnd; piece = scanner.next()) {
    using PieceKind = hcl::PieceKind;
    if (piece.kind == PieceKind::kNewline) {
      add(line);
      line = {piece.span.end, piece.span.end};
      if (!open.empty() && open.back().quote) open.pop_back();
      continue;
    }
    if (line.begin == line.end) line.begin = piece.span.begin;
    line.end = piece.span.end;
    add(piece.span);
    const bool closes = piece.closes() || piece.kind == PieceKind::kTemplateEnd ||
                        piece.kind == PieceKind::kHeredocEnd ||
                        (piece.kind == PieceKind::kQuote && !open.empty() && open.back().quote);
    const bool opens = piece.opens() || piece.kind == PieceKind::kTemplateStart ||
                       piece.kind == PieceKind::kHeredoc || piece.kind == PieceKind::kQuote;
    if (closes && !open.empty()) {
      add({open.back().inside, piece.span.begin});
      add({open.back().begin, piece.span.end});
      if (!open.back().quote) add({open.back().line, piece.span.end});
      line.begin = std::min(line.begin, open.back().line);
      open.pop_back();
    } else if (opens) {
      open.push_back({piece.span.begin, piece.span.end, line.begin, piece.kind == PieceKind::kQuote});
    }
  }
  add(line);
  return all;
}

}  // namespace

Answer definition_symbols(const DefinitionRequest& request) {
  const std::string& path = request.document.path;
  const std::vector<Mention> mentions = mentions_of(path, request.positions.text());
  return is_compose(path) ? compose_outline(request, mentions) : bake_outline(request, mentions);
}

Answer definition_folds(const DefinitionRequest& request) {
  return is_compose(request.document.path) ? compose_folds(request) : bake_folds(request);
}

Answer definition_selections(const DefinitionRequest& request) {
  const std::string_view source = request.positions.text();
  json all = json::array();
  const bool compose = is_compose(request.document.path);
  const yaml::Layout layout = compose ? yaml::layout_of(source) : yaml::Layout();
  for (const json& position : request.params.at("positions")) {
    const uint32_t offset = request.positions.offset_of(place_from(position));
    std::vector<Span> spans = compose ? compose_stretches(layout, offset) : bake_stretches(source, offset);
    spans.push_back(name_at(source, offset));
    spans.push_back({0, static_cast<uint32_t>(source.size())});
    all.push_back(selection_chain(nested_spans(std::move(spans), offset), request.positions));
  }
  return all;
}

}  // namespace dcache::lsp

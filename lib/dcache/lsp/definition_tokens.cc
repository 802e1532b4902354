// The colors of a bake file, and how the call of a function goes on.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/lsp/definition_features.h"
#include "dcache/lsp/semantic_tokens.h"
#include "dcache/project/hcl/functions.h"
#include "dcache/project/hcl/parser.h"
#include "dcache/project/hcl/scanner.h"

namespace dcache::lsp {
namespace {

using nlohmann::json;
using text::Span;
namespace hcl = project::hcl;
using hcl::Piece;
using hcl::PieceKind;

class BakeColors {
 public:
  BakeColors(std::string_view source, Span range) : scanner_(source), range_(range) {}

  std::vector<ColoredSpan> run() {
    for (Piece piece = scanner_.next(); piece.kind != PieceKind::kEnd; piece = scanner_.next()) {
      if (piece.span.begin >= range_.end || spans_.size() >= kMostTokens) break;
      if (piece.kind == PieceKind::kComment) {
        add(piece, TokenType::kComment);
        continue;
      }
      revise_word(piece);
      visit(piece);
      before_ = piece;
    }
    std::erase_if(spans_, [&](const ColoredSpan& one) { return one.span.end <= range_.begin; });
    return std::move(spans_);
  }

 private:
  struct Bracket {
    bool items = false;  // attributes, blocks or members
    bool loop = false;
  };

  void add(const Piece& piece, TokenType type, uint8_t modifiers = 0) {
    const Span span{std::max(piece.span.begin, range_.begin), std::min(piece.span.end, range_.end)};
    if (span.begin < span.end) spans_.push_back({span, type, modifiers});
  }

  // What a word is shows in what follows it: `name(`, `name =`, `target "name" {`.
  void revise_word(const Piece& next) {
    if (before_.kind != PieceKind::kIdentifier) return;
    const bool last = !spans_.empty() && spans_.back().span == before_.span;
    const auto revise = [&](TokenType type) {
      if (last) spans_.back().type = type;
    };
    if (next.is("(") || next.is("::")) return revise(TokenType::kFunction);
    if (!word_starts_item_) return;
    if (next.is("=") || next.is(":")) return revise(TokenType::kProperty);
    if (next.is("{") || next.kind == PieceKind::kQuote || next.kind == PieceKind::kIdentifier) {
      revise(TokenType::kKeyword);
      header_ = before_.text;
    }
  }

  // Of the name of a block.
  TokenType label_type() const {
    if (header_ == "variable") return TokenType::kVariable;
    if (header_ == "function") return TokenType::kFunction;
    return TokenType::kClass;
  }

  bool starts_item() const {
    const bool items = brackets_.empty() || brackets_.back().items;
    return items && !scanner_.in_text() && header_.empty() &&
           (before_.kind == PieceKind::kNewline || before_.kind == PieceKind::kEnd || before_.is("{") ||
            before_.is(","));
  }

  // Words of loops and conditions are so only where these are.
  bool is_keyword(const Piece& piece) const {
    if (piece.text == "true" || piece.text == "false" || piece.text == "null") return true;
    const bool first = before_.is("[") || before_.is("{") || before_.kind == PieceKind::kTemplateStart;
    const bool loop = !brackets_.empty() && brackets_.back().loop;
    if (piece.text == "for") return first;
    if (piece.text == "in") return loop;
    if (piece.text == "if") return loop || before_.kind == PieceKind::kTemplateStart;
    return before_.kind == PieceKind::kTemplateStart &&
           (piece.text == "else" || piece.text == "endif" || piece.text == "endfor");
  }

  void visit_word(const Piece& piece) {
    const bool keyword = is_keyword(piece);
    word_starts_item_ = starts_item();
    if (keyword && piece.text == "for" && !brackets_.empty()) brackets_.back().loop = true;
    if (!header_.empty()) return add(piece, label_type(), kDefinitionToken);
    const bool member = before_.is(".");
    add(piece, keyword && !member ? TokenType::kKeyword
               : member           ? TokenType::kProperty
                                  : TokenType::kVariable);
  }

  void visit(const Piece& piece) {
    switch (piece.kind) {
      case PieceKind::kIdentifier:
        return visit_word(piece);
      case PieceKind::kNumber:
        return add(piece, TokenType::kNumber);
      case PieceKind::kQuote:
        return add(piece, TokenType::kString);
      case PieceKind::kText:
        return header_.empty() ? add(piece, TokenType::kString) : add(piece, label_type(), kDefinitionToken);
      case PieceKind::kHeredoc:
      case PieceKind::kHeredocEnd:
        return add(piece, TokenType::kOperator);
      case PieceKind::kTemplateStart:
        brackets_.push_back({});
        return add(piece, TokenType::kOperator);
      case PieceKind::kTemplateEnd:
        if (!brackets_.empty()) brackets_.pop_back();
        return add(piece, TokenType::kOperator);
      case PieceKind::kSymbol:
        return visit_symbol(piece);
      default:
        header_ = {};
    }
  }

  void visit_symbol(const Piece& piece) {
    header_ = {};
    if (piece.opens()) brackets_.push_back({.items = piece.is("{")});
    if (piece.closes() && !brackets_.empty()) brackets_.pop_back();
    const bool is_bracket = piece.opens() || piece.closes();
    if (!is_bracket && !piece.is(",") && !piece.is(".")) add(piece, TokenType::kOperator);
  }

  hcl::Scanner scanner_;
  Span range_;
  Piece before_;                   // without comments
  bool word_starts_item_ = false;  // it, if it is a word
  std::string_view header_;        // the type of the block whose name comes
  std::vector<Bracket> brackets_;
  std::vector<ColoredSpan> spans_;
};

Answer tokens_in(const DefinitionRequest& request, Span range) {
  const std::string& path = request.document.path;
  if (is_compose(path) || is_bake_json(path)) return json();
  return json{{"data", encoded_tokens(BakeColors(request.positions.text(), range).run(), request.positions)}};
}

// The call that is open at an offset, and how many commas are in it so far.
struct OpenCall {
  std::string name;
  size_t argument = 0;
};

std::optional<OpenCall> open_call(std::string_view before) {
  std::vector<OpenCall> open;  // brackets too, without a name
  hcl::Scanner scanner(before);
  Piece last;
  for (Piece piece = scanner.next(); piece.kind != PieceKind::kEnd; piece = scanner.next()) {
    const bool is_call = piece.is("(") && last.kind == PieceKind::kIdentifier;
    if (piece.opens() || piece.kind == PieceKind::kTemplateStart)
      open.push_back({is_call ? std::string(last.text) : "", 0});
    if ((piece.closes() || piece.kind == PieceKind::kTemplateEnd) && !open.empty()) open.pop_back();
    if (piece.is(",") && !open.empty()) ++open.back().argument;
    last = piece;
  }
  const auto call =
      std::ranges::find_if(open.rbegin(), open.rend(), [](const OpenCall& one) { return !one.name.empty(); });
  return call == open.rend() ? std::nullopt : std::optional(std::move(*call));
}

struct CalledFunction {
  std::vector<std::string> parameters;
  bool variadic = false;
};

std::vector<std::string> names_in(const hcl::Attribute* list) {
  std::vector<std::string> names;
  if (list == nullptr) return names;
  if (list->value->parts.empty()) names.push_back(hcl::keyword_of(*list->value));
  for (const auto& part : list->value->parts) {
    if (part) names.push_back(hcl::keyword_of(*part));
  }
  std::erase(names, "");
  return names;
}

std::optional<CalledFunction> function_of(std::string_view source, const std::string& name) {
  if (const hcl::Function* known = hcl::find_function(name)) {
    CalledFunction function{{}, known->variadic};
    for (const hcl::Parameter& parameter : known->parameters)
      function.parameters.push_back(parameter.type.name());
    return function;
  }
  const hcl::File file = hcl::parse_hcl({}, std::string(source));
  for (const hcl::Block& block : file.body.blocks) {
    if (block.type != "function" || block.labels.empty() || block.labels.front() != name) continue;
    const auto rest = names_in(block.body.find("variadic_params"));
    CalledFunction function{names_in(block.body.find("params")), !rest.empty()};
    function.parameters.insert(function.parameters.end(), rest.begin(), rest.end());
    return function;
  }
  return std::nullopt;
}

}  // namespace

Answer definition_tokens(const DefinitionRequest& request) {
  return tokens_in(request, {0, static_cast<uint32_t>(request.positions.text().size())});
}

Answer definition_tokens_of_range(const DefinitionRequest& request) {
  return tokens_in(request, request.range());
}

Answer definition_signature(const DefinitionRequest& request) {
  if (is_compose(request.document.path) || is_bake_json(request.document.path)) return json();
  const std::string_view source = request.positions.text();
  const auto call = open_call(source.substr(0, request.offset()));
  const auto function = call ? function_of(source, call->name) : std::nullopt;
  if (!function) return json();
  json parameters = json::array();
  std::string label = call->name + "(";
  for (size_t i = 0; i < function->parameters.size(); ++i) {
    const bool rest = function->variadic && i + 1 == function->parameters.size();
    const std::string parameter = function->parameters[i] + (rest ? "…" : "");
    label += (i == 0 ? "" : ", ") + parameter;
    parameters.push_back({{"label", parameter}});
  }
  size_t active = call->argument;
  if (function->variadic && !function->parameters.empty())
    active = std::min(active, function->parameters.size() - 1);
  return json{{"signatures", json::array({{{"label", label + ")"}, {"parameters", std::move(parameters)}}})},
              {"activeSignature", 0},
              {"activeParameter", active}};
}

}  // namespace dcache::lsp

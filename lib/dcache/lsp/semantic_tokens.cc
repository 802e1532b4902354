#include "dcache/lsp/semantic_tokens.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "dcache/dockerfile/file.h"
#include "dcache/lsp/navigation.h"
#include "dcache/text/unicode.h"

namespace dcache::lsp {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;
using dockerfile::Word;
using text::Span;

using Type = TokenType;

constexpr const char* kTypes[] = {"keyword",   "comment",  "macro",  "parameter", "property", "class",
                                  "namespace", "variable", "string", "operator",  "function", "number"};
constexpr const char* kModifiers[] = {"definition", "deprecated"};

// A byte's type and modifiers.
struct Paint {
  Type type = Type::kNone;
  uint8_t modifiers = 0;
  friend bool operator==(const Paint&, const Paint&) = default;
};

// Paints the text, the most special things last.
class Painter {
 public:
  explicit Painter(const editor::Workspace::ParsedDockerfile& parsed)
      : parsed_(parsed), source_(parsed.file.source()), paint_(source_.size()) {}

  std::vector<Paint> run() {
    for (const Instruction& one : parsed_.file.instructions())
      visit(one);
    for (const Occurrence& one : occurrences(parsed_)) {
      if (one.kind == Occurrence::Kind::kHeredoc) continue;
      const bool variable = one.kind == Occurrence::Kind::kVariable;
      // A stage without a name is defined by its FROM.
      const bool is_keyword = one.span.begin < paint_.size() && paint_[one.span.begin].type == Type::kKeyword;
      if (!is_keyword)
        fill(one.span, variable ? Type::kVariable : Type::kNamespace, one.defines ? kDefinitionToken : 0);
    }
    for (const dockerfile::Comment& comment : parsed_.file.comments())
      fill(comment.span, Type::kComment);
    for (const dockerfile::Directive& directive : parsed_.file.directives()) {
      fill(directive.span, Type::kMacro);
      fill(directive.value_span, Type::kString);
    }
    return std::move(paint_);
  }

 private:
  void fill(Span span, Type type, uint8_t modifiers = 0) {
    for (uint32_t at = span.begin; at < span.end; ++at)
      paint_[at] = {type, modifiers};
  }

  void visit(const Instruction& instruction) {
    const bool deprecated = instruction.keyword == Keyword::kMaintainer;
    for (const dockerfile::Flag& flag : instruction.flags)
      visit_flag(flag);
    visit_arguments(instruction);
    for (const dockerfile::Heredoc& heredoc : instruction.heredocs) {
      fill(heredoc.marker, Type::kOperator);
      fill(heredoc.terminator, Type::kOperator);
    }
    if (instruction.onbuild != nullptr) visit(*instruction.onbuild);
    fill(instruction.name_span, Type::kKeyword, deprecated ? kDeprecatedToken : 0);
  }

  // `--name=value`, and `key=value` pairs of a mount.
  void visit_flag(const dockerfile::Flag& flag) {
    const std::string_view text = flag.span.of(source_);
    const size_t equals = std::min(text.find('='), text.size());
    const auto at = [&](size_t offset) { return flag.span.begin + static_cast<uint32_t>(offset); };
    fill({at(0), at(equals)}, Type::kParameter);
    if (equals == text.size()) return;
    fill({at(equals + 1), flag.span.end}, Type::kString);
    if (flag.name != "mount") return;
    for (size_t begin = equals + 1; begin < text.size();) {
      const size_t end = std::min(text.find(',', begin), text.size());
      fill({at(begin), at(std::min(text.find('=', begin), end))}, Type::kProperty);
      begin = end + 1;
    }
  }

  void visit_arguments(const Instruction& instruction) {
    const auto& words = instruction.arguments;
    switch (instruction.keyword) {
      case Keyword::kFrom:
        if (!words.empty()) fill(words.front().span, Type::kClass);
        if (words.size() == 3) fill(words[1].span, Type::kKeyword);
        return;
      case Keyword::kLabel:
        for (size_t i = 0; i < words.size(); ++i)
          fill(words[i].span, i % 2 == 0 ? Type::kProperty : Type::kString);
        return;
      case Keyword::kHealthcheck:
        if (!words.empty()) fill(words.front().span, Type::kKeyword);
        return;
      default:
        visit_strings(instruction);
    }
  }

  // Elements of JSON, and what is quoted.
  void visit_strings(const Instruction& instruction) {
    for (const Word& word : instruction.arguments) {
      if (instruction.json) {
        fill(word.span, Type::kString);
        continue;
      }
      const std::string_view text = word.span.of(source_);
      for (size_t at = text.find_first_of("\"'"); at != std::string_view::npos;
           at = text.find_first_of("\"'", at)) {
        const size_t end = text.find(text[at], at + 1);
        if (end == std::string_view::npos) break;
        const uint32_t begin = word.span.begin + static_cast<uint32_t>(at);
        fill({begin, begin + static_cast<uint32_t>(end + 1 - at)}, Type::kString);
        at = end + 1;
      }
    }
  }

  const editor::Workspace::ParsedDockerfile& parsed_;
  std::string_view source_;
  std::vector<Paint> paint_;
};

}  // namespace

nlohmann::json token_legend() {
  return {{"tokenTypes", kTypes}, {"tokenModifiers", kModifiers}};
}

std::vector<uint32_t> semantic_tokens(const editor::Workspace::ParsedDockerfile& parsed, Span range,
                                      const Positions& positions) {
  const std::vector<Paint> paint = Painter(parsed).run();
  std::vector<ColoredSpan> spans;
  for (uint32_t at = range.begin; at < range.end;) {
    uint32_t end = at + 1;
    while (end < range.end && paint[end] == paint[at])
      ++end;
    if (paint[at].type != Type::kNone) spans.push_back({{at, end}, paint[at].type, paint[at].modifiers});
    at = end;
  }
  return encoded_tokens(spans, positions);
}

std::vector<uint32_t> encoded_tokens(const std::vector<ColoredSpan>& spans, const Positions& positions) {
  std::vector<uint32_t> numbers;
  Place before;
  uint32_t counted = 0;  // the offset of that place
  const auto add = [&](const ColoredSpan& one, Span span, uint32_t line) {
    const bool same_line = line == before.line;
    const uint32_t skipped =
        positions.length_of({same_line ? counted : positions.line(line).begin, span.begin});
    numbers.insert(numbers.end(), {line - before.line, skipped, positions.length_of(span),
                                   static_cast<uint32_t>(one.type), one.modifiers});
    before = {line, (same_line ? before.character : 0) + skipped};
    counted = span.begin;
  };
  for (const ColoredSpan& one : spans) {
    const uint32_t last = positions.line_of(one.span.end);
    for (uint32_t line = positions.line_of(one.span.begin); line <= last; ++line) {
      const Span bytes = positions.line(line);
      const Span span{std::max(bytes.begin, one.span.begin), std::min(bytes.end, one.span.end)};
      if (span.begin >= span.end) continue;
      if (numbers.size() / 5 == kMostTokens) return numbers;
      add(one, span, line);
    }
  }
  return numbers;
}

}  // namespace dcache::lsp

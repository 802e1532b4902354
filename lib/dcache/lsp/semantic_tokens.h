// The colors of a Dockerfile: what each stretch of it is.
#pragma once

#include <cstdint>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "dcache/editor/workspace.h"
#include "dcache/lsp/positions.h"

namespace dcache::lsp {

// In the order of the legend; kNone is not in it.
enum class TokenType : uint8_t {
  kKeyword,
  kComment,
  kMacro,      // directives
  kParameter,  // names of flags
  kProperty,   // names of options of mounts, of labels, and of attributes
  kClass,      // images
  kNamespace,  // stages
  kVariable,
  kString,
  kOperator,
  kFunction,
  kNumber,
  kNone,
};
inline constexpr uint8_t kDefinitionToken = 1;
inline constexpr uint8_t kDeprecatedToken = 2;

struct ColoredSpan {
  text::Span span;
  TokenType type = TokenType::kNone;
  uint8_t modifiers = 0;
};

// An editor gets no more than these of a text.
inline constexpr size_t kMostTokens = 300'000;

// The names that tokens count in: the protocol's SemanticTokensLegend.
nlohmann::json token_legend();

// Spans in the order of the text, none of which overlaps another, as the protocol writes them: five numbers
// each, relative to the one before. A span over several lines is several tokens.
std::vector<uint32_t> encoded_tokens(const std::vector<ColoredSpan>& spans, const Positions& positions);

// The tokens of a stretch of the text.
std::vector<uint32_t> semantic_tokens(const editor::Workspace::ParsedDockerfile& parsed, text::Span range,
                                      const Positions& positions);

}  // namespace dcache::lsp

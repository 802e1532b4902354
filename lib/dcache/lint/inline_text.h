// Where the text of a Dockerfile is in the definition that contains it: `dockerfile_inline` of Compose,
// `dockerfile-inline` of bake.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/text/line_index.h"
#include "dcache/text/span.h"

namespace dcache::lint {

class InlineText {
 public:
  // `line` is where the definition of the image starts, from 1.
  InlineText(std::string definition, std::string_view text, uint32_t line);

  const std::string& definition() const { return definition_; }
  const text::LineIndex& lines() const { return definition_lines_; }
  // The place in the definition of a span of the text. A text that is not written there as it is, line by
  // line, has all of it in the line where the image starts.
  text::Span place_of(text::Span span) const;

 private:
  uint32_t place_of(uint32_t offset) const;

  std::string definition_;
  text::LineIndex definition_lines_;
  text::LineIndex text_lines_;
  uint32_t line_ = 1;
  std::optional<uint32_t> first_;  // the line of the definition that the text starts in
  std::vector<uint32_t> indents_;  // of each line of the text, there
};

}  // namespace dcache::lint

// Parses HCL's own syntax.
// Source: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/hcl/syntax.h"
#include "dcache/text/failure.h"

namespace dcache::project::hcl {

// A block that could not be read.
struct LostBlock {
  std::string type;
  std::string label;  // the first one
};

struct File {
  std::unique_ptr<const Source> source;
  Body body;
  // Syntax errors. What could be read in spite of them is in `body`.
  std::vector<text::Failure> failures;
  std::vector<LostBlock> lost = {};
};

// A file of HCL. After an error the parser goes on with the next line that starts with a letter.
File parse_hcl(std::string path, std::string text);

// An expression, or the inside of a template, that is written in a text of its own: a string of JSON, where
// `span` is that string. Throws an Error.
ExpressionPtr parse_expression(std::string_view text, text::Span span);
ExpressionPtr parse_template(std::string_view text, text::Span span);

}  // namespace dcache::project::hcl

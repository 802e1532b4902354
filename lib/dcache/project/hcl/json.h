// Parses the JSON form of HCL: texts are templates, objects are blocks where a block is expected.
// Source: https://github.com/hashicorp/hcl/blob/main/json/spec.md
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/hcl/parser.h"

namespace dcache::project::hcl {

// Which members of an object are blocks: JSON can't tell.
struct BlockType {
  std::string_view name;
  size_t labels = 0;
  std::vector<BlockType> inside = {};
};

File parse_hcl_json(std::string path, std::string text, const std::vector<BlockType>& blocks);

// Whether the text is one whole value of JSON. Throws nothing.
bool is_json_value(std::string_view text);

}  // namespace dcache::project::hcl

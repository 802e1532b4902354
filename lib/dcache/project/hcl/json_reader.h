// Reads JSON with the place of each value. Members keep their order and may have a name twice.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/text/span.h"

namespace dcache::project::hcl {

enum class JsonKind : uint8_t { kNull, kTrue, kFalse, kNumber, kString, kArray, kObject };

struct JsonMember;

struct JsonValue {
  JsonKind kind = JsonKind::kNull;
  text::Span span = {};
  std::string text = {};  // of a string or a number
  std::vector<JsonValue> items = {};
  std::vector<JsonMember> members;
};

struct JsonMember {
  std::string name;
  text::Span name_span;
  JsonValue value;
};

// Throws an Error.
JsonValue read_json(std::string_view text);

}  // namespace dcache::project::hcl

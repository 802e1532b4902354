// Changes to a text, and how they are shown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dcache/text/span.h"

namespace dcache::text {

// Replaces the bytes of `span`; an empty span inserts.
struct Edit {
  Span span;
  std::string replacement;
};

// Whether both can be made at once: they touch no common byte. Two insertions at one place go together.
bool compatible(const Edit& a, const Edit& b);

// The text with all edits made; they are compatible with each other. Insertions at one place keep their
// order.
std::string apply(std::string_view text, std::vector<Edit> edits);

// A unified diff of two texts under one name, with three lines around each change. Empty if they are the
// same.
std::string unified_diff(std::string_view before, std::string_view after, std::string_view before_name,
                         std::string_view after_name);

}  // namespace dcache::text

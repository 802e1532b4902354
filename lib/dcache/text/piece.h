// Texts for RE2, whose functions take no std::string_view: their own type for a text is re2::StringPiece up
// to RE2 2022, and absl::string_view later.
#pragma once

#include <string_view>

#include <re2/stringpiece.h>

namespace dcache::text {

inline re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace dcache::text

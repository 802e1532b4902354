// Places in a text as the Language Server Protocol counts them: lines from 0, and characters of a line in
// UTF-8 or UTF-16 code units. Lines end at "\n", "\r\n" or "\r".
//
// Source:
// https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#position
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "dcache/text/span.h"

namespace dcache::lsp {

enum class Encoding : uint8_t { kUtf16, kUtf8 };

// Whether a byte of UTF-8 belongs to the character before it.
constexpr bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

struct Place {
  uint32_t line = 0;
  uint32_t character = 0;
  friend constexpr auto operator<=>(const Place&, const Place&) = default;
};

// A view of a text that somebody else owns.
class Positions {
 public:
  Positions(std::string_view text, Encoding encoding);

  // A character past the end of its line is the end of the line, a line past the last the end of the text.
  // Within a character it is the start of it.
  uint32_t offset_of(Place place) const;
  Place place_of(uint32_t offset) const;

  uint32_t line_of(uint32_t offset) const;
  // How many characters a stretch of one line has, counted as in a Place.
  uint32_t length_of(text::Span span) const;

  std::string_view text() const { return text_; }
  // The bytes of a line without its end.
  text::Span line(uint32_t number) const;
  uint32_t line_count() const { return static_cast<uint32_t>(starts_.size()); }

  // The LSP's Position of a byte, its Range of some, and the bytes of a Range. The latter throws
  // nlohmann::json::exception for what is not a Range.
  nlohmann::json position_of(uint32_t offset) const;
  nlohmann::json range_of(text::Span span) const;
  text::Span span_of(const nlohmann::json& range) const;

 private:
  // A place in a long line, and how many units of UTF-16 are before it in its line.
  struct Milestone {
    uint32_t offset = 0;
    uint32_t units = 0;
  };
  void measure_long_lines();

  std::string_view text_;
  Encoding encoding_;
  std::vector<uint32_t> starts_;
  std::vector<Milestone> milestones_;
};

// The Range of nothing, at the start of a text.
nlohmann::json range_at_start();

// A Place from an LSP's Position; throws as span_of().
Place place_from(const nlohmann::json& position);

// Makes one of the changes of a `textDocument/didChange`. False, without a change, for what is not one.
bool apply_change(std::string& text, const nlohmann::json& change, Encoding encoding);
// Whether it brings a whole text.
bool is_full_text(const nlohmann::json& change);
// JSON with U+FFFD in place of each escape that is half of a pair in UTF-16.
std::string with_whole_characters(std::string_view json_text);

// The path of a text; a path that no file has where the scheme is not file: or there is no name. And the same
// for a folder, which may be the root.
std::string path_of(std::string_view uri);
std::string folder_of_uri(std::string_view uri);
// The URI of a path.
std::string uri_of(std::string_view path);

}  // namespace dcache::lsp

#include "dcache/lsp/positions.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <system_error>

#include <nlohmann/json.hpp>

#include "dcache/text/json.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/uri.h"
#include "dcache/text/utf16.h"

namespace dcache::lsp {
namespace {

using nlohmann::json;

constexpr std::string_view kFileScheme = "file://";

constexpr uint32_t kMilestoneWidth = 512;  // bytes between two of them

}  // namespace

Positions::Positions(std::string_view text, Encoding encoding)
    : text_(text), encoding_(encoding), starts_{0} {
  for (size_t i = 0; i < text.size(); ++i) {
    const bool crlf = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (text[i] == '\n' || (text[i] == '\r' && !crlf)) starts_.push_back(static_cast<uint32_t>(i + 1));
  }
  if (encoding_ == Encoding::kUtf16) measure_long_lines();
}

void Positions::measure_long_lines() {
  for (uint32_t number = 0; number < starts_.size(); ++number) {
    const text::Span bytes = line(number);
    if (bytes.size() <= kMilestoneWidth) continue;
    Milestone here{bytes.begin, 0};
    for (uint32_t next = bytes.begin + kMilestoneWidth; here.offset < bytes.end;) {
      if (here.offset >= next) {
        milestones_.push_back(here);
        next = here.offset + kMilestoneWidth;
      }
      const text::Rune rune = text::decode_rune(text_.substr(here.offset, bytes.end - here.offset));
      here.offset += rune.width;
      here.units += text::utf16_units(rune.value);
    }
  }
}

text::Span Positions::line(uint32_t number) const {
  const auto size = static_cast<uint32_t>(text_.size());
  if (number >= starts_.size()) return {size, size};
  uint32_t end = number + 1 < starts_.size() ? starts_[number + 1] : size;
  const uint32_t begin = starts_[number];
  if (number + 1 < starts_.size()) {
    --end;
    if (end > begin && text_[end] == '\n' && text_[end - 1] == '\r') --end;
  }
  return {begin, end};
}

uint32_t Positions::offset_of(Place place) const {
  const text::Span bytes = line(place.line);
  if (encoding_ == Encoding::kUtf8) {
    uint32_t at = bytes.begin + std::min(place.character, bytes.size());
    while (at > bytes.begin && at < bytes.end && is_continuation(text_[at]))
      --at;
    return at;
  }
  uint32_t at = bytes.begin;
  for (uint32_t left = place.character; left > 0 && at < bytes.end;) {
    const text::Rune rune = text::decode_rune(text_.substr(at, bytes.end - at));
    const uint32_t units = text::utf16_units(rune.value);
    if (units > left) break;
    left -= units;
    at += rune.width;
  }
  return at;
}

uint32_t Positions::line_of(uint32_t offset) const {
  offset = std::min(offset, static_cast<uint32_t>(text_.size()));
  const auto after = std::ranges::upper_bound(starts_, offset);
  return static_cast<uint32_t>(after - starts_.begin() - 1);
}

uint32_t Positions::length_of(text::Span span) const {
  return encoding_ == Encoding::kUtf8 ? span.size() : text::utf16_length(span.of(text_));
}

Place Positions::place_of(uint32_t offset) const {
  const uint32_t number = line_of(offset);
  const text::Span bytes = line(number);
  const uint32_t end = std::min(offset, bytes.end);
  Milestone from{bytes.begin, 0};
  const auto further = std::ranges::upper_bound(milestones_, end, {}, &Milestone::offset);
  if (further != milestones_.begin() && std::prev(further)->offset >= bytes.begin) from = *std::prev(further);
  return {number, from.units + length_of({from.offset, end})};
}

json Positions::position_of(uint32_t offset) const {
  const Place place = place_of(offset);
  return {{"line", place.line}, {"character", place.character}};
}

json Positions::range_of(text::Span span) const {
  return {{"start", position_of(span.begin)}, {"end", position_of(span.end)}};
}

text::Span Positions::span_of(const json& range) const {
  const uint32_t begin = offset_of(place_from(range.at("start")));
  return {begin, std::max(begin, offset_of(place_from(range.at("end"))))};
}

json range_at_start() {
  return Positions({}, Encoding::kUtf8).range_of({0, 0});
}

Place place_from(const json& position) {
  const auto number = [&](const char* name) {
    return static_cast<uint32_t>(text::whole_number(position.at(name), UINT32_MAX));
  };
  return {number("line"), number("character")};
}

bool is_full_text(const json& change) {
  return change.is_object() && (!change.contains("range") || change.at("range").is_null());
}

bool apply_change(std::string& text, const json& change, Encoding encoding) {
  try {
    const auto& replacement = change.at("text").get_ref<const std::string&>();
    if (is_full_text(change)) {
      text = replacement;
      return true;
    }
    const text::Span span = Positions(text, encoding).span_of(change.at("range"));
    text.replace(span.begin, span.size(), replacement);
    return true;
  } catch (const json::exception&) {  // members that are missing or of another type
    return false;
  }
}

std::string with_whole_characters(std::string_view json_text) {
  constexpr size_t kEscape = 6;  // \uXXXX
  const auto unit_at = [&](size_t at) -> uint32_t {
    uint32_t value = 0;
    const std::string_view escape = json_text.substr(std::min(at, json_text.size()), kEscape);
    if (escape.size() < kEscape || !escape.starts_with("\\u")) return 0;
    const auto [end, failure] = std::from_chars(escape.data() + 2, escape.data() + kEscape, value, 16);
    return failure == std::errc() && end == escape.data() + kEscape ? value : 0;
  };
  const auto is_high = [](uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; };
  const auto is_low = [](uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; };
  std::string whole;
  whole.reserve(json_text.size());
  for (size_t at = 0; at < json_text.size();) {
    const uint32_t unit = json_text[at] == '\\' ? unit_at(at) : 0;
    size_t width = json_text[at] != '\\' ? 1 : unit == 0 ? 2 : kEscape;
    const bool pair = is_high(unit) && is_low(unit_at(at + kEscape));
    if (pair) width += kEscape;
    if (!pair && (is_high(unit) || is_low(unit))) {
      whole += "\\ufffd";
    } else {
      whole += json_text.substr(at, width);
    }
    at += width;
  }
  return whole;
}

namespace {

// A folder of their own for texts that are not on the disk, so that nothing is taken for their context: one
// that no system can have, since it would be in a device.
constexpr std::string_view kNowhere = "/dev/null";
// No system opens a longer path, and a search for settings looks into each folder above.
constexpr size_t kLongestPath = 4096;

// From the root, so that no `..` leads above it.
std::string rooted(std::string_view path) {
  return text::clean_path("/" + std::string(path));
}

// Of a file: URI; a zero byte would end it for the system.
std::optional<std::string> path_on_disk(std::string_view uri) {
  if (!uri.starts_with(kFileScheme)) return std::nullopt;
  std::string_view rest = uri.substr(kFileScheme.size());
  const std::string_view host = rest.substr(0, rest.find('/'));
  if (!host.empty() && !text::equals_ignoring_case(host, "localhost")) return std::nullopt;
  rest.remove_prefix(host.size());
  std::string path = text::path_in_uri(rest);
  const bool opens = path.size() <= kLongestPath && path.find('\0') == std::string::npos;
  return opens ? std::optional(std::move(path)) : std::nullopt;
}

std::string path_nowhere(std::string_view uri) {
  const size_t colon = std::min(uri.find(':'), uri.size());
  std::string name = rooted(text::percent_decoded(uri.substr(std::min(colon + 1, uri.size()))));
  std::erase(name, '\0');
  if (name == "/") name = "/unnamed";
  std::string path = std::string(kNowhere) + rooted(rooted(uri.substr(0, colon)) + name);
  if (path.size() <= kLongestPath) return path;
  return std::string(kNowhere) + "/" + std::string(text::base_name(path).substr(0, kLongestPath / 2));
}

}  // namespace

std::string path_of(std::string_view uri) {
  const auto path = path_on_disk(uri);
  // The root is not a text: the whole machine would be its context.
  return path && !text::is_root(*path) ? *path : path_nowhere(uri);
}

std::string folder_of_uri(std::string_view uri) {
  const auto path = path_on_disk(uri);
  return path ? *path : path_nowhere(uri);
}

std::string uri_of(std::string_view path) {
  return text::file_uri(path);
}

}  // namespace dcache::lsp

#include "dcache/plan/image.h"

#include <algorithm>

#include "dcache/text/unicode.h"

namespace dcache::plan {
namespace {

constexpr size_t kLongestTag = 128;
constexpr size_t kShortestDigest = 32;

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_word(char c) {
  return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

// Letters and digits, separated by `.`, `_`, `__` or any number of `-`.
bool is_path_component(std::string_view text) {
  if (text.empty() || !is_lower_or_digit(text.front()) || !is_lower_or_digit(text.back())) return false;
  while (!text.empty()) {
    text.remove_prefix(static_cast<size_t>(std::ranges::find_if_not(text, is_lower_or_digit) - text.begin()));
    const std::string_view divider =
        text.substr(0, static_cast<size_t>(std::ranges::find_if(text, is_lower_or_digit) - text.begin()));
    const bool dashes = divider.find_first_not_of('-') == std::string_view::npos;
    if (!dashes && divider != "." && divider != "_" && divider != "__") return false;
    text.remove_prefix(divider.size());
  }
  return true;
}

bool is_registry(std::string_view text) {
  if (text.starts_with('[')) return text.find(']') != std::string_view::npos;
  const size_t colon = std::min(text.find(':'), text.size());
  const std::string_view port = text.substr(std::min(colon + 1, text.size()));
  if (colon < text.size() && (port.empty() || port.find_first_not_of("0123456789") != std::string_view::npos))
    return false;
  const std::string_view host = text.substr(0, colon);
  return !host.empty() &&
         std::ranges::all_of(host, [](char c) { return (is_word(c) && c != '_') || c == '-' || c == '.'; });
}

// Whether the part before the first slash names a registry.
bool names_registry(std::string_view first) {
  return first.find_first_of(".:") != std::string_view::npos || first == "localhost" ||
         text::to_lower(first) != first;
}

bool is_name(std::string_view name) {
  const size_t slash = name.find('/');
  if (slash != std::string_view::npos && names_registry(name.substr(0, slash))) {
    if (!is_registry(name.substr(0, slash))) return false;
    name.remove_prefix(slash + 1);
  }
  while (true) {
    const size_t end = std::min(name.find('/'), name.size());
    if (!is_path_component(name.substr(0, end))) return false;
    if (end == name.size()) return true;
    name.remove_prefix(end + 1);
  }
}

bool is_tag(std::string_view tag) {
  return !tag.empty() && tag.size() <= kLongestTag && is_word(tag.front()) &&
         std::ranges::all_of(tag, [](char c) { return is_word(c) || c == '.' || c == '-'; });
}

bool is_digest(std::string_view digest) {
  const size_t colon = digest.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view hex = digest.substr(colon + 1);
  const std::string_view algorithm = digest.substr(0, colon);
  const bool whole = algorithm == "sha256"   ? hex.size() == 64
                     : algorithm == "sha512" ? hex.size() == 128
                                             : hex.size() >= kShortestDigest;
  return whole && hex.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

ImageReference read_reference(std::string_view text) {
  ImageReference reference;
  const size_t at = std::min(text.find('@'), text.size());
  reference.digest = text.substr(std::min(at + 1, text.size()));
  reference.name = text.substr(0, at);
  const size_t slash = reference.name.rfind('/');
  const size_t colon = reference.name.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon == std::string_view::npos) return reference;
  reference.tag = reference.name.substr(colon + 1);
  reference.name = reference.name.substr(0, colon);
  return reference;
}

bool is_valid_reference(std::string_view text) {
  constexpr size_t kIdLength = 64;  // of an image, which is not a name
  if (text.size() == kIdLength && text.find_first_not_of("0123456789abcdef") == std::string_view::npos)
    return false;
  const ImageReference reference = read_reference(text);
  const bool has_digest = text.find('@') != std::string_view::npos;
  const bool has_tag = reference.name.size() < std::min(text.find('@'), text.size());
  return is_name(reference.name) && (!has_tag || is_tag(reference.tag)) &&
         (!has_digest || is_digest(reference.digest));
}

std::string normal_reference(std::string_view text) {
  const ImageReference parts = read_reference(text);
  constexpr std::string_view kOfficial = "library/";
  for (const std::string_view hub : {"docker.io/", "index.docker.io/"}) {
    if (!text.starts_with(hub)) continue;
    text.remove_prefix(hub.size());
    break;
  }
  if (text.starts_with(kOfficial)) text.remove_prefix(kOfficial.size());
  std::string result(text);
  if (parts.tag.empty() && parts.digest.empty()) result += ":latest";
  return result;
}

}  // namespace dcache::plan

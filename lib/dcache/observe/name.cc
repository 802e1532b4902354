#include "dcache/observe/name.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "dcache/plan/values.h"

namespace dcache::observe {
namespace {

constexpr std::array<std::string_view, 3> kKinds = {"internal", "auth", "context"};
// What is done for a whole image before its steps, and after them.
constexpr std::array<std::string_view, 5> kBefore = {"importing cache", "resolve image config",
                                                     "docker-image://", "local://", "FROM "};
constexpr std::array<std::string_view, 4> kCaches = {
    "importing cache", "exporting cache", "exporting content cache", "exporting to GitHub Actions Cache"};
constexpr std::array<std::string_view, 6> kAfter = {"exporting ", "importing to ", "resolving ",
                                                    "pushing ",   "sending ",      "unpacking "};

template <size_t N>
bool starts_with_any(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.starts_with(word); });
}

bool is_kind(std::string_view word) {
  return std::ranges::find(kKinds, word) != kKinds.end();
}

// The words between the brackets, and the rest of the name.
struct Parts {
  std::vector<std::string_view> words;
  std::string_view text;
};

std::optional<Parts> split_name(std::string_view name) {
  if (!name.starts_with('[')) return std::nullopt;
  const size_t end = name.find(']');
  if (end == std::string_view::npos) return std::nullopt;
  Parts parts;
  std::string_view inside = name.substr(1, end - 1);
  parts.text = name.substr(end + 1);
  while (parts.text.starts_with(' '))
    parts.text.remove_prefix(1);
  while (!inside.empty()) {
    const size_t space = std::min(inside.find(' '), inside.size());
    if (space > 0) parts.words.push_back(inside.substr(0, space));
    inside.remove_prefix(std::min(space + 1, inside.size()));
    if (parts.words.size() > 8) return std::nullopt;
  }
  return parts;
}

bool is_platform_word(std::string_view word) {
  const std::string_view own = word.substr(0, word.find("->"));
  return own.find('/') != std::string_view::npos && plan::is_platform(own);
}

std::optional<size_t> read_count(std::string_view word) {
  size_t count = 0;
  const char* const end = word.data() + word.size();
  const auto [at, failure] = std::from_chars(word.data(), end, count);
  if (failure != std::errc() || at != end || count == 0) return std::nullopt;
  return count;
}

// "2/5"
bool read_numbers(std::string_view word, Name& name) {
  const size_t slash = word.find('/');
  if (slash == std::string_view::npos) return false;
  const auto number = read_count(word.substr(0, slash));
  const auto total = read_count(word.substr(slash + 1));
  if (!number || !total) return false;
  name.number = *number;
  name.total = *total;
  return true;
}

}  // namespace

bool is_export(std::string_view text) {
  return starts_with_any(text, kAfter);
}

bool is_cache_work(std::string_view name) {
  const size_t image = name.starts_with('[') ? name.find("] ") : std::string_view::npos;
  return starts_with_any(image == std::string_view::npos ? name : name.substr(image + 2), kCaches);
}

bool is_boot(std::string_view name) {
  return name.starts_with('[') && name.ends_with("booting buildkit");
}

Name read_name(std::string_view whole, const ImageNames& images) {
  Name name;
  name.text = whole;
  const auto parts = split_name(whole);
  if (!parts || parts->words.empty()) return name;
  auto word = parts->words.begin();
  auto end = parts->words.end();
  if (images.contains(*word)) name.image = *word++;
  // "2/5" would be a platform too.
  if (word != end && !read_numbers(*word, name) && is_platform_word(*word)) name.platform = *word++;
  name.text = parts->text;
  if (word == end) return name;
  if (read_numbers(*(end - 1), name)) {
    if (word != end - 1) name.stage = *word;
  } else if (is_kind(*word)) {
    name.kind = *word;
  } else {
    name.text = whole;
  }
  return name;
}

std::string_view image_shown_by(std::string_view name) {
  const auto parts = split_name(name);
  if (!parts || parts->words.empty()) return "";
  const std::string_view first = parts->words.front();
  if (is_kind(first) || is_platform_word(first)) return "";
  Name numbers;
  if (parts->words.size() == 1) {
    const bool of_image = starts_with_any(parts->text, kBefore) || is_export(parts->text);
    return of_image && !read_numbers(first, numbers) ? first : "";
  }
  const bool has_platform = is_platform_word(parts->words[1]) && parts->words.size() > 2;
  const std::string_view second = parts->words[has_platform ? 2 : 1];
  return is_kind(second) ? first : "";
}

}  // namespace dcache::observe

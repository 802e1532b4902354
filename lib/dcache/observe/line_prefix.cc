#include "dcache/observe/line_prefix.h"

#include <algorithm>
#include <utility>

#include "dcache/observe/line.h"
#include "dcache/observe/plain_reader.h"

namespace dcache::observe {
namespace {

constexpr size_t kMostShapes = 16;            // that are known
constexpr size_t kMostCounted = 500;          // that are counted
constexpr size_t kMostKept = 4000;            // lines
constexpr size_t kMostKeptBytes = 1'000'000;  // of them together
constexpr size_t kLongestPrefix = 300;

// In a shape: a word or a number, and any number of spaces.
constexpr char kWord = 'w';
constexpr char kSpaces = ' ';

bool is_of_word(char c) {
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return is_letter || c == '_' || c == '-' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
}

bool is_space(char c) {
  return c == ' ' || c == '\t';
}

// Removes the word, the spaces or the other character that a text begins with, and says which it was.
char take_part(std::string_view& text) {
  const char first = text.front();
  const auto take_all = [&](bool (*is_part)(char)) {
    const auto end = std::ranges::find_if_not(text, is_part);
    text.remove_prefix(static_cast<size_t>(end - text.begin()));
  };
  if (is_of_word(first)) {
    take_all(is_of_word);
    return kWord;
  }
  if (is_space(first)) {
    take_all(is_space);
    return kSpaces;
  }
  text.remove_prefix(1);
  return first;
}

std::string shape_of(std::string_view prefix) {
  std::string shape;
  while (!prefix.empty())
    shape += take_part(prefix);
  return shape;
}

// What is after a prefix of this shape.
std::optional<std::string_view> without(std::string_view line, std::string_view shape) {
  for (const char part : shape) {
    if (line.empty() || take_part(line) != part) return std::nullopt;
  }
  return line;
}

// "2024-05-01T10:00:00Z" anywhere in a prefix.
std::optional<int64_t> time_in(std::string_view prefix) {
  for (size_t at = prefix.find("20"); at != std::string_view::npos; at = prefix.find("20", at + 1)) {
    if (at > 0 && is_of_word(prefix[at - 1])) continue;
    if (const auto moment = read_moment(prefix.substr(at))) return moment->nanoseconds;
  }
  return std::nullopt;
}

// Where a line of plain progress may begin inside of another line: the first place at which it surely does,
// else the first at which it may.
struct InnerLine {
  size_t at = 0;
  bool is_sure = false;
};
std::optional<InnerLine> find_inside(std::string_view line) {
  std::optional<InnerLine> may_be;
  for (size_t at = line.find('#', 1); at < std::min(line.size(), kLongestPrefix);
       at = line.find('#', at + 1)) {
    const std::string_view rest = line.substr(at);
    if (is_of_word(line[at - 1]) || !is_numbered(rest)) continue;
    if (is_of_plain_progress(rest)) return InnerLine{at, true};
    if (!may_be) may_be = InnerLine{at, false};
  }
  return may_be;
}

}  // namespace

std::optional<LinePrefixes::StrippedLine> LinePrefixes::strip(std::string_view line) const {
  std::optional<std::string_view> best;
  for (const std::string& shape : shapes_) {
    const auto rest = without(line, shape);
    if (rest && (!best || is_numbered(*rest))) best = rest;
    if (rest && is_numbered(*rest)) break;
  }
  if (!best) return std::nullopt;
  return StrippedLine{*best, time_in(line.substr(0, line.size() - best->size()))};
}

void LinePrefixes::forget() {
  shapes_.clear();
  counts_.clear();
  bare_ = 0;
}

bool LinePrefixes::learn(std::string_view line, std::optional<int64_t> time) {
  const auto inside = find_inside(line);
  if (!inside) return false;
  kept_.push_back({std::string(line), time});
  kept_bytes_ += line.size();
  while (kept_.size() > kMostKept || kept_bytes_ > kMostKeptBytes) {
    kept_bytes_ -= kept_.front().text.size();
    kept_.pop_front();
  }
  if (!inside->is_sure) return false;
  const std::string shape = shape_of(line.substr(0, inside->at));
  if (counts_.size() >= kMostCounted && !counts_.contains(shape)) return false;
  Counts& counts = counts_[shape];
  ++counts.lines;
  counts.has_name = counts.has_name || line.substr(inside->at).find('[') != std::string_view::npos;
  constexpr size_t kEnough = 3;
  return counts.has_name && counts.lines >= kEnough && counts.lines > bare_ && take(shape);
}

bool LinePrefixes::learn_at_end() {
  constexpr size_t kEnough = 2;
  const auto most = std::ranges::max_element(
      counts_, {}, [](const auto& entry) { return std::pair(entry.second.has_name, entry.second.lines); });
  return most != counts_.end() && most->second.has_name && most->second.lines >= kEnough && take(most->first);
}

bool LinePrefixes::take(const std::string& shape) {
  if (shapes_.size() >= kMostShapes) return false;
  shapes_.push_back(shape);
  counts_.erase(shapes_.back());
  return true;
}

std::vector<LinePrefixes::PendingLine> LinePrefixes::take_kept() {
  std::vector<PendingLine> taken;
  std::deque<PendingLine> left;
  kept_bytes_ = 0;
  for (PendingLine& kept : kept_) {
    if (const auto rest = strip(kept.text)) {
      taken.push_back({std::string(rest->text), kept.time ? kept.time : rest->time});
    } else {
      kept_bytes_ += kept.text.size();
      left.push_back(std::move(kept));
    }
  }
  kept_ = std::move(left);
  return taken;
}

}  // namespace dcache::observe

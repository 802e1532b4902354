#include "dcache/ignore/elements.h"

#include <algorithm>

#include "dcache/text/unicode.h"

namespace dcache::ignore {
namespace {

using Kind = Element::Kind;

// Whether `\` makes this character of a regular expression mean itself.
bool can_be_escaped(char32_t character) {
  return character < 0x80 && !text::is_letter(character) && !text::is_digit(character);
}

// Takes a bound of a range. Nothing if it means something else to the builder's translation or to a regular
// expression.
std::optional<char32_t> read_bound(std::string_view& pattern) {
  const bool escaped = pattern[0] == '\\';
  if (escaped) pattern.remove_prefix(1);
  const text::Rune rune = text::decode_rune(pattern);
  pattern.remove_prefix(rune.width);
  const bool literal = escaped ? can_be_escaped(rune.value)
                               : std::u32string_view(U"*?[").find(rune.value) == std::u32string_view::npos;
  if (!literal) return std::nullopt;
  return rune.value;
}

// Takes a class: `kOther` if a bound is unusual, or if '/' may be in it.
Element read_class(std::string_view& pattern) {
  Element element{Kind::kClass};
  pattern.remove_prefix(1);
  bool simple = !pattern.starts_with('^');
  if (!simple) pattern.remove_prefix(1);
  do {
    const auto low = read_bound(pattern);
    auto high = low;
    if (pattern.starts_with('-')) {
      pattern.remove_prefix(1);
      high = read_bound(pattern);
    }
    simple = simple && low && high && *low <= *high && (*low > U'/' || *high < U'/');
    if (simple) element.ranges.emplace_back(*low, *high);
  } while (!pattern.starts_with(']'));
  pattern.remove_prefix(1);
  if (!simple) return {Kind::kOther};
  return element;
}

// Takes one element that is not `**`. Text comes in parts.
Element read_element(std::string_view& pattern) {
  const char c = pattern[0];
  if (c == '[') return read_class(pattern);
  pattern.remove_prefix(1);
  if (c == '*') return {Kind::kName};
  if (c == '?') return {Kind::kCharacter};
  if (c == '^') return {Kind::kStart};
  if (c != '\\') {
    const size_t end = std::min(pattern.find_first_of("*?^[\\/"), pattern.size());
    Element element{Kind::kText, c + std::string(pattern.substr(0, end))};
    pattern.remove_prefix(end);
    return element;
  }
  const text::Rune rune = text::decode_rune(pattern);
  const std::string_view escaped = pattern.substr(0, rune.width);
  pattern.remove_prefix(rune.width);
  if (!can_be_escaped(rune.value)) return {Kind::kOther};
  return {Kind::kText, std::string(escaped)};
}

// Where to go on when the elements after `element` fail: with the path from `at`.
struct Retry {
  size_t element = 0;
  size_t at = std::string_view::npos;
};

bool is_in(const Element& element, char32_t character) {
  return std::ranges::any_of(element.ranges, [&](const auto& range) {
    return range.first <= character && character <= range.second;
  });
}

}  // namespace

Pairs Pairs::of_path(std::string_view path) {
  Pairs pairs;
  char before = '/';
  for (const char c : path)
    pairs.add(std::exchange(before, c), c);
  pairs.add(before, '/');
  return pairs;
}

Pairs Pairs::all() {
  Pairs pairs;
  pairs.bits_ = ~uint64_t{0};
  return pairs;
}

Elements::Elements(std::string_view pattern) {
  bool at_segment = true;
  while (!pattern.empty()) {
    if (pattern.starts_with("**")) {
      pattern.remove_prefix(2);
      const bool slash = pattern.starts_with('/');
      if (slash) pattern.remove_prefix(1);
      // In the middle of a name all places of an earlier `*` would have to be tried again.
      simple_ = simple_ && at_segment && (slash || pattern.empty());
      elements_.push_back({pattern.empty() ? Kind::kRest : Kind::kFolders});
      at_segment = true;
      continue;
    }
    Element element = read_element(pattern);
    at_segment = element.text.ends_with('/');
    simple_ = simple_ && element.kind != Kind::kOther;
    const bool goes_on =
        element.kind == Kind::kText && !elements_.empty() && elements_.back().kind == Kind::kText;
    if (goes_on) {
      elements_.back().text += element.text;
    } else {
      elements_.push_back(std::move(element));
    }
  }
}

// `*` is given one character more at a time, and where that can't help `**` one folder more. Only the last of
// each has to be tried again: what stood before it has matched as early as possible, and it can take all that
// a later match of that would leave.
bool Elements::match(std::string_view path) const {
  Retry name, folders;
  size_t next = 0;
  size_t at = 0;
  while (true) {
    bool fits = false;
    if (next == elements_.size()) {
      if (at == path.size()) return true;
    } else {
      const Element& element = elements_[next];
      switch (element.kind) {
        case Kind::kText:
          fits = path.substr(at).starts_with(element.text);
          if (fits) at += element.text.size();
          break;
        case Kind::kCharacter:
        case Kind::kClass: {
          const text::Rune rune = text::decode_rune(path.substr(at));
          fits = rune.width != 0 &&
                 (element.kind == Kind::kClass ? is_in(element, rune.value) : rune.value != '/');
          if (fits) at += rune.width;
          break;
        }
        case Kind::kName:
          name = {next, at};
          fits = true;
          break;
        case Kind::kFolders:
          folders = {next, at};
          name = {};
          fits = true;
          break;
        case Kind::kRest:
          // As with the regular expressions of the builder, a line end is not a character for `**`.
          return path.find('\n', at) == std::string_view::npos;
        case Kind::kStart:
          fits = at == 0;
          break;
        case Kind::kOther:
          break;
      }
      ++next;
    }
    if (fits) continue;
    if (name.at < path.size() && path[name.at] != '/') {
      name.at += text::decode_rune(path.substr(name.at)).width;
      next = name.element + 1;
      at = name.at;
      continue;
    }
    if (folders.at >= path.size()) return false;
    const size_t slash = path.find('/', folders.at);
    if (slash == std::string_view::npos ||
        path.substr(folders.at, slash - folders.at).find('\n') != std::string_view::npos)
      return false;
    folders.at = slash + 1;
    name = {};
    next = folders.element + 1;
    at = folders.at;
  }
}

Pairs Elements::pairs() const {
  Pairs pairs;
  char before = '/';  // '\0': any
  for (const Element& element : elements_) {
    if (element.kind == Kind::kText) {
      if (before != '\0') pairs.add(before, element.text[0]);
      pairs.add(element.text);
      before = element.text.back();
    } else if (element.kind != Kind::kFolders || before != '/') {
      before = '\0';
    }
  }
  if (before != '\0') pairs.add(before, '/');
  return pairs;
}

}  // namespace dcache::ignore

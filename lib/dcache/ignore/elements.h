// A pattern of an ignore file as a row of elements, and the matching of those that need no regular
// expression.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dcache::ignore {

// Which pairs of neighbouring bytes a text contains, in 64 bits. A part of it has no bits that the whole
// lacks, so a glance is enough for most paths that a pattern does not match.
class Pairs {
 public:
  // With a slash before and after the path.
  static Pairs of_path(std::string_view path);
  static Pairs all();
  void add(char first, char second) {
    const auto byte = [](char c) { return uint32_t{static_cast<unsigned char>(c)}; };
    bits_ |= uint64_t{1} << ((byte(first) << 8U | byte(second)) * 2'654'435'761U >> 26U);
  }
  void add(std::string_view text) {
    for (size_t i = 1; i < text.size(); ++i)
      add(text[i - 1], text[i]);
  }
  bool contain(Pairs other) const { return (other.bits_ & ~bits_) == 0; }

 private:
  uint64_t bits_ = 0;
};

// One element of a pattern.
struct Element {
  enum class Kind : uint8_t {
    kText,
    kName,       // `*`: any characters but '/'
    kCharacter,  // `?`: one of them
    kClass,      // `[a-z]`: one of those in `ranges`, none of which has '/'
    kFolders,    // `**`: nothing, or all up to a slash and it
    kRest,       // `**` at the end
    kStart,      // `^`, which the builder's regular expression takes for the start of the path
    kOther,      // what only a regular expression can say
  };
  Kind kind;
  std::string text = {};
  std::vector<std::pair<char32_t, char32_t>> ranges = {};
};

class Elements {
 public:
  // Of a well-formed pattern.
  explicit Elements(std::string_view pattern);

  // Whether `match` can tell. If not, a regular expression has to.
  bool are_simple() const { return simple_; }
  bool match(std::string_view path) const;

  // What all paths that match contain.
  Pairs pairs() const;

 private:
  std::vector<Element> elements_;
  bool simple_ = true;
};

}  // namespace dcache::ignore

// YAML as Docker Compose, Skaffold and CI systems read it: the rules of Go's yaml.v3, on yaml-cpp's parser.
//
// A document is a tree of plain values, each with its place. Aliases are replaced by copies of what they
// refer to, and merge keys (`<<`) by the members that they bring. What a text may grow to is limited, so that
// no input takes long, much memory or a deep stack.
// Source: https://yaml.org/spec/1.2.2/, https://yaml.org/type/merge.html
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/text/failure.h"

namespace dcache::project::yaml {

enum class Kind : uint8_t { kNull, kBool, kInteger, kFloat, kTime, kText, kList, kMap };

// "a map", "text", …: for messages.
std::string_view words_of(Kind kind);

struct Place {
  uint32_t file = 0;  // a number of the caller's
  uint32_t line = 0;  // from 1
  uint32_t column = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

struct Member;

struct Value {
  Kind kind = Kind::kNull;
  Place place = {};
  std::string text = {};  // of a scalar, as it is written
  std::string tag = {};   // "!reset"; empty for none and for those of YAML itself
  std::vector<Value> items = {};
  std::vector<Member> members;  // each name once

  bool is_null() const { return kind == Kind::kNull; }
  bool is_text() const { return kind == Kind::kText; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  bool is_scalar() const { return !is_list() && !is_map() && !is_null(); }

  // The value of a member; null if there is none, or if this is not a map. Looks at one after the other.
  const Value* find(std::string_view name) const;
  Value* find(std::string_view name);
  void erase(std::string_view name);
};

struct Member {
  std::string name;
  Kind kind = Kind::kText;  // of the name: `1:` is an integer
  Place place = {};
  Value value = {};
};

Value make_text(std::string text, Place place);
Value empty_map();

// A scalar as Go prints it: `010` is 8, `1.10` is 1.1, and a text is itself. Empty for null, lists and maps.
std::string printed(const Value& value);

// Whether a scalar says yes, with the words of YAML 1.1 too ("on"). False for anything else.
bool is_true(const Value& value);

// Whether both are the same except for their places.
bool same(const Value& a, const Value& b);

// About how many bytes a tree takes, and how many levels it has.
size_t size_of(const Value& value);
uint32_t height_of(const Value& value);

// What a text may grow to. Text and values count again for each alias.
struct Limits {
  uint32_t depth = 100;
  size_t values = 500'000;
  size_t characters = size_t{64} << 20U;
};

struct Documents {
  std::vector<Value> values;            // one each, up to the first syntax error
  std::vector<text::Failure> failures;  // of syntax, duplicate members, and limits
};

// `path` is for the failures, and `file` for the places.
Documents parse(std::string_view text, const std::string& path, uint32_t file = 0, const Limits& limits = {});

// A failure at a place; `path` is that of its file. A long message is cut.
text::Failure failure_at(const std::string& path, Place place, std::string message, std::string remedy = {});

}  // namespace dcache::project::yaml

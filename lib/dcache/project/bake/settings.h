// What a target of a bake file says, attribute by attribute, and how two of them merge.
// Source: https://docs.docker.com/build/bake/reference/#target
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/hcl/value.h"

namespace dcache::project::bake {

// A text that may not be known; then why ("timestamp()").
struct Text {
  std::string value = {};
  std::string unknown = {};
  friend bool operator==(const Text&, const Text&) = default;
};

// Where a cache is imported from or exported to.
struct CacheEntry {
  std::string type = {};
  std::map<std::string, std::string> attributes = {};
  std::string unknown = {};
  friend bool operator==(const CacheEntry&, const CacheEntry&) = default;

  // "type=gha,scope=api"
  std::string text() const;
};

enum class Shape : uint8_t {
  kText,
  kFlag,
  kList,
  kMap,
  kFullMap,  // without null values
  kCaches,
  kOther,  // a list of what makes no difference to what is built: kept as it is
};
enum class Merge : uint8_t { kReplace, kAppend };

struct AttributeInfo {
  std::string_view name;
  Shape shape;
  Merge merge;
};
// All attributes of a target, sorted by name. Maps merge key by key in any case.
std::span<const AttributeInfo> target_attributes();
const AttributeInfo* find_attribute(std::string_view name);

// The value of an attribute; which member is used follows from its shape.
struct Setting {
  Text text = {};
  bool flag = false;
  std::vector<Text> list = {};
  std::map<std::string, std::optional<Text>, std::less<>> map = {};  // nothing for null
  // Of members of the map: the variables without a value that they use, in words.
  std::map<std::string, std::string, std::less<>> unset = {};
  std::vector<CacheEntry> caches = {};
  hcl::Value other = {};
  std::string unknown = {};  // why nothing of it is known; empty if something is
};
using Settings = std::map<std::string_view, Setting>;  // by attribute

// The setting that a value means; nothing for null. Throws an hcl::Error.
std::optional<Setting> setting_of(const AttributeInfo& info, const hcl::Value& value);
// The value that `target.NAME.ATTRIBUTE` refers to.
hcl::Value value_of(const AttributeInfo& info, const Setting* setting);

// Entries as they are written in one text: "type=gha,scope=api", or references. Throws an hcl::Error.
std::vector<CacheEntry> cache_entries_of(const std::string& text);

// What the second says in addition, or in place of the first.
void merge(Settings& to, const Settings& from);
// Without duplicates, empty texts and contexts that are emptied, as bake prints a target.
void normalize(Settings& settings);

}  // namespace dcache::project::bake

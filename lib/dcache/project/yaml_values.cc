// What trees of YAML tell of themselves.
#include <algorithm>
#include <utility>

#include "dcache/project/yaml.h"

namespace dcache::project::yaml {

std::string_view words_of(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kBool:
      return "true or false";
    case Kind::kInteger:
    case Kind::kFloat:
      return "a number";
    case Kind::kTime:
      return "a date";
    case Kind::kText:
      return "text";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
  }
  return {};
}

const Value* Value::find(std::string_view name) const {
  const auto found = std::ranges::find(members, name, &Member::name);
  return found == members.end() ? nullptr : &found->value;
}

Value* Value::find(std::string_view name) {
  return const_cast<Value*>(std::as_const(*this).find(name));
}

void Value::erase(std::string_view name) {
  std::erase_if(members, [&](const Member& member) { return member.name == name; });
}

Value make_text(std::string text, Place place) {
  return {Kind::kText, place, std::move(text), {}, {}, {}};
}

Value empty_map() {
  Value map;
  map.kind = Kind::kMap;
  return map;
}

bool same(const Value& a, const Value& b) {
  if (a.kind != b.kind || a.text != b.text || a.items.size() != b.items.size() ||
      a.members.size() != b.members.size())
    return false;
  if (!std::ranges::equal(a.items, b.items, same)) return false;
  return std::ranges::all_of(a.members, [&](const Member& member) {
    const Value* const other = b.find(member.name);
    return other != nullptr && same(member.value, *other);
  });
}

size_t size_of(const Value& value) {
  size_t size = sizeof value + value.text.size();
  for (const Value& item : value.items)
    size += size_of(item);
  for (const Member& member : value.members)
    size += member.name.size() + size_of(member.value);
  return size;
}

uint32_t height_of(const Value& value) {
  uint32_t height = 0;
  for (const Value& item : value.items)
    height = std::max(height, height_of(item));
  for (const Member& member : value.members)
    height = std::max(height, height_of(member.value));
  return height + 1;
}

text::Failure failure_at(const std::string& path, Place place, std::string message, std::string remedy) {
  constexpr size_t kLongest = 300;
  if (message.size() > kLongest) message = message.substr(0, kLongest) + "…";
  return {path, place.line, place.column, std::move(message), std::move(remedy)};
}

}  // namespace dcache::project::yaml

#include "dcache/project/hcl/convert.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "dcache/text/unicode.h"

namespace dcache::project::hcl {
namespace {

using Types = std::vector<Type>;

// More types than these are not compared with each other.
constexpr size_t kMostCompared = 256;

Types attribute_types(const Type& object) {
  Types types;
  for (const auto& [name, type] : object.attributes())
    types.push_back(type);
  return types;
}

bool same_names(const Type& a, const Type& b) {
  return std::ranges::equal(a.attributes(), b.attributes(),
                            [](const auto& x, const auto& y) { return x.first == y.first; });
}

// The element type that parts of these types have in a collection whose elements are `wanted`; nothing if
// they can't be in one.
std::optional<Type> element_type(const Types& parts, const Type& wanted) {
  if (!wanted.is_any() || parts.empty()) return wanted;
  std::optional<Type> common = unify(parts);
  if (!common || !common->is_any()) return common;
  const bool all_any = std::ranges::all_of(parts, [](const Type& type) { return type.is_any(); });
  return all_any ? common : std::nullopt;
}

bool all_convertible(const Types& parts, const Type& wanted) {
  const std::optional<Type> element = element_type(parts, wanted);
  return element && std::ranges::all_of(parts, [&](const Type& part) { return convertible(part, *element); });
}

bool object_convertible(const Type& from, const Type& to) {
  return std::ranges::all_of(to.attributes(), [&](const auto& attribute) {
    const auto found = from.attributes().find(attribute.first);
    if (found == from.attributes().end()) return to.is_optional(attribute.first);
    return convertible(found->second, attribute.second);
  });
}

bool map_to_object_convertible(const Type& from, const Type& to) {
  return std::ranges::all_of(to.attributes(), [&](const auto& attribute) {
    return convertible(from.element(), attribute.second) || to.is_optional(attribute.first);
  });
}

std::string required(const Type& type, const Type& given) {
  return type.phrase() + " is required, and this is " + given.phrase();
}

Value convert_primitive(const Value& value, const Type& to) {
  if (to.is(Kind::kString)) {
    if (value.type().is(Kind::kNumber)) return Value::string(value.as_number().text());
    return Value::string(value.is_true() ? "true" : "false");
  }
  const std::string& text = value.as_string();
  if (to.is(Kind::kNumber)) {
    std::optional<Number> number = Number::parse(text);
    if (!number) fail("a number is required");
    return Value::number(*std::move(number));
  }
  if (text == "true" || text == "1") return Value::boolean(true);
  if (text == "false" || text == "0") return Value::boolean(false);
  const std::string lower = text::to_lower(text);
  if (lower == "true" || lower == "false") fail("a bool is required: write \"" + lower + "\" in lower case");
  fail("a bool is required");
}

// Elements of a collection have one type: where it was left open, the one that they have in common.
Type settle(Value::Items& items, const Type& wanted) {
  Types types;
  for (const Value& item : items)
    types.push_back(item.type());
  const std::optional<Type> common = unify(types);
  if (!common) fail("all elements of a " + std::string("list must have one type, which these don't"));
  for (Value& item : items)
    item = convert(item, *common);
  return items.empty() ? wanted : items.front().type();
}

Value convert_to_sequence(const Value& value, const Type& to) {
  Types parts;
  for (const Value& item : value.items())
    parts.push_back(item.type());
  const Type wanted = element_type(parts, to.element()).value_or(to.element());
  Value::Items items;
  for (const Value& item : value.items())
    items.push_back(convert(item, wanted));
  Type element = wanted.without_optional();
  if (items.empty() && element.is_any() && !value.type().is(Kind::kTuple)) element = value.type().element();
  if (!items.empty()) element = settle(items, element);
  return to.is(Kind::kSet) ? Value::set(std::move(element), std::move(items))
                           : Value::list(std::move(element), std::move(items));
}

Value convert_to_map(const Value& value, const Type& to) {
  Types parts;
  for (const auto& [name, member] : value.members())
    parts.push_back(member.type());
  const Type wanted = element_type(parts, to.element()).value_or(to.element());
  std::vector<std::string> names;
  Value::Items items;
  for (const auto& [name, member] : value.members()) {
    names.push_back(name);
    items.push_back(convert(member, wanted));
  }
  Type element = wanted.without_optional();
  if (items.empty() && element.is_any() && value.type().is(Kind::kMap)) element = value.type().element();
  if (!items.empty()) element = settle(items, element);
  Value::Members members;
  for (size_t i = 0; i < names.size(); ++i)
    members.emplace(std::move(names[i]), std::move(items[i]));
  return Value::map(std::move(element), std::move(members));
}

Value convert_to_object(const Value& value, const Type& to) {
  Value::Members members;
  for (const auto& [name, type] : to.attributes()) {
    const auto found = value.members().find(name);
    if (found != value.members().end()) {
      members.emplace(name, convert(found->second, type));
    } else if (to.is_optional(name)) {
      members.emplace(name, Value::null(type.without_optional()));
    } else {
      fail("the attribute \"" + name + "\" is required");
    }
  }
  return Value::object(std::move(members));
}

Value convert_to_tuple(const Value& value, const Type& to) {
  Value::Items items;
  for (size_t i = 0; i < to.elements().size(); ++i)
    items.push_back(convert(value.items()[i], to.elements()[i]));
  return Value::tuple(std::move(items));
}

// Which of two types is the more general: -1 for the first, 1 for the second, 0 if neither is.
int compare_generality(const Type& a, const Type& b);

// The same for the parts of two objects or tuples.
int compare_parts(const Types& a, const Types& b) {
  bool first = false;
  bool second = false;
  for (size_t i = 0; i < a.size(); ++i) {
    const int order = compare_generality(a[i], b[i]);
    first = first || order < 0;
    second = second || order > 0;
  }
  return first == second ? 0 : first ? -1 : 1;
}

// Whether the first is more general by its kind: a list than a tuple, a map than an object.
bool more_general(Kind a, Kind b) {
  return (a == Kind::kList && b == Kind::kTuple) || (a == Kind::kMap && b == Kind::kObject) ||
         (b == Kind::kSet && (a == Kind::kTuple || a == Kind::kList));
}

int compare_generality(const Type& a, const Type& b) {
  if (a == b) return 0;
  if (a.is_any() || b.is_any()) return a.is_any() ? 1 : -1;
  if (a.is_primitive() && b.is_primitive()) return a.is(Kind::kString) ? -1 : b.is(Kind::kString) ? 1 : 0;
  if (a.kind() == b.kind()) {
    switch (a.kind()) {
      case Kind::kObject:
        return same_names(a, b) ? compare_parts(attribute_types(a), attribute_types(b)) : 0;
      case Kind::kTuple:
        return a.elements().size() == b.elements().size() ? compare_parts(a.elements(), b.elements()) : 0;
      default:
        return compare_generality(a.element(), b.element());
    }
  }
  return more_general(a.kind(), b.kind()) ? -1 : more_general(b.kind(), a.kind()) ? 1 : 0;
}

// The types with the more general ones first, otherwise in their order.
std::vector<size_t> by_preference(std::span<const Type> types) {
  std::vector<size_t> order;
  std::vector<bool> taken(types.size(), false);
  while (order.size() < types.size()) {
    const size_t before = order.size();
    std::vector<bool> now = taken;
    for (size_t i = 0; i < types.size(); ++i) {
      if (taken[i]) continue;
      const auto above = [&](size_t j) {
        return !taken[j] && j != i && compare_generality(types[j], types[i]) < 0;
      };
      bool free = true;
      for (size_t j = 0; j < types.size() && free; ++j)
        free = !above(j);
      if (!free) continue;
      order.push_back(i);
      now[i] = true;
    }
    taken = std::move(now);
    if (order.size() == before) break;
  }
  return order;
}

std::optional<Type> unify_elements(std::span<const Type> types, Type (*collection)(Type)) {
  Types elements;
  for (const Type& type : types)
    elements.push_back(type.element());
  const std::optional<Type> element = unify(elements);
  return element ? std::optional(collection(*element)) : std::nullopt;
}

std::optional<Type> unify_to_list(std::span<const Type> tuples) {
  Types elements;
  for (const Type& type : tuples)
    elements.insert(elements.end(), type.elements().begin(), type.elements().end());
  const std::optional<Type> element = unify(elements);
  return element ? std::optional(Type::list(*element)) : std::nullopt;
}

std::optional<Type> unify_to_map(std::span<const Type> objects) {
  Types elements;
  for (const Type& type : objects) {
    for (const auto& [name, part] : type.attributes())
      elements.push_back(part);
  }
  const std::optional<Type> element = unify(elements);
  return element ? std::optional(Type::map(*element)) : std::nullopt;
}

std::optional<Type> unify_objects(std::span<const Type> types) {
  const Type& first = types.front();
  if (!std::ranges::all_of(types, [&](const Type& type) { return same_names(first, type); }))
    return unify_to_map(types);
  Type::Attributes attributes;
  for (const auto& [name, part] : first.attributes()) {
    Types across;
    for (const Type& type : types)
      across.push_back(type.attributes().find(name)->second);
    const std::optional<Type> common = unify(across);
    if (!common) return std::nullopt;
    attributes.emplace(name, *common);
  }
  return Type::object(std::move(attributes));
}

std::optional<Type> unify_tuples(std::span<const Type> types) {
  const size_t length = types.front().elements().size();
  if (!std::ranges::all_of(types, [&](const Type& type) { return type.elements().size() == length; }))
    return unify_to_list(types);
  Types elements;
  for (size_t i = 0; i < length; ++i) {
    Types across;
    for (const Type& type : types)
      across.push_back(type.elements()[i]);
    const std::optional<Type> common = unify(across);
    if (!common) return std::nullopt;
    elements.push_back(*common);
  }
  return Type::tuple(std::move(elements));
}

// Tuples among lists count as a list, objects among maps as a map.
std::optional<Type> unify_mixed(std::span<const Type> types, Kind special, Kind general) {
  Types specials;
  for (const Type& type : types) {
    if (type.is(special)) specials.push_back(type);
  }
  const std::optional<Type> as = special == Kind::kTuple ? unify_to_list(specials) : unify_to_map(specials);
  if (!as) return std::nullopt;
  Types replaced(types.begin(), types.end());
  for (Type& type : replaced) {
    if (type.is(special)) type = *as;
  }
  std::optional<Type> common = unify(replaced);
  return common && common->is(general) ? common : std::nullopt;
}

// Of several that are different.
std::optional<Type> unify_distinct(std::span<const Type> types) {
  const auto count = [&](Kind kind) {
    return static_cast<size_t>(
        std::ranges::count_if(types, [kind](const Type& type) { return type.is(kind); }));
  };
  const size_t open = count(Kind::kAny);
  const auto only = [&](Kind kind) { return count(kind) > 0 && count(kind) + open == types.size(); };
  const auto mixed = [&](Kind general, Kind special) {
    return count(general) > 0 && count(general) + count(special) + open == types.size();
  };
  for (const Kind kind : {Kind::kMap, Kind::kList, Kind::kSet, Kind::kObject, Kind::kTuple}) {
    if (only(kind) && open > 0) return Type::any();
  }
  if (only(Kind::kMap)) return unify_elements(types, Type::map);
  if (only(Kind::kList)) return unify_elements(types, Type::list);
  if (only(Kind::kSet)) return unify_elements(types, Type::set);
  if (only(Kind::kObject)) return unify_objects(types);
  if (only(Kind::kTuple)) return unify_tuples(types);
  if (mixed(Kind::kMap, Kind::kObject)) {
    if (auto type = unify_mixed(types, Kind::kObject, Kind::kMap)) return type;
  } else if (mixed(Kind::kList, Kind::kTuple)) {
    if (auto type = unify_mixed(types, Kind::kTuple, Kind::kList)) return type;
  } else if (count(Kind::kObject) > 0 && count(Kind::kTuple) > 0) {
    return std::nullopt;
  }
  if (types.size() > kMostCompared) return std::nullopt;
  for (const size_t wanted : by_preference(types)) {
    if (std::ranges::all_of(types, [&](const Type& type) { return convertible(type, types[wanted]); }))
      return types[wanted];
  }
  return std::nullopt;
}

}  // namespace

bool convertible(const Type& from, const Type& to) {
  if (to.is_any() || from.is_any() || from == to) return true;
  if (from.is_primitive() && to.is_primitive()) return from.is(Kind::kString) || to.is(Kind::kString);
  switch (to.kind()) {
    case Kind::kObject:
      if (from.is(Kind::kObject)) return object_convertible(from, to);
      return from.is(Kind::kMap) && map_to_object_convertible(from, to);
    case Kind::kTuple:
      return from.is(Kind::kTuple) && std::ranges::equal(from.elements(), to.elements(), convertible);
    case Kind::kList:
    case Kind::kSet:
      if (from.is(Kind::kTuple)) return all_convertible(from.elements(), to.element());
      return from.is_sequence() && convertible(from.element(), to.element());
    case Kind::kMap:
      if (from.is(Kind::kObject)) return all_convertible(attribute_types(from), to.element());
      return from.is(Kind::kMap) && convertible(from.element(), to.element());
    default:
      return false;
  }
}

Value convert(const Value& value, const Type& to) {
  if (to.is_any() || value.type() == to) return value;
  if (!convertible(value.type(), to)) fail(required(to, value.type()));
  if (value.is_unknown()) return Value::unknown(to.without_optional(), value.reason());
  if (value.is_null()) return Value::null(to.without_optional());
  switch (to.kind()) {
    case Kind::kObject:
      return convert_to_object(value, to);
    case Kind::kTuple:
      return convert_to_tuple(value, to);
    case Kind::kList:
    case Kind::kSet:
      return convert_to_sequence(value, to);
    case Kind::kMap:
      return convert_to_map(value, to);
    default:
      return convert_primitive(value, to);
  }
}

std::optional<Type> unify(std::span<const Type> types) {
  if (types.empty()) return std::nullopt;
  // Many elements have few types.
  Types distinct;
  for (const Type& type : types) {
    if (distinct.size() == kMostCompared) return unify_distinct(types);
    if (std::ranges::find(distinct, type) == distinct.end()) distinct.push_back(type);
  }
  return distinct.size() == 1 ? std::optional(distinct.front()) : unify_distinct(distinct);
}

}  // namespace dcache::project::hcl

#include "dcache/project/hcl/value.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace dcache::project::hcl {

struct Type::Parts {
  Type element = {};
  std::vector<Type> elements = {};
  Attributes attributes = {};
  std::set<std::string, std::less<>> optional = {};
};

Type Type::collection(Kind kind, Type element) {
  Type type(kind);
  type.parts_ = std::make_shared<const Parts>(Parts{.element = std::move(element)});
  return type;
}

Type Type::tuple(std::vector<Type> elements) {
  Type type(Kind::kTuple);
  type.parts_ = std::make_shared<const Parts>(Parts{.elements = std::move(elements)});
  return type;
}

Type Type::object(Attributes attributes, std::set<std::string, std::less<>> optional) {
  Type type(Kind::kObject);
  type.parts_ = std::make_shared<const Parts>(
      Parts{.attributes = std::move(attributes), .optional = std::move(optional)});
  return type;
}

const Type& Type::element() const {
  return parts_->element;
}
const std::vector<Type>& Type::elements() const {
  return parts_->elements;
}
const Type::Attributes& Type::attributes() const {
  return parts_->attributes;
}
bool Type::is_optional(std::string_view attribute) const {
  return parts_->optional.contains(attribute);
}

Type Type::without_optional() const {
  switch (kind_) {
    case Kind::kList:
    case Kind::kSet:
    case Kind::kMap:
      return collection(kind_, element().without_optional());
    case Kind::kTuple: {
      std::vector<Type> plain;
      for (const Type& type : elements())
        plain.push_back(type.without_optional());
      return tuple(std::move(plain));
    }
    case Kind::kObject: {
      Attributes plain;
      for (const auto& [name, type] : attributes())
        plain.emplace(name, type.without_optional());
      return object(std::move(plain));
    }
    default:
      return *this;
  }
}

std::string Type::name() const {
  switch (kind_) {
    case Kind::kAny:
      return "any";
    case Kind::kBool:
      return "bool";
    case Kind::kNumber:
      return "number";
    case Kind::kString:
      return "string";
    case Kind::kList:
      return "list of " + element().name();
    case Kind::kSet:
      return "set of " + element().name();
    case Kind::kMap:
      return "map of " + element().name();
    case Kind::kTuple:
      return "tuple";
    case Kind::kObject:
      return "object";
  }
  return {};
}

std::string Type::phrase() const {
  const bool vowel = is(Kind::kObject) || is_any();
  return (vowel ? "an " : "a ") + name();
}

bool operator==(const Type& a, const Type& b) {
  if (a.kind_ != b.kind_) return false;
  if (a.parts_ == b.parts_) return true;
  return a.parts_->element == b.parts_->element && a.parts_->elements == b.parts_->elements &&
         a.parts_->attributes == b.parts_->attributes && a.parts_->optional == b.parts_->optional;
}

struct Value::Node {
  Type type = {};
  // By the type; of an unknown value the reason.
  std::variant<bool, Number, std::string, Items, Members> content = false;
  uint64_t size = 1;
  uint32_t depth = 1;
  bool null = false;
  bool unknown = false;
  bool wholly_known = true;
};

Value::Value() {
  static const auto kNull = std::make_shared<const Node>(Node{.null = true});
  node_ = kNull;
}

Value Value::boolean(bool value) {
  return Value(std::make_shared<const Node>(Node{.type = Type::boolean(), .content = value}));
}

Value Value::number(Number value) {
  return Value(std::make_shared<const Node>(Node{.type = Type::number(), .content = std::move(value)}));
}

Value Value::string(std::string value) {
  const uint64_t size = 1 + value.size();
  return Value(
      std::make_shared<const Node>(Node{.type = Type::string(), .content = std::move(value), .size = size}));
}

Value Value::null(Type type) {
  return Value(std::make_shared<const Node>(Node{.type = std::move(type), .null = true}));
}

Value Value::unknown(Type type, std::string reason) {
  return Value(std::make_shared<const Node>(
      Node{.type = std::move(type), .content = std::move(reason), .unknown = true, .wholly_known = false}));
}

Value Value::sequence(Type type, Items items) {
  Node node{.type = std::move(type)};
  for (const Value& item : items) {
    node.size += item.size();
    node.depth = std::max(node.depth, item.depth() + 1);
    node.wholly_known = node.wholly_known && item.wholly_known();
  }
  node.content = std::move(items);
  return Value(std::make_shared<const Node>(std::move(node)));
}

Value Value::mapping(Type type, Members members) {
  Node node{.type = std::move(type)};
  for (const auto& [name, member] : members) {
    node.size += name.size() + member.size();
    node.depth = std::max(node.depth, member.depth() + 1);
    node.wholly_known = node.wholly_known && member.wholly_known();
  }
  node.content = std::move(members);
  return Value(std::make_shared<const Node>(std::move(node)));
}

Value Value::list(Type element, Items items) {
  return sequence(Type::list(std::move(element)), std::move(items));
}

namespace {

// The order of primitive values in a set.
bool before(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return !a.is_null() && b.is_null();
  if (a.is_unknown() || b.is_unknown()) return a.is_known() && b.is_unknown();
  switch (a.type().kind()) {
    case Kind::kBool:
      return !a.is_true() && b.is_true();
    case Kind::kNumber:
      return Number::compare(a.as_number(), b.as_number()) < 0;
    default:
      return a.as_string() < b.as_string();
  }
}

}  // namespace

Value Value::set(Type element, Items items) {
  if (element.is_primitive()) {
    std::ranges::stable_sort(items, before);
    const auto same = [](const Value& a, const Value& b) {
      return a.wholly_known() && b.wholly_known() && equal(a, b);
    };
    items.erase(std::unique(items.begin(), items.end(), same), items.end());
    return sequence(Type::set(std::move(element)), std::move(items));
  }
  Items kept;
  for (Value& item : items) {
    const auto same = [&](const Value& other) {
      return item.wholly_known() && other.wholly_known() && equal(item, other);
    };
    if (std::ranges::none_of(kept, same)) kept.push_back(std::move(item));
  }
  return sequence(Type::set(std::move(element)), std::move(kept));
}

Value Value::map(Type element, Members members) {
  return mapping(Type::map(std::move(element)), std::move(members));
}

Value Value::tuple(Items items) {
  std::vector<Type> types;
  types.reserve(items.size());
  for (const Value& item : items)
    types.push_back(item.type());
  return sequence(Type::tuple(std::move(types)), std::move(items));
}

Value Value::object(Members members) {
  Type::Attributes types;
  for (const auto& [name, member] : members)
    types.emplace(name, member.type());
  return mapping(Type::object(std::move(types)), std::move(members));
}

const Type& Value::type() const {
  return node_->type;
}
bool Value::is_null() const {
  return node_->null;
}
bool Value::is_unknown() const {
  return node_->unknown;
}
bool Value::wholly_known() const {
  return node_->wholly_known;
}
uint64_t Value::size() const {
  return node_->size;
}
uint32_t Value::depth() const {
  return node_->depth;
}
size_t Value::length() const {
  return items().size() + members().size();
}

// What a null value has instead is empty.
bool Value::is_true() const {
  const auto* truth = std::get_if<bool>(&node_->content);
  return truth != nullptr && *truth;
}
const Number& Value::as_number() const {
  static const Number kZero;
  const auto* number = std::get_if<Number>(&node_->content);
  return number == nullptr ? kZero : *number;
}
const std::string& Value::as_string() const {
  static const std::string kEmpty;
  const auto* text = std::get_if<std::string>(&node_->content);
  return text == nullptr ? kEmpty : *text;
}
const Value::Items& Value::items() const {
  static const Items kNone;
  const auto* items = std::get_if<Items>(&node_->content);
  return items == nullptr ? kNone : *items;
}
const Value::Members& Value::members() const {
  static const Members kNone;
  const auto* members = std::get_if<Members>(&node_->content);
  return members == nullptr ? kNone : *members;
}

std::string Value::reason() const {
  if (is_unknown()) return as_string();
  for (const Value& item : items()) {
    if (!item.wholly_known()) return item.reason();
  }
  for (const auto& [name, member] : members()) {
    if (!member.wholly_known()) return member.reason();
  }
  return {};
}

bool equal(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
  if (a.type() != b.type()) return false;
  switch (a.type().kind()) {
    case Kind::kAny:
      return false;
    case Kind::kBool:
      return a.is_true() == b.is_true();
    case Kind::kNumber:
      return Number::compare(a.as_number(), b.as_number()) == 0;
    case Kind::kString:
      return a.as_string() == b.as_string();
    case Kind::kList:
    case Kind::kSet:
    case Kind::kTuple:
      return std::ranges::equal(a.items(), b.items(), equal);
    case Kind::kMap:
    case Kind::kObject:
      return std::ranges::equal(a.members(), b.members(), [](const auto& x, const auto& y) {
        return x.first == y.first && equal(x.second, y.second);
      });
  }
  return false;
}

}  // namespace dcache::project::hcl

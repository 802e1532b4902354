// Values of HCL and their types, as in cty: what an expression evaluates to.
//
// A value is immutable and cheap to copy. It is known, null, or unknown: what depends on the time or on
// chance is unknown, with the reason in words ("timestamp()"). The sizes of values are bounded, so that an
// operation that visits all of one takes bounded time. Source:
// https://github.com/zclconf/go-cty/blob/main/docs/types.md
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/hcl/number.h"

namespace dcache::project::hcl {

enum class Kind : uint8_t {
  kAny,  // not known, or a constraint that every type meets
  kBool,
  kNumber,
  kString,
  kList,
  kSet,
  kMap,
  kTuple,
  kObject,
};

class Type {
 public:
  using Attributes = std::map<std::string, Type, std::less<>>;

  Type() = default;  // any
  static Type any() { return {}; }
  static Type boolean() { return Type(Kind::kBool); }
  static Type number() { return Type(Kind::kNumber); }
  static Type string() { return Type(Kind::kString); }
  static Type list(Type element) { return collection(Kind::kList, std::move(element)); }
  static Type set(Type element) { return collection(Kind::kSet, std::move(element)); }
  static Type map(Type element) { return collection(Kind::kMap, std::move(element)); }
  static Type tuple(std::vector<Type> elements);
  // `optional` are the attributes that a value converted to this type may lack.
  static Type object(Attributes attributes, std::set<std::string, std::less<>> optional = {});

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_any() const { return kind_ == Kind::kAny; }
  bool is_primitive() const { return kind_ >= Kind::kBool && kind_ <= Kind::kString; }
  bool is_sequence() const { return is(Kind::kList) || is(Kind::kSet) || is(Kind::kTuple); }
  bool is_mapping() const { return is(Kind::kMap) || is(Kind::kObject); }

  const Type& element() const;                // of a list, set or map
  const std::vector<Type>& elements() const;  // of a tuple
  const Attributes& attributes() const;       // of an object
  bool is_optional(std::string_view attribute) const;
  Type without_optional() const;

  // "string", "list of number", "object".
  std::string name() const;
  // The same with its article: "a string", "an object".
  std::string phrase() const;
  friend bool operator==(const Type& a, const Type& b);

 private:
  struct Parts;
  explicit Type(Kind kind) : kind_(kind) {}
  static Type collection(Kind kind, Type element);

  Kind kind_ = Kind::kAny;
  std::shared_ptr<const Parts> parts_;
};

class Value {
 public:
  using Items = std::vector<Value>;
  using Members = std::map<std::string, Value, std::less<>>;

  // The most that one value may consist of, counted in values and in characters, each place by itself.
  static constexpr uint64_t kLargest = uint64_t{1} << 20U;
  static constexpr uint32_t kDeepest = 100;

  Value();  // null of no type
  static Value boolean(bool value);
  static Value number(Number value);
  static Value integer(int64_t value) { return number(Number::of(value)); }
  static Value string(std::string value);
  static Value null(Type type = {});
  static Value unknown(Type type, std::string reason);
  static Value list(Type element, Items items);
  static Value set(Type element, Items items);  // duplicates are left out
  static Value map(Type element, Members members);
  static Value tuple(Items items);
  static Value object(Members members);

  const Type& type() const;
  bool is_null() const;
  bool is_unknown() const;
  bool is_known() const { return !is_unknown(); }
  // Whether nothing in it is unknown.
  bool wholly_known() const;
  // Why it, or the first unknown part of it, is unknown.
  std::string reason() const;
  // Values and characters in it.
  uint64_t size() const;
  uint32_t depth() const;
  bool too_large() const { return size() > kLargest || depth() > kDeepest; }

  bool is_true() const;
  const Number& as_number() const;
  const std::string& as_string() const;
  const Items& items() const;      // of a list, set or tuple
  const Members& members() const;  // of a map or object
  size_t length() const;

 private:
  struct Node;
  explicit Value(std::shared_ptr<const Node> node) : node_(std::move(node)) {}
  static Value sequence(Type type, Items items);
  static Value mapping(Type type, Members members);
  std::shared_ptr<const Node> node_;
};

// Whether two values are the same: of one type and content, or both null. The values are wholly known.
bool equal(const Value& a, const Value& b);

}  // namespace dcache::project::hcl

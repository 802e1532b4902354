#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "dcache/project/hcl/convert.h"
#include "dcache/project/hcl/functions.h"
#include "dcache/project/hcl/operations.h"

namespace dcache::project::hcl {
namespace {

bool is_list_or_tuple(const Value& value) {
  return value.type().is(Kind::kList) || value.type().is(Kind::kTuple);
}

// A sequence of the same kind as `like`: a tuple, or a list of the same type.
Value sequence_like(const Value& like, Value::Items items) {
  if (like.type().is(Kind::kTuple)) return Value::tuple(std::move(items));
  return Value::list(like.type().element(), std::move(items));
}

bool has_index(const Value& collection, const Value& key) {
  if (collection.type().is_mapping())
    return key.type().is(Kind::kString) && collection.members().contains(key.as_string());
  if (!key.type().is(Kind::kNumber)) return false;
  const std::optional<int64_t> at = key.as_number().integer();
  return at && *at >= 0 && static_cast<uint64_t>(*at) < collection.length();
}

void check_indexable(const Value& collection) {
  if (!is_list_or_tuple(collection) && !collection.type().is(Kind::kMap))
    fail("a list, a map or a tuple is required, and this is " + collection.type().phrase());
}

Value hasindex(const Call& call) {
  check_indexable(call[0]);
  return Value::boolean(has_index(call[0], call[1]));
}

Value index_function(const Call& call) {
  check_indexable(call[0]);
  if (!has_index(call[0], call[1])) fail("there is no element of that index or key");
  return index(call[0], call[1]);
}

Value length(const Call& call) {
  if (!call[0].type().is_sequence() && !call[0].type().is(Kind::kMap))
    fail("length() takes a list, a set, a tuple or a map, not " + call[0].type().phrase());
  return Value::integer(static_cast<int64_t>(call[0].length()));
}

Value element(const Call& call) {
  if (!is_list_or_tuple(call[0])) fail("element() takes a list or a tuple, not " + call[0].type().phrase());
  const int64_t at = call.integer(1);
  const auto count = static_cast<int64_t>(call[0].length());
  if (count == 0) fail("the list has no elements");
  return call[0].items()[static_cast<size_t>((at % count + count) % count)];
}

Value coalesce(const Call& call) {
  std::vector<Type> types;
  for (const Value& value : call.arguments)
    types.push_back(value.type());
  const std::optional<Type> type = unify(types);
  if (!type) fail("the arguments of coalesce() have no common type");
  for (const Value& value : call.arguments) {
    if (value.is_unknown()) return Value::unknown(*type, value.reason());
    if (!value.is_null()) return convert(value, *type);
  }
  fail("all arguments of coalesce() are null");
}

Value coalescelist(const Call& call) {
  for (const Value& value : call.arguments) {
    if (value.is_unknown()) return Value::unknown({}, value.reason());
    if (!is_list_or_tuple(value)) fail("coalescelist() takes lists and tuples");
  }
  for (const Value& value : call.arguments) {
    if (!value.is_null() && value.length() > 0) return value;
  }
  fail("all arguments of coalescelist() are null or empty");
}

Value compact(const Call& call) {
  Value::Items kept;
  for (const Value& item : call[0].items()) {
    if (!item.is_null() && !item.as_string().empty()) kept.push_back(item);
  }
  return Value::list(Type::string(), std::move(kept));
}

Value contains(const Call& call) {
  if (!call[0].type().is_sequence()) fail("contains() takes a list, a set or a tuple");
  call.budget.spend(call[0].length() + call[1].size() / 16 * call[0].length());
  return Value::boolean(
      std::ranges::any_of(call[0].items(), [&](const Value& item) { return equal(item, call[1]); }));
}

Value distinct(const Call& call) {
  Value::Items kept;
  for (const Value& item : call[0].items()) {
    call.budget.spend(1 + kept.size() / 4);
    if (std::ranges::none_of(kept, [&](const Value& other) { return equal(item, other); }))
      kept.push_back(item);
  }
  return Value::list(call[0].type().element(), std::move(kept));
}

Value chunklist(const Call& call) {
  const int64_t size = call.integer(1);
  if (size < 0) fail("the size must not be negative");
  const Value::Items& items = call[0].items();
  const Type& type = call[0].type();
  Value::Items chunks;
  if (!items.empty() && size == 0) chunks.push_back(call[0]);
  for (size_t at = 0; size > 0 && at < items.size();) {
    const size_t end = std::min<size_t>(items.size(), at + static_cast<size_t>(size));
    chunks.push_back(
        Value::list(type.element(), Value::Items(items.begin() + static_cast<std::ptrdiff_t>(at),
                                                 items.begin() + static_cast<std::ptrdiff_t>(end))));
    at = end;
  }
  return Value::list(type, std::move(chunks));
}

// Puts the elements of all sequences in a row. False, with the value in `unknown`, if not all are known.
bool flatten_into(const Value& value, Value::Items& to, Value& unknown) {
  for (const Value& item : value.items()) {
    const bool sequence = !item.is_null() && item.type().is_sequence();
    if (item.is_unknown() && (sequence || item.type().is_any())) {
      unknown = item;
      return false;
    }
    if (!sequence) {
      to.push_back(item);
    } else if (!flatten_into(item, to, unknown)) {
      return false;
    }
  }
  return true;
}

Value flatten(const Call& call) {
  if (!call[0].type().is_sequence()) fail("flatten() takes a list, a set or a tuple");
  Value::Items items;
  Value unknown;
  if (!flatten_into(call[0], items, unknown)) return Value::unknown({}, unknown.reason());
  return Value::tuple(std::move(items));
}

Value keys(const Call& call) {
  if (!call[0].type().is_mapping()) fail("keys() takes a map or an object, not " + call[0].type().phrase());
  Value::Items names;
  for (const auto& [name, member] : call[0].members())
    names.push_back(Value::string(name));
  if (call[0].type().is(Kind::kObject)) return Value::tuple(std::move(names));
  return Value::list(Type::string(), std::move(names));
}

Value values(const Call& call) {
  if (!call[0].type().is_mapping()) fail("values() takes a map or an object, not " + call[0].type().phrase());
  Value::Items items;
  for (const auto& [name, member] : call[0].members())
    items.push_back(member);
  if (call[0].type().is(Kind::kObject)) return Value::tuple(std::move(items));
  return Value::list(call[0].type().element(), std::move(items));
}

Value lookup(const Call& call) {
  if (!call[0].type().is_mapping()) fail("lookup() takes a map or an object first");
  const bool map = call[0].type().is(Kind::kMap);
  // The default has to fit even if it is not needed.
  const Value otherwise = map ? convert(call[2], call[0].type().element()) : call[2];
  const auto found = call[0].members().find(call.text(1));
  return found == call[0].members().end() ? otherwise : found->second;
}

Value merge(const Call& call) {
  Value::Members members;
  bool same = true;
  for (const Value& value : call.arguments) {
    if (value.is_null()) {
      same = false;
      continue;
    }
    if (!value.type().is_mapping()) fail("merge() takes maps and objects, not " + value.type().phrase());
    same = same && value.type() == call[0].type();
    for (const auto& [name, member] : value.members())
      members.insert_or_assign(name, member);
  }
  if (call.size() > 0 && same && call[0].type().is(Kind::kMap))
    return Value::map(call[0].type().element(), std::move(members));
  return Value::object(std::move(members));
}

Value reverselist(const Call& call) {
  if (!call[0].type().is_sequence()) fail("reverselist() takes a list, a set or a tuple");
  Value::Items items = call[0].items();
  std::ranges::reverse(items);
  if (call[0].type().is(Kind::kTuple)) return Value::tuple(std::move(items));
  return Value::list(call[0].type().element(), std::move(items));
}

// The type of the elements of a factor of setproduct().
Type factor_type(const Value& factor) {
  if (!factor.type().is_sequence()) fail("setproduct() takes sets, lists and tuples");
  if (!factor.type().is(Kind::kTuple)) return factor.type().element();
  if (factor.length() == 0) return Type::any();
  const std::optional<Type> type = unify(factor.type().elements());
  if (!type) fail("the elements of an argument of setproduct() need one type");
  return *type;
}

Value setproduct(const Call& call) {
  if (call.size() < 2) fail("setproduct() takes at least two sets");
  std::vector<Type> types;
  bool ordered = true;
  uint64_t total = 1;
  for (const Value& factor : call.arguments) {
    types.push_back(factor_type(factor));
    ordered = ordered && !factor.type().is(Kind::kSet);
    total *= factor.length();
    if (total > Value::kLargest) Budget::stop("the product of the sets is too large");
  }
  call.budget.spend(total * call.size());
  Value::Items products;
  std::vector<size_t> at(call.size(), 0);
  for (uint64_t i = 0; i < total; ++i) {
    Value::Items product;
    for (size_t j = 0; j < call.size(); ++j)
      product.push_back(convert(call[j].items()[at[j]], types[j]));
    products.push_back(Value::tuple(std::move(product)));
    for (size_t j = call.size(); j-- > 0;) {
      if (++at[j] < call[j].length()) break;
      at[j] = 0;
    }
  }
  const Type type = Type::tuple(types);
  return ordered ? Value::list(type, std::move(products)) : Value::set(type, std::move(products));
}

Value slice(const Call& call) {
  if (!is_list_or_tuple(call[0])) fail("slice() takes a list or a tuple, not " + call[0].type().phrase());
  const int64_t start = call.integer(1);
  const int64_t end = call.integer(2);
  const auto count = static_cast<int64_t>(call[0].length());
  if (start < 0 || end < start || end > count)
    fail("there are no elements from " + std::to_string(start) + " to " + std::to_string(end) + " of " +
         std::to_string(count));
  const auto begin = call[0].items().begin();
  return sequence_like(call[0], Value::Items(begin + start, begin + end));
}

Value zipmap(const Call& call) {
  if (!is_list_or_tuple(call[1])) fail("zipmap() takes a list or a tuple of values");
  const Value::Items& names = call[0].items();
  const Value::Items& items = call[1].items();
  if (names.size() != items.size())
    fail("there are " + std::to_string(names.size()) + " keys and " + std::to_string(items.size()) +
         " values");
  Value::Members members;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].is_null()) fail("a key is null");
    members.insert_or_assign(names[i].as_string(), items[i]);
  }
  if (call[1].type().is(Kind::kTuple)) return Value::object(std::move(members));
  return Value::map(call[1].type().element(), std::move(members));
}

Value concat_lists(const Call& call, const Type& type) {
  Value::Items items;
  for (const Value& list : call.arguments) {
    const Value converted = convert(list, type);
    items.insert(items.end(), converted.items().begin(), converted.items().end());
  }
  return Value::list(type.element(), std::move(items));
}

Value concat(const Call& call) {
  if (call.size() == 0) fail("concat() takes at least one list");
  std::vector<Type> types;
  for (const Value& list : call.arguments)
    types.push_back(list.type());
  if (std::ranges::all_of(types, [](const Type& type) { return type.is(Kind::kList); })) {
    if (const std::optional<Type> type = unify(types)) return concat_lists(call, *type);
  }
  Value::Items items;
  for (const Value& list : call.arguments) {
    if (!is_list_or_tuple(list)) fail("concat() takes lists and tuples, not " + list.type().phrase());
    items.insert(items.end(), list.items().begin(), list.items().end());
    if (items.size() > Value::kLargest) Budget::stop("the list is too long");
  }
  return Value::tuple(std::move(items));
}

Value range(const Call& call) {
  constexpr size_t kMost = 1024;
  if (call.size() < 1 || call.size() > 3) fail("range() takes one, two or three numbers");
  const Number start = call.size() > 1 ? call[0].as_number() : Number::of(0);
  const Number end = call.size() > 1 ? call[1].as_number() : call[0].as_number();
  Number step = Number::of(Number::compare(end, start) < 0 ? -1 : 1);
  if (call.size() == 3) step = call[2].as_number();
  if (step.zero()) fail("the step must not be zero");
  const int direction = step.negative() ? -1 : 1;
  if (Number::compare(end, start) * direction < 0) fail("the step leads away from the end");
  Value::Items items;
  for (Number at = start; Number::compare(at, end) * direction < 0; at = Number::sum(at, step)) {
    if (items.size() == kMost) fail("range() gives at most 1024 numbers");
    items.push_back(Value::number(at));
  }
  return Value::list(Type::number(), std::move(items));
}

Value indexof(const Call& call) {
  if (!is_list_or_tuple(call[0])) fail("indexof() takes a list or a tuple");
  call.budget.spend(call[0].length());
  const Value::Items& items = call[0].items();
  const auto found = std::ranges::find_if(items, [&](const Value& item) { return equal(item, call[1]); });
  if (found == items.end()) fail("the list does not contain the value");
  return Value::integer(found - items.begin());
}

// No value of a bake file is a sequence of bytes.
Value bytes(const Call&) {
  fail("a sequence of bytes is required");
}

}  // namespace

std::span<const Function> collection_functions() {
  const Type any = Type::any();
  const Type number = Type::number();
  const Type truth = Type::boolean();
  const Type texts = Type::list(Type::string());
  const Type list = Type::list(any);
  const Parameter partly{any, KnownPart::kItself};
  const Parameter optional{any, KnownPart::kNothing, true};
  static const std::array kFunctions = {
      Function{"byteslen", {{any}}, false, number, bytes},
      Function{"bytesslice", {{any}, {number}, {number}}, false, any, bytes},
      Function{"chunklist", {{list, KnownPart::kItself}, {number}}, false, any, chunklist},
      Function{"coalesce", {optional}, true, any, coalesce},
      Function{"coalescelist", {optional}, true, any, coalescelist},
      Function{"compact", {{texts}}, false, texts, compact},
      Function{"concat", {partly}, true, any, concat},
      Function{"contains", {{any}, {any}}, false, truth, contains},
      Function{"distinct", {{list}}, false, any, distinct},
      Function{"element", {partly, {number}}, false, any, element},
      Function{"flatten", {partly}, false, any, flatten},
      Function{"hasindex", {partly, {any}}, false, truth, hasindex},
      Function{"index", {partly, {any}}, false, any, index_function},
      Function{"indexof", {{any}, {any}}, false, number, indexof},
      Function{"keys", {partly}, false, any, keys},
      Function{"length", {partly}, false, number, length},
      Function{"lookup", {partly, {Type::string()}, partly}, false, any, lookup},
      Function{"merge", {{any, KnownPart::kItself, true}}, true, any, merge},
      Function{"range", {{number}}, true, Type::list(number), range},
      Function{"reverselist", {partly}, false, any, reverselist},
      Function{"setproduct", {partly}, true, any, setproduct},
      Function{"slice", {partly, {number}, {number}}, false, any, slice},
      Function{"values", {partly}, false, any, values},
      Function{"zipmap", {{texts}, partly}, false, any, zipmap},
  };
  return kFunctions;
}

}  // namespace dcache::project::hcl

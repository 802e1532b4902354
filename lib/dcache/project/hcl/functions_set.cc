#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "dcache/project/hcl/convert.h"
#include "dcache/project/hcl/functions.h"

namespace dcache::project::hcl {
namespace {

bool holds(const Value::Items& items, const Value& value) {
  return std::ranges::any_of(items, [&](const Value& item) { return equal(item, value); });
}

Value sethaselement(const Call& call) {
  call.budget.spend(call[0].length());
  return Value::boolean(holds(call[0].items(), call[1]));
}

// The type that all sets are converted to; an empty set of an open type fits to each.
Type common_element(const Call& call) {
  std::vector<Type> types;
  for (const Value& set : call.arguments) {
    if (set.length() > 0 || !set.type().element().is_any()) types.push_back(set.type().element());
  }
  if (types.empty()) return Type::any();
  const std::optional<Type> type = unify(types);
  if (!type) fail("the sets need elements of one type");
  return *type;
}

enum class Keep : uint8_t { kBoth, kEither, kFirst, kOne };

// Those of `a`, and then those of `b`, that are kept by where they are.
Value::Items combine(Keep keep, const Value::Items& a, const Value::Items& b) {
  Value::Items kept;
  for (const Value& item : a) {
    const bool both = holds(b, item);
    if (keep == Keep::kEither || both == (keep == Keep::kBoth)) kept.push_back(item);
  }
  if (keep != Keep::kEither && keep != Keep::kOne) return kept;
  for (const Value& item : b) {
    if (!holds(a, item)) kept.push_back(item);
  }
  return kept;
}

template <Keep keep>
Value combined(const Call& call) {
  const Type element = common_element(call);
  const Type set = Type::set(element);
  Value result = convert(call[0], set);
  for (size_t i = 1; i < call.size(); ++i) {
    const Value other = convert(call[i], set);
    call.budget.spend(1 + result.length() * other.length() / 4);
    result = Value::set(element, combine(keep, result.items(), other.items()));
  }
  return result;
}

}  // namespace

std::span<const Function> set_functions() {
  const Type set = Type::set(Type::any());
  static const std::array kFunctions = {
      Function{"sethaselement", {{set}, {Type::any()}}, false, Type::boolean(), sethaselement},
      Function{"setintersection", {{set}, {set}}, true, Type::any(), combined<Keep::kBoth>},
      Function{"setsubtract", {{set}, {set}}, false, Type::any(), combined<Keep::kFirst>},
      Function{"setsymmetricdifference", {{set}, {set}}, true, Type::any(), combined<Keep::kOne>},
      Function{"setunion", {{set}, {set}}, true, Type::any(), combined<Keep::kEither>},
  };
  return kFunctions;
}

}  // namespace dcache::project::hcl

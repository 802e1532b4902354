// Conversion of values between types, and the type that several have in common.
// Source: https://github.com/zclconf/go-cty/blob/main/docs/convert.md
#pragma once

#include <optional>
#include <span>
#include <string>

#include "dcache/project/hcl/error.h"
#include "dcache/project/hcl/value.h"

namespace dcache::project::hcl {

// Whether a value of one type may convert to another; it can still fail for a value ("x" is not a number).
bool convertible(const Type& from, const Type& to);

// The value in that type. Throws an Error that says what is required.
Value convert(const Value& value, const Type& to);

// The most special type that all convert to; nothing if there is none.
std::optional<Type> unify(std::span<const Type> types);

}  // namespace dcache::project::hcl

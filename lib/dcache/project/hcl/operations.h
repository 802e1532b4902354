// The operators of HCL, which are functions too.
#pragma once

#include "dcache/project/hcl/error.h"
#include "dcache/project/hcl/syntax.h"
#include "dcache/project/hcl/value.h"

namespace dcache::project::hcl {

// The type that the operands are converted to; any for == and !=.
Type operand_type(Operator op);
Type result_type(Operator op);
// Of converted operands, which are not null except for == and !=. Unknown operands give an unknown result.
// Throws an Error.
Value apply(Operator op, const Value& left, const Value& right, Budget& budget);
Value apply(Operator op, const Value& operand);

// The element or attribute of that key, and the attribute of that name. Throw an Error.
Value index(const Value& collection, const Value& key);
Value attribute(const Value& object, const std::string& name);

}  // namespace dcache::project::hcl

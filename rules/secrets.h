// Names of variables that seem to contain secrets.
#pragma once

#include <string_view>
#include <vector>

#include "dcache/lint/build_facts.h"
#include "dcache/lint/rule.h"

namespace dcache::rules {

// A variable that an ARG or ENV names.
struct NamedVariable {
  std::string_view name;
  std::string_view value;  // as written; empty if there is none
  text::Span span;
};

// Those of an ARG or ENV in their order, with variables in their names replaced; none for other instructions.
std::vector<NamedVariable> variables_set_by(const dockerfile::Instruction& instruction,
                                            const plan::Graph& graph);

// Whether a part of the name between underscores is a word for a secret, and none says that it is public or
// the name of a file.
bool names_secret(std::string_view name);

// Whether a variable with such a name contains something else all the same, as its name ends or as its value
// looks: an address, a setting, a path, or the fingerprint of a key that signs packages. An empty value of
// ENV is none; of ARG it is the place of one that the build gives.
bool is_harmless(const NamedVariable& variable, dockerfile::Keyword keyword);

// Whether a file of the context named `*.pem` or `*.key` may contain a private key: certificates and public
// keys say what they are. True where the file can't be read.
bool may_hold_private_key(const lint::BuildContext& context, const context::Record& record);

}  // namespace dcache::rules

// The documentation of a rule, made from its metadata.
#pragma once

#include <span>
#include <string>

#include "dcache/lint/rule.h"
#include "dcache/report/style.h"

namespace dcache::report {

// A Markdown page: what it finds, why that matters, examples, fix, how to silence it, references.
std::string rule_page(const lint::Rule& rule);
// The table of all rules for docs/rules/README.md.
std::string rule_index(std::span<const lint::Rule> rules);

// The same for a terminal.
void append_rule(const lint::Rule& rule, const Style& style, std::string& out);
void append_rule_list(std::span<const lint::Rule> rules, const Style& style, std::string& out);
void append_rules_json(std::span<const lint::Rule> rules, std::string& out);

}  // namespace dcache::report

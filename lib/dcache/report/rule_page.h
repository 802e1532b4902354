// The documentation of a rule, made from its metadata.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "dcache/lint/rule.h"
#include "dcache/report/style.h"

namespace dcache::report {

// A Markdown page: what it finds, why that matters, examples, fix, how to silence it, references.
std::string rule_page(const lint::Rule& rule);
// Where the page of a code is on the web, the engine's own codes and those of ShellCheck included.
std::string page_address(std::string_view code);
// The table of all rules for docs/rules/README.md.
std::string rule_index(std::span<const lint::Rule> rules);

// The same for a terminal.
void append_rule(const lint::Rule& rule, const Style& style, std::string& out);
void append_rule_list(std::span<const lint::Rule> rules, const Style& style, std::string& out);
void append_rules_json(std::span<const lint::Rule> rules, std::string& out);

}  // namespace dcache::report

#include "dcache/rules.h"

#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "dcache/report/rule_page.h"

namespace dcache {
namespace {

RuleInfo info_of(const lint::Rule& rule) {
  return {.code = std::string(rule.code),
          .name = std::string(rule.name),
          .level = static_cast<Level>(rule.level),
          .summary = std::string(rule.summary),
          .page = report::rule_page(rule),
          .references = lint::references_of(rule),
          .has_fix = rule.fix != lint::FixKind::kNone,
          .in_default_profile = rule.on_by_default && rule.not_in_default.empty()};
}

}  // namespace

std::vector<RuleInfo> rules() {
  std::vector<RuleInfo> all;
  for (const lint::Rule& rule : lint::catalogue())
    all.push_back(info_of(rule));
  return all;
}

std::optional<RuleInfo> find_rule(std::string_view code_or_name) {
  const lint::Rule* rule = lint::find_rule(lint::catalogue(), code_or_name);
  if (rule == nullptr) rule = lint::find_rule(lint::pseudo_rules(), code_or_name);
  return rule == nullptr ? std::nullopt : std::optional(info_of(*rule));
}

}  // namespace dcache

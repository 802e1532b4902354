#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/terminal.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "dcache/lint/shellcheck.h"
#include "dcache/report/rule_page.h"
#include "dcache/text/suggest.h"

namespace dcache::cli {
namespace {

struct Options {
  std::string rule;
  std::string format = "text";
};

int run(const Options& options) {
  std::span<const lint::Rule> rules = lint::catalogue();
  const bool one = !options.rule.empty();
  if (one) {
    const lint::Rule* rule = lint::find_rule(rules, options.rule);
    if (rule == nullptr) rule = lint::find_rule(lint::pseudo_rules(), options.rule);
    if (rule == nullptr && lint::is_shellcheck_code(options.rule)) {
      std::string out = fmt::format("{} is a check of ShellCheck: https://www.shellcheck.net/wiki/{}\n",
                                    options.rule, options.rule);
      print_and_clear(out);
      return kOk;
    }
    if (rule == nullptr) {
      complain(fmt::format(
          "unknown rule '{}'; {}", options.rule,
          text::did_you_mean(options.rule, lint::known_names(rules), "dcache rules lists all rules")));
      return kError;
    }
    rules = {rule, 1};
  }
  std::string out;
  const report::Style style(use_colour());
  if (options.format == "json") {
    report::append_rules_json(rules, out);
  } else if (options.format == "markdown") {
    out += one ? report::rule_page(rules.front()) : report::rule_index(rules);
  } else if (one) {
    report::append_rule(rules.front(), style, out);
  } else {
    report::append_rule_list(rules, style, out);
  }
  print_and_clear(out);
  return kOk;
}

}  // namespace

Command rules_command() {
  auto options = std::make_shared<Options>();
  Command command("rules", "List the rules, or explain one");
  Option& rule = command.text("RULE", "", options->rule, "Code or name of a rule");
  rule.kind = Option::Kind::kArgument;
  rule.names_of = Option::Names::kRules;
  command.text("--format", "", options->format, "Output format").choices = {"text", "json", "markdown"};
  command.examples = "  dcache rules\n  dcache rules DC1001";
  command.run = [options] { return run(*options); };
  return command;
}

}  // namespace dcache::cli

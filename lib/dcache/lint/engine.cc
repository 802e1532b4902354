#include "dcache/lint/engine.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "dcache/dockerfile/parser.h"
#include "dcache/ignore/matcher.h"
#include "dcache/lint/fixes.h"
#include "dcache/lint/rule_prefix.h"
#include "dcache/lint/shellcheck_filter.h"
#include "dcache/text/unicode.h"

namespace dcache::lint {
namespace {

bool names(const std::vector<std::string>& list, std::string_view code) {
  return std::ranges::any_of(list, [&](const std::string& entry) { return matches_rule(entry, code); });
}

bool names_rule(const std::string& entry, const Rule& rule) {
  return matches_rule(entry, rule.code) || matches_rule(entry, rule.name);
}

bool names_rule(const std::vector<std::string>& list, const Rule& rule) {
  return std::ranges::any_of(list, [&](const std::string& entry) { return names_rule(entry, rule); });
}

// Whether a list asks for a rule: by its own code or name, or by a prefix if nothing speaks against the rule,
// such as an entry of `ignore` that says more than the prefix.
bool asks_for(const std::vector<std::string>& list, const std::vector<std::string>& ignore,
              const Rule& rule) {
  return std::ranges::any_of(list, [&](const std::string& entry) {
    if (!is_rule_prefix(entry)) return names_rule(entry, rule);
    return rule.on_by_default && matches_rule(entry, rule.code) &&
           std::ranges::none_of(ignore, [&](const std::string& ignored) {
             return ignored.size() > entry.size() && names_rule(ignored, rule);
           });
  });
}

// The entry that is about a rule: by its code, or else by the longest of its prefixes; null for none.
const std::pair<const std::string, Level>* level_of_rule(
    const std::map<std::string, Level, std::less<>>& levels, std::string_view code) {
  const std::pair<const std::string, Level>* best = nullptr;
  for (const auto& entry : levels) {
    const bool says_more = best == nullptr || entry.first.size() > best->first.size();
    if (says_more && matches_rule(entry.first, code)) best = &entry;
  }
  return best;
}

bool names_shellcheck(const std::vector<std::string>& list) {
  return std::ranges::any_of(list, [](const std::string& entry) {
    return is_shellcheck_code(entry) || (is_rule_prefix(entry) && matches_rule("SC", entry));
  });
}

// Whether a profile has the catalogue of a rule.
bool has_origin(Profile profile, Origin origin) {
  switch (profile) {
    case Profile::kCache:
      return origin == Origin::kDcache;
    case Profile::kBuildkit:
      return origin == Origin::kBuildkit;
    case Profile::kHadolint:
      return origin == Origin::kHadolint;
    case Profile::kDefault:
    case Profile::kAll:
      return true;
  }
  return false;
}

bool in_profile(const Rule& rule, Profile profile) {
  switch (profile) {
    case Profile::kDefault:
      return rule.on_by_default && rule.not_in_default.empty();
    case Profile::kAll:
      return true;
    default:
      return rule.on_by_default && has_origin(profile, rule.origin);
  }
}

// What a builder refuses the file for, whatever the build arguments are. Whether there is anything.
bool add_errors(Dockerfile& dockerfile, const CheckDirective& directive, std::vector<Diagnostic>& out) {
  const dockerfile::File& file = dockerfile.file();
  const size_t before = out.size();
  Reporter reporter(kNotBuildable, kNotBuildableName, Level::kError, out);
  for (const dockerfile::Error& error : file.errors())
    reporter.report(error.span, error.message, error.remedy);
  std::set<std::pair<uint32_t, std::string_view>> said;  // what ONBUILD put off may fail in several stages
  if (file.errors().empty()) {
    for (const plan::Error& error : dockerfile.graph().errors) {
      const bool is_new =
          dockerfile.graph().is_certain(error) && said.emplace(error.span.begin, error.message).second;
      if (is_new) reporter.report(error.span, error.message, error.remedy);
    }
  }
  if (directive.invalid.empty()) return out.size() > before;
  const auto begin = static_cast<uint32_t>(directive.invalid.data() - file.source().data());
  reporter.report({begin, begin + static_cast<uint32_t>(directive.invalid.size())},
                  fmt::format("unknown check option '{}'", directive.invalid),
                  "known options are skip=CHECK,…, experimental=CHECK,… and error=true, separated by "
                  "semicolons");
  return true;
}

// The pattern of an ignore file that no builder reads. Whether there is one.
bool add_error(const RelatedFile& related, std::vector<Diagnostic>& out) {
  if (related.kind() != RelatedFileKind::kIgnoreFile) return false;
  const auto matcher = ignore::Matcher::parse(related.text().source());
  if (matcher) return false;
  Reporter reporter(kNotBuildable, kNotBuildableName, Level::kError, out);
  reporter.report(related.text().lines().line_span(matcher.error().line), matcher.error().message,
                  matcher.error().remedy);
  return true;
}

// Drops what another finding within the same instruction covers.
void drop_covered(std::vector<Diagnostic>& diagnostics) {
  std::set<std::pair<std::string_view, uint32_t>> covers;  // rule and place
  for (const Diagnostic& diagnostic : diagnostics) {
    for (const std::string_view alias : diagnostic.aliases)
      covers.emplace(alias, diagnostic.span.begin);
  }
  std::erase_if(diagnostics, [&](const Diagnostic& diagnostic) {
    const auto found = covers.lower_bound({diagnostic.rule, diagnostic.span.begin});
    return found != covers.end() && found->first == diagnostic.rule && found->second < diagnostic.span.end;
  });
}

// By the line that is shown, so that a report reads from the top down.
void sort_by_place(std::vector<Diagnostic>& diagnostics, const text::LineIndex& lines) {
  using Place = std::tuple<uint32_t, uint32_t, std::string_view, size_t>;  // the last is the one of now
  std::vector<Place> places;
  places.reserve(diagnostics.size());
  for (const Diagnostic& one : diagnostics)
    places.emplace_back(lines.line_of(one.shown().begin), one.span.begin, one.rule, places.size());
  std::ranges::sort(places);
  std::vector<Diagnostic> sorted;
  sorted.reserve(diagnostics.size());
  for (const Place& place : places)
    sorted.push_back(std::move(diagnostics[std::get<size_t>(place)]));
  diagnostics = std::move(sorted);
}

}  // namespace

std::span<const Rule> pseudo_rules() {
  static const std::vector<Rule> kRules = {
      {.code = kNotBuildable,
       .name = kNotBuildableName,
       .level = Level::kError,
       .summary = "No builder accepts the file",
       .rationale =
           "The file can't be read, or builders refuse one of its steps with any build arguments and any "
           "base images. It is reported in every profile, and no comment silences it. lint ends with "
           "exit status 2.",
       .bad = {"FROM debian:12\nEXPOSE http\n"},
       .good = {"FROM debian:12\nEXPOSE 80\n"}},
      {.code = kUnusedSuppression,
       .name = kUnusedSuppressionName,
       .level = Level::kInfo,
       .summary = "A comment silences nothing",
       .rationale =
           "The reason for the comment is gone, or the comment is in the wrong place. It is reported "
           "with `--report-unused-suppressions`, or with `report-unused-suppressions` in the "
           "configuration.",
       .bad = {"FROM debian:12\n# dcache ignore=DC1009 it is pinned\nRUN make\n"},
       .good = {"FROM debian:12\nRUN make\n"}}};
  return kRules;
}

Linter::Linter(std::span<const Rule> rules, Config config)
    : config_(std::move(config)), rules_(rules), reports_unused_(config_.report_unused) {
  for (const Rule& rule : rules) {
    if (is_wanted(rule)) {
      active_.push_back(&rule);
    } else if (is_on_demand(rule)) {
      on_demand_.push_back(&rule);
    }
  }
  merges_ = config_.profile == Profile::kDefault && config_.select.empty();
  if (!merges_) return;
  // One finding per problem: the rule that says most covers the others, also where it is ignored.
  std::erase_if(active_, [&](const Rule* rule) {
    if (asks_for(config_.extend_select, config_.ignore, *rule)) return false;
    return std::any_of(rules.begin(), rules.end(), [&](const Rule& other) {
      return in_profile(other, config_.profile) &&
             std::find(other.covers.begin(), other.covers.end(), rule->code) != other.covers.end();
    });
  });
}

bool Linter::is_wanted(const Rule& rule) const {
  for (const auto* list : {&config_.select, &config_.extend_select}) {
    if (asks_for(*list, config_.ignore, rule)) return true;
  }
  if (!config_.select.empty() || names_rule(config_.ignore, rule)) return false;
  // A level is of use only for a rule that runs.
  // A prefix is about the rules that run anyway.
  const bool has_level = std::ranges::any_of(config_.levels, [&](const auto& entry) {
    return !is_rule_prefix(entry.first) && names_rule(entry.first, rule);
  });
  return (has_level && has_origin(config_.profile, rule.origin)) || in_profile(rule, config_.profile);
}

bool Linter::is_on_demand(const Rule& rule) const {
  const bool profile = config_.profile == Profile::kDefault || config_.profile == Profile::kBuildkit;
  return rule.experimental && profile && config_.select.empty() && !names_rule(config_.ignore, rule);
}

bool Linter::is_ignored(const Diagnostic& diagnostic) const {
  return std::ranges::any_of(diagnostic.aliases,
                             [&](std::string_view alias) { return names(config_.ignore, alias); });
}

// By the rule's code or name, or by the code of another catalogue which the finding covers.
Level Linter::configured_level(const Diagnostic& diagnostic) const {
  if (config_.levels.empty()) return diagnostic.level;
  const auto* own = level_of_rule(config_.levels, diagnostic.rule);
  const auto* by_name = level_of_rule(config_.levels, diagnostic.name);
  if (by_name != nullptr && (own == nullptr || is_rule_prefix(own->first))) own = by_name;
  if (own != nullptr) return own->second;
  for (const std::string_view alias : diagnostic.aliases) {
    if (const auto* other = level_of_rule(config_.levels, alias); other != nullptr) return other->second;
  }
  return diagnostic.level;
}

void Linter::run_rule(const Rule& rule, Dockerfile& dockerfile, Silence& silence, Findings& findings) const {
  const bool is_check = rule.origin == Origin::kBuildkit;
  if (rule.check == nullptr) return;
  if (rule.needs_buildkit && dockerfile.builder() == plan::Builder::kClassic) return;
  if (is_check && !silence.checks.invalid.empty()) return;  // BuildKit refuses the file for it
  if (is_check && !rule.experimental && silence.checks.skips(rule.code)) return;
  if (!is_check && silence.checks.names(rule.code)) return;
  std::vector<Diagnostic>& out = findings.diagnostics;
  const size_t first = out.size();
  Reporter reporter(rule.code, rule.name, rule.level, out);
  rule.check(dockerfile, reporter);
  if (out.size() == first) return;
  for (size_t i = first; is_check && i < out.size(); ++i)
    out[i].aliases.assign(rule.covers.begin(), rule.covers.end());
  heed_check_comments(rule, silence.check_comments, first, findings);
  judge(rule, silence.comments, first, findings);
  for (size_t i = first; is_check && silence.checks.error && i < out.size(); ++i)
    out[i].level = Level::kError;
}

void Linter::run_on_demand(const Rule& rule, Dockerfile& dockerfile, Silence& silence,
                           Findings& findings) const {
  const bool everywhere = silence.checks.enables(rule.code);
  if (!everywhere && !silence.check_comments.enables(rule.code)) return;
  const size_t first = findings.diagnostics.size();
  run_rule(rule, dockerfile, silence, findings);
  if (everywhere) return;
  const auto fresh = findings.diagnostics.begin() + static_cast<std::ptrdiff_t>(first);
  findings.diagnostics.erase(
      std::remove_if(fresh, findings.diagnostics.end(),
                     [&](const Diagnostic& found) { return !silence.check_comments.enables(found); }),
      findings.diagnostics.end());
}

void Linter::heed_check_comments(const Rule& rule, CheckComments& comments, size_t first,
                                 Findings& findings) {
  if (rule.whole_file || rule.experimental) return;
  std::vector<Diagnostic>& out = findings.diagnostics;
  const auto silenced = [&](Diagnostic& diagnostic) {
    const auto reason = comments.silences(diagnostic, rule.origin == Origin::kBuildkit);
    if (reason)
      findings.silenced.push_back({std::move(diagnostic), SuppressedDiagnostic::By::kComment, *reason});
    return reason.has_value();
  };
  out.erase(std::remove_if(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(), silenced), out.end());
}

void Linter::judge(const Rule& rule, Suppressions& comments, size_t first, Findings& findings) const {
  std::vector<Diagnostic>& out = findings.diagnostics;
  const auto fresh = out.begin() + static_cast<std::ptrdiff_t>(first);
  std::for_each(fresh, out.end(),
                [&](Diagnostic& diagnostic) { diagnostic.level = configured_level(diagnostic); });
  const auto silenced = [&](Diagnostic& diagnostic) {
    if (is_ignored(diagnostic)) return true;
    std::vector<std::string_view> codes = {rule.code, rule.name};
    codes.insert(codes.end(), diagnostic.aliases.begin(), diagnostic.aliases.end());
    const auto reason = comments.silences(diagnostic.span, codes);
    if (reason)
      findings.silenced.push_back({std::move(diagnostic), SuppressedDiagnostic::By::kComment, *reason});
    return reason.has_value();
  };
  out.erase(std::remove_if(fresh, out.end(), silenced), out.end());
}

bool Linter::is_wanted(const Diagnostic& of_shellcheck) const {
  if (names(config_.extend_select, of_shellcheck.rule)) return true;
  if (!config_.select.empty()) return names(config_.select, of_shellcheck.rule);
  if (names(config_.ignore, of_shellcheck.rule)) return false;
  return config_.profile != Profile::kDefault || of_shellcheck.level >= Level::kWarning;
}

void Linter::run_shellcheck(Dockerfile& dockerfile, Silence& silence, Findings& findings) const {
  if (shellcheck_ == nullptr || !config_.shellcheck) return;
  const bool selected = names_shellcheck(config_.select) || names_shellcheck(config_.extend_select);
  const bool in_profile = config_.profile == Profile::kDefault || config_.profile == Profile::kHadolint ||
                          config_.profile == Profile::kAll;
  if (!selected && (!config_.select.empty() || !in_profile)) return;
  auto answer = shellcheck_->check(dockerfile);
  findings.lacks_shellcheck = !answer;
  if (!answer) return;
  std::vector<Diagnostic> found = std::move(*answer);
  if (config_.profile == Profile::kDefault && config_.select.empty())
    found = worth_acting_on(dockerfile, std::move(found));
  for (Diagnostic& diagnostic : found) {
    diagnostic.level = configured_level(diagnostic);
    if (!is_wanted(diagnostic)) continue;
    if (const auto reason = silence.comments.silences(diagnostic.span, {diagnostic.rule})) {
      findings.silenced.push_back({std::move(diagnostic), SuppressedDiagnostic::By::kComment, *reason});
    } else {
      findings.diagnostics.push_back(std::move(diagnostic));
    }
  }
}

void Linter::add_unused(const text::Document& file, const std::vector<std::string_view>& codes,
                        std::vector<Diagnostic>& out) const {
  Reporter reporter(kUnusedSuppression, kUnusedSuppressionName, Level::kInfo, out);
  for (const std::string_view code : codes) {
    const auto goes_by = [&](const Rule* rule) {
      return text::equals_ignoring_case(rule->code, code) || text::equals_ignoring_case(rule->name, code) ||
             std::ranges::any_of(rule->covers, [&](std::string_view other) {
               return text::equals_ignoring_case(other, code);
             });
    };
    // What does not run can't be silenced.
    if (find_rule(rules_, code) != nullptr && std::ranges::none_of(active_, goes_by)) continue;
    if (is_shellcheck_code(code)) continue;
    const auto begin = static_cast<uint32_t>(code.data() - file.source().data());
    reporter.report({begin, begin + static_cast<uint32_t>(code.size())},
                    fmt::format("{} silences nothing here", code), "remove it from the comment");
  }
}

Findings Linter::lint(const dockerfile::File& file, const BuildFacts& facts) const {
  Findings findings;
  std::vector<Diagnostic>& all = findings.diagnostics;
  Dockerfile dockerfile(file, config_, facts);
  Silence silence{Suppressions(file), read_check_directive(file), CheckComments(file)};
  for (const Rule* rule : active_)
    run_rule(*rule, dockerfile, silence, findings);
  for (const Rule* rule : on_demand_)
    run_on_demand(*rule, dockerfile, silence, findings);
  run_shellcheck(dockerfile, silence, findings);
  if (merges_) drop_covered(all);
  findings.parses = !add_errors(dockerfile, silence.checks, all);
  if (reports_unused_) {
    add_unused(file.text(), silence.comments.unused(), all);
    add_unused(file.text(), silence.check_comments.unused(), all);
  }
  sort_by_place(all, file.lines());
  withdraw_bad_fixes(file, findings);
  return findings;
}

Findings Linter::lint(RelatedFile& related) const {
  Findings findings;
  std::vector<Diagnostic>& all = findings.diagnostics;
  Suppressions comments(related.text());
  for (const Rule* rule : active_) {
    if (std::ranges::find(rule->about, related.kind()) == rule->about.end()) continue;
    const size_t first = all.size();
    Reporter reporter(rule->code, rule->name, rule->level, all);
    rule->check_related(related, reporter);
    judge(*rule, comments, first, findings);
  }
  findings.parses = !add_error(related, all);
  if (reports_unused_) add_unused(related.text(), comments.unused(), all);
  sort_by_place(all, related.text().lines());
  return findings;
}

const Rule* find_rule(std::span<const Rule> rules, std::string_view code_or_name) {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) {
    return text::equals_ignoring_case(rule.code, code_or_name) ||
           text::equals_ignoring_case(rule.name, code_or_name);
  });
  return found == rules.end() ? nullptr : &*found;
}

std::vector<std::string_view> known_names(std::span<const Rule> rules) {
  std::vector<std::string_view> names;
  for (const Rule& rule : rules) {
    names.push_back(rule.code);
    if (rule.name != rule.code) names.push_back(rule.name);
  }
  return names;
}

}  // namespace dcache::lint

// Dockerfiles: parser, plan, rules, reports and fixes; and whole builds over files in memory.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "dcache/cache/build.h"
#include "dcache/cache/state_file.h"
#include "dcache/cache/what_if.h"
#include "dcache/context/file_system.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/lint/build_facts.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "dcache/lint/fixes.h"
#include "dcache/plan/graph.h"
#include "dcache/report/explain.h"
#include "dcache/report/findings.h"
#include "dcache/report/keys.h"
#include "tests/fuzz/targets.h"

namespace dcache::fuzz {
namespace {

constexpr const char* kFolder = "/repository";

// What projects have, so that rules about files find some.
std::shared_ptr<const context::FileSystem> project_files() {
  static const auto files = [] {
    context::MemoryFiles all;
    for (const char* path :
         {"go.mod", "go.sum", "main.go", "cmd/a/main.go", "package.json", "package-lock.json", "src/index.js",
          "requirements.txt", "pyproject.toml", "uv.lock", "Cargo.toml", "Cargo.lock", "pom.xml", ".env",
          ".git/HEAD", "app/id_rsa", "a b.txt"})
      all.write(std::string(kFolder) + "/" + path, path);
    return std::make_shared<const context::MemoryFiles>(std::move(all));
  }();
  return files;
}

const lint::BuildFacts& build_context() {
  static const lint::BuildFacts facts = [] {
    static const auto around = lint::read_build_context(kFolder, {}, project_files());
    return [] { return around; };
  }();
  return facts;
}

bool is_inside(const text::Span& span, size_t size) {
  return span.begin <= span.end && span.end <= size;
}

void expect_places(const lint::Findings& findings, std::string_view text) {
  for (const lint::Diagnostic& diagnostic : findings.diagnostics) {
    expect(is_inside(diagnostic.span, text.size()), "a finding is in the file", diagnostic.rule);
    expect(is_inside(diagnostic.shown(), text.size()), "what is shown of it is too", diagnostic.rule);
    expect(!diagnostic.message.empty(), "a finding says something", diagnostic.rule);
    if (!diagnostic.fix) continue;
    for (const text::Edit& edit : diagnostic.fix->edits)
      expect(is_inside(edit.span, text.size()), "a fix is in the file", diagnostic.rule);
  }
}

std::string written(report::FindingsReport& report, const report::FileFindings& file) {
  std::string out;
  report.begin(out);
  report.add(report.part(file), out);
  report.end(out);
  return out;
}

// Reports with the texts of all rules would take most of the time.
std::vector<lint::Rule> rules_of(const lint::Findings& findings) {
  std::vector<lint::Rule> rules;
  for (const lint::Rule& rule : lint::catalogue()) {
    if (std::ranges::find(findings.diagnostics, rule.code, &lint::Diagnostic::rule) !=
        findings.diagnostics.end())
      rules.push_back(rule);
  }
  return rules;
}

void expect_reports(const lint::Findings& findings, const dockerfile::File& file) {
  const std::vector<lint::Rule> rules = rules_of(findings);
  const report::FileFindings of{.path = "app/Dockerfile", .text = file.text(), .findings = &findings};
  const report::Folders folders{.root = kFolder, .current = kFolder};
  expect_json(written(*report::findings_json(), of), "json");
  expect_json(written(*report::findings_sarif(rules, folders, {.silenced = true}), of), "sarif");
  expect_json(written(*report::findings_gitlab(folders), of), "gitlab");
  expect_json(written(*report::findings_codeclimate(folders), of), "codeclimate");
  expect_json(written(*report::findings_sonarqube(rules, folders), of), "sonarqube");
  expect_xml(written(*report::findings_checkstyle(), of), "checkstyle");
  expect_xml(written(*report::findings_junit(), of), "junit");
  expect_printable(written(*report::findings_text(report::Style(false), true), of), "text");
  expect_printable(written(*report::findings_gnu(), of), "gnu");
  expect_printable(written(*report::findings_github(folders), of), "github");
  expect_printable(written(*report::findings_statistics(rules, report::Style(false)), of), "statistics");
  expect_json(written(*report::findings_statistics(rules, std::nullopt), of), "statistics");
  expect_printable(written(*report::findings_markdown(folders), of), "markdown");
}

bool plans(const dockerfile::File& file) {
  return file.errors().empty() && plan::build_graph(file, {}).errors.empty();
}

}  // namespace

void run_dockerfile(std::string_view input) {
  static const lint::Linter linter = [] {
    lint::Config config;
    config.profile = lint::Profile::kAll;
    config.report_unused = true;
    config.strict_labels = true;
    config.label_schema = {{"org.opencontainers.image.created", lint::LabelType::kRfc3339},
                           {"org.opencontainers.image.licenses", lint::LabelType::kSpdx},
                           {"org.opencontainers.image.url", lint::LabelType::kUrl},
                           {"org.opencontainers.image.version", lint::LabelType::kSemver}};
    return lint::Linter(lint::catalogue(), std::move(config));
  }();
  const dockerfile::File file = dockerfile::parse(std::string(input));
  const bool planned = plans(file);
  const lint::Findings findings = linter.lint(file, build_context());
  expect_places(findings, input);
  expect_reports(findings, file);
  for (const bool unsafe : {false, true}) {
    const lint::FixedText fixed = lint::apply_fixes(linter, std::string(input), build_context(), unsafe);
    if (planned) expect(plans(dockerfile::parse(fixed.text)), "a fixed text plans", fixed.text);
    const lint::FixedText again = lint::apply_fixes(linter, fixed.text, build_context(), unsafe);
    // New files are not written here, so that their findings stay.
    expect(again.text == fixed.text && again.fixed <= again.new_files.size(), "a second run changes nothing",
           fixed.text);
  }
}

namespace {

std::string shown(const cache::Build& build, const cache::Report& report) {
  static const std::vector<cache::ChangedPath> kNone;
  const report::Explanation explanation{.build = build, .report = report, .paths = kNone};
  std::string text, json;
  report::append_explanation(explanation, {.occasion = "since before", .files = true}, report::Style(false),
                             text);
  expect_printable(text, "explain");
  report::append_explanation_json(explanation, json);
  expect_json(json, "explain");
  return json;
}

}  // namespace

// The Dockerfile, the ignore file, then NAME=CONTENT for each file of the context.
void run_build(std::string_view input) {
  const auto all = parts(input);
  auto files = std::make_shared<context::MemoryFiles>();
  files->write("/c/Dockerfile", std::string(all[0]));
  if (all.size() > 1 && !all[1].empty()) files->write("/c/.dockerignore", std::string(all[1]));
  std::vector<std::string> names;
  for (size_t i = 2; i < all.size() && i < 40; ++i) {
    const size_t equals = all[i].find('=');
    std::string name(all[i].substr(0, equals));
    if (name.empty() || name.size() > 200) continue;
    files->write("/c/" + name,
                 equals == std::string_view::npos ? "" : std::string(all[i].substr(equals + 1)));
    names.push_back(std::move(name));
  }
  cache::BuildOptions options{.dockerfile = "/c/Dockerfile", .context = "/c"};
  options.files = files;
  auto build = cache::Build::load(options);
  if (!build) {
    expect(!build.error().empty(), "what can't be built has a reason");
    for (const cache::Failure& failure : build.error())
      expect(!failure.message.empty(), "a failure says something");
    return;
  }
  build->hash_files();
  std::string keys, keys_json;
  report::append_keys(*build, 0, report::Style(false), keys);
  expect_printable(keys, "keys");
  report::append_keys_json(*build, keys_json);
  expect_json(keys_json, "keys");
  const std::string state = cache::write_state(*build);
  expect_json(state, "snapshot");
  const auto recorded = cache::read_state(state);
  expect(recorded.has_value(), "a snapshot can be read", state);
  expect(cache::write_state(*recorded) == state, "a snapshot stays the same", state);
  const cache::Build* const earlier[] = {&*recorded};
  const cache::Report report = build->compare_with(earlier);
  for (const cache::StepReport& step : report.steps) {
    const bool own = step.cause.kind == cache::Cause::Kind::kAlways ||
                     step.cause.kind == cache::Cause::Kind::kMissing || step.follows.has_value();
    expect(step.verdict != cache::Verdict::kMiss || own, "nothing rebuilds where nothing changed", state);
  }
  shown(*build, report);
  for (const std::string& name : names)
    shown(*build, cache::what_if_changed(*build, cache::locate(*build, {name}, "/c")).report);
}

void run_state(std::string_view input) {
  const auto build = cache::read_state(std::string(input));
  if (!build) {
    expect(!build.error().empty(), "a snapshot that can't be read has a reason");
    return;
  }
  const std::string state = cache::write_state(*build);
  const auto again = cache::read_state(state);
  expect(again.has_value(), "what was read can be written and read", state);
  expect(cache::write_state(*again) == state, "and stays the same", state);
  const cache::Build* const earlier[] = {&*again};
  shown(*build, build->compare_with(earlier));
}

}  // namespace dcache::fuzz

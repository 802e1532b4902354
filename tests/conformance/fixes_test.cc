// Every fix of every rule on published Dockerfiles.
#include "dcache/lint/fixes.h"

#include <cstdio>
#include <map>

#include <gtest/gtest.h>

#include "dcache/dockerfile/parser.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "tests/conformance/oracle.h"

namespace dcache {
namespace {

// Findings by rule.
std::map<std::string_view, int> count(const lint::Linter& linter, const std::string& text) {
  std::map<std::string_view, int> counts;
  const dockerfile::File file = dockerfile::parse(text);
  for (const lint::Diagnostic& diagnostic : linter.lint(file, {}).diagnostics)
    ++counts[diagnostic.rule];
  return counts;
}

TEST(FixesOfRecordedDockerfiles, KeepThemSound) {
  DCACHE_NEEDS_ORACLE();
  lint::Config config;
  config.profile = lint::Profile::kAll;
  config.ignore = {
      "InvalidDefinitionDescription"};  // experimental: it goes by the comment above an ARG that moves
  const lint::Linter linter(lint::catalogue(), config);
  int fixed_files = 0, fixed_findings = 0;
  ASSERT_TRUE(conformance::for_each_dockerfile([&](const std::string& name, const std::string& text) {
    const lint::FixedText fixed = lint::apply_fixes(linter, text, {}, true);
    if (fixed.text == text) return;
    ++fixed_files;
    fixed_findings += static_cast<int>(fixed.fixed);
    EXPECT_TRUE(dockerfile::parse(fixed.text).errors().empty()) << name << "\n" << fixed.text;
    EXPECT_EQ(lint::apply_fixes(linter, fixed.text, {}, true).text, fixed.text) << name << ": not stable";
    const auto before = count(linter, text);
    for (const auto& [rule, found] : count(linter, fixed.text)) {
      const auto known = before.find(rule);
      // An info that new mounts call for, or that shorter RUNs do, is no harm.
      const bool hint = lint::find_rule(lint::catalogue(), rule)->level < lint::Level::kWarning;
      EXPECT_TRUE(hint || (known != before.end() && found <= known->second)) << name << ": more of " << rule;
    }
  }));
  std::printf("%d findings mended in %d files\n", fixed_findings, fixed_files);
  EXPECT_GT(fixed_files, 0);
}

}  // namespace
}  // namespace dcache

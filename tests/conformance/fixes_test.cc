// Every fix of every rule on published Dockerfiles.
#include "dcache/lint/fixes.h"

#include <cstdio>
#include <map>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dcache/dockerfile/parser.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "dcache/plan/graph.h"
#include "dcache/text/unicode.h"
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

// Instructions by keyword; those that safe fixes must not take away.
std::map<dockerfile::Keyword, int> count_instructions(const std::string& text) {
  std::map<dockerfile::Keyword, int> counts;
  const dockerfile::File file = dockerfile::parse(text);
  for (const dockerfile::Instruction& instruction : file.instructions())
    ++counts[instruction.keyword];
  return counts;
}

// What the image of each stage is told to do, as far as the file says it: variables, folder, user and shell
// at its end, and the words of its last CMD, ENTRYPOINT and the like.
std::string configuration(const std::string& source) {
  const dockerfile::File file = dockerfile::parse(source);
  const plan::Graph graph = plan::build_graph(file, {});
  std::string all;
  for (const plan::Stage& stage : graph.stages) {
    all += "FROM " + stage.workdir + " " + stage.user + "\n";
    for (const std::string& word : stage.shell)
      all += word + " ";
    std::set<std::string> variables;
    for (const plan::Variable* variable : stage.environment.variables())
      variables.insert(variable->name + "=" + variable->value);
    for (const std::string& variable : variables)
      all += variable + "\n";
  }
  using dockerfile::Keyword;
  const std::set<Keyword> configuring = {Keyword::kCmd,        Keyword::kEntrypoint, Keyword::kExpose,
                                         Keyword::kLabel,      Keyword::kVolume,     Keyword::kStopsignal,
                                         Keyword::kHealthcheck};
  // What instructions of different kinds say is in different places of the image, and so is each label.
  size_t stage = 0;
  std::map<std::pair<size_t, Keyword>, std::string> lines;
  std::map<std::pair<size_t, std::string>, std::string> labels;
  for (const dockerfile::Instruction& instruction : file.instructions()) {
    if (instruction.keyword == Keyword::kFrom) ++stage;
    if (!configuring.contains(instruction.keyword)) continue;
    std::vector<std::string> words;
    for (const dockerfile::Word& word : instruction.arguments) {
      const std::string value(graph.text_of(word));
      // The port of a host counts for nothing, nor do capitals in a protocol.
      const bool port = instruction.keyword == Keyword::kExpose;
      words.push_back(port ? text::to_lower(value.substr(value.rfind(':') + 1)) : value);
    }
    if (instruction.keyword == Keyword::kLabel) {
      for (size_t i = 0; i + 1 < words.size(); i += 2)
        labels[{stage, words[i]}] = words[i + 1];
    } else {
      lines[{stage, instruction.keyword}] += fmt::format(" {}\n", fmt::join(words, " "));
    }
  }
  for (const auto& [place, text] : lines)
    all += fmt::format("{} {}{}", place.first, dockerfile::name_of(place.second), text);
  for (const auto& [place, value] : labels)
    all += fmt::format("{} LABEL {} {}\n", place.first, place.second, value);
  return all;
}

class FixesOfRecordedDockerfiles : public testing::TestWithParam<bool> {
 protected:
  static lint::Config config() {
    lint::Config config;
    config.profile = lint::Profile::kAll;
    // Experimental: it goes by the comment above an ARG that moves.
    config.ignore = {"InvalidDefinitionDescription"};
    return config;
  }
};

TEST_P(FixesOfRecordedDockerfiles, KeepThemSound) {
  DCACHE_NEEDS_ORACLE();
  const bool unsafe = GetParam();
  const lint::Config config = this->config();
  const lint::Linter linter(lint::catalogue(), config);
  int fixed_files = 0, fixed_findings = 0;
  ASSERT_TRUE(conformance::for_each_dockerfile([&](const std::string& name, const std::string& text) {
    const lint::FixedText fixed = lint::apply_fixes(linter, text, {}, unsafe);
    EXPECT_TRUE(fixed.bad_fixes.empty()) << name << ": " << fixed.bad_fixes.front().problem;
    if (fixed.text == text) return;
    ++fixed_files;
    fixed_findings += static_cast<int>(fixed.fixed);
    EXPECT_TRUE(dockerfile::parse(fixed.text).errors().empty()) << name << "\n" << fixed.text;
    EXPECT_EQ(lint::apply_fixes(linter, fixed.text, {}, unsafe).text, fixed.text) << name << ": not stable";
    const auto left = count_instructions(fixed.text);
    for (const auto& [keyword, count] : count_instructions(text)) {
      const bool may_go =
          keyword == dockerfile::Keyword::kMaintainer || keyword == dockerfile::Keyword::kCopy;
      if (unsafe && may_go) continue;
      EXPECT_TRUE(left.contains(keyword) && left.at(keyword) >= count)
          << name << ": fewer of " << dockerfile::name_of(keyword);
    }
    if (!unsafe) {
      EXPECT_EQ(configuration(fixed.text), configuration(text)) << name;
    }
    const auto before = count(linter, text);
    for (const auto& [rule, found] : count(linter, fixed.text)) {
      const auto known = before.find(rule);
      // An info that new mounts call for, or that shorter RUNs do, does no harm.
      const bool hint = lint::find_rule(lint::catalogue(), rule)->level < lint::Level::kWarning;
      EXPECT_TRUE(hint || (known != before.end() && found <= known->second)) << name << ": more of " << rule;
    }
  }));
  std::printf("%d findings fixed in %d files\n", fixed_findings, fixed_files);
  EXPECT_GT(fixed_files, 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds, FixesOfRecordedDockerfiles, testing::Bool(),
                         [](const auto& tested) { return tested.param ? "Unsafe" : "Safe"; });

}  // namespace
}  // namespace dcache

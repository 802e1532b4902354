// Cases of our own rules, as text: tests/rules/cases/CODE.txt holds Dockerfiles, each below a line that says
// what the rule finds in it: `==== CODE at LINE LINE…: what it is about` or `==== nothing: …`. Lines `+++
// PATH` and `+++ PATH: TEXT` put files into the context, `+++ PATH of N MB` a large one; `### LINE` is
// a line of the configuration. Rules about other files have the text of such a file in the Dockerfile's
// place; a title that ends in `(GitLab)` is about GitLab's. `\n` in TEXT is a line end.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/lint/lint_testing.h"

namespace dcache {
namespace {

struct RuleCase {
  std::string title;
  std::vector<std::string> expected;  // "CODE:LINE"
  std::string dockerfile;
  std::string config;
  struct ContextFile {
    std::string path;
    std::string text;
    uint64_t megabytes = 0;
  };
  std::vector<ContextFile> files;
};

std::vector<RuleCase> read_cases(const std::filesystem::path& path) {
  const std::string code = path.stem().string();
  std::vector<RuleCase> cases;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("+++ ")) {
      const size_t colon = std::min(line.find(": "), line.size());
      std::string text = line.substr(std::min(colon + 2, line.size()));
      for (size_t at = text.find("\\n"); at != std::string::npos; at = text.find("\\n", at))
        text.replace(at, 2, "\n");
      const size_t size = std::min(line.find(" of "), colon);
      cases.back().files.push_back({line.substr(4, size - 4), text.empty() ? "" : text + "\n",
                                    size < colon ? std::stoull(line.substr(size + 4)) : 0});
      continue;
    }
    if (line.starts_with("### ")) {
      cases.back().config += line.substr(4) + "\n";
      continue;
    }
    if (!line.starts_with("==== ")) {
      cases.back().dockerfile += line + "\n";
      continue;
    }
    RuleCase& fresh = cases.emplace_back();
    fresh.title = line.substr(5);
    const std::string places = fresh.title.substr(0, fresh.title.find(':'));
    if (places == "nothing") continue;
    EXPECT_TRUE(places.starts_with(code + " at ")) << line;
    std::istringstream numbers(places.substr(code.size() + 4));
    for (std::string number; numbers >> number;)
      fresh.expected.push_back(code + ":" + number);
  }
  return cases;
}

const std::filesystem::path kCasesFolder = DCACHE_SOURCE_DIR "/tests/rules/cases";

std::filesystem::path cases_of(std::string_view code) {
  return kCasesFolder / (std::string(code) + ".txt");
}

// The ignore file that a title names at its end: "nothing: … (sub/.dockerignore)".
std::string ignore_file_of(const RuleCase& c) {
  const size_t begin = c.title.rfind('(');
  if (begin == std::string::npos || !c.title.ends_with("ignore)")) return "";
  return c.title.substr(begin + 1, c.title.size() - begin - 2);
}

void check_case(const lint::Rule& rule, const RuleCase& c) {
  const test::TemporaryFolder folder;
  for (const RuleCase::ContextFile& one : c.files) {
    folder.write(one.path, one.text);
    if (one.megabytes > 0) folder.resize(one.path, one.megabytes * 1'000'000);
  }
  const auto facts = c.files.empty() ? lint::BuildFacts() : test::facts_of(folder);
  lint::Config config = *lint::read_config(c.config, lint::known_names(lint::catalogue()));
  config.select = {std::string(rule.code)};
  const bool gitlab = c.title.ends_with("(GitLab)");
  const std::vector<std::string> found =
      rule.about.empty()
          ? test::findings(c.dockerfile, config, facts)
          : test::findings_beside(gitlab ? lint::RelatedFileKind::kGitlabCi : rule.about.front(),
                                  c.dockerfile, config, folder, ignore_file_of(c));
  EXPECT_EQ(found, c.expected) << c.title << "\n" << c.dockerfile;
}

struct RuleWithCases {
  const lint::Rule* rule;
};

void PrintTo(const RuleWithCases& one, std::ostream* out) {
  *out << one.rule->code;
}

// Our own rules, and those of others that have cases.
std::vector<RuleWithCases> rules_with_cases() {
  std::vector<RuleWithCases> rules;
  for (const lint::Rule& rule : lint::catalogue()) {
    if (rule.origin == lint::Origin::kDcache || std::filesystem::exists(cases_of(rule.code)))
      rules.push_back({&rule});
  }
  return rules;
}

class RuleCases : public testing::TestWithParam<RuleWithCases> {};

TEST_P(RuleCases, AreFoundAndLeftAlone) {
  constexpr int kFewest = 6;
  const lint::Rule& rule = *GetParam().rule;
  int bad = 0, good = 0;
  for (const RuleCase& c : read_cases(cases_of(rule.code))) {
    ++(c.expected.empty() ? good : bad);
    check_case(rule, c);
  }
  EXPECT_GE(bad, kFewest) << cases_of(rule.code);
  EXPECT_GE(good, kFewest) << cases_of(rule.code);
}

INSTANTIATE_TEST_SUITE_P(Catalogue, RuleCases, testing::ValuesIn(rules_with_cases()),
                         [](const auto& one) { return std::string(one.param.rule->code); });

TEST(RuleCaseFiles, AreEachNamedAfterARule) {
  for (const auto& entry : std::filesystem::directory_iterator(kCasesFolder)) {
    const std::string code = entry.path().stem().string();
    const lint::Rule* rule = lint::find_rule(lint::catalogue(), code);
    EXPECT_TRUE(rule != nullptr && rule->code == code) << entry.path();
  }
}

}  // namespace
}  // namespace dcache

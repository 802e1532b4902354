// Cases of our own rules, as text: tests/rules/cases/CODE.txt holds Dockerfiles, each below a line that says
// what the rule finds in it: `==== CODE at LINE LINE…: what it is about` or `==== nothing: …`. Lines `+++
// PATH` and `+++ PATH: TEXT` put files into the context, `+++ PATH of N MB` a large one; `### LINE` stands
// for a line of the configuration. Rules about other files have the text of such a file in the Dockerfile's
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
  const std::string code = path.stem();
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

TEST(RuleCases, AreFoundAndLeftAlone) {
  constexpr int kFewest = 6;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(DCACHE_SOURCE_DIR "/tests/rules/cases")) {
    const std::string code = entry.path().stem();
    int bad = 0, good = 0;
    for (const RuleCase& c : read_cases(entry.path())) {
      ++(c.expected.empty() ? good : bad);
      const test::TemporaryFolder folder;
      for (const RuleCase::ContextFile& one : c.files) {
        folder.write(one.path, one.text);
        if (one.megabytes > 0) folder.resize(one.path, one.megabytes * 1'000'000);
      }
      const auto load = c.files.empty() ? lint::LoadSurroundings() : test::surroundings_of(folder);
      lint::Config config = *lint::read_config(c.config, lint::known_names(lint::catalogue()));
      config.select = {code};
      const lint::Rule& rule = *lint::find_rule(lint::catalogue(), code);
      const bool gitlab = c.title.ends_with("(GitLab)");
      const std::vector<std::string> found =
          rule.about.empty()
              ? test::findings(c.dockerfile, config, load)
              : test::findings_beside(gitlab ? lint::CompanionKind::kGitlabCi : rule.about.front(),
                                      c.dockerfile, config, folder);
      EXPECT_EQ(found, c.expected) << c.title << "\n" << c.dockerfile;
    }
    EXPECT_GE(bad, kFewest) << code;
    EXPECT_GE(good, kFewest) << code;
    ++files;
  }
  EXPECT_GT(files, 0);
}

}  // namespace
}  // namespace dcache

// BuildKit's checks: what the default profile says, where BuildKit's own says something else.
#include <gtest/gtest.h>

#include "tests/lint/lint_testing.h"

namespace dcache {
namespace {

using Texts = std::vector<std::string>;

struct AnswerCase {
  const char* code;
  const char* dockerfile;
  Texts everywhere = {};   // "LINE", in both profiles
  Texts in_buildkit = {};  // instead, if there are any
};

Texts lines_of(const AnswerCase& c, lint::Profile profile) {
  lint::Config config;
  config.profile = profile;
  Texts lines;
  for (const std::string& finding : test::findings(c.dockerfile, config)) {
    const size_t colon = finding.find(':');
    if (finding.substr(0, colon) == c.code) lines.push_back(finding.substr(colon + 1));
  }
  return lines;
}

void check(const std::vector<AnswerCase>& cases) {
  for (const AnswerCase& c : cases) {
    const Texts& of_buildkit = c.in_buildkit.empty() ? c.everywhere : c.in_buildkit;
    EXPECT_EQ(lines_of(c, lint::Profile::kDefault), c.everywhere) << c.code << "\n" << c.dockerfile;
    EXPECT_EQ(lines_of(c, lint::Profile::kBuildkit), of_buildkit) << c.code << "\n" << c.dockerfile;
    EXPECT_EQ(lines_of(c, lint::Profile::kAll), of_buildkit) << c.code << "\n" << c.dockerfile;
  }
}

// What a finding says.
std::string sentence_of(const std::string& code, const std::string& dockerfile) {
  const lint::Config config = test::config_selecting({code});
  const lint::Linter linter(lint::catalogue(), config);
  const dockerfile::File file = dockerfile::parse(dockerfile);
  const auto found = linter.lint(file, {}).diagnostics;
  return found.empty() ? "" : found.front().sentence();
}

TEST(BuildkitAnswers, ToCommandsInShellForm) {
  check({{"JSONArgsRecommended", "FROM a\nCMD x y\n", {"2"}},
         {"JSONArgsRecommended", "FROM a\nENTRYPOINT exec java $JAVA_OPTS\n", {}, {"2"}},
         {"JSONArgsRecommended", "FROM a\nCMD prepare; exec x\n", {}, {"2"}},
         {"JSONArgsRecommended", "FROM a\nCMD exec x &\n", {"2"}},
         {"JSONArgsRecommended", "FROM a\nCMD x || exec y\n", {"2"}},
         {"JSONArgsRecommended", "FROM a\nCMD if x; then exec y; fi\n", {"2"}}});
}

TEST(BuildkitAnswers, ToCommandsInShellFormNameAShellWhereItIsNeeded) {
  for (const char* command : {"x && y", "x; y", "x | y", "while true; do x; done", "x $A", "x *.js",
                              "x >/log", "A=b x", "cd /x", "x ~/y", "x \"$(y)\"", "x &"}) {
    const std::string said = sentence_of("JSONArgsRecommended", std::string("FROM a\nCMD ") + command + "\n");
    EXPECT_NE(said.find("[\"/bin/sh\", \"-c\", \"exec …\"]"), std::string::npos) << command << said;
  }
  for (const char* command : {"x", "x 'a b' \"c\" --d=e", "x 'a && b'"}) {
    const std::string said = sentence_of("JSONArgsRecommended", std::string("FROM a\nCMD ") + command + "\n");
    EXPECT_NE(said.find("[\"PROGRAM\", \"ARGUMENT\"]"), std::string::npos) << command << said;
  }
}

}  // namespace
}  // namespace dcache

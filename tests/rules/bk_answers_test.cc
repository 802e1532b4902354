// BuildKit's checks: what the default profile says, where BuildKit's own says something else.
#include <gtest/gtest.h>

#include "tests/lint/lint_testing.h"

namespace dcache {
namespace {

using Texts = std::vector<std::string>;

struct BuildkitCase {
  const char* code;
  const char* dockerfile;
  Texts everywhere = {};   // "LINE", in both profiles
  Texts in_buildkit = {};  // instead, if there are any
};

Texts buildkit_lines(const BuildkitCase& c, lint::Profile profile) {
  lint::Config config;
  config.profile = profile;
  Texts lines;
  for (const std::string& finding : test::findings(c.dockerfile, config)) {
    const size_t colon = finding.find(':');
    if (finding.substr(0, colon) == c.code) lines.push_back(finding.substr(colon + 1));
  }
  return lines;
}

void check_buildkit(const std::vector<BuildkitCase>& cases) {
  for (const BuildkitCase& c : cases) {
    const Texts& of_buildkit = c.in_buildkit.empty() ? c.everywhere : c.in_buildkit;
    EXPECT_EQ(buildkit_lines(c, lint::Profile::kDefault), c.everywhere) << c.code << "\n" << c.dockerfile;
    EXPECT_EQ(buildkit_lines(c, lint::Profile::kBuildkit), of_buildkit) << c.code << "\n" << c.dockerfile;
    EXPECT_EQ(buildkit_lines(c, lint::Profile::kAll), of_buildkit) << c.code << "\n" << c.dockerfile;
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

TEST(BuildkitAnswers, ToEmptyLinesAboveInstructions) {
  const lint::Config config = test::config_selecting({"NoEmptyContinuation"});
  struct Case {
    const char* dockerfile;
    const char* fixed;  // null where it is left as it is
  };
  for (const Case& c : {Case{"FROM a\nRUN apk add x \\\n\nCOPY a b\n", nullptr},
                        {"FROM a\nRUN apk add x \\\n  y \\\n\n# why\n\n  ENV A=b \\\n  C=d\n", nullptr},
                        {"from a\nrun apk add x \\\n\ncopy a b\n", nullptr},
                        {"FROM a\nRUN x \\\n\n  y && \\\n\n  z\n", "FROM a\nRUN x \\\n  y && \\\n  z\n"},
                        {"FROM a\nRUN x && \\\n\nenv A=b y\n", "FROM a\nRUN x && \\\nenv A=b y\n"},
                        {"from a\nrun x && \\\n\n    env A=b y\n", "from a\nrun x && \\\n    env A=b y\n"},
                        {"FROM a\nRUN x \\\nCOPY \\\n\n  y\n", "FROM a\nRUN x \\\nCOPY \\\n  y\n"},
                        {"FROM a\nENV A=b \\\n\n  ADD=c\n", "FROM a\nENV A=b \\\n  ADD=c\n"}}) {
    EXPECT_EQ(test::fixed(c.dockerfile, config), c.fixed == nullptr ? c.dockerfile : c.fixed);
    EXPECT_EQ(test::findings(c.dockerfile, config).size(), 1U) << c.dockerfile;
  }
  const std::string said =
      sentence_of("NoEmptyContinuation", "FROM a\nRUN apk add x \\\n  y \\\n# why\n\nCOPY a b\n");
  EXPECT_NE(said.find("COPY in line 6"), std::string::npos) << said;
  EXPECT_NE(said.find("remove the \\ at the end of line 3"), std::string::npos) << said;
}

TEST(BuildkitAnswers, ToCommandsInShellForm) {
  check_buildkit({{"JSONArgsRecommended", "FROM a\nCMD x y\n", {"2"}},
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
  for (const auto& [command, form] : std::vector<std::pair<std::string, std::string>>{
           {"x", R"(CMD ["x"])"},
           {R"(x 'a b' "c" --d=e)", R"(CMD ["x", "a b", "c", "--d=e"])"},
           {R"(x '"a" && b')", R"(CMD ["x", "\"a\" && b"])"},
           {R"(c:\\x\\y.exe)", R"(CMD ["PROGRAM", "ARGUMENT"])"}}) {
    const std::string said = sentence_of("JSONArgsRecommended", "FROM a\nCMD " + command + "\n");
    EXPECT_NE(said.find(form), std::string::npos) << command << said;
  }
}

TEST(BuildkitAnswers, ToRequiredArguments) {
  check_buildkit({{"InvalidDefaultArgInFrom", "ARG V\nFROM a:$V\n", {}, {"2"}},
                  {"InvalidDefaultArgInFrom", "ARG R T\nFROM ${R}/a:${T}\n", {}, {"2"}},
                  {"InvalidDefaultArgInFrom", "ARG V=\nFROM a:$V\n", {"2"}},
                  {"InvalidDefaultArgInFrom", "ARG V=a:b:c\nFROM $V\n", {"2"}},
                  {"InvalidDefaultArgInFrom", "ARG U\nARG V=\nFROM a:$V\nFROM b:$U\n", {"3"}, {"3", "4"}},
                  {"InvalidDefaultArgInFrom", "ARG V\nFROM a:${V:-1}\n"}});
}

}  // namespace
}  // namespace dcache

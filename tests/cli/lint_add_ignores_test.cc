// Comments that `dcache lint --add-ignores` writes.
#include <gtest/gtest.h>

#include "tests/run_program.h"

namespace dcache {
namespace {

using test::Outcome;
using test::run_dcache;
using test::TemporaryFolder;
using Words = std::vector<std::string>;

// The Dockerfile after --add-ignores, with the rules of these codes.
std::string ignored(const std::string& text, const std::string& codes, const Words& more = {}) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", text);
  Words arguments = {"lint", "--add-ignores", "kept for now", "--select", codes, "Dockerfile"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const Outcome outcome = run_dcache(arguments, folder.path());
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  return folder.read("Dockerfile");
}

TEST(AddIgnores, WritesACommentAboveEachInstruction) {
  struct Case {
    std::string before;
    std::string after;
  };
  const Case cases[] = {
      {"FROM a:1\nMAINTAINER x\n",
       "FROM a:1\n# dcache ignore=MaintainerDeprecated kept for now\nMAINTAINER x\n"},
      {"FROM a:1\r\nMAINTAINER x\r\n",
       "FROM a:1\r\n# dcache ignore=MaintainerDeprecated kept for now\r\nMAINTAINER x\r\n"},
      {"FROM a:1\n  MAINTAINER x",
       "FROM a:1\n  # dcache ignore=MaintainerDeprecated kept for now\n  MAINTAINER x"},
      {"# syntax=docker/dockerfile:1\nFROM a:1\nRUN true\nMAINTAINER x\nMAINTAINER y\n",
       "# syntax=docker/dockerfile:1\nFROM a:1\nRUN true\n# dcache ignore=MaintainerDeprecated kept for now\n"
       "MAINTAINER x\n# dcache ignore=MaintainerDeprecated kept for now\nMAINTAINER y\n"},
      // One comment for all that is found at an instruction.
      {"FROM a:1\nRUN cd /x \\\n  && sudo make\n",
       "FROM a:1\n# dcache ignore=DL3003,DL3004 kept for now\nRUN cd /x \\\n  && sudo make\n"},
      {"FROM a:1\nRUN true\n", "FROM a:1\nRUN true\n"},
      {"\xEF\xBB\xBF"
       "FROM a:1\nMAINTAINER x\n",
       "\xEF\xBB\xBF"
       "FROM a:1\n# dcache ignore=MaintainerDeprecated kept for now\nMAINTAINER x\n"},
      // The mark stays the first of the text.
      {"\xEF\xBB\xBF"
       "FROM a\n",
       "\xEF\xBB\xBF"
       "# dcache ignore=DL3006 kept for now\nFROM a\n"},
  };
  for (const Case& c : cases)
    EXPECT_EQ(ignored(c.before, "MaintainerDeprecated,DL3003,DL3004,DL3006"), c.after) << c.before;
}

TEST(AddIgnores, CountsWhatIsSilentThen) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a:1\nRUN cd /x && make\nRUN cd /y && make\n");
  const Outcome outcome =
      run_dcache({"lint", "--add-ignores", "why", "--select", "DL3003,DL1001", "Dockerfile"}, folder.path());
  EXPECT_NE(outcome.err.find("2 findings silenced"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("2 findings cannot be silenced with a comment"), std::string::npos)
      << outcome.err;  // the comments themselves, which DL1001 reports
}

// Rules that a finding of another one covers are found once that one is silent.
TEST(AddIgnores, SilencesWhatAnotherFindingCovers) {
  const TemporaryFolder folder;
  folder.write("Dockerfile",
               "FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends gcc\n"
               "RUN pip install -r requirements.txt\n");
  const Words silence = {"lint", "--add-ignores", "kept for now", "Dockerfile"};
  EXPECT_EQ(run_dcache(silence, folder.path()).status, 0);
  const std::string text = folder.read("Dockerfile");
  size_t comments = 0;
  for (size_t at = text.find("# dcache"); at != std::string::npos; at = text.find("# dcache", at + 1))
    ++comments;
  EXPECT_EQ(comments, 3u) << text;
  EXPECT_NE(text.find("DC1003"), std::string::npos) << text;
  EXPECT_NE(text.find("DL3009"), std::string::npos) << text;
  EXPECT_NE(text.find("DL3042"), std::string::npos) << text;
  const Outcome left = run_dcache({"lint", "Dockerfile"}, folder.path());
  EXPECT_EQ(left.status, 0) << left.out;
}

TEST(AddIgnores, ChangesNothingWhenRunAgain) {
  const std::string once =
      ignored("FROM a:1\nRUN cd /x && sudo make\nMAINTAINER x\n", "DL3003,DL3004,DL4000");
  EXPECT_EQ(ignored(once, "DL3003,DL3004,DL4000"), once);
}

TEST(AddIgnores, SilencesWhatFixesLeave) {
  EXPECT_EQ(ignored("FROM a:1\nENV a b\nRUN sudo make\n", "LegacyKeyValueFormat,DL3004", {"--fix"}),
            "FROM a:1\nENV a=b\n# dcache ignore=DL3004 kept for now\nRUN sudo make\n");
}

TEST(AddIgnores, SaysWhatItDidAndShowsADiff) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a:1\nRUN cd /x && sudo make\n");
  const Words arguments = {"lint", "--add-ignores", "why", "--select", "DL3003,DL3004", "Dockerfile"};
  Words shown = arguments;
  shown.emplace_back("--diff");
  const Outcome diff = run_dcache(shown, folder.path());
  EXPECT_NE(diff.out.find("\n+# dcache ignore=DL3003,DL3004 why\n RUN cd"), std::string::npos) << diff.out;
  EXPECT_EQ(folder.read("Dockerfile"), "FROM a:1\nRUN cd /x && sudo make\n");
  const Outcome done = run_dcache(arguments, folder.path());
  EXPECT_NE(done.err.find("Dockerfile: 2 findings silenced"), std::string::npos) << done.err;
  Words piped = arguments;
  piped.back() = "-";
  EXPECT_EQ(run_dcache(piped, folder.path(), "FROM a:1\nRUN sudo make\n").out,
            "FROM a:1\n# dcache ignore=DL3004 why\nRUN sudo make\n");
}

TEST(AddIgnores, WritesIntoWorkflows) {
  const TemporaryFolder folder;
  const std::string before =
      "on: push\njobs:\n  image:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: "
      "docker/setup-buildx-action@v3\n";
  const std::string action = "      - uses: docker/build-push-action@v6\n        with: {tags: app}\n";
  const std::string script = "      - run: |\n          docker buildx build -t app .\n";
  folder.write(".github/workflows/a.yml", before + action);
  folder.write(".github/workflows/b.yml", before + script);
  const Outcome outcome =
      run_dcache({"lint", "--add-ignores", "why", "--select", "DC3002", "."}, folder.path());
  EXPECT_EQ(folder.read(".github/workflows/a.yml"), before + "      # dcache ignore=DC3002 why\n" + action)
      << outcome.out << outcome.err;
  // There a comment would become a part of the script.
  EXPECT_EQ(folder.read(".github/workflows/b.yml"), before + script);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("b.yml: 1 finding cannot be silenced with a comment"), std::string::npos)
      << outcome.err;
}

TEST(AddIgnores, DoesNotIndentCommentsOfIgnoreFiles) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a:1\nCOPY . .\n");
  folder.write("src/a", "");
  folder.write(".dockerignore", "*.tmp\n  .env\n!.env\n");
  const Outcome outcome =
      run_dcache({"lint", "--add-ignores", "why", "--profile", "all", ".dockerignore"}, folder.path());
  EXPECT_EQ(folder.read(".dockerignore").find("  #"), std::string::npos) << folder.read(".dockerignore");
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
}

TEST(AddIgnores, RefusesWhatIsNotAReason) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a:1\nMAINTAINER x\n");
  for (const char* reason : {"", " ", ",DL3006", "a\nRUN evil", "a\x1b[0m"}) {
    const Outcome outcome = run_dcache({"lint", "--add-ignores", reason, "Dockerfile"}, folder.path());
    EXPECT_EQ(outcome.status, 2) << reason;
    EXPECT_NE(outcome.err.find("--add-ignores"), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(run_dcache({"lint", "--add-ignores", "x", "--baseline", "b", "Dockerfile"}, folder.path()).status,
            2);
  // The reason is forgotten.
  EXPECT_EQ(run_dcache({"lint", "--add-ignores", "Dockerfile"}, folder.path()).status, 2);
  EXPECT_EQ(folder.read("Dockerfile"), "FROM a:1\nMAINTAINER x\n");
}

}  // namespace
}  // namespace dcache

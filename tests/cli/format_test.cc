// The layout of Dockerfiles on the command line.
#include "dcache/dockerfile/format.h"

#include <gtest/gtest.h>

#include "dcache/dockerfile/parser.h"
#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache {
namespace {

using test::Outcome;
using test::run_dcache;
using test::TemporaryFolder;

TEST(Format, ChangesLayoutAlone) {
  const struct {
    const char* what;
    std::string before;
    std::string after;
  } cases[] = {
      {"keywords", "from a as b\nonbuild run x\n", "FROM a AS b\nONBUILD RUN x\n"},
      {"the name of a stage stays", "FROM as As as\nRUN as as as\n", "FROM as AS as\nRUN as as as\n"},
      {"ends of lines", "FROM a \nRUN b \\\t\n  c\t\n# d  \n", "FROM a\nRUN b \\\n  c\n# d\n"},
      {"the last line", "FROM a", "FROM a\n"},
      {"lines of Windows", "from a  \r\nRUN b", "FROM a\r\nRUN b\r\n"},
      {"a byte order mark",
       "\xEF\xBB\xBF"
       "from a\n",
       "\xEF\xBB\xBF"
       "FROM a\n"},
      {"heredocs stay", "FROM a\nrun <<EOF\nfrom  \nEOF\n", "FROM a\nRUN <<EOF\nfrom  \nEOF\n"},
      {"the end of the last line", "FROM a\nRUN b  ", "FROM a\nRUN b\n"},
      {"the end of a line that goes on", "FROM a\nRUN b \\ \t", "FROM a\nRUN b \\\n"},
      {"the end of a comment", "FROM a\r\n# b \t ", "FROM a\r\n# b\r\n"},
      {"nothing but white space", "FROM a\n  ", "FROM a\n\n"},
      {"a heredoc without an end stays", "FROM a\nRUN <<EOF\nb  ", "FROM a\nRUN <<EOF\nb  \n"},
      {"nothing", "", ""},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(dockerfile::formatted(dockerfile::parse(one.before)), one.after) << one.what;
    EXPECT_EQ(dockerfile::formatted(dockerfile::parse(one.after)), one.after) << one.what << ", again";
  }
}

TEST(Format, WritesFilesAndKeepsTheirMode) {
  const TemporaryFolder folder;
  folder.write("a/Dockerfile", "from a\n");
  folder.write("b/Dockerfile", "FROM a\n");
  test::set_mode(folder / "a/Dockerfile", 0640);
  const Outcome outcome = run_dcache({"format"}, folder.path());
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "dcache: formatted 1 file\n");
  EXPECT_EQ(folder.read("a/Dockerfile"), "FROM a\n");
  test::expect_mode(folder / "a/Dockerfile", 0640);
  EXPECT_EQ(run_dcache({"format", "--check"}, folder.path()).status, 0);
}

TEST(Format, ChecksAndShowsWithoutWriting) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "from a\n");
  const Outcome check = run_dcache({"format", "--check"}, folder.path());
  EXPECT_EQ(check.status, 1);
  EXPECT_EQ(check.out, "Dockerfile\n");
  const Outcome diff = run_dcache({"format", "--diff", "Dockerfile"}, folder.path());
  EXPECT_EQ(diff.status, 1);
  EXPECT_EQ(diff.out, "--- a/Dockerfile\n+++ b/Dockerfile\n@@ -1 +1 @@\n-from a\n+FROM a\n");
  EXPECT_EQ(folder.read("Dockerfile"), "from a\n");
}

TEST(Format, KnowsComposeAndBakeFilesThatAreNamed) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\n");
  folder.write("compose.yaml", "services:\n    a:  # of all\n        build: {context: .}\n");
  folder.write("docker-bake.hcl", "target \"a\" {\n    context=\".\"\n}\n");
  folder.write("docker-bake.json", "{ \"target\": {} }\n");
  EXPECT_EQ(run_dcache({"format", "--check"}, folder.path()).status, 0);  // a search is for Dockerfiles
  const Outcome outcome = run_dcache({"format", "compose.yaml", "docker-bake.hcl"}, folder.path());
  EXPECT_EQ(outcome.err, "dcache: formatted 2 files\n");
  EXPECT_EQ(folder.read("compose.yaml"), "services:\n  a:  # of all\n    build: {context: .}\n");
  EXPECT_EQ(folder.read("docker-bake.hcl"), "target \"a\" {\n  context = \".\"\n}\n");
  EXPECT_EQ(run_dcache({"format", "--check", "compose.yaml", "docker-bake.hcl"}, folder.path()).status, 0);
  folder.write("compose.yaml", "services:\n    a: [\n");
  folder.write("docker-bake.hcl", "target {{\n");
  const Outcome broken = run_dcache({"format", "compose.yaml", "docker-bake.hcl"}, folder.path());
  EXPECT_EQ(broken.status, 2);
  EXPECT_NE(broken.err.find("compose.yaml:"), std::string::npos) << broken.err;
  EXPECT_NE(broken.err.find("docker-bake.hcl:1:"), std::string::npos) << broken.err;
  EXPECT_EQ(folder.read("docker-bake.hcl"), "target {{\n");
}

TEST(Format, LeavesWhatNoBuilderAccepts) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "from a\nfoo b\n");
  const Outcome outcome = run_dcache({"format", "Dockerfile"}, folder.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("Dockerfile:2: "), std::string::npos) << outcome.err;
  EXPECT_EQ(folder.read("Dockerfile"), "from a\nfoo b\n");
  EXPECT_EQ(run_dcache({"format", "none"}, folder.path()).status, 2);
}

}  // namespace
}  // namespace dcache

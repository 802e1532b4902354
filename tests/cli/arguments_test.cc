// How the command line is read.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/run_program.h"

namespace dcache {
namespace {

using test::contains;
using test::Outcome;
using test::run_dcache;
using test::TemporaryFolder;

// What a script gives with a variable that is not set.
TEST(CommandLine, RefusesAnEmptyNameOfAFile) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\nCOPY . /s\n");
  const std::vector<std::string> cases[] = {{"context", "--why", ""},      {"explain", "--changed", ""},
                                            {"affected", "--changed", ""}, {"history", "--keep", ""},
                                            {"report", "-o", ""},          {"lint", "--config", ""},
                                            {"lint", "--baseline", ""},    {"lint", "--output", ""},
                                            {"explain", "--context", ""},  {"images", "--definition", ""}};
  for (const std::vector<std::string>& words : cases) {
    const Outcome outcome = run_dcache(words, folder.path());
    EXPECT_EQ(outcome.status, 2) << words.front() << ' ' << words[1];
    EXPECT_TRUE(contains(outcome.err, "the name is empty")) << outcome.err;
  }
}

TEST(CommandLine, AnOptionIsNeverTheValueOfAnother) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM scratch\nCOPY f /f\n");
  folder.write("f", "1");
  const struct {
    std::vector<std::string> words;
    const char* answer;
  } cases[] = {
      {{"affected", "--changed", "--format", "github-matrix"},
       "--changed needs a value: --changed FILE...; "},
      {{"affected", "--changed", "--exit-code"}, "write --changed - and pass it on standard input"},
      {{"affected", "--changed"}, "write --changed - and pass it on standard input"},
      {{"affected", "--changed", "--"}, "--changed needs a value"},
      {{"explain", "--changed", "--format", "json"}, "write --changed - and pass it on standard input"},
      {{"explain", "--changed", "-f", "Dockerfile"}, "--changed needs a value"},
      {{"explain", "--changed", "-fDockerfile"}, "--changed needs a value"},
      {{"affected", "--git", "--format", "names"}, "--git needs a value: --git REVISION\n"},
      {{"explain", "-f", "--changed", "f"}, "-f needs a value: -f FILE\n"},
      {{"context", "--why", "--list"}, "--why needs a value: --why FILE\n"},
      {{"affected", "--format", "--only", "x"}, "--format needs a value: --format text|"},
  };
  for (const auto& [words, answer] : cases) {
    const Outcome outcome = run_dcache(words, folder.path());
    EXPECT_EQ(outcome.status, 2) << answer;
    EXPECT_EQ(outcome.out, "") << answer;
    EXPECT_TRUE(contains(outcome.err, answer)) << outcome.err;
  }
}

TEST(CommandLine, FilesMayBeNamedLikeOptions) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM scratch\nCOPY ./--x /f\n");
  folder.write("--x", "1");
  folder.write("-y", "1");
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"affected", "--changed", "./--x", "--format", "names"},
        {"affected", "--format", "names", "--changed=--x"},
        {"affected", "--format", "names", "--changed", "-y", "./--x"}}) {
    const Outcome outcome = run_dcache(words, folder.path());
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "Dockerfile\n") << words.back();
  }
  EXPECT_EQ(run_dcache({"affected", "--changed", "-", "--exit-code"}, folder.path(), "").status, 0);
  EXPECT_EQ(run_dcache({"affected", "--changed", "-", "--exit-code"}, folder.path(), "--x\n").status, 1);
}

}  // namespace
}  // namespace dcache

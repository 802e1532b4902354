// The ignore files that --fix --unsafe-fixes writes.
#include <string>

#include <gtest/gtest.h>

#include "tests/git_folder.h"

namespace dcache {
namespace {

using test::GitFolder;
using test::Outcome;
using test::run_dcache;

// A second run finds nothing to add, and the first one does not offer what it has done.
void expect_done_at_once(const GitFolder& folder) {
  const Outcome first = run_dcache({"lint", "--fix", "--unsafe-fixes", "Dockerfile"}, folder.path());
  EXPECT_EQ((first.out + first.err).find("can add them"), std::string::npos) << first.out << first.err;
  const std::string written = folder.read(".dockerignore");
  EXPECT_FALSE(written.empty());
  run_dcache({"lint", "--fix", "--unsafe-fixes", "Dockerfile"}, folder.path());
  EXPECT_EQ(folder.read(".dockerignore"), written);
}

// What is left to report is that of the files as they are after the fixes, those of ignore files too.
TEST(IgnoreFiles, CountInTheRunThatWritesThem) {
  for (const char* const content : {"node_modules\n", ""}) {
    const GitFolder folder;
    folder.git("init -q -b main");
    folder.write("m.js", "\n");
    folder.write("Dockerfile", "FROM node:22\nCOPY . .\n");
    if (*content != '\0') folder.write(".dockerignore", content);
    folder.commit("a");
    const std::string rules = *content == '\0' ? "DC2001" : "DC2002";
    for (const char* const place : {"Dockerfile", "."}) {
      SCOPED_TRACE(rules + " " + place);
      const Outcome outcome =
          run_dcache({"lint", "--select", rules, "--fix", "--unsafe-fixes", place}, folder.path());
      EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
      EXPECT_EQ(outcome.out.find(rules), std::string::npos) << outcome.out;
      EXPECT_NE(folder.read(".dockerignore").find(".git"), std::string::npos);
    }
  }
}

// A Dockerfile that was linted before the one whose fix writes the ignore file of both.
TEST(IgnoreFiles, CountForAllDockerfilesOfTheRun) {
  const GitFolder folder;
  folder.git("init -q -b main");
  folder.write("m.js", "\n");
  folder.write(".dockerignore", "node_modules\n");
  folder.write("a.Dockerfile", "FROM node:22\n# dcache ignore=DC1003\nCOPY . .\n");
  folder.write("b.Dockerfile", "FROM node:22\nCOPY . .\n");
  folder.commit("a");
  const Outcome outcome =
      run_dcache({"lint", "--select", "DC2002", "--fix", "--unsafe-fixes", "."}, folder.path());
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
}

TEST(IgnoreFiles, AreWrittenOnceThoughGitTracksVariables) {
  const GitFolder folder;
  folder.git("init -q -b main");
  folder.write("m.py", "print(1)\n");
  folder.write(".env", "A=1\n");
  folder.write("sub/.env", "A=1\n");
  folder.write("docker-compose.yml", "services: {}\n");
  folder.write("Dockerfile", "FROM python:3.12\nCOPY . /app\nCMD [\"python\", \"/app/m.py\"]\n");
  folder.commit("a");
  expect_done_at_once(folder);
}

TEST(IgnoreFiles, AreWrittenOnceForAllNames) {
  const GitFolder folder;
  folder.git("init -q -b main");
  for (const char* name :
       {".nyc_output/a", ".terraform/a", "id_rsa", "id_ed25519", "env/venv/pyvenv.cfg", "a.log", ".env",
        ".vscode/a", ".idea/a", "tracked.log", "m.py", "node_modules/a/b"})
    folder.write(name, "a\n");
  for (int i = 0; i < 12; ++i)
    folder.write("logs/" + std::to_string(i) + ".log", "a\n");
  folder.write("Dockerfile", "FROM python:3.12\nCOPY . /app\nRUN python /app/m.py\n");
  folder.git("add tracked.log m.py Dockerfile .vscode/a");
  folder.git("commit -q -m a");
  expect_done_at_once(folder);
}

TEST(IgnoreFiles, AreWrittenOnceWhereTheBuildReadsGit) {
  const GitFolder folder;
  folder.git("init -q -b main");
  for (const char* name : {".vscode/a", ".idea/a", "a.log", "m.py", ".env"})
    folder.write(name, "a\n");
  folder.write("Dockerfile", "FROM python:3.12\nCOPY . /app\nRUN git -C /app describe > /v\n");
  folder.git("add m.py Dockerfile .vscode/a .env");
  folder.git("commit -q -m a");
  expect_done_at_once(folder);
}

}  // namespace
}  // namespace dcache

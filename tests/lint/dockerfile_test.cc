#include "dcache/lint/dockerfile.h"

#include <gtest/gtest.h>

#include "dcache/dockerfile/parser.h"
#include "dcache/lint/config.h"

namespace dcache {
namespace {

// The program that runs the text of each RUN, with a `!` if that is not a shell of POSIX.
std::vector<std::string> shells(const std::string& text) {
  const dockerfile::File file = dockerfile::parse(text);
  const lint::Config config;
  lint::Dockerfile dockerfile(file, config, {});
  std::vector<std::string> all;
  for (const lint::Run& run : dockerfile.runs())
    all.push_back((run.posix_shell ? "" : "!") + std::string(run.shell_program));
  return all;
}
using Texts = std::vector<std::string>;

TEST(Shells, AreThoseOfShellAndOfComments) {
  EXPECT_EQ(shells("FROM a\nRUN x\nSHELL [\"/bin/bash\", \"-c\"]\nRUN y\n"), (Texts{"sh", "bash"}));
  EXPECT_EQ(shells("FROM a\nSHELL [\"powershell\", \"-Command\"]\nRUN x\n"), (Texts{"!powershell"}));
  EXPECT_EQ(shells("FROM a AS b\nSHELL [\"pwsh\", \"-c\"]\nFROM b\nRUN x\nFROM a\nRUN y\n"),
            (Texts{"!pwsh", "sh"}));
  EXPECT_EQ(shells("FROM a\n# hadolint shell=pwsh\nRUN x\n"), (Texts{"!pwsh"}));
}

TEST(Shells, AreCmdOnWindows) {
  for (const char* image : {"mcr.microsoft.com/windows/servercore:ltsc2022", "golang:1.22-nanoserver",
                            "python:3.12-windowsservercore-ltsc2022", "--platform=windows/amd64 x"}) {
    EXPECT_EQ(shells("FROM " + std::string(image) + "\nRUN dir C:\\x\n"), (Texts{"!cmd"})) << image;
  }
  EXPECT_EQ(shells("FROM golang:nanoserver AS b\nFROM b\nRUN x\nFROM a\nRUN y\n"), (Texts{"!cmd", "sh"}));
  // Linux, to build for Windows; and bash on Windows.
  EXPECT_EQ(shells("FROM dockcross/windows-static-x64\nRUN x\n"), (Texts{"sh"}));
  EXPECT_EQ(shells("FROM x:nanoserver\nSHELL [\"C:/git/bin/bash\", \"-c\"]\nRUN x\n"), (Texts{"bash"}));
}

}  // namespace
}  // namespace dcache

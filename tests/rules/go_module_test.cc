// The text of go.mod, and what DC1002's fix makes of it.
#include "rules/go_module.h"

#include <gtest/gtest.h>

#include "tests/lint/lint_testing.h"

namespace dcache {
namespace {

TEST(GoModule, IsNotLookedIntoWithFoldersOfOtherModules) {
  using Folders = std::vector<std::string>;
  EXPECT_EQ(rules::replaced_by_folders("replace a => \"./b\"\nreplace c=>../d\n"), (Folders{"./b", "../d"}));
  EXPECT_EQ(rules::replaced_by_folders("replace (\n a v1 => /x y\n b => c.d/e v1\n)\n"), Folders{"/x"});
  const test::TemporaryFolder folder;
  folder.write("go.mod", "module x\nreplace c.d/c => \"./c\"\n");
  folder.write("c/go.mod", "module c\n");
  folder.write("c/c.go", "package c\n");
  folder.write("a.go", "package main\n");
  folder.write("README.md", "");
  const lint::Linter linter(lint::catalogue(), test::config_selecting({"DC1002"}));
  const dockerfile::File file = dockerfile::parse(
      "FROM golang AS b\nWORKDIR /s\nCOPY . .\nRUN go build -o /a .\nFROM scratch\nCOPY --from=b /a /a\n");
  for (const lint::Diagnostic& one : linter.lint(file, test::facts_of(folder)).diagnostics)
    EXPECT_FALSE(one.fix) << one.remedy;
}

}  // namespace
}  // namespace dcache

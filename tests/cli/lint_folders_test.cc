// Folders and patterns on the command line.
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/git_folder.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::Outcome;
using test::run_dcache;
using test::TemporaryFolder;
using Paths = std::set<std::string>;

// The files that lint has something to say of.
Paths linted(const TemporaryFolder& folder, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"lint", "--format", "json"});
  Paths paths;
  for (const json& finding : json::parse(run_dcache(arguments, folder.path()).out))
    paths.insert(finding["path"]);
  return paths;
}

TEST(Folders, AreSearchedForDockerfiles) {
  const TemporaryFolder folder;
  for (const char* name : {"Dockerfile", "a/web.Dockerfile", "a/Dockerfile.dev", "b/Containerfile",
                           "node_modules/x/Dockerfile", "a/Dockerfile.dev.dockerignore", "a/other"}) {
    folder.write(name, "FROM a\n");
  }
  EXPECT_EQ(linted(folder, {}),
            (Paths{"Dockerfile", "a/Dockerfile.dev", "a/web.Dockerfile", "b/Containerfile"}));
}

TEST(Folders, AreSearchedWithoutTemplates) {
  const TemporaryFolder folder;
  folder.write("a/Dockerfile.j2", "FROM a\n");
  folder.write("a/Dockerfile", "{{ if .x }}\nFROM a\n{{ end }}\n");
  folder.write("m/Dockerfile", "FROM ${docker.base.image}\nRUN dpkg -i ${pkg.name}.deb\n");
  folder.write("b/Dockerfile", "FROM a\nRUN docker inspect -f \\\n{{.ID}} x\nCOPY <<E /t\n{{ if .y }}\nE\n");
  EXPECT_EQ(linted(folder, {}), (Paths{"b/Dockerfile"}));
  // What one names is meant.
  EXPECT_EQ(linted(folder, {"a/Dockerfile.j2"}), (Paths{"a/Dockerfile.j2"}));
  const Outcome named = run_dcache({"lint", "a/Dockerfile"}, folder.path());
  EXPECT_EQ(named.status, 2);
  EXPECT_NE(named.out.find("this looks like a template"), std::string::npos) << named.out;
}

// `Dockerfile.go` may be that of a service in Go, or a program that writes one: what is in it tells.
TEST(Folders, AreSearchedWithoutPrograms) {
  const TemporaryFolder folder;
  const std::string dockerfile = "# Of a part.\n\nfrom --platform=$BUILDPLATFORM a AS b\n";
  for (const char* name : {"Dockerfile.go", "Dockerfile.txt", "Dockerfile.js"})
    folder.write(std::string("real/") + name, dockerfile);
  folder.write("real/Dockerfile.rb", "ARG VERSION=3\nFROM ruby:$VERSION\n");
  folder.write("real/Dockerfile.sh", "#!/usr/bin/env -S docker build -f\nFROM a\n");
  folder.write("real/Dockerfile.ts", "MAINTAINER a\nFROM a\n");
  folder.write("b/Dockerfile.py", "#!/usr/bin/env python3\nimport sys\n");
  folder.write("c/Dockerfile.py", "# A program.\nimport os\nprint(x,\nFROM a\n)\n");
  folder.write("d/Dockerfile.py", "from os import path\n");
  folder.write("e/Dockerfile.sh", "#!/bin/sh\nFROM=a\n");
  folder.write("f/Dockerfile.txt", "From here on we describe the image.\n");
  folder.write("g/Dockerfile.js", "const a = `\nFROM a\n`;\n");
  folder.write("h/Dockerfile.rb", "");
  EXPECT_EQ(linted(folder, {}), (Paths{"real/Dockerfile.go", "real/Dockerfile.js", "real/Dockerfile.rb",
                                       "real/Dockerfile.sh", "real/Dockerfile.ts", "real/Dockerfile.txt"}));
  // What one names is meant.
  EXPECT_EQ(linted(folder, {"b/Dockerfile.py"}), (Paths{"b/Dockerfile.py"}));
  EXPECT_NE(run_dcache({"lint", "-v", "."}, folder.path())
                .err.find("b/Dockerfile.py is left out: it does not start like a Dockerfile"),
            std::string::npos);
}

TEST(Folders, AreSearchedWithoutWhatGitIgnores) {
  const test::GitFolder folder;
  for (const char* name : {"Dockerfile", "out/Dockerfile", "out/deep/Dockerfile", "kept/Dockerfile",
                           "a/tmp.Dockerfile", "a/Dockerfile", "a/mine/Dockerfile"}) {
    folder.write(name, "FROM a\n");
  }
  folder.write(".gitignore", "/out/\nkept/\n");
  folder.write("a/.gitignore", "tmp.*\n");
  folder.write("info", "mine\n");
  folder.git("init -q -b main");
  folder.git("add -f kept/Dockerfile");
  folder.shell("mv info .git/info/exclude");
  EXPECT_EQ(linted(folder, {}), (Paths{"Dockerfile", "a/Dockerfile", "kept/Dockerfile"}));
  EXPECT_EQ(linted(folder, {"a"}), (Paths{"a/Dockerfile"}));
  EXPECT_EQ(linted(folder, {"./a/"}), (Paths{"a/Dockerfile"}));
  // What one names is meant, ignored or not.
  EXPECT_EQ(linted(folder, {"out"}), (Paths{"out/Dockerfile", "out/deep/Dockerfile"}));
  EXPECT_EQ(linted(folder, {"a/tmp.Dockerfile"}), (Paths{"a/tmp.Dockerfile"}));
  EXPECT_EQ(linted(folder, {"--no-gitignore"}).size(), 7u);
}

TEST(Folders, AreSearchedWithAWarningIfGitCannotBeAsked) {
  const TemporaryFolder folder;
  folder.write(".git/HEAD", "damaged\n");
  folder.write(".gitignore", "ignored\n");
  folder.write("ignored/Dockerfile", "FROM a\n");
  const Outcome outcome = run_dcache({"lint", "--fail-on", "none"}, folder.path());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("warning: files that git ignores are searched too: "), std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.out.find("ignored/Dockerfile:1"), std::string::npos) << outcome.out;
  EXPECT_EQ(run_dcache({"lint", "--no-gitignore", "--fail-on", "none"}, folder.path()).err, "");
}

TEST(Patterns, AreExpandedWhereNoShellDidIt) {
  const TemporaryFolder folder;
  for (const char* name :
       {"Dockerfile", "s/a/Dockerfile", "s/b/c/Dockerfile", "s/b/web.build", "s/[x]", "t/Dockerfile"})
    folder.write(name, "FROM a\n");
  EXPECT_EQ(linted(folder, {"s/**/Dockerfile"}), (Paths{"s/a/Dockerfile", "s/b/c/Dockerfile"}));
  EXPECT_EQ(linted(folder, {"**/Dockerfile"}).size(), 4u);
  EXPECT_EQ(linted(folder, {"s/?"}), (Paths{"s/a/Dockerfile", "s/b/c/Dockerfile"}));
  EXPECT_EQ(linted(folder, {"s/*/*.build", "t"}), (Paths{"s/b/web.build", "t/Dockerfile"}));
  EXPECT_EQ(linted(folder, {folder / "t/*"}), (Paths{folder / "t/Dockerfile"}));
  EXPECT_EQ(linted(folder, {"s/[x]"}), (Paths{"s/[x]"}));
  const Outcome none = run_dcache({"lint", "s/*.none"}, folder.path());
  EXPECT_EQ(none.status, 2);
  EXPECT_NE(none.err.find("s/*.none"), std::string::npos);
}

}  // namespace
}  // namespace dcache

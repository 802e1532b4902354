// ShellCheck's findings in Dockerfiles: with the program itself where it is installed, and with stand-ins for
// answers that it does not give.
#include "dcache/lint/shellcheck.h"

#include <memory>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "dcache/process/program.h"
#include "tests/lint/lint_testing.h"

namespace dcache {
namespace {

using lint::ShellCheck;
using test::TemporaryFolder;
using Texts = std::vector<std::string>;

std::string stand_in(const TemporaryFolder& folder, const std::string& script) {
  folder.write("shellcheck", "#!/bin/sh\n" + script);
  ::chmod((folder / "shellcheck").c_str(), 0755);
  return folder / "shellcheck";
}

// "LINE:COLUMN CODE" of each finding; columns count bytes.
Texts found(const ShellCheck& shellcheck, const std::string& text) {
  const lint::Config config;
  const dockerfile::File file = dockerfile::parse(text);
  lint::Dockerfile dockerfile(file, config, {});
  Texts all;
  const auto answer = shellcheck.check(dockerfile);
  if (!answer) return {"no answer"};
  for (const lint::Diagnostic& diagnostic : *answer) {
    const text::Position at = file.lines().position_of(diagnostic.span.begin);
    all.push_back(fmt::format("{}:{} {}", at.line, at.column, diagnostic.rule));
  }
  return all;
}

class InstalledShellCheck : public testing::Test {
 protected:
  void SetUp() override {
    if (program_.empty()) GTEST_SKIP() << "shellcheck is not installed";
  }
  ShellCheck shellcheck() const { return ShellCheck({.program = program_}); }
  std::shared_ptr<const ShellCheck> shared() const {
    return std::make_shared<const ShellCheck>(ShellCheck::Options{.program = program_});
  }

 private:
  std::string program_ = process::find_program("shellcheck");
};

#ifdef DCACHE_FAULTS  // sanitizers need /proc themselves
TEST_F(InstalledShellCheck, ReadsScriptsWithoutProc) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a:1\nRUN cd /x && rm $(ls)\nRUN echo $y\nMAINTAINER m\n");
  const std::string without = "cd " + folder.path() + " && unshare -m sh -c 'umount -l /proc && ";
  if (std::system((without + "true' 2>/dev/null").c_str()) != 0)
    GTEST_SKIP() << "not allowed to unmount /proc";
  const std::string command =
      "XDG_CACHE_HOME=" + folder.path() + "/cache " DCACHE_PROGRAM " lint --profile all ";
  std::system((without + command + "Dockerfile >out 2>&1'").c_str());
  const std::string out = folder.read("out");
  EXPECT_NE(out.find("Dockerfile:2:17"), std::string::npos) << out;
  EXPECT_NE(out.find("Dockerfile:3:10"), std::string::npos) << out;
  std::system((without + command + "--fix --unsafe-fixes Dockerfile >out 2>&1'").c_str());
  EXPECT_EQ(folder.read("Dockerfile").find("MAINTAINER"), std::string::npos) << folder.read("out");
}
#endif

TEST_F(InstalledShellCheck, FindsThingsWhereTheyAre) {
  const ShellCheck program = shellcheck();
  EXPECT_EQ(found(program, "FROM a\nRUN cd /x && rm $(ls)\n"), (Texts{"2:17 SC2046"}));
  EXPECT_EQ(found(program, "FROM a\nRUN true && \\\n  # why\n\\\n  echo é $(ls) ok\n"),
            (Texts{"5:11 SC2046"}));
  EXPECT_EQ(found(program, "FROM a\nRUN <<EOF\ntrue\n\tcd /x\nEOF\n"), (Texts{"4:2 SC2164"}));
  EXPECT_EQ(found(program, "FROM a\nRUN cat <<A >/x && rm $(ls)\nit costs $(ls)\nA\n"),
            (Texts{"2:23 SC2046"}));
  EXPECT_EQ(found(program, "FROM a\r\nRUN true && \\\r\n rm $(ls)\r\n"), (Texts{"3:5 SC2046"}));
  EXPECT_EQ(found(program, "FROM a\nONBUILD RUN rm $(ls)\n"), (Texts{"2:16 SC2046"}));
}

TEST_F(InstalledShellCheck, KnowsTheShell) {
  const ShellCheck program = shellcheck();
  const std::string bashism = "RUN [[ -f x ]]\n";
  EXPECT_EQ(found(program, "FROM a\n" + bashism), (Texts{"2:5 SC3010"}));
  EXPECT_EQ(found(program, "FROM a\nSHELL [\"/bin/bash\", \"-c\"]\n" + bashism), Texts{});
  EXPECT_EQ(found(program, "# hadolint shell=/bin/bash\nFROM a\n" + bashism), Texts{});
  EXPECT_EQ(found(program, "# dcache shell=powershell\nFROM a\nRUN rm $(ls)\n"), Texts{});
  EXPECT_EQ(found(program, "FROM a\nSHELL [\"powershell\"]\nRUN rm $(ls)\n"), Texts{});
  EXPECT_EQ(found(program, "FROM a\nRUN <<EOF\n#!/usr/bin/env bash\n[[ -f x ]]\nEOF\n"), Texts{});
  EXPECT_EQ(found(program, "FROM a\nRUN [\"sh\", \"-c\", \"rm $(ls)\"]\n"), Texts{});
}

TEST_F(InstalledShellCheck, KnowsVariablesOfTheDockerfile) {
  const ShellCheck program = shellcheck();
  EXPECT_EQ(found(program, "FROM a\nARG version\nENV where=/x\nRUN rm $where/$version\n"), Texts{});
  EXPECT_EQ(found(program, "FROM a\nENV all='a b'\nRUN rm $all\n"), (Texts{"3:8 SC2086"}));
  EXPECT_EQ(found(program, "FROM a\nRUN rm \"$where\"\n"), (Texts{"2:9 SC2154"}));
}

TEST_F(InstalledShellCheck, AppliesWhatItProposes) {
  lint::Config config;
  config.select = {"SC2086"};
  lint::Linter linter(lint::catalogue(), config);
  linter.use(shared());
  const std::string text = "FROM a\nRUN read -r x && \\\n  rm $x\n";
  EXPECT_EQ(lint::apply_fixes(linter, text, {}, true).text, "FROM a\nRUN read -r x && \\\n  rm \"$x\"\n");
  EXPECT_EQ(lint::apply_fixes(linter, text, {}, false).text, text);
}

// Codes in the default profile.
Texts codes(const std::shared_ptr<const ShellCheck>& shellcheck, const std::string& text,
            lint::Profile profile = {}) {
  lint::Config config;
  config.profile = profile;
  lint::Linter linter(lint::catalogue(), config);
  linter.use(shellcheck);
  const dockerfile::File file = dockerfile::parse(text);
  Texts all;
  for (const lint::Diagnostic& diagnostic : linter.lint(file, {}).diagnostics) {
    if (lint::is_shellcheck_code(diagnostic.rule)) all.emplace_back(diagnostic.rule);
  }
  return all;
}

TEST_F(InstalledShellCheck, IsNotRepeatedWhereNothingIsToDo) {
  const auto program = shared();
  const auto all = lint::Profile::kAll;
  EXPECT_EQ(codes(program, "FROM a\nRUN touch $(ls)\n"), Texts{});
  EXPECT_EQ(codes(program, "FROM a\nRUN touch $(ls)\n", all), Texts{"SC2046"});
  EXPECT_EQ(codes(program, "FROM a\nRUN echo -n x\n"), Texts{});
  EXPECT_EQ(codes(program, "FROM a\nRUN echo -n x\n", all), Texts{"SC3037"});
  EXPECT_EQ(codes(program, "FROM a\nRUN echo -e x\n"), Texts{"SC3037"});
  EXPECT_EQ(codes(program, "FROM a\nRUN /bin/echo -e x\n"), Texts{});
  EXPECT_EQ(codes(program, "FROM alpine:3\nRUN echo -e x\n"), Texts{});
  EXPECT_EQ(codes(program, "FROM alpine:3 AS b\nFROM b\nRUN set -o pipefail; x | y\n"), Texts{});
  EXPECT_EQ(codes(program, "FROM alpine:3\nRUN echo ${A//,/ } ${A:1:2} $'a'\n"), Texts{});
  EXPECT_EQ(codes(program, "FROM a\nARG A\nRUN echo ${A//,/ }\n"), Texts{"SC3060"});
  EXPECT_EQ(codes(program, "FROM a\nRUN [\"x\"]]\n"), Texts{});
  EXPECT_EQ(codes(program, "FROM a\nRUN [[\"x\"]\n"), Texts{});
  EXPECT_EQ(codes(program, "FROM a\nRUN set -o pipefail; x | y\n"), Texts{"SC3040"});
  EXPECT_EQ(codes(program, "FROM a\nRUN [ \"$D\" == y ] || x\n"), Texts{"SC3014"});
  EXPECT_EQ(codes(program, "FROM a\nRUN if [ \"$D\" == y ]; then apk add x; fi\n"), Texts{});
  EXPECT_EQ(codes(program, "FROM a\nRUN ulimit -n 9 && x\n"), Texts{});
  for (const std::string image :
       {"fedora:41", "registry.access.redhat.com/ubi9/ubi:9.4", "rockylinux:9", "amazonlinux"}) {
    const std::string text = "FROM " + image + "\nRUN [[ \"$D\" == y ]] || x\n";
    EXPECT_EQ(codes(program, text), Texts{}) << text;
    EXPECT_EQ(codes(program, text, lint::Profile::kHadolint), Texts{"SC3010"}) << text;
    // Bash has these not where it is started as sh.
    EXPECT_EQ(codes(program, "FROM " + image + "\nRUN cat <(x)\n"), Texts{"SC3001"});
  }
  EXPECT_EQ(codes(program, "FROM a\nRUN read -p x y && x $y\n"), Texts{"SC3045"});
  EXPECT_EQ(codes(program, "FROM a\nENV A=/x\nRUN rm -rf \"$A/\"*\n"), Texts{});
  EXPECT_EQ(codes(program, "FROM a\nARG A=/x\nRUN rm -rf \"$A/\"*\n"), Texts{"SC2115"});
  EXPECT_EQ(codes(program, "FROM a\nARG A\nRUN [ $A > 2 ] || x\n"), Texts{"SC2071"});
}

constexpr const char* kAnswer =
    "for file; do :; done\n"
    "echo '{\"comments\":[{\"file\":\"'$file'\",\"line\":3,\"endLine\":3,\"column\":1,\"endColumn\":3,"
    "\"level\":\"warning\",\"code\":2046,\"message\":\"A thing.\",\"fix\":null}]}'\n";

TEST(ShellCheckProgram, IsNotAskedTwice) {
  const TemporaryFolder folder;
  ShellCheck::Options options;
  options.program = stand_in(folder, "echo x >>" + (folder / "calls") + "\n" + kAnswer);
  options.cache_folder = folder / "cache";
  const ShellCheck shellcheck(options);
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(found(shellcheck, "FROM a\nRUN rm x\n"), (Texts{"2:5 SC2046"}));
  EXPECT_EQ(folder.read("calls"), "x\n");
  EXPECT_EQ(found(shellcheck, "FROM a\nRUN rm y\nRUN rm z\n"), (Texts{"3:5 SC2046"}));
  EXPECT_EQ(folder.read("calls"), "x\nx\n");
  EXPECT_EQ(found(shellcheck, "FROM a\nCMD x\n"), Texts{});
  EXPECT_EQ(folder.read("calls"), "x\nx\n");
}

TEST(ShellCheckProgram, DoesNoHarmWhateverItAnswers) {
  for (const char* script :
       {"", "exit 3\n", "echo nothing\n", "echo '{}'\n", "echo '{\"comments\":[{\"file\":\"7\"}]}'\n",
        "echo "
        "'{\"comments\":[{\"file\":\"0\",\"line\":99,\"endLine\":1,\"column\":9,\"endColumn\":1,\"level\":"
        "\"x\","
        "\"code\":1,\"message\":\"m\"}]}'\n",
        "kill -9 $$\n", "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaa; done\n"}) {
    const TemporaryFolder folder;
    ShellCheck::Options options;
    options.program = stand_in(folder, script);
    options.cache_folder = folder / "cache";
    options.time = std::chrono::milliseconds(500);
    const Texts all = found(ShellCheck(options), "FROM a\nRUN rm x\n");
    EXPECT_TRUE(all.empty() || all == Texts{"no answer"}) << script;
  }
  EXPECT_EQ(found(ShellCheck({.program = "/nowhere/shellcheck"}), "FROM a\nRUN rm x\n"), Texts{"no answer"});
}

TEST(ShellCheckProgram, IsEndedIfItTakesTooLong) {
  const TemporaryFolder folder;
  ShellCheck::Options options;
  options.program = stand_in(folder, "exec sleep 600\n");
  options.time = std::chrono::milliseconds(50);
  EXPECT_EQ(found(ShellCheck(options), "FROM a\nRUN rm x\n"), Texts{"no answer"});
}

TEST(ShellCheckProgram, IsMissedAloudIfItGivesNoAnswer) {
  const TemporaryFolder folder;
  stand_in(folder, "exit 3\n");
  folder.write("Dockerfile", "FROM a:1\nRUN rm x\n");
  const test::Outcome outcome =
      test::run_dcache({"lint", "--select", "SC2046"}, folder.path(), "", folder.path());
  EXPECT_EQ(outcome.out, "no findings in 1 file\n");
  EXPECT_EQ(outcome.err,
            "dcache: warning: Dockerfile: ShellCheck gave no answer, or none within 5 seconds, so mistakes "
            "in the scripts "
            "of RUN are not reported\n");
}

TEST(ShellCheckProgram, IsUsedByTheCommandWhereItIsFound) {
  const TemporaryFolder folder;
  stand_in(folder, kAnswer);
  folder.write("Dockerfile", "FROM a:1\nRUN rm x\n");
  const auto lint = [&](std::vector<std::string> arguments, const std::string& programs) {
    arguments.insert(arguments.begin(), {"lint", "--format", "gnu", "--select", "SC2046"});
    return test::run_dcache(arguments, folder.path(), "", programs);
  };
  const test::Outcome with = lint({"Dockerfile"}, folder.path());
  EXPECT_EQ(with.out,
            "Dockerfile:2:5: warning: A thing: see https://www.shellcheck.net/wiki/SC2046 [SC2046]\n");
  EXPECT_EQ(with.status, 1);
  EXPECT_EQ(lint({"--no-shellcheck"}, folder.path()).out, "");
  EXPECT_EQ(lint({}, "relative:/nowhere").err, "");
  EXPECT_EQ(lint({"--verbose"}, "/nowhere").err, "");
  folder.write(".dcache.toml", "shellcheck = false\n");
  EXPECT_EQ(lint({}, folder.path()).out, "");
  folder.write(".dcache.toml", "[levels]\nSC2046 = \"info\"\n");
  EXPECT_EQ(lint({}, folder.path()).status, 0);
  folder.write("Dockerfile", "FROM a:1\n# dcache ignore=SC2046 why\nRUN rm x\n");
  EXPECT_EQ(lint({}, folder.path()).out, "");
}

}  // namespace
}  // namespace dcache

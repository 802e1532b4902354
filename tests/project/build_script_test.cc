// What scripts of CI start, where commands may or may not have run.
#include "dcache/project/build_script.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace dcache::project {
namespace {

struct ScriptCase {
  std::string script;
  std::string builds;  // contexts, one a line; ? for one that is not known
};

std::string shown_text(const CiText& text) {
  return text.is_known() ? text.text : "?";
}

// What is written after `docker build` as the context, from the folder in which the command runs.
std::string contexts_of_script(const std::string& script) {
  const auto environment = [](std::string_view) { return std::optional<CiText>(); };
  BuildScript reader(environment, {"."});
  std::string builds;
  for (const CiBuild& build : reader.read(script)) {
    const CiText* const context = build.find(BuildField::kContext);
    builds += shown_text(join_ci_path(build.folder, context == nullptr ? CiText{"."} : *context)) + "\n";
  }
  return builds;
}

void expect_contexts(const std::vector<ScriptCase>& cases) {
  for (const ScriptCase& c : cases)
    EXPECT_EQ(contexts_of_script(c.script), c.builds) << c.script;
}

// What scripts of the repository build that a command runs: contexts, build arguments, and the scripts that
// matter.
std::string shown_builds(const std::string& command, const std::map<std::string, std::string>& scripts) {
  const auto environment = [](std::string_view) { return std::optional<CiText>(); };
  std::string noted;
  const auto text_of = [&](const std::string& path, bool builds) -> std::optional<std::string> {
    const auto found = scripts.find(path);
    if (found == scripts.end()) return std::nullopt;
    if (builds) noted += path + "\n";
    return found->second;
  };
  BuildScript reader(environment, {"."}, text_of);
  std::string shown;
  for (const CiBuild& build : reader.read(command)) {
    const CiText* const context = build.find(BuildField::kContext);
    const CiText* const arg = build.find(BuildField::kArg);
    shown += shown_text(join_ci_path(build.folder, context == nullptr ? CiText{"."} : *context));
    if (arg != nullptr) shown += " " + shown_text(*arg);
    shown += "\n";
  }
  return shown + noted;
}

TEST(BuildScript, FollowsScriptsOfTheRepository) {
  const std::string build = "#!/bin/sh\ndocker build --build-arg V=$1 a\n";
  EXPECT_EQ(shown_builds("./build.sh 3", {{"build.sh", build}}), "a V=3\nbuild.sh\n");
  EXPECT_EQ(shown_builds("cd ci && bash -e build.sh", {{"ci/build.sh", build}}), "ci/a V=\nci/build.sh\n");
  EXPECT_EQ(shown_builds("sudo ci/build", {{"ci/build", "#!/usr/bin/env bash\ndocker build a\n"}}),
            "a\nci/build\n");
  EXPECT_EQ(shown_builds(". ./v.sh; docker build a", {{"v.sh", "V=1\n"}}), "a\n");
  EXPECT_EQ(shown_builds("./all.sh", {{"all.sh", "./build.sh $(git rev-parse HEAD)\n"}, {"build.sh", build}}),
            "a ?\nbuild.sh\nall.sh\n");
  EXPECT_EQ(shown_builds("export V=1\n./b.sh", {{"b.sh", "docker build --build-arg V=$V a\n"}}),
            "a V=1\nb.sh\n");
  EXPECT_EQ(shown_builds("./b.sh 1 2", {{"b.sh", "shift\ndocker build --build-arg V=$1 a\n"}}),
            "a ?\nb.sh\n");
  EXPECT_EQ(shown_builds("./b.sh 1", {{"b.sh", "f() {\n  docker build --build-arg V=$1 a\n}\nf 2\n"}}),
            "a V=2\nb.sh\n");
  EXPECT_EQ(shown_builds("docker build --build-arg V=$1 a", {}), "a ?\n");
  EXPECT_EQ(shown_builds("./b.sh api", {{"b.sh", ". ./in.sh\n"}, {"in.sh", "docker build $1\n"}}),
            "api\nin.sh\nb.sh\n");
  EXPECT_EQ(shown_builds("./ci/b.sh", {{"ci/b.sh", ". \"$(dirname \"$0\")/lib.sh\"\nbuild_image\n"},
                                       {"ci/lib.sh", "build_image() {\n  docker build api\n}\n"}}),
            "api\nci/lib.sh\nci/b.sh\n");
  // Not a script of the repository, not of a shell, and none that builds.
  EXPECT_EQ(shown_builds("./other.sh; /ci/build.sh; $X/build.sh", {{"build.sh", build}}), "");
  EXPECT_EQ(shown_builds("./build.py", {{"build.py", "#!/usr/bin/python3\n'docker build a'\n"}}), "");
  EXPECT_EQ(shown_builds("./test.sh", {{"test.sh", "docker run a\n"}}), "");
  // One that runs itself.
  EXPECT_EQ(shown_builds("./b.sh", {{"b.sh", "./b.sh\n"}}), "");
}

TEST(BuildScript, ReadsFunctionsWithTheArgumentsOfTheirCalls) {
  const auto of = [](const std::string& text) { return shown_builds("./b.sh 1", {{"b.sh", text}}); };
  const std::string f = "f() {\n  local name=\"$1\"\n  docker build --build-arg V=$2 \"$name\"\n}\n";
  EXPECT_EQ(of(f + "f api 3\nf web\n"), "api V=3\nweb V=\nb.sh\n");
  EXPECT_EQ(of(f + "for x in a b; do f $x 1; done\n"), "a V=1\nb V=1\nb.sh\n");
  EXPECT_EQ(of(f + "g() { f $1 2; }\ng api\n"), "api V=2\nb.sh\n");
  EXPECT_EQ(of("f () { cd $1 && docker build .; }\nf api\n"), "api\nb.sh\n");
  EXPECT_EQ(of(f + "f \"$(name)\" 1\n"), "? V=1\nb.sh\n");
  EXPECT_EQ(shown_builds("./b.sh", {{"b.sh", ". ./in.sh\nf api 3\n"}, {"in.sh", f}}),
            "api V=3\nin.sh\nb.sh\n");
  // Nobody calls it, or nobody can tell who does.
  EXPECT_EQ(of(f + "docker build a\n"), "a\nb.sh\n");
  EXPECT_EQ(shown_builds("./b.sh", {{"b.sh", ". ./in.sh\ndocker build a\n"}, {"in.sh", f}}),
            "a\nin.sh\nb.sh\n");
  EXPECT_EQ(of(f + "\"$@\"\n"), "? ?\nb.sh\n");
  EXPECT_EQ(of(f + "trap f EXIT\n"), "? ?\nb.sh\n");
  EXPECT_EQ(of("if true; then\n  f() { docker build a; }\nelse\n  f() { docker build b; }\nfi\nf\n"),
            "a\nb\nb.sh\n");
  expect_contexts({{"f() { docker build $1; }", "?\n"}, {"f() { docker build $1; }\nf a", "a\n"}});
}

TEST(BuildScript, KnowsTheFolderOfAScript) {
  const auto of = [](const std::string& line) {
    return shown_builds("ci/build.sh", {{"ci/build.sh", line + "\ndocker build a\n"}});
  };
  EXPECT_EQ(of("cd \"$(dirname \"$0\")\""), "ci/a\nci/build.sh\n");
  EXPECT_EQ(of("cd $(dirname ${BASH_SOURCE[0]})/.."), "a\nci/build.sh\n");
  EXPECT_EQ(of("HERE=$(cd \"$(dirname \"${BASH_SOURCE[0]}\")\" && pwd)\ncd $HERE/.."), "a\nci/build.sh\n");
  EXPECT_EQ(of("cd ${0%/*}"), "ci/a\nci/build.sh\n");
  EXPECT_EQ(of("cd \"$(git rev-parse --show-toplevel)/x\""), "x/a\nci/build.sh\n");
  EXPECT_EQ(of("cd \"$(where)\""), "?\nci/build.sh\n");
  EXPECT_EQ(of("D=$(dirname \"$0\")\nR=$(cd \"$D/..\" && pwd)\ncd x; cd \"$R\""), "a\nci/build.sh\n");
  EXPECT_EQ(of("D=sub\nR=\"$(cd $D >/dev/null && pwd -P)\"\ncd x; cd \"$R\""), "sub/a\nci/build.sh\n");
  EXPECT_EQ(of("R=$(cd \"$D/..\" && pwd)\ncd \"$R\""), "?\nci/build.sh\n");
}

TEST(BuildScript, ALoopBuildsEachOfItsValues) {
  expect_contexts({
      {"for x in a b; do docker build $x; done", "a\nb\n"},
      {"for x in a \"b\" 'c/d'\ndo\n  docker build ./$x/y\ndone\ndocker build z", "a/y\nb/y\nc/d/y\nz\n"},
      {"for x in a b; do docker build z; done", "z\n"},
      {"L=\"a b\"\nfor x in $L c; do docker build ${x}; done", "a\nb\nc\n"},
      {"L=(a b)\nfor x in \"${L[@]}\"; do docker build $x; done", "a\nb\n"},
      {"for x in a b; do (cd $x && docker build .); done", "a\nb\n"},
      {"for x in a b; do for y in 1 2; do docker build $x/$y; done; docker build $x; done",
       "a/1\nb/1\na/2\nb/2\na\nb\n"},
      {"for x in a; do docker build $x; done; for x in b; do docker build $x; done", "a\nb\n"},
      {"for x in a b; do docker build $x; done\ndocker build $x", "a\nb\n?\n"},
      {"if true; then\n  for x in a b; do\n    docker build $x\n  done\nfi", "a\nb\n"},
      // Values that are not known.
      {"for x in */; do docker build $x; done", "?\n"},
      {"for x in $(ls); do docker build $x; done", "?\n"},
      {"for x in $L; do docker build $x; done", "?\n"},
      {"for x in a b; do x=$x/y; docker build $x; done", "?\n"},
      {"for x in -q a; do docker build $x; done", "?\n"},
      {"for x in a b; do docker build $x$xy; done", "?\n"},
      {"while read x; do docker build $x; done", "?\n"},
  });
}

TEST(BuildScript, AListMayEndEarly) {
  expect_contexts({
      {"D=api\n[ -n \"$X\" ] && D=b\ndocker build $D", "?\n"},
      {"D=api\ntest -d x || D=b\ndocker build $D", "?\n"},
      {"D=api\n[ -n \"$X\" ] && D=b || D=c\ndocker build $D", "?\n"},
      {"D=api\ngrep -q x f && echo yes && export D=b\ndocker build $D", "?\n"},
      {"D=api\ncat f | grep -q x && D=b; docker build $D", "?\n"},
      {"[ -n \"$X\" ] && D=b && docker build $D", "b\n"},
      {"D=a; [ x ] || D=b && docker build $D", "?\n"},
      {"test -n \"$X\" && cd b\ndocker build .", "?\n"},
      {"test -n \"$X\" && cd b && docker build .", "b\n"},
      {"test -n \"$X\" && cd b && docker build . && cd ..\ndocker build .", "b\n.\n"},
      {"cd a || exit 1\ndocker build .", "a\n"},
      {"cd a || cd b\ndocker build .", "?\n"},
      {"mkdir -p x && cd x && docker build . && cd ..\ndocker build .", "x\n.\n"},
      {"D=a && docker build $D; docker build $D", "a\na\n"},
      {"D=a | cat; docker build $D", "?\n"},
      {"cd a | cat; docker build .", ".\n"},
      {"cd a & docker build .", ".\n"},
  });
}

// The build arguments, with what is known of them.
std::string args_of(const std::string& script) {
  const auto environment = [](std::string_view name) {
    return name == "OUTER" ? std::optional(CiText{"outer"}) : std::nullopt;
  };
  BuildScript reader(environment, {"."});
  std::string args;
  for (const CiBuild& build : reader.read(script)) {
    for (const auto& [field, text] : build.values) {
      if (field == BuildField::kArg) args += shown_text(text) + "\n";
    }
  }
  return args;
}

TEST(BuildScript, DeclarationsSetSeveralVariables) {
  const std::string build = "\ndocker build --build-arg X=$A$B .";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"export A=1 B=2" + build, "X=12\n"},
      {"readonly A=1 B='x y'\ndocker build --build-arg \"X=$A$B\" .", "X=1x y\n"},
      {"declare -r A=1 B=2" + build, "X=12\n"},
      {"typeset A=1 B=2" + build, "X=12\n"},
      {"declare -i A=1+2 B=1" + build, "?\n"},
      // To set a reference sets another variable.
      {"declare -n B=A\nA=1\nB=2" + build, "X=22\n"},
      {"declare -n R=A\nR=1\nB=2" + build, "X=12\n"},
      {"declare -n R=A S=R\nS=1\nB=$R" + build, "X=11\n"},
      {"declare -n R=$Y\nA=1\nB=2\nR=3" + build, "?\n"},
      {"A=1\nB=2\nif t; then declare -n R=A; fi" + build, "?\n"},
      {"declare -n R=A\nA=1\nB=2" + build, "X=12\n"},
      {"declare -n R=A\nA=1\nB=2\nread R" + build, "?\n"},
      {"f() { local -n out=$1; out=3; }\nA=1\nB=2\nf A" + build, "?\n"},
      // An array is its first word.
      {"A=(1 2)\nB=" + build, "X=1\n"},
      {"A=\nB=2" + build, "X=2\n"},
  };
  for (const auto& [script, args] : cases)
    EXPECT_EQ(args_of(script), args) << script;
}

TEST(BuildScript, ArraysAreTheirWords) {
  const std::string build = "\ndocker build \"${A[@]}\" .";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"A=(--build-arg X=1 -t app)" + build, "X=1\n"},
      {"A=(\n  --build-arg X=1  # one (1)\n  # more\n  --build-arg \"Y=$V\"\n)" + build, "X=1\n?\n"},
      {"A=(--build-arg X=1)\nA+=(--build-arg 'Y=a b')" + build, "X=1\nY=a b\n"},
      {"A=(--build-arg X=1)\nB=(\"${A[@]}\" -q)\ndocker build ${B[@]} .", "X=1\n"},
      {"declare -a A=(--build-arg X=1)" + build, "X=1\n"},
      {"A=()\nA+=(--build-arg X=1)" + build, "X=1\n"},
      {"A=(docker build --build-arg X=1)\n\"${A[@]}\" --build-arg Y=2 .", "X=1\nY=2\n"},
      {"A=(docker build --build-arg X=1 .)\nretry \"${A[@]}\"", "X=1\n"},
      {"(cd x; A=(--build-arg X=1)\ndocker build --build-arg Y=1 .)", "Y=1\n"},
      // What is not known.
      {"A=(--build-arg X=1)\nif t; then A+=(--build-arg Y=2); fi" + build, ""},
      {"for x in a b; do A+=(--build-arg X=$x); done" + build, ""},
      {"A=(--build-arg *)" + build, ""},
      {"A=(--build-arg X=1)\nA[1]=Y=2" + build, ""},
      {"A=(--build-arg X=1)\nunset A" + build, ""},
      {"declare -A A=([x]=1)" + build, ""},
      {"A=(--build-arg X=1)\nsource x" + build, ""},
  };
  for (const auto& [script, args] : cases)
    EXPECT_EQ(args_of(script), args) << script;
}

// Where the value is not known, but some of what it may be.
TEST(BuildScript, AVariableMayHoldOptions) {
  const auto may_have_file = [](const std::string& script) {
    BuildScript reader([](std::string_view) { return std::optional<CiText>(); }, {"."});
    const std::vector<CiBuild> builds = reader.read(script);
    EXPECT_EQ(builds.size(), 1u) << script;
    return std::ranges::any_of(builds.front().possible,
                               [](const auto& one) { return one.first == BuildField::kFile; });
  };
  EXPECT_TRUE(may_have_file("A=(-q)\nif t; then A+=(-f x); fi\ndocker build \"${A[@]}\" ."));
  EXPECT_TRUE(may_have_file("if t; then A='-q --file=x'; fi\ndocker build $A ."));
  EXPECT_FALSE(may_have_file("if t; then A='-q'; fi\ndocker build $A ."));
  EXPECT_FALSE(may_have_file("if t; then A='-f x'; fi\nA=-q\ndocker build $A ."));
}

TEST(BuildScript, AnArgumentWithoutValueIsOfTheEnvironment) {
  const std::string build = "\ndocker build --build-arg A .";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"export A=1" + build + "\nexport A=2" + build, "A=1\nA=2\n"},
      {"export A\nA=1" + build, "A=1\n"},
      {"declare -x A=1" + build, "A=1\n"},
      {"set -ea\nA=1" + build, "A=1\n"},
      {"A=1 docker build --build-arg A .", "A=1\n"},
      {"OUTER=1\ndocker build --build-arg OUTER .", "OUTER=1\n"},
      {"docker build --build-arg OUTER .", "OUTER=outer\n"},
      // What is not exported is not in it.
      {"A=1" + build, "A\n"},
  };
  for (const auto& [script, args] : cases)
    EXPECT_EQ(args_of(script), args) << script;
}

TEST(BuildScript, ABlockMayNotRun) {
  expect_contexts({
      {"if x; then cd a; fi; docker build .", "?\n"},
      {"if x; then cd a; docker build .; cd ..; fi; docker build .", "a\n.\n"},
      {"if x; then cd a; else docker build .; fi; docker build .", ".\n?\n"},
      {"if x; then cd a; if y; then z; else docker build .; fi; fi", "?\n"},
      {"case $x in a) cd a;; b) docker build .;; esac; docker build .", ".\n?\n"},
      {"(cd a; docker build .); docker build .", "a\n.\n"},
      {"[ x ] && { cd a; docker build .; }; docker build .", "a\n?\n"},
      {"while x; do cd a; done; docker build .", "?\n"},
      {"pushd a; pushd b; popd; docker build .; popd; docker build .; popd; docker build .", "a\n.\n?\n"},
      {"cd -P a; docker build .", "a\n"},
      {"cd a; cd b; cd -; docker build .", "a\n"},
  });
}

TEST(BuildScript, AFunctionRunsWhenItIsCalled) {
  expect_contexts({
      {"f() { D=b; }; D=api; f; docker build $D", "?\n"},
      {"f() {\n  D=b\n}\nD=api\nf\ndocker build $D", "?\n"},
      {"function f { D=b; }; D=api; docker build $D; f; docker build $D", "api\n?\n"},
      {"f() { cd b; }; docker build .; f; docker build .", ".\n?\n"},
      {"f() { docker build $D; }; D=api; f", "api\n"},
      {"D=x; f() { docker build $D; }; D=api; f", "api\n"},
      {"f() { docker build .; }; cd api; f", "api\n"},
      {"f() { docker build api; }; f; docker build web", "api\nweb\n"},
      {"f() { if x; then cd a; fi; }\ncd web\ndocker build .", "web\n"},
      {"f() { source x; }; D=a; f; docker build $D", "?\n"},
      {"f() { :; }\ng() { D=b; }\nD=a; f; docker build $D", "?\n"},
  });
}

TEST(BuildScript, ALoopStartsAgainWithWhatItsEndSets) {
  expect_contexts({
      {"D=api\nfor i in 1 2; do docker build $D; D=b; done\ndocker build $D", "?\n?\n"},
      {"D=api\nuntil x; do\n  docker build $D\n  if y; then D=b; fi\ndone", "?\n"},
      {"D=api\nwhile docker build $D; do D=b; done", "?\n"},
      {"f() { D=b; }\nD=api\nfor i in 1 2; do docker build $D; f; done", "?\n"},
      {"D=api\nfor i in 1 2; do docker build $D; source x; done", "?\n"},
      {"D=api\nfor i in 1 2; do docker build $D; E=b; done", "api\n"},
      {"D=api\nif x; then docker build $D; D=b; fi", "api\n"},
      {"for i in 1 2; do docker build api; cd b; done", "?\n"},
      {"for i in 1 2; do if x; then docker build api; fi; cd b; done; docker build .", "?\n?\n"},
      {"for i in 1 2; do cd b; docker build .; cd ..; done; docker build .", "b\n.\n"},
      {"for i in 1 2; do (cd b; docker build .); docker build .; done", "b\n.\n"},
      {"docker build .; for i in 1 2; do cd b; done", ".\n"},
  });
}

TEST(BuildScript, SomeShellsTakeAliases) {
  expect_contexts({
      {"alias b='docker build'\nb api", "api\n"},
      {"alias b='docker build -t x' c=d\nb api; c web", "api\n"},
      {"alias docker=podman\ndocker build api", "api\n"},
      {"D=api\nalias b='D=b'\ndocker build $D; b; docker build $D", "api\n?\n"},
      {"alias in='cd b'\ndocker build .; in; docker build .", ".\n?\n"},
      {"alias cd=:\ncd b\ndocker build .", "?\n"},
      {"cd() { :; }\ncd b\ndocker build .", "?\n"},
      {"alias -p\nalias =\nalias b=\nb api", ""},
  });
}

TEST(BuildScript, ValuesAreSetInManyWays) {
  for (const char* change : {"let D=D+1",
                             "let 'D += 1' x",
                             "((D++))",
                             "(( D = D + 1 ))",
                             "((--D))",
                             "((D<<=1))",
                             "unset D",
                             "unset -v D",
                             "read D",
                             "read -r A D <f",
                             "mapfile D",
                             "printf -v D x",
                             "declare -i D=1+1",
                             "readonly D=$(x)",
                             "export D=$(x)",
                             "typeset -u D=x",
                             ": ${D:=x}",
                             "echo $((D++))",
                             "A=$((D=2))",
                             "D[0]=x",
                             ". ./f",
                             "eval \"$x\"",
                             "trap 'D=x' DEBUG",
                             "unset $x",
                             "for ((D=0; D<3; D++)); do x; done",
                             "for D in a b; do x; done",
                             "getopts ab D",
                             "if x; then D=y; fi",
                             "(D=y)",
                             "{ D=y; }",
                             "builtin export D=$(x)"}) {
    EXPECT_EQ(contexts_of_script("D=1\n" + std::string(change) + "\ndocker build a$D"), "?\n") << change;
  }
  expect_contexts({
      {"D=1\nexport D\ndocker build a$D", "a1\n"},
      {"D=1\nreadonly D=2\ndocker build a$D", "a2\n"},
      {"declare -r D=2\ndocker build a$D", "a2\n"},
      {"D=1\nif ((D == 1)); then x; fi\ndocker build a$D", "a1\n"},
      {"D=1\nif ((D <= 1 || D != 2)); then x; fi\ndocker build a$D", "a1\n"},
      {"D=1\nE=$((D + 1))\ndocker build a$D", "a1\n"},
      {"D=1\necho ${D:-2}\ndocker build a$D", "a1\n"},
      {"D=1\ntrap 'D=x' EXIT\ndocker build a$D", "a1\n"},
  });
}

}  // namespace
}  // namespace dcache::project

// What scripts of CI start, where commands may or may not have run.
#include "dcache/project/build_script.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace dcache::project {
namespace {

struct Case {
  std::string script;
  std::string builds;  // contexts, one a line; ? for one that is not known
};

std::string shown(const CiText& text) {
  return text.is_known() ? text.text : "?";
}

// What is written after `docker build` as the context, from the folder in which the command runs.
std::string read(const std::string& script) {
  const auto environment = [](std::string_view) { return std::optional<CiText>(); };
  BuildScript reader(environment, {"."});
  std::string builds;
  for (const CiBuild& build : reader.read(script)) {
    const CiText* const context = build.find(BuildField::kContext);
    builds += shown(join_ci_path(build.folder, context == nullptr ? CiText{"."} : *context)) + "\n";
  }
  return builds;
}

void expect(const std::vector<Case>& cases) {
  for (const Case& c : cases)
    EXPECT_EQ(read(c.script), c.builds) << c.script;
}

TEST(BuildScript, AListMayEndEarly) {
  expect({
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

TEST(BuildScript, ABlockMayNotRun) {
  expect({
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
  expect({
      {"f() { D=b; }; D=api; f; docker build $D", "?\n"},
      {"f() {\n  D=b\n}\nD=api\nf\ndocker build $D", "?\n"},
      {"function f { D=b; }; D=api; docker build $D; f; docker build $D", "api\n?\n"},
      {"f() { cd b; }; docker build .; f; docker build .", ".\n?\n"},
      {"f() { docker build $D; }; D=api; f", "?\n"},
      {"D=x; f() { docker build $D; }; D=api; f", "?\n"},
      {"f() { docker build .; }; cd api; f", "?\n"},
      {"f() { docker build api; }; f; docker build web", "api\nweb\n"},
      {"f() { if x; then cd a; fi; }\ncd web\ndocker build .", "web\n"},
      {"f() { source x; }; D=a; f; docker build $D", "?\n"},
      {"f() { :; }\ng() { D=b; }\nD=a; f; docker build $D", "?\n"},
  });
}

TEST(BuildScript, ALoopStartsAgainWithWhatItsEndSets) {
  expect({
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
  expect({
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
    EXPECT_EQ(read("D=1\n" + std::string(change) + "\ndocker build a$D"), "?\n") << change;
  }
  expect({
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

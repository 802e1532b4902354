// CopyIgnoredFile in the profile of BuildKit, as `docker buildx build --check` of Docker 28.5 reports it
// (with `experimental=all`), except ignore files with exceptions, which BuildKit leaves alone since 2026.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/run_program.h"

namespace dcache {
namespace {

using nlohmann::json;
using Lines = std::vector<int>;

struct IgnoreCase {
  const char* dockerfile;
  const char* ignore;
  Lines lines;
};

const IgnoreCase kIgnoreCases[] = {
    {"FROM scratch\nCOPY a /a\nCOPY b /b\nADD a /x\n", "a\n", {2, 4}},
    {"FROM scratch\nCOPY *.txt /\nCOPY dir/*.md /\nCOPY n.txt /\n", "*.txt\ndir/*.md\n", {2, 3, 4}},
    {"FROM scratch\nCOPY dir /d\nCOPY dir/x.md /d\nCOPY dir/ /e\n", "dir\n", {2, 3, 4}},
    {"FROM scratch\nCOPY dir /d\nCOPY dir/x.md /d\nCOPY dir/y /d\n", "dir\n!dir/x.md\n", {}},
    {"FROM scratch AS s\nCOPY b /a\nFROM scratch\nCOPY --from=s a /a\n", "a\n", {}},
    {"FROM scratch\nARG F=a\nCOPY ${F} /a\nCOPY $F b /c/\n", "a\n", {3, 4}},
    {"FROM scratch AS x\nONBUILD COPY a /a\nFROM x\nCOPY b /b\n", "a\n", {3}},
    {"FROM scratch\nCOPY <<a /a\nx\na\nCOPY b a /c/\n", "a\n", {5}},
    {"FROM scratch\nCOPY dir/sub/z /z\nCOPY dir/sub /s\nCOPY dir /d\n", "**/sub\n", {2, 3}},
    {"FROM scratch\nADD https://example.com/a /a\nADD a /b\n", "a\n", {3}},
    {"FROM scratch\nCOPY nothere /a\nCOPY b /b\n", "nothere\n", {2}},
    {"FROM scratch AS t\nRUN --mount=type=bind,source=a,target=/a true\nCOPY a /a\n", "a\n", {3}},
    {"FROM scratch\nCOPY Dockerfile /\nCOPY .dockerignore /\n", "Dockerfile\n.dockerignore\n", {2, 3}},
    {"FROM scratch\nCOPY ? /q/\nCOPY [ab] /r/\n", "a\n", {}},
    {"FROM scratch\nCOPY [\"a\", \"b\", \"/x/\"]\n", "a\n", {2}},
    {"FROM scratch AS u\nCOPY a /a\nFROM scratch\nCOPY b /b\n", "a\n", {2}},
    {"FROM scratch\nCOPY a \\\n  b \\\n  /c/\n", "# x\nb\n", {2}},
    {"FROM scratch\nCOPY . /\nCOPY a /a\nCOPY b /b\nCOPY ./a /c\nCOPY /a /d\n", "*\n!b\n", {}},
    {"FROM scratch\nCOPY . /\nCOPY a /a\nCOPY ./a /c\n", "*\n", {2, 3, 4}},
    {"FROM scratch\nCOPY . /\nCOPY a /a\n", "*.md\n", {}},
    {"FROM scratch\nCOPY a/ /x/\nCOPY dir/../a /y\n", "/a\n", {2, 3}},
};

TEST(CopyIgnoredFile, IsWhatBuildkitReports) {
  for (const IgnoreCase& one : kIgnoreCases) {
    const test::TemporaryFolder folder;
    for (const char* name : {"a", "b", "n.txt", "dir/x.md", "dir/y", "dir/sub/z"})
      folder.write(name, "1");
    folder.write("Dockerfile", one.dockerfile);
    folder.write(".dockerignore", one.ignore);
    const json findings = json::parse(test::run_dcache({"lint", "--profile", "buildkit", "--select",
                                                        "CopyIgnoredFile", "--format", "json", "Dockerfile"},
                                                       folder.path())
                                          .out);
    Lines lines;
    for (const json& finding : findings)
      lines.push_back(finding.at("line"));
    EXPECT_EQ(lines, one.lines) << one.dockerfile << one.ignore;
  }
}

}  // namespace
}  // namespace dcache

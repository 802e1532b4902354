// The formats of other programs, several reports at once, and baselines.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/run_program.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::count_of;
using test::Outcome;
using test::run_dcache;
using test::TemporaryFolder;

constexpr char kFormatsDockerfile[] = "FROM a:1\nEXPOSE 80/TCP\nRUN npm install 'x<y>&\"z'\n";

std::string report(const std::string& format) {
  return run_dcache({"lint", "--select", "ExposeProtoCasing,DL3016", "--format", format, "-"}, "/",
                    kFormatsDockerfile)
      .out;
}

TEST(Formats, AreWhatTheirReadersExpect) {
  EXPECT_EQ(report("gnu"),
            "<stdin>:2:8: warning: the protocol of 80/TCP is not in lower case: write 80/tcp "
            "[ExposeProtoCasing]\n<stdin>:3:17: warning: x<y>&\"z has no version: each rebuild of this step "
            "may install another one: write x<y>&\"z@VERSION [DL3016]\n");
  const std::string github = report("github");
  EXPECT_EQ(github.substr(0, github.find('\n')),
            "::warning file=<stdin>,line=2,endLine=2,col=8,endColumn=14,title=ExposeProtoCasing::the "
            "protocol of 80/TCP "
            "is not in lower case: write 80/tcp");
  EXPECT_NE(report("checkstyle").find("message=\"x&lt;y&gt;&amp;&quot;z has no version"), std::string::npos);
  EXPECT_NE(report("junit").find("<testsuite name=\"&lt;stdin&gt;\" tests=\"2\" failures=\"2\""),
            std::string::npos);
  const std::string markdown = report("markdown");
  EXPECT_NE(markdown.find("| `<stdin>:2` | warning | the protocol"), std::string::npos);
  EXPECT_NE(markdown.find("/docs/rules/DL3016.md) |\n"), std::string::npos) << markdown;
}

TEST(Formats, InJsonHaveTheMembersTheyNeed) {
  const json gitlab = json::parse(report("gitlab"));
  ASSERT_EQ(gitlab.size(), 2u);
  EXPECT_EQ(gitlab[0]["location"], (json{{"path", "<stdin>"}, {"lines", {{"begin", 2}}}}));
  EXPECT_EQ(gitlab[0]["severity"], "major");
  EXPECT_NE(gitlab[0]["fingerprint"], gitlab[1]["fingerprint"]);
  const json codeclimate = json::parse(report("codeclimate"));
  EXPECT_EQ(codeclimate[1]["type"], "issue");
  EXPECT_EQ(codeclimate[1]["location"]["lines"], (json{{"begin", 3}, {"end", 3}}));
  const json sonarqube = json::parse(report("sonarqube"));
  EXPECT_EQ(sonarqube["issues"][0]["primaryLocation"]["textRange"],
            (json{{"startLine", 2}, {"startColumn", 7}, {"endColumn", 13}}));
  std::set<std::string> rules;
  for (const json& rule : sonarqube["rules"])
    rules.insert(rule["id"]);
  EXPECT_TRUE(rules.contains("ExposeProtoCasing") && rules.contains("DC0001"));
}

// So many RUNs of which each has the same finding.
std::string text_of_equal_findings(size_t count) {
  std::string text = "FROM debian:12\n";
  for (size_t i = 0; i < count; ++i)
    text += "RUN apt-get install x" + std::to_string(i) + "=1\n";
  return text;
}

TEST(TextFormat, FoldsEqualFindingsOfAFile) {
  const std::vector<std::string> arguments = {"lint", "--select", "DL3014", "-"};
  const std::string folded = run_dcache(arguments, "/", text_of_equal_findings(12)).out;
  EXPECT_EQ(count_of(folded, "[DL3014 "), 3u) << folded;
  EXPECT_NE(
      folded.find("      = and 9 more like this, in lines 5, 6, 7, 8, 9, 10, 11, 12, …; -v shows all\n\n12 "
                  "warnings"),
      std::string::npos)
      << folded;
  const std::string four = run_dcache(arguments, "/", text_of_equal_findings(4)).out;
  EXPECT_NE(four.find("and 1 more like this, in line 5; -v"), std::string::npos) << four;
  EXPECT_EQ(run_dcache(arguments, "/", text_of_equal_findings(3)).out.find("more like this"),
            std::string::npos);
}

TEST(TextFormat, ShowsEqualFindingsWhereItIsAskedTo) {
  const std::string text = text_of_equal_findings(12);
  EXPECT_EQ(count_of(run_dcache({"lint", "-v", "--select", "DL3014", "-"}, "/", text).out, "[DL3014 "), 12u);
  const std::string all = run_dcache({"lint", "--format", "json", "--select", "DL3014", "-"}, "/", text).out;
  EXPECT_EQ(count_of(all, "\"rule\":\"DL3014\""), 12u) << all.substr(0, 300);
  const TemporaryFolder folder;
  for (const char* name : {"a.Dockerfile", "b.Dockerfile"})
    folder.write(name, text_of_equal_findings(3));
  const std::string two = run_dcache({"lint", "--select", "DL3014", "."}, folder.path()).out;
  EXPECT_EQ(count_of(two, "[DL3014 "), 6u) << two;
}

TEST(Formats, TellFilesOfOneTextApart) {
  const TemporaryFolder folder;
  folder.write("a/Dockerfile", kFormatsDockerfile);
  folder.write("b/Dockerfile", kFormatsDockerfile);
  const json issues =
      json::parse(run_dcache({"lint", "--select", "DL3016", "--format", "gitlab", "."}, folder.path()).out);
  ASSERT_EQ(issues.size(), 2u);
  EXPECT_NE(issues[0]["fingerprint"], issues[1]["fingerprint"]);
}

TEST(Formats, CanBeSeveralAtOnce) {
  const TemporaryFolder folder;
  folder.write("Dockerfile", kFormatsDockerfile);
  const Outcome outcome = run_dcache({"lint", "--select", "DL3016", "--format", "text", "--format",
                                      "json=a.json", "--format", "junit=b.xml"},
                                     folder.path());
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.out.find("1 warning in 1 file"), std::string::npos);
  EXPECT_EQ(json::parse(folder.read("a.json")).size(), 1u);
  EXPECT_TRUE(folder.read("b.xml").starts_with("<?xml"));
  const Outcome beside =
      run_dcache({"lint", "--select", "DL3016", "--format", "sarif", "--output", "c.sarif"}, folder.path());
  EXPECT_NE(beside.out.find("1 warning in 1 file"), std::string::npos);
  EXPECT_EQ(json::parse(folder.read("c.sarif"))["version"], "2.1.0");
  EXPECT_EQ(run_dcache({"lint", "--format", "json", "--format", "gnu"}, folder.path()).status, 2);
  EXPECT_EQ(run_dcache({"lint", "--format", "jsn"}, folder.path()).status, 2);
  EXPECT_EQ(run_dcache({"lint", "--format", "json=/no/such/folder/x"}, folder.path()).status, 2);
}

TEST(Baseline, LeavesOutWhatIsKnown) {
  const TemporaryFolder folder;
  folder.write("a/Dockerfile", "FROM debian:12\nMAINTAINER x\nUSER a\n");
  EXPECT_EQ(run_dcache({"lint", "--make-baseline", "known.json", "a"}, folder.path()).status, 0);
  EXPECT_EQ(run_dcache({"lint", "--baseline", "known.json", "a"}, folder.path()).status, 0);
  EXPECT_EQ(run_dcache({"lint", "--baseline", "../known.json"}, folder / "a").status, 0);
  folder.write("a/Dockerfile", "# moved\n\nFROM debian:12\nMAINTAINER x\nUSER a\nCMD y\n");
  const Outcome outcome =
      run_dcache({"lint", "--baseline", "known.json", "--format", "gnu", "a"}, folder.path());
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1) << outcome.out;
  EXPECT_NE(outcome.out.find("JSONArgsRecommended"), std::string::npos);
  folder.write("known.json", "[]");
  EXPECT_EQ(run_dcache({"lint", "--baseline", "known.json", "a"}, folder.path()).status, 2);
  EXPECT_EQ(run_dcache({"lint", "--baseline", "none.json", "a"}, folder.path()).status, 2);
}

TEST(UnusedSuppressions, AreFindingsWhereThatIsAskedFor) {
  const std::string text =
      "# dcache ignore=DC1009,DC1003,DL9999 why\nFROM debian:12\n# hadolint ignore=DL3008,SC2086\nRUN x\n";
  EXPECT_EQ(run_dcache({"lint", "--format", "gnu", "-"}, "/", text).out, "");
  EXPECT_EQ(run_dcache({"lint", "--format", "gnu", "--report-unused-suppressions", "-"}, "/", text).out,
            "<stdin>:1:24: info: DC1003 silences nothing here: remove it from the comment "
            "[DC0002]\n<stdin>:1:31: info: DL9999 silences nothing here: remove it from the comment "
            "[DC0002]\n");
}

TEST(Configuration, OfHadolintIsTakenWhereThereIsNoOwn) {
  const TemporaryFolder folder;
  folder.write(".hadolint.yaml", "ignored: [DL4000]\noverride:\n  error: [DL3025]\n");
  folder.write("a/Dockerfile", "FROM debian@sha256:" + std::string(64, '1') + "\nMAINTAINER x\nCMD y\n");
  const Outcome outcome = run_dcache({"lint", "--format", "gnu", "a"}, folder.path());
  EXPECT_EQ(outcome.out.find("MAINTAINER"), std::string::npos);
  EXPECT_NE(outcome.out.find("a/Dockerfile:3:1: error: "), std::string::npos) << outcome.out;
  EXPECT_NE(run_dcache({"lint", "--show-config", "a"}, folder.path()).out.find("ignore = [ 'DL4000' ]"),
            std::string::npos);
  folder.write(".dcache.toml", "");
  EXPECT_NE(run_dcache({"lint", "--format", "gnu", "a"}, folder.path()).out.find("MAINTAINER"),
            std::string::npos);
}

}  // namespace
}  // namespace dcache

// SARIF as code scanning takes it.
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/run_program.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::Outcome;
using test::run_dcache;
using test::TemporaryFolder;

json run_of(const Outcome& outcome) {
  return json::parse(outcome.out)["runs"][0];
}

TEST(Sarif, KeepsFingerprintsWhenLinesMove) {
  const auto run = [](const std::string& text) {
    return json::parse(run_dcache({"lint", "--select", "DC1003,DC1009", "--format", "sarif", "-"}, "/", text)
                           .out)["runs"][0];
  };
  const json before = run("FROM a:1\nRUN npm ci\nRUN npm ci\n");
  const json after = run("# one\n\n# two\nFROM a:1\nRUN npm ci\nRUN npm ci\n");
  ASSERT_EQ(before["results"].size(), 3u);
  std::set<json> fingerprints;
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(before["results"][i]["partialFingerprints"], after["results"][i]["partialFingerprints"]);
    EXPECT_NE(before["results"][i]["locations"], after["results"][i]["locations"]);
    fingerprints.insert(before["results"][i]["partialFingerprints"]);
  }
  EXPECT_EQ(fingerprints.size(), 3u);
}

TEST(Sarif, NamesFilesFromTheRepositorysRoot) {
  const TemporaryFolder folder;
  folder.write("repo/.git/HEAD", "");
  folder.write("repo/my app/Dockerfile", "FROM a\n");
  const json run = json::parse(
      run_dcache({"lint", "--format", "sarif", "Dockerfile"}, folder / "repo/my app").out)["runs"][0];
  const json& location = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
  EXPECT_EQ(location["uri"], "my%20app/Dockerfile");
  EXPECT_EQ(location["uriBaseId"], "SRCROOT");
  EXPECT_TRUE(run["originalUriBaseIds"]["SRCROOT"]["uri"].get<std::string>().ends_with("/repo/"));
  const json& rule = run["tool"]["driver"]["rules"][run["results"][0]["ruleIndex"].get<size_t>()];
  EXPECT_EQ(rule["id"], "DC1009");
  EXPECT_TRUE(rule["help"]["markdown"].get<std::string>().starts_with("# DC1009"));
}

TEST(Sarif, GradesWhatIsAMatterOfSecurity) {
  const json run = run_of(run_dcache({"lint", "--format", "sarif", "-"}, "/", "FROM a:1\n"));
  size_t graded = 0;
  for (const json& rule : run["tool"]["driver"]["rules"]) {
    const json& properties = rule["properties"];
    if (!properties.contains("security-severity")) continue;
    ++graded;
    const double severity = std::stod(properties["security-severity"].get<std::string>());
    EXPECT_TRUE(severity > 0 && severity <= 10) << rule["id"];
    EXPECT_EQ(properties["tags"].back(), "security");
  }
  EXPECT_EQ(graded, 15u);
}

TEST(Sarif, CanNameACategory) {
  const Outcome outcome =
      run_dcache({"lint", "--format", "sarif", "--sarif-category", "images", "-"}, "/", "FROM a:1\n");
  EXPECT_EQ(run_of(outcome)["automationDetails"]["id"], "images/");
}

TEST(Sarif, CanListWhatIsSilenced) {
  const TemporaryFolder folder;
  folder.write(
      "Dockerfile",
      "FROM a:1\n# dcache ignore=MaintainerDeprecated he pays for it\nMAINTAINER x\nEXPOSE 80/TCP\n");
  const std::vector<std::string> lint = {"lint", "--select", "MaintainerDeprecated,ExposeProtoCasing,DC1009",
                                         "--format", "sarif"};
  EXPECT_EQ(run_of(run_dcache(lint, folder.path()))["results"].size(), 2u);
  std::vector<std::string> all = lint;
  all.insert(all.end(), {"--sarif-suppressed", "--make-baseline", "known.json"});
  run_dcache(all, folder.path());
  folder.write("Dockerfile", folder.read("Dockerfile") + "EXPOSE 81/UDP\n");
  all = lint;
  all.insert(all.end(), {"--sarif-suppressed", "--baseline", "known.json"});
  const json results = run_of(run_dcache(all, folder.path()))["results"];
  ASSERT_EQ(results.size(), 4u);
  EXPECT_EQ(results[0]["locations"][0]["physicalLocation"]["region"]["startLine"], 5);
  EXPECT_FALSE(results[0].contains("suppressions"));
  std::set<std::string> words;
  for (size_t i = 1; i < results.size(); ++i)
    words.insert(results[i]["ruleId"].get<std::string>() + results[i]["suppressions"].dump());
  EXPECT_EQ(words, (std::set<std::string>{
                       R"(MaintainerDeprecated[{"justification":"he pays for it","kind":"inSource"}])",
                       R"(DC1009[{"kind":"external"}])", R"(ExposeProtoCasing[{"kind":"external"}])"}));
}

// Code scanning refuses a run with more.
TEST(Sarif, LeavesOutTheLeastSevereAbove25000Results) {
  const TemporaryFolder folder;
  std::string text = "FROM scratch\n";
  for (int i = 0; i < 25'010; ++i)
    text += "MAINTAINER x\n";
  folder.write("Dockerfile", text + "EXPOSE 80/TCP\n");
  const Outcome outcome = run_dcache({"lint", "--select", "MaintainerDeprecated,ExposeProtoCasing", "--level",
                                      "ExposeProtoCasing=error", "--format", "sarif"},
                                     folder.path());
  const json run = run_of(outcome);
  ASSERT_EQ(run["results"].size(), 25'000u);
  EXPECT_EQ(run["results"].back()["ruleId"], "ExposeProtoCasing");
  const std::string words = "the 11 least severe of 25011 findings are left out";
  const json& told = run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
  EXPECT_EQ(told.get<std::string>().substr(0, words.size()), words);
  EXPECT_NE(outcome.err.find(words), std::string::npos);
}

}  // namespace
}  // namespace dcache

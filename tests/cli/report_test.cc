// `dcache report`: the page as text. What a browser makes of it is in scripts/check-page.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "dcache/text/base64.h"
#include "dcache/text/digest.h"
#include "tests/cli/repository.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::Outcome;
using test::run_dcache;

constexpr std::string_view kData = "<script type=\"application/json\" id=\"data\">";

// The text between two others.
std::string between(const std::string& text, std::string_view before, std::string_view after) {
  const size_t start = text.find(before);
  EXPECT_NE(start, std::string::npos) << before;
  if (start == std::string::npos) return {};
  const size_t end = text.find(after, start + before.size());
  return text.substr(start + before.size(), end - start - before.size());
}

class NodeRepository : public test::Repository {
 public:
  NodeRepository()
      : test::Repository({{"Dockerfile", "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\n"},
                          {".dockerignore", ".git\n.dockerignore\nDockerfile\nnode_modules\n*.log\n*.html\n"},
                          {"package.json", "{}\n"},
                          {"package-lock.json", "{}\n"},
                          {"index.js", "1\n"}}) {
    write("index.js", "2\n");
    commit("edit");
  }

  std::string page(std::vector<std::string> arguments = {}) const {
    arguments.insert(arguments.begin(), "report");
    const Outcome outcome = run_dcache(arguments, path());
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  }
  json data(const std::vector<std::string>& arguments = {}) const {
    return json::parse(between(page(arguments), kData, "</script>"));
  }
};

TEST(Report, HasWhatTheOtherCommandsSay) {
  const NodeRepository repository;
  const json data = repository.data();
  const json& image = data.at("images").at(0);
  EXPECT_EQ(image.at("dockerfile"), "Dockerfile");
  EXPECT_EQ(image.at("built"), 2);
  EXPECT_EQ(image.at("steps").at(3).at("instruction"), "RUN npm ci");
  EXPECT_EQ(image.at("steps").at(3).at("rebuilt"), 2);
  EXPECT_EQ(image.at("heat"), json({"mmmm", "uhmm"}));
  EXPECT_EQ(data.at("commits").at(1).at("subject"), "edit");
  EXPECT_EQ(data.at("proposals").at(0).at("changes").at(0).at("rule"), "DC1001");
  EXPECT_NE(data.at("proposals").at(0).at("patch").get<std::string>().find("\n+COPY package"),
            std::string::npos);
  bool has_finding = false;
  for (const json& finding : data.at("findings")) {
    if (finding.at("rule") == "DC1001" && finding.at("line") == 3) {
      has_finding = true;
      EXPECT_EQ(finding.at("impact").at("frequency"), json({{"rebuilt", 2}, {"commits", 2}}));
    }
  }
  EXPECT_TRUE(has_finding) << data.at("findings").dump();
}

TEST(Report, ShowsStepsOfTheWorkTreeInTheirPlaces) {
  const NodeRepository repository;
  repository.write("Dockerfile", "FROM node:20\nRUN new\nWORKDIR /app\nCOPY . .\nRUN npm ci\n");
  const json image = repository.data().at("images").at(0);
  EXPECT_FALSE(image.at("steps").at(1).contains("rebuilt"));
  EXPECT_EQ(image.at("steps").at(4).at("instruction"), "RUN npm ci");
  EXPECT_EQ(image.at("steps").at(4).at("rebuilt"), 2);
  EXPECT_EQ(image.at("heat"), json({"m-mmm", "u-hmm"}));
}

TEST(Report, ShowsTheTimesOfABuild) {
  const NodeRepository repository;
  repository.write("build.log", "#2 [1/2] RUN a\n#2 DONE 5.0s\n\n#3 [2/2] RUN b\n#3 CACHED\n");
  const json runs = repository.data({"--log", "build.log"}).at("runs");
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs.at(0).at("bars").at(0).at("name"), "[1/2] RUN a");
  EXPECT_EQ(runs.at(0).at("bars").at(0).at("end"), 5.0);
  EXPECT_EQ(runs.at(0).at("bars").at(1).at("cached"), true);
}

TEST(Report, SaysHowLongTheStepsOfALogTake) {
  const NodeRepository repository;
  repository.write("build.log", "#7 [4/4] RUN npm ci\n#7 DONE 94.1s\n");
  const json data = repository.data({"--log", "build.log"});
  EXPECT_EQ(data.at("images").at(0).at("steps").at(3).at("seconds"), 94.1);
  EXPECT_NEAR(data.at("proposals").at(0).at("changes").at(0).at("gain").at("seconds").get<double>(), 94.1,
              0.01);
}

TEST(Report, HistoryAloneIsAPageToo) {
  const NodeRepository repository;
  const Outcome outcome = run_dcache({"history", "--format", "html"}, repository.path());
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const json data = json::parse(between(outcome.out, kData, "</script>"));
  EXPECT_FALSE(data.contains("findings"));
  EXPECT_FALSE(data.contains("proposals"));
  const json& image = data.at("images").at(0);
  EXPECT_EQ(image.at("name"), "Dockerfile");
  EXPECT_EQ(image.at("steps").at(3).at("instruction"), "RUN npm ci");
  EXPECT_EQ(image.at("steps").at(3).at("rebuilt"), 2);
  EXPECT_EQ(image.at("heat"), json({"mmmm", "uhmm"}));
}

TEST(Report, LetsNoTextBecomeMarkup) {
  const NodeRepository repository;
  repository.write("Dockerfile", "FROM node:20\nRUN echo '</script><!--<script>alert(1)//' && echo ]]>\n");
  repository.write("<img src=x onerror=alert(2)>", "1\n");
  repository.shell("git add -A && git -c user.name=t -c user.email=t@t commit -q -m '</script><b>'");
  const std::string page = repository.page();
  const std::string data = between(page, kData, "</script>");
  for (const char mark : {'<', '>', '&'})
    EXPECT_EQ(data.find(mark), std::string::npos) << mark;
  EXPECT_NE(json::parse(data).at("images").at(0).at("steps").dump().find("</script><!--<script>"),
            std::string::npos);
}

TEST(Report, AllowsOnlyItsOwnScriptAndStyle) {
  const NodeRepository repository;
  const std::string page = repository.page();
  const std::string policy = between(page, "Content-Security-Policy\" content=\"", "\"");
  EXPECT_TRUE(policy.starts_with("default-src 'none';")) << policy;
  const auto source = [](const std::string& text) {
    return "'sha256-" + text::to_base64(text::sha256(text)) + "'";
  };
  EXPECT_NE(policy.find("script-src " + source(between(page, "</script>\n<script>", "</script>"))),
            std::string::npos);
  EXPECT_NE(policy.find("style-src " + source(between(page, "<style>", "</style>"))), std::string::npos);
  for (const char* address : {"src=\"", "href=\"http", "@import", "url('"})
    EXPECT_EQ(page.find(address), std::string::npos) << address;
}

TEST(Report, WritesAFile) {
  const NodeRepository repository;
  EXPECT_EQ(repository.page({"-o", "report.html"}), "");
  EXPECT_TRUE(repository.read("report.html").starts_with("<!DOCTYPE html>"));
  EXPECT_EQ(run_dcache({"report", "-o", "no/folder/report.html"}, repository.path()).status, 2);
  EXPECT_EQ(run_dcache({"report", "--log", "lost.log"}, repository.path()).status, 2);
  EXPECT_EQ(run_dcache({"report", "nothing..HEAD"}, repository.path()).status, 2);
}

TEST(Base64, IsPadded) {
  EXPECT_EQ(text::to_base64(""), "");
  EXPECT_EQ(text::to_base64("f"), "Zg==");
  EXPECT_EQ(text::to_base64("fo"), "Zm8=");
  EXPECT_EQ(text::to_base64("foo"), "Zm9v");
}

}  // namespace
}  // namespace dcache

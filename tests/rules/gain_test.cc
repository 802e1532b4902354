// What findings say about the steps that an edit rebuilds, where they know the context.
#include <gtest/gtest.h>

#include "tests/lint/lint_testing.h"

namespace dcache {
namespace {

using test::TemporaryFolder;

// The message of the only finding of a rule.
std::string message_of(const char* rule, const std::string& dockerfile, const lint::BuildFacts& facts) {
  const lint::Config config = test::config_selecting({rule});
  const lint::Linter linter(lint::catalogue(), config);
  const dockerfile::File file = dockerfile::parse(dockerfile);
  const lint::Findings findings = linter.lint(file, facts);
  EXPECT_EQ(findings.diagnostics.size(), 1u) << dockerfile;
  return findings.diagnostics.empty() ? "" : findings.diagnostics.front().complaint();
}

bool says(const std::string& message, const std::string& part) {
  return message.find(part) != std::string::npos;
}

TEST(Gain, NamesAFileWhoseEditRunsTheInstallAgain) {
  const TemporaryFolder folder;
  folder.write("package.json", "{}\n");
  folder.write("src/app.js", "\n");
  const auto facts = test::facts_of(folder);
  const std::string head = "FROM node:22\nWORKDIR /app\n";
  const auto message = [&](const std::string& steps) { return message_of("DC1003", head + steps, facts); };
  EXPECT_TRUE(says(message("COPY . .\nRUN npm ci\n"), "for example after editing src/app.js,"));
  EXPECT_TRUE(says(message("COPY package.json ./\nRUN npm ci\n"), "for example after editing package.json,"));
  EXPECT_TRUE(says(message("COPY package.json ./\nRUN npm ci\nCOPY . .\n"),
                   "for example after editing package.json,"));
  EXPECT_FALSE(says(message("RUN npm ci\n"), "after editing"));
  EXPECT_FALSE(says(message_of("DC1003", head + "COPY . .\nRUN npm ci\n", {}), "after editing"));
  // A linked copy does not rest on what is below it, but what follows rests on it.
  EXPECT_TRUE(says(message("COPY src /src\nCOPY --link package.json ./\nRUN npm ci\n"),
                   "after editing package.json"));
}

TEST(Gain, CountsWhatANewValueRebuilds) {
  const TemporaryFolder folder;
  folder.write("package.json", "{}\n");
  const std::string text =
      "FROM node:22\nARG GIT_SHA\nWORKDIR /app\nCOPY package.json ./\nRUN npm ci\nRUN echo $GIT_SHA >v\n";
  const std::string message = message_of("DC1010", text, test::facts_of(folder));
  EXPECT_TRUE(says(message, "a new value of GIT_SHA rebuilds 2 of 4 steps now, and 1 of 4 with this change"))
      << message;
  EXPECT_FALSE(says(message_of("DC1010", text, {}), "steps now"));
}

TEST(Gain, CountsTheStepsOfTheBuilder) {
  const TemporaryFolder folder;
  folder.write("package.json", "{}\n");
  folder.write("package-lock.json", "{}\n");
  folder.write("server.js", "\n");
  const std::string text =
      "FROM node:22\nWORKDIR /app\nLABEL a=1\nCOPY . ./\nRUN npm ci\nENV X=1\nEXPOSE 80\nCMD "
      "[\"node\",\"server.js\"]\n";
  const auto facts = test::facts_of(folder);
  lint::Config config = test::config_selecting({"DC1001"});
  const auto message = [&] {
    const lint::Findings findings =
        lint::Linter(lint::catalogue(), config).lint(dockerfile::parse(text), facts);
    return findings.diagnostics.empty() ? std::string() : findings.diagnostics.front().complaint();
  };
  EXPECT_TRUE(says(message(), "rebuilds 2 of 3 steps now")) << message();
  // The classic builder makes a layer for each instruction.
  config.builder = plan::Builder::kClassic;
  EXPECT_TRUE(says(message(), "rebuilds 5 of 7 steps now")) << message();
}

TEST(Gain, CountsWhatAStrangerRebuilds) {
  const TemporaryFolder folder;
  folder.write(".dockerignore", "x\n");
  folder.write("debug.log", "\n");
  folder.write("app.js", "\n");
  const std::string message = message_of(
      "DC2002", "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm run build\n", test::facts_of(folder));
  EXPECT_TRUE(says(message, "changing debug.log rebuilds 2 of 3 steps now, and 0 of 3 with this change"))
      << message;
}

TEST(Gain, IsDataNextToTheMessage) {
  const TemporaryFolder folder;
  folder.write("package.json", "{}\n");
  const lint::Linter linter(lint::catalogue(), test::config_selecting({"DC1010"}));
  const dockerfile::File file = dockerfile::parse(
      "FROM node:22\nARG GIT_SHA\nWORKDIR /app\nCOPY package.json ./\nRUN npm ci\nRUN echo $GIT_SHA >v\n");
  const lint::Findings findings = linter.lint(file, test::facts_of(folder));
  ASSERT_EQ(findings.diagnostics.size(), 1u);
  const lint::Diagnostic& diagnostic = findings.diagnostics.front();
  EXPECT_FALSE(says(diagnostic.message, "with this change")) << diagnostic.message;
  ASSERT_TRUE(diagnostic.impact);
  EXPECT_EQ(diagnostic.impact->cause, "a new value of GIT_SHA");
  EXPECT_EQ(diagnostic.impact->rebuilds, 2u);
  EXPECT_EQ(diagnostic.impact->steps, 4u);
  EXPECT_EQ(diagnostic.impact->rebuilds_after, 1u);
  EXPECT_EQ(diagnostic.impact->steps_after, 4u);
}

}  // namespace
}  // namespace dcache

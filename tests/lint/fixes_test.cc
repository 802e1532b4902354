// The net under fixes, and what fixes leave behind.
#include "dcache/lint/fixes.h"

#include <gtest/gtest.h>

#include "dcache/lint/fix_check.h"
#include "tests/lint/lint_testing.h"

namespace dcache {
namespace {

using lint::Diagnostic;
using lint::Fix;

// What one fix with these edits does to `text` in addition to what it says.
std::optional<std::string> effect_of(const std::string& text, Fix fix) {
  const Fix* const one = &fix;
  return lint::undeclared_effect(dockerfile::parse(text), {&one, 1},
                                 dockerfile::parse(text::apply(text, fix.edits)));
}

Fix edit(uint32_t begin, uint32_t end, std::string replacement) {
  Fix fix;
  fix.edits = {{{begin, end}, std::move(replacement)}};
  return fix;
}

TEST(UndeclaredEffect, AllowsToChangeWhatAnEditTouches) {
  EXPECT_EQ(effect_of("FROM a\nRUN b c\n", edit(11, 12, "d")), std::nullopt);
  EXPECT_EQ(effect_of("FROM a\nRUN b c\n", edit(14, 14, " e")), std::nullopt);
}

TEST(UndeclaredEffect, TellsAnInstructionThatIsGone) {
  EXPECT_EQ(effect_of("FROM a\nRUN b \\\n  c\nEXPOSE 80\n", edit(17, 18, "")),
            "line 4 (EXPOSE 80) would be lost");
  EXPECT_EQ(effect_of("FROM a\nRUN b\n", edit(7, 12, "")), "line 2 (RUN b) would be lost");
}

TEST(UndeclaredEffect, TellsAnInstructionThatNobodyAskedFor) {
  EXPECT_EQ(effect_of("FROM a\nRUN b\n", edit(7, 7, "USER c\n")), "line 2 (USER c) would be new");
  Fix declared = edit(7, 7, "USER c\n");
  declared.added = {"USER c"};
  EXPECT_EQ(effect_of("FROM a\nRUN b\n", declared), std::nullopt);
  declared.added = {"USER c", "USER d"};
  EXPECT_EQ(effect_of("FROM a\nRUN b\n", declared), "'USER d' would be missing");
}

TEST(UndeclaredEffect, TellsAnotherKeyword) {
  EXPECT_EQ(effect_of("FROM a\nRUN b\n", edit(7, 10, "CMD")), "line 2 (RUN b) would become 'CMD b'");
  EXPECT_EQ(effect_of("FROM a\nRUN b\n", edit(7, 10, "run")), std::nullopt);
}

TEST(UndeclaredEffect, TellsACommentOrADirectiveThatIsGone) {
  EXPECT_EQ(effect_of("FROM a\n# why\nRUN b\n", edit(7, 13, "")), "the comment '# why' would be lost");
  EXPECT_EQ(effect_of("# escape=`\nFROM a\n", edit(0, 0, "# a comment\n")),
            "the directive escape would be lost");
}

TEST(UndeclaredEffect, TellsATextThatNoBuilderReads) {
  EXPECT_NE(effect_of("FROM a\nRUN b\n", edit(7, 7, "--x\n")), std::nullopt);
}

TEST(UndeclaredEffect, FollowsAnInstructionThatMoves) {
  Fix fix;
  fix.edits = {{{7, 13}, ""}, {{19, 19}, "ARG x\n"}};
  EXPECT_NE(effect_of("FROM a\nARG x\nRUN b\nRUN c\n", fix), std::nullopt);
  fix.removed = {7};
  fix.added = {"ARG x"};
  EXPECT_EQ(effect_of("FROM a\nARG x\nRUN b\nRUN c\n", fix), std::nullopt);
}

// Rules made for the tests: what a fault in a fix looks like.
void report_with(lint::Dockerfile& dockerfile, lint::Reporter& reporter, std::string_view word, Fix fix) {
  const size_t place = dockerfile.file().source().find(word);
  if (place == std::string_view::npos) return;
  const auto begin = static_cast<uint32_t>(place);
  Diagnostic& diagnostic = reporter.report({begin, begin + 1}, std::string(word), "");
  for (text::Edit& one : fix.edits) {
    one.span.begin += begin;
    one.span.end += begin;
  }
  diagnostic.fix = std::move(fix);
}

lint::Rule rule(std::string_view code, void (*check)(lint::Dockerfile&, lint::Reporter&)) {
  lint::Rule rule{};
  rule.code = rule.name = code;
  rule.level = lint::Level::kInfo;
  rule.check = check;
  return rule;
}

TEST(FixNet, WithdrawsAFixThatLosesAnInstructionAndSaysSo) {
  const std::vector<lint::Rule> rules = {
      rule("BAD", [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
        report_with(dockerfile, reporter, "echo lost", edit(9, 10, " \\\n"));
      })};
  const lint::Config config;
  const lint::Linter linter(rules, config);
  const std::string text = "FROM a\nRUN echo lost\nUSER b\n";
  const lint::Findings findings = linter.lint(dockerfile::parse(text), {});
  ASSERT_EQ(findings.diagnostics.size(), 1U);
  EXPECT_FALSE(findings.diagnostics[0].fix);
  ASSERT_EQ(findings.bad_fixes.size(), 1U);
  EXPECT_EQ(findings.bad_fixes[0].rule, "BAD");
  EXPECT_EQ(findings.bad_fixes[0].line, 2U);
  EXPECT_EQ(findings.bad_fixes[0].problem, "line 2 (RUN echo lost) would become 'RUN echo lost USER b'");
  const lint::FixedText fixed = lint::apply_fixes(linter, text, {}, true);
  EXPECT_EQ(fixed.text, text);
  EXPECT_EQ(fixed.fixed, 0U);
  ASSERT_EQ(fixed.bad_fixes.size(), 1U);
}

TEST(FixNet, DropsAFixThatDoesNotHelp) {
  const std::vector<lint::Rule> rules = {
      rule("USELESS",
           [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
             report_with(dockerfile, reporter, "echo a", edit(6, 6, " "));
           }),
      rule("GOOD", [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
        report_with(dockerfile, reporter, "echo b", edit(5, 6, "c"));
      })};
  const lint::Config config;
  const lint::FixedText fixed =
      lint::apply_fixes(lint::Linter(rules, config), "FROM a\nRUN echo a\nRUN echo b\n", {}, true);
  EXPECT_EQ(fixed.text, "FROM a\nRUN echo a\nRUN echo c\n");
  EXPECT_EQ(fixed.fixed, 1U);
  ASSERT_EQ(fixed.bad_fixes.size(), 1U);
  EXPECT_EQ(fixed.bad_fixes[0].problem, "USELESS would still be reported");
}

TEST(FixNet, DropsAFixThatBringsAWorseFinding) {
  lint::Rule worse = rule("WORSE", [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
    if (dockerfile.file().source().find("worse") != std::string_view::npos)
      reporter.report({0, 1}, "worse", "");
  });
  worse.level = lint::Level::kError;
  const std::vector<lint::Rule> rules = {rule("FIRST",
                                              [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
                                                report_with(dockerfile, reporter, "echo a",
                                                            edit(5, 6, "worse"));
                                              }),
                                         worse};
  const lint::Config config;
  const lint::FixedText fixed =
      lint::apply_fixes(lint::Linter(rules, config), "FROM a\nRUN echo a\n", {}, true);
  EXPECT_EQ(fixed.fixed, 0U);
  ASSERT_EQ(fixed.bad_fixes.size(), 1U);
  EXPECT_EQ(fixed.bad_fixes[0].problem, "WORSE would be reported instead");
}

TEST(FixNet, DropsAFixThatDoesNotPlan) {
  const std::vector<lint::Rule> rules = {
      rule("BAD", [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
        report_with(dockerfile, reporter, "--from=0", edit(7, 8, "5"));
      })};
  const lint::Config config;
  const std::string text = "FROM a\nFROM b\nCOPY --from=0 /x /y\n";
  const lint::FixedText fixed = lint::apply_fixes(lint::Linter(rules, config), text, {}, true);
  EXPECT_EQ(fixed.text, text);
}

TEST(Fixes, AreAppliedInAsManyRoundsAsTheyNeed) {
  const std::vector<lint::Rule> rules = {
      rule("ONE",
           [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
             report_with(dockerfile, reporter, "echo a", edit(5, 6, "b"));
           }),
      rule("TWO",
           [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
             report_with(dockerfile, reporter, "echo b", edit(5, 6, "c"));
           }),
      rule("THREE", [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
        report_with(dockerfile, reporter, "echo c", edit(5, 6, "d"));
      })};
  const lint::Config config;
  const lint::FixedText fixed =
      lint::apply_fixes(lint::Linter(rules, config), "FROM a\nRUN echo a\n", {}, true);
  EXPECT_EQ(fixed.text, "FROM a\nRUN echo d\n");
  EXPECT_EQ(fixed.fixed, 3U);
}

Fix new_file(std::string content) {
  Fix fix;
  fix.new_file = "/app/.dockerignore";
  fix.new_file_content = std::move(content);
  return fix;
}

TEST(Fixes, WriteANewFileOnce) {
  const std::vector<lint::Rule> rules = {
      rule("ONE",
           [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
             report_with(dockerfile, reporter, "FROM", new_file("one"));
           }),
      rule("TWO",
           [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
             report_with(dockerfile, reporter, "RUN", new_file("two"));
           }),
      rule("EDIT", [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
        report_with(dockerfile, reporter, "echo a", edit(5, 6, "b"));
      })};
  const lint::Config config;
  const lint::FixedText fixed =
      lint::apply_fixes(lint::Linter(rules, config), "FROM a\nRUN echo a\n", {}, true);
  EXPECT_EQ(fixed.text, "FROM a\nRUN echo b\n");
  EXPECT_EQ(fixed.fixed, 2U);
  ASSERT_EQ(fixed.new_files.size(), 1U);
  EXPECT_EQ(fixed.new_files[0].new_file_content, "one");
}

// What --fix with the rules of the catalogue makes of a text.
std::string fixed_text(const std::string& text, std::vector<std::string> rules) {
  const lint::Config config = test::config_selecting(std::move(rules));
  const lint::Linter linter(lint::catalogue(), config);
  lint::FixedText fixed = lint::apply_fixes(linter, text, {}, true);
  EXPECT_TRUE(fixed.bad_fixes.empty()) << fixed.bad_fixes.front().problem;
  return fixed.text;
}

struct Removed {
  const char* name;
  const char* before;
  const char* after;
};

void PrintTo(const Removed& one, std::ostream* out) {
  *out << one.name;
}

class RemovedWords : public testing::TestWithParam<Removed> {};

TEST_P(RemovedWords, TakeTheContinuationBeforeThemAlong) {
  EXPECT_EQ(fixed_text(GetParam().before, {"DC1005"}), GetParam().after);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, RemovedWords,
    testing::Values(
        Removed{"LastOption",
                "FROM a\nRUN --mount=type=cache,target=/root/.cache/pip pip install a \\\n  "
                "--no-cache-dir\nCMD [\"x\"]\n",
                "FROM a\nRUN --mount=type=cache,target=/root/.cache/pip pip install a\nCMD [\"x\"]\n"},
        Removed{"OptionInTheMiddle",
                "FROM a\nRUN --mount=type=cache,target=/root/.cache/pip pip install \\\n  --no-cache-dir "
                "\\\n  a\n",
                "FROM a\nRUN --mount=type=cache,target=/root/.cache/pip pip install \\\n  a\n"},
        Removed{"OptionAtTheStartOfALine",
                "FROM a\nRUN --mount=type=cache,target=/root/.cache/pip pip install \\\n  --no-cache-dir a\n",
                "FROM a\nRUN --mount=type=cache,target=/root/.cache/pip pip install \\\n  a\n"},
        Removed{
            "WithCommentsAndBlankLines",
            "FROM a\nRUN --mount=type=cache,target=/root/.cache/pip pip install a \\\n  # small\n\n  "
            "--no-cache-dir\nUSER x\n",
            "FROM a\nRUN --mount=type=cache,target=/root/.cache/pip pip install a\n  # small\n\nUSER x\n"},
        Removed{"OneOfSeveralPaths",
                "FROM a\nRUN --mount=type=cache,target=/var/cache/apk apk add curl && \\\n  rm -rf /tmp/* "
                "\\\n  /var/cache/apk/*\nEXPOSE 80\n",
                "FROM a\nRUN --mount=type=cache,target=/var/cache/apk apk add curl && \\\n  rm -rf "
                "/tmp/*\nEXPOSE 80\n"},
        Removed{"LastCommand",
                "FROM a\nRUN --mount=type=cache,target=/var/cache/apk apk add curl \\\n  # clean up\n  && rm "
                "-rf /var/cache/apk/*\nUSER x\n",
                "FROM a\nRUN --mount=type=cache,target=/var/cache/apk apk add curl\n  # clean up\nUSER x\n"},
        Removed{"CommandInTheMiddle",
                "FROM a\nRUN --mount=type=cache,target=/var/cache/apk apk add curl && \\\n  rm -rf "
                "/var/cache/apk/* && \\\n  echo b\n",
                "FROM a\nRUN --mount=type=cache,target=/var/cache/apk apk add curl && \\\n  echo b\n"},
        Removed{"CommandInTheMiddleBehindItsConnector",
                "FROM a\nRUN --mount=type=cache,target=/var/cache/apk apk add curl \\\n  && rm -rf "
                "/var/cache/apk/* \\\n  && echo b\n",
                "FROM a\nRUN --mount=type=cache,target=/var/cache/apk apk add curl \\\n  && echo b\n"},
        Removed{"WindowsLines",
                "FROM a\r\nRUN --mount=type=cache,target=/root/.cache/pip pip install a \\\r\n  "
                "--no-cache-dir\r\nUSER x\r\n",
                "FROM a\r\nRUN --mount=type=cache,target=/root/.cache/pip pip install a\r\nUSER x\r\n"},
        Removed{"NoLineEndAtTheEnd",
                "FROM a\nRUN --mount=type=cache,target=/root/.cache/pip pip install a \\\n  --no-cache-dir",
                "FROM a\nRUN --mount=type=cache,target=/root/.cache/pip pip install a\n"},
        Removed{"OneLine",
                "FROM a\nRUN --mount=type=cache,target=/root/.cache/pip pip install --no-cache-dir a && b\n",
                "FROM a\nRUN --mount=type=cache,target=/root/.cache/pip pip install a && b\n"}),
    [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace dcache

#include "dcache/dockerfile/parser.h"

#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dcache/dockerfile/layout.h"

namespace dcache::dockerfile {
namespace {

std::vector<std::string> texts(std::span<const Word> words) {
  std::vector<std::string> all;
  for (const Word& word : words)
    all.emplace_back(word.text);
  return all;
}

std::vector<std::string> spelled(const File& file, std::span<const Word> words) {
  std::vector<std::string> all;
  for (const Word& word : words)
    all.emplace_back(word.span.of(file.source()));
  return all;
}

using Texts = std::vector<std::string>;

TEST(Parser, SplitsInstructions) {
  const File file = parse("FROM alpine AS base\nCOPY --from=base --chown=1:1 a b /dst/\n");
  ASSERT_EQ(file.instructions().size(), 2u);
  const Instruction& copy = file.instructions()[1];
  EXPECT_EQ(copy.keyword, Keyword::kCopy);
  EXPECT_EQ(texts(copy.arguments), (Texts{"a", "b", "/dst/"}));
  ASSERT_EQ(copy.flags.size(), 2u);
  EXPECT_EQ(copy.flags[1].name, "chown");
  EXPECT_EQ(copy.flags[1].value, "1:1");
  EXPECT_EQ(copy.flags[1].span.of(file.source()), "--chown=1:1");
  EXPECT_EQ(copy.start_line, 2u);
}

TEST(Parser, JoinsContinuedLinesAndKnowsWhereEachWordIs) {
  const std::string source = "FROM a\nCOPY one \\\n  # a comment\n\n  two \\\n  /dst\n";
  const File file = parse(source);
  const Instruction& copy = file.instructions()[1];
  EXPECT_EQ(copy.joined, "COPY one   two   /dst");
  EXPECT_EQ(spelled(file, copy.arguments), (Texts{"one", "two", "/dst"}));
  EXPECT_EQ(copy.start_line, 2u);
  EXPECT_EQ(copy.end_line, 6u);
  ASSERT_EQ(file.comments().size(), 1u);
  EXPECT_EQ(file.comments()[0].line, 3u);
}

TEST(Parser, ReadsDirectives) {
  const File file =
      parse("# Syntax = docker/dockerfile:1 \n# escape=`\n# check=skip=all\nFROM a\nRUN x `\n  y\n");
  EXPECT_EQ(file.directive("syntax"), "docker/dockerfile:1");
  EXPECT_EQ(file.directive("check"), "skip=all");
  EXPECT_EQ(file.escape(), '`');
  EXPECT_EQ(texts(file.instructions()[1].arguments), (Texts{"x   y"}));
}

struct DirectiveCase {
  const char* source;
  char escape;
};
TEST(Parser, KnowsWhereDirectivesEnd) {
  for (const DirectiveCase& c : {DirectiveCase{"# a comment\n# escape=`\nFROM a\n", '\\'},
                                 {"\n# escape=`\nFROM a\n", '\\'},
                                 {"# unknown=x\n# escape=`\nFROM a\n", '\\'},
                                 {"FROM a\n# escape=`\n", '\\'},
                                 {"#escape=`\nFROM a\n", '`'},
                                 {"\xEF\xBB\xBF# escape=`\nFROM a\n", '`'}}) {
    EXPECT_EQ(parse(c.source).escape(), c.escape) << c.source;
  }
}

// As parser.DetectSyntax and parser.ParseDirective of BuildKit do.
TEST(Parser, ReadsDirectivesBelowAShebang) {
  struct Case {
    const char* source;
    const char* found;  // as "syntax;check;escape"
  };
  for (const Case& c :
       {Case{"#!/usr/bin/env docker build\n# syntax=a\n# check=skip=all\n# escape=`\nFROM a\n",
             "a;skip=all;\\"},
        {"\xEF\xBB\xBF#!/bin/sh\r\n# syntax=a\r\nFROM a\r\n", "a;;\\"},
        {"#!/bin/sh\n\n# syntax=a\nFROM a\n", ";;\\"},
        {"#!/bin/sh\n# a comment\n# syntax=a\nFROM a\n", ";;\\"},
        {"# syntax=a\n#!/bin/sh\n# check=skip=all\nFROM a\n", "a;;\\"},
        {"#!/bin/sh\n# syntax=a\n# syntax=b\n# check=skip=all\nFROM a\n", "a;;\\"},
        {" # syntax=a\n# check=skip=all\n# escape=`\nFROM a\n", ";;`"},
        {" #!/bin/sh\n# syntax=a\nFROM a\n", ";;\\"},
        {"// syntax=a\nFROM a\n", ";;\\"}}) {
    const File file = parse(c.source);
    EXPECT_EQ(fmt::format("{};{};{}", file.directive("syntax").value_or(""),
                          file.directive("check").value_or(""), file.escape()),
              c.found)
        << c.source;
  }
  EXPECT_TRUE(parse("#!/bin/sh\n# syntax=a\n# syntax=b\nFROM a\n").errors().empty());
  EXPECT_FALSE(parse(" # syntax=a\n# syntax=b\nFROM a\n").errors().empty());
}

TEST(Parser, ReadsHeredocs) {
  const File file = parse("FROM a\nRUN <<EOF cat >x && <<-'E2' cat\nline\nEOF\n\ttab\n\tE2\nCMD x\n");
  ASSERT_TRUE(file.errors().empty());
  const Instruction& run = file.instructions()[1];
  ASSERT_EQ(run.heredocs.size(), 2u);
  EXPECT_EQ(run.heredocs[0].content, "line\n");
  EXPECT_TRUE(run.heredocs[0].expand);
  EXPECT_EQ(run.heredocs[1].name, "E2");
  EXPECT_FALSE(run.heredocs[1].expand);
  EXPECT_TRUE(run.heredocs[1].chomp);
  EXPECT_EQ(run.heredocs[1].content, "\ttab\n");
  EXPECT_EQ(run.heredocs[1].marker.of(file.source()), "<<-'E2'");
  EXPECT_EQ(run.end_line, 6u);
  EXPECT_EQ(file.instructions()[2].keyword, Keyword::kCmd);
}

TEST(Parser, ReadsHeredocsWithWhiteSpaceBeforeTheirName) {
  const auto heredocs_of = [](const std::string& text) {
    const File file = parse("FROM a\n" + text);
    std::string names = file.errors().empty() ? "" : "error ";
    for (const Heredoc& heredoc : file.instructions()[1].heredocs)
      names += std::string(heredoc.name) + (heredoc.expand ? ";" : "!;");
    return names;
  };
  EXPECT_EQ(heredocs_of("RUN << EOF\na\nEOF\n"), "EOF;");
  EXPECT_EQ(heredocs_of("RUN <<  \tEOF\na\nEOF\n"), "EOF;");
  EXPECT_EQ(heredocs_of("RUN 3<< EOF\na\nEOF\n"), "EOF;");
  EXPECT_EQ(heredocs_of("RUN << \"EOF\"\na\nEOF\n"), "EOF!;");
  EXPECT_EQ(heredocs_of("RUN R << \"x; y\"\na\nx; y\n"), "x; y!;");
  EXPECT_EQ(heredocs_of("RUN R << \"x; y\"\na\n"), "error x; y!;");
  EXPECT_EQ(heredocs_of("RUN <<E\\OF\na\nEOF\n"), "EOF;");  // an escape is not a quote
  EXPECT_EQ(heredocs_of("RUN cat <<- EOF\n"), "");
}

TEST(Parser, TakesNoHeredocFromQuotesHereStringsAndJson) {
  for (const char* source :
       {"FROM a\nRUN echo \"<<EOF\"\n", "FROM a\nRUN cat <<< x\n", "FROM a\nRUN [\"a\",\"<<EOF\"]\n",
        "FROM a\nENV x=<<EOF\n", "FROM a\nRUN echo '<<EOF\n"}) {
    const File file = parse(source);
    EXPECT_TRUE(file.errors().empty()) << source;
    EXPECT_TRUE(file.instructions()[1].heredocs.empty()) << source;
  }
}

TEST(Parser, ReadsJsonFormsOrFallsBackToTheShell) {
  struct Case {
    const char* arguments;
    bool json;
    Texts words;
  };
  for (const Case& c : {Case{R"(["a", "b\"c\u00e4"])", true, {"a", "b\"cä"}},
                        {"[]", true, {}},
                        {R"(["a" "b"])", false, {R"(["a" "b"])"}},
                        {"['a']", false, {"['a']"}},
                        {R"(["a",])", false, {R"(["a",])"}},
                        {R"(["\ud83d\ude00"])", true, {"😀"}},
                        {R"(["a"] x)", false, {R"(["a"] x)"}}}) {
    const File file = parse(std::string("FROM a\nCMD ") + c.arguments + "\n");
    EXPECT_EQ(file.instructions()[1].json, c.json) << c.arguments;
    EXPECT_EQ(texts(file.instructions()[1].arguments), c.words) << c.arguments;
  }
}

TEST(Parser, SplitsPairsOfEnvAndLabel) {
  const File file = parse("FROM a\nENV a=1 b=\"x y\" c=d\\ e\nENV old a  value\n");
  EXPECT_EQ(texts(file.instructions()[1].arguments), (Texts{"a", "1", "b", "\"x y\"", "c", "d\\ e"}));
  EXPECT_FALSE(file.instructions()[1].legacy);
  EXPECT_EQ(texts(file.instructions()[2].arguments), (Texts{"old", "a  value"}));
  EXPECT_TRUE(file.instructions()[2].legacy);
}

TEST(Parser, ReadsWhatOnbuildCarries) {
  const File file = parse("FROM a\nONBUILD COPY --chown=1 x /y\n");
  const Instruction* copy = file.instructions()[1].onbuild;
  ASSERT_NE(copy, nullptr);
  EXPECT_EQ(copy->keyword, Keyword::kCopy);
  EXPECT_EQ(copy->flags[0].span.of(file.source()), "--chown=1");
  EXPECT_EQ(spelled(file, copy->arguments), (Texts{"x", "/y"}));
}

struct ErrorCase {
  const char* source;
  uint32_t line;  // 0: none
};
// The facts are those of current BuildKit, tried one by one.
TEST(Parser, RefusesWhatBuildKitRefuses) {
  for (const ErrorCase& c : {ErrorCase{"", 1},
                             {"# only\n", 1},
                             {"FROM a\nENV x\n", 2},
                             {"FROM a\nENV a=b c\n", 2},
                             {"FROM a\nENV =b\n", 2},
                             {"FROM a\nARG =b\n", 2},
                             {"FROM a\nCMD [1]\n", 2},
                             {"FROM a\nCMD []\n", 0},
                             {"FROM a\nRUN\n", 0},
                             {"FROM a\nCOPY a\n", 2},
                             {"FROM a\nCOPY --foo a b\n", 2},
                             {"FROM a\nCOPY --link=maybe a b\n", 2},
                             {"FROM a\nCOPY --link --link a b\n", 2},
                             {"FROM a\nCOPY --chown a b\n", 2},
                             {"FROM a\nCOPY --exclude=x --exclude=y a b\n", 0},
                             {"FROM a\nADD --from=x a b\n", 2},
                             {"FROM a\nSHELL bash\n", 2},
                             {"FROM a\nHEALTHCHECK NONE x\n", 2},
                             {"FROM a\nHEALTHCHECK --interval=x NONE\n", 0},
                             {"FROM a\nHEALTHCHECK --interval=5 CMD x\n", 2},
                             {"FROM a\nHEALTHCHECK --interval=1m30s CMD x\n", 0},
                             {"FROM a\nHEALTHCHECK --retries=-1 CMD x\n", 2},
                             {"FROM a\nONBUILD\n", 2},
                             {"FROM a\nONBUILD FROM x\n", 2},
                             {"FROM a\nONBUILD ONBUILD RUN x\n", 2},
                             {"FROM a\nONBUILD FOO\n", 0},
                             {"FROM a b\n", 1},
                             {"FROM a AS 1x\n", 1},
                             {"FROM a AS X-y_1.z\n", 0},
                             {"FROM a\nRUN --network=foo x\n", 2},
                             {"FROM a\nRUN --mount=type=bind,from=$x y\n", 2},
                             {"FROM a\nVOLUME [\"\"]\n", 2},
                             {"FROM a\nFOO x\n", 2},
                             {"FROM a\n\\\n", 2},
                             {"RUN x\nFROM a\n", 1},
                             {"ARG x\nFROM a\n", 0},
                             {"FROM a\nRUN <<EOF\nx\n", 2},
                             {"FROM a\nCOPY x <<EOF\ny\nEOF\n", 2},
                             {"# escape=x\nFROM a\n", 1},
                             {"# escape=`\n# escape=`\nFROM a\n", 2}}) {
    const File file = parse(c.source);
    const uint32_t line = file.errors().empty() ? 0 : file.errors()[0].line;
    EXPECT_EQ(line, c.line) << c.source;
    for (const Error& error : file.errors()) {
      EXPECT_FALSE(error.remedy.empty()) << c.source;
      EXPECT_LE(error.span.end, file.source().size()) << c.source;
    }
  }
}

TEST(Parser, RefusesLinesThatBuildKitCanNotRead) {
  const std::string head = "FROM a\nRUN ";
  EXPECT_TRUE(parse(head + std::string(kLongestLine - 4, 'x') + "\n").errors().empty());
  EXPECT_FALSE(parse(head + std::string(kLongestLine - 3, 'x') + "\n").errors().empty());
}

TEST(Parser, GoesOnAfterAnError) {
  const File file = parse("FROM a\nENV x\nFOO\nRUN [1]\nCMD x\n");
  EXPECT_EQ(file.errors().size(), 3u);
  EXPECT_EQ(file.instructions().back().keyword, Keyword::kCmd);
}

TEST(Parser, ReadsAnyLineEndings) {
  const File file = parse("FROM a\r\nRUN x \\\r\n y\r\nCMD z");
  EXPECT_EQ(texts(file.instructions()[1].arguments), (Texts{"x  y"}));
  EXPECT_EQ(texts(file.instructions()[2].arguments), (Texts{"z"}));
}

TEST(Parser, KeepsItsViewsWhenMoved) {
  File file = parse("FROM a\nRUN x \\\n y\n");
  const File moved = std::move(file);
  EXPECT_EQ(texts(moved.instructions()[1].arguments), (Texts{"x  y"}));
}

std::string rebuilt(const File& file) {
  std::string text;
  for (const Token& token : tokens(file)) {
    EXPECT_EQ(token.span.begin, text.size());
    text += token.span.of(file.source());
  }
  return text;
}

// Any row of bytes has tokens that cover it exactly, and spans inside it.
TEST(Parser, LosesNothingOfRandomText) {
  constexpr std::string_view kPieces[] = {"FROM a\n",
                                          "RUN ",
                                          "COPY ",
                                          "ENV ",
                                          "ONBUILD ",
                                          "--x=y ",
                                          "<<EOF",
                                          "<<-\"E\" ",
                                          "EOF\n",
                                          "\\\n",
                                          "\\",
                                          "`",
                                          "\n",
                                          "\r\n",
                                          " ",
                                          "\t",
                                          "# c\n",
                                          "#",
                                          "[\"a\",",
                                          "\"b\"]",
                                          "'",
                                          "\"",
                                          "$",
                                          "${x:-",
                                          "}",
                                          "a",
                                          "ä",
                                          "\xFF",
                                          "\xC2\xA0",
                                          "=",
                                          ",",
                                          "HEALTHCHECK ",
                                          "# escape=`\n",
                                          "LABEL a=b "};
  std::mt19937 random(20240607);
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (int n = static_cast<int>(random() % 24); n > 0; --n)
      text += kPieces[random() % std::size(kPieces)];
    if (random() % 16 == 0) text += '\0';
    const File file = parse(text);
    ASSERT_EQ(rebuilt(file), text);
  }
}

}  // namespace
}  // namespace dcache::dockerfile

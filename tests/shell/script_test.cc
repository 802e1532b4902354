#include "dcache/shell/script.h"

#include <random>

#include <gtest/gtest.h>

namespace dcache::shell {
namespace {

std::vector<Command> split(std::string_view script) {
  static text::Arena texts;
  return shell::split(script, texts);
}

// Commands as text: connector, depth and words.
std::vector<std::string> shown(std::string_view script) {
  constexpr std::string_view kSigns[] = {"", "&& ", "|| ", "; ", "| ", "& "};
  std::vector<std::string> all;
  for (const Command& command : split(script)) {
    std::string text(kSigns[static_cast<size_t>(command.connector)]);
    for (uint32_t i = 0; i < command.depth; ++i)
      text += ">";
    for (const Word& word : command.assignments)
      text.append("{").append(word.text).append("}");
    for (const Word& word : command.words)
      text.append("[").append(word.text).append("]");
    all.push_back(text);
  }
  return all;
}
using Texts = std::vector<std::string>;

TEST(Split, TakesListsApart) {
  EXPECT_EQ(shown("a b && c || d; e | f & g"),
            (Texts{"[a][b]", "&& [c]", "|| [d]", "; [e]", "| [f]", "& [g]"}));
  EXPECT_EQ(shown("a \\\n  b\nc"), (Texts{"[a][b]", "; [c]"}));
  EXPECT_EQ(shown(""), Texts{});
}

TEST(Split, RemovesQuotesAndKeepsVariables) {
  EXPECT_EQ(shown(R"(a "b c" 'd $e' f\ g "$h" ${i:-x y})"), (Texts{"[a][b c][d $e][f g][$h][${i:-x y}]"}));
  const std::vector<Command> commands = split(R"(a 'lit' $x *)");
  EXPECT_TRUE(commands[0].words[1].literal);
  EXPECT_FALSE(commands[0].words[2].literal);
  EXPECT_FALSE(commands[0].words[3].literal);
  EXPECT_EQ(commands[0].words[1].spelling, "'lit'");
}

TEST(Split, SeparatesAssignmentsAndRedirections) {
  EXPECT_EQ(shown("A=1 B='2 3' make C=4 2>&1 >out <<<in"), (Texts{"{A=1}{B=2 3}[make][C=4]"}));
  const std::vector<Command> commands = split("a 2>&1 >> f");
  ASSERT_EQ(commands[0].redirections.size(), 2u);
  EXPECT_EQ(commands[0].redirections[1].op, ">>");
  EXPECT_EQ(commands[0].redirections[1].target.text, "f");
}

TEST(Split, KnowsRedirectionsOfAllOutput) {
  EXPECT_EQ(shown("make &> log && a"), (Texts{"[make]", "&& [a]"}));
  EXPECT_EQ(shown("make &>>log b & c"), (Texts{"[make][b]", "& [c]"}));
  const std::vector<Command> commands = split("make &> log");
  ASSERT_EQ(commands[0].redirections.size(), 1u);
  EXPECT_EQ(commands[0].redirections[0].op, "&>");
  EXPECT_EQ(commands[0].redirections[0].target.text, "log");
}

TEST(Split, SeesCommandsInsideBlocks) {
  EXPECT_EQ(shown("if a; then b; else c; fi; d"), (Texts{">[a]", "; >[b]", "; >[c]", "; [d]"}));
  EXPECT_EQ(shown("for x in 1 2; do a $x; done && b"), (Texts{">[a][$x]", "&& [b]"}));
  EXPECT_EQ(shown("(a; b) && { c; }"), (Texts{">[a]", "; >[b]", "&& >[c]"}));
  EXPECT_EQ(shown("case $x in a|b) c ;; *) d ;; esac; e"), (Texts{">[c]", "; >[d]", "; [e]"}));
  EXPECT_EQ(shown("f() { a; }; f"), (Texts{">[a]", "; [f]"}));
  EXPECT_EQ(shown("while ! a; do b; done"), (Texts{">[a]", "; >[b]"}));
}

TEST(Split, SeesCommandsInsideSubstitutions) {
  EXPECT_EQ(shown("a $(b c) d"), (Texts{"[a][$(b c)][d]", ">[b][c]"}));
  EXPECT_EQ(shown("a `b`"), (Texts{"[a][`b`]", ">[b]"}));
  EXPECT_EQ(shown("a \"$(b \"$(c)\")\""), (Texts{"[a][$(b \"$(c)\")]", ">[b][$(c)]", ">>[c]"}));
  EXPECT_EQ(shown("a $((1 + 2))"), (Texts{"[a][$((1 + 2))]"}));
}

TEST(Split, SkipsHeredocsAndComments) {
  EXPECT_EQ(shown("cat <<E > f\nnot a command\nE\nb # c d\ne"), (Texts{"[cat]", "; [b]", "; [e]"}));
  // Of <<- the delimiter may be indented by tabs, of << not.
  EXPECT_EQ(shown("cat <<-E\n\tnot a command\n\tE\nb"), (Texts{"[cat]", "; [b]"}));
  EXPECT_EQ(shown("cat <<-'E' >f\n\t\tE\nb"), (Texts{"[cat]", "; [b]"}));
  EXPECT_EQ(shown("cat <<E\n\tE\nnot a command\nE\nb"), (Texts{"[cat]", "; [b]"}));
}

TEST(Split, ComesBackFromAnything) {
  constexpr std::string_view kPieces[] = {
      "a",    " ",   "\n",   ";",     "&&",  "|",  "(",   ")",     "{ ", "}",     "$(",   "`",
      "\"",   "'",   "\\",   "<<E\n", "E\n", ">",  "if ", "then ", "fi", "case ", " in ", "esac",
      "for ", "do ", "done", "$",     "${",  "x=", "#",   "&",     ";;", "2>"};
  std::mt19937 random(7);
  for (int i = 0; i < 50000; ++i) {
    std::string script;
    for (int n = static_cast<int>(random() % 20); n > 0; --n)
      script += kPieces[random() % std::size(kPieces)];
    for (const Command& command : split(script)) {
      if (command.spelling.empty()) continue;
      EXPECT_GE(command.spelling.data(), script.data());
      EXPECT_LE(command.spelling.data() + command.spelling.size(), script.data() + script.size());
    }
  }
}

TEST(Invocation, IsTheProgramThatReallyRuns) {
  struct Case {
    const char* script;
    const char* program;
  };
  for (const Case& c : {Case{"sudo -u me npm ci", "npm"},
                        {"sudo -Hu me npm ci", "npm"},
                        {"sudo -Hume npm ci", "npm"},
                        {"env A=1 B=\"$C\" go build", "go"},
                        {"env -u A ${FLAGS} B=1 go build", "go"},
                        {"env $PROGRAM", "$PROGRAM"},
                        {"env A=1 B=2 pip install x", "pip"},
                        {"exec /usr/bin/go build", "go"},
                        {"time nice -n 5 make", "make"},
                        {"timeout 5 apt-get update", "apt-get"},
                        {"xargs -n 1 npm install", "npm"},
                        {"npm ci", "npm"},
                        {"sudo", "sudo"},
                        {"gosu me yarn", "yarn"}}) {
    const std::vector<Command> commands = split(c.script);
    EXPECT_EQ(program_of(invocation(commands.front())), c.program) << c.script;
  }
}

TEST(InnerScript, IsWhatAShellIsGiven) {
  const std::vector<Command> commands = split("bash -lc 'npm ci && make' && sh script.sh");
  EXPECT_EQ(inner_script(commands[0].words), "npm ci && make");
  EXPECT_EQ(inner_script(commands.back().words), std::nullopt);
}

TEST(InnerScript, GivesItsCommandsAfterTheOneThatRunsIt) {
  EXPECT_EQ(shown("sudo sh -c 'a b | c' && d"),
            (Texts{"[sudo][sh][-c][a b | c]", ">[a][b]", "| >[c]", "&& [d]"}));
  EXPECT_EQ(shown("sh -c \"bash -c 'x'\""), (Texts{"[sh][-c][bash -c 'x']", ">[bash][-c][x]", ">>[x]"}));
  EXPECT_EQ(shown("echo sh -c 'a'"), Texts{"[echo][sh][-c][a]"});
  const std::string_view script = "x && sh -c 'npm ci'";
  const std::vector<Command> commands = split(script);
  EXPECT_TRUE(commands.back().quoted);
  EXPECT_FALSE(commands[1].quoted);
  // The words are still parts of the script, so that a finding can point at them.
  EXPECT_EQ(commands.back().spelling.data(), script.data() + script.find("npm"));
}

}  // namespace
}  // namespace dcache::shell

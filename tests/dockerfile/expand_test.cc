#include "dcache/dockerfile/expand.h"

#include <fstream>
#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "dcache/dockerfile/expand_limits.h"

namespace dcache::dockerfile {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

Lookup lookup_of(const Variables& variables) {
  return [&](std::string_view name) -> std::optional<std::string_view> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

// tests/dockerfile/expansions.json: what current BuildKit made of `LABEL l=TEXT` with these variables; null
// where it refused the text.
TEST(Expand, GivesWhatARecordedBuildGave) {
  const Variables variables = {
      {"v", "val"}, {"empty", ""}, {"p", "/usr/local/a.tar.gz"}, {"e1", "a*b*"}, {"u", "xäyäz"}};
  std::ifstream file(DCACHE_SOURCE_DIR "/tests/dockerfile/expansions.json");
  for (const auto& trial : nlohmann::json::parse(file)) {
    const std::string text = trial.at("text");
    const auto value = expand(text, lookup_of(variables));
    if (trial.at("value").is_null()) {
      EXPECT_FALSE(value) << text << " gave " << *value;
    } else {
      ASSERT_TRUE(value) << text << ": " << value.error().message;
      EXPECT_EQ(*value, trial.at("value").get<std::string>()) << text;
    }
  }
}

TEST(Expand, UsesTheFilesEscapeCharacter) {
  const Variables variables = {{"v", "val"}};
  EXPECT_EQ(*expand(R"(C:\dir\$v)", lookup_of(variables), {.escape = '`'}), R"(C:\dir\val)");
  EXPECT_EQ(*expand("`$v", lookup_of(variables), {.escape = '`'}), "$v");
}

TEST(Expand, RefusesWhatBuildkitRefuses) {
  const Variables variables = {{"a", "val"}};
  for (const char* text :
       {"${}", "${:-b}", "${:}", "${{a}", "${a:#x}", "${a:%x}", "${a:/x/y}", "${a#\\x}", "${a%\\x}"})
    EXPECT_FALSE(expand(text, lookup_of(variables))) << text;
  for (const char* text : {"${a%x\\}", "${a#x\\}"})
    EXPECT_FALSE(expand(text, lookup_of(variables), {.escape = '`'})) << text;
  const auto error = expand("${a:ä}", lookup_of(variables)).error().message;
  EXPECT_NE(error.find("':ä'"), std::string::npos) << error;
  EXPECT_EQ(*expand("${b:ä}", lookup_of(variables), {.keep_unset = true}), "${b:ä}");
  EXPECT_EQ(*expand("${a#v\\*}", lookup_of(variables)), "val");
  EXPECT_EQ(*expand("${a/\\//x}", lookup_of(variables)), "val");
}

// Go's regular expressions replace all matches, and the replacement is a template of them.
TEST(Expand, ReplacesAllAsGoDoes) {
  const Variables variables = {{"v", "val"}, {"whole", "$0"}, {"n", "a$1b${x}c$$"}, {"u", "\u00e4"}};
  const std::pair<const char*, const char*> cases[] = {{"${v//*/x}", "x"},
                                                       {"${v///-}", "-v-a-l-"},
                                                       {"${v//a/$whole}", "val"},
                                                       {"${v//a/$n}", "vac$l"},
                                                       {"${v/a/$n}", "va$1b${x}c$$l"},
                                                       {"${v//a/\\$1}", "v\\l"},
                                                       {"${v//a/[\\$0]}", "v[\\a]l"},
                                                       {"${u///-}", "-\u00e4-"}};
  for (const auto& [text, value] : cases)
    EXPECT_EQ(expand(text, lookup_of(variables)).value_or("refused"), value) << text;
}

// Seen in live builds: EXPOSE 1${A:-2}3 exposes port 23.
TEST(Expand, ForgetsTheStartOfAWordThatATextInBracesFollows) {
  const Variables variables = {{"a", "4"}};
  const auto words = expand_words("1${b:-2}3 1${a}3 1${a#9}", lookup_of(variables));
  ASSERT_TRUE(words);
  std::vector<std::string> texts;
  for (const ExpandedWord& word : *words)
    texts.push_back(word.text);
  EXPECT_EQ(texts, (std::vector<std::string>{"23", "143", "4"}));
}

TEST(Expand, SplitsWordsAtBlanksOfValuesButNotOfQuotes) {
  const Variables variables = {{"list", "a b"}};
  const auto words = expand_words(R"(x$list "c $list" 'd e')", lookup_of(variables));
  ASSERT_TRUE(words);
  std::vector<std::string> texts;
  for (const ExpandedWord& word : *words)
    texts.push_back(word.text);
  EXPECT_EQ(texts, (std::vector<std::string>{"xa", "b", "c a b", "d e"}));
}

// https://docs.docker.com/reference/dockerfile/#environment-replacement lists them; the others are left to
// the shell.
TEST(Expand, HappensInTheInstructionsOfTheReference) {
  for (const Keyword keyword :
       {Keyword::kAdd, Keyword::kCopy, Keyword::kEnv, Keyword::kExpose, Keyword::kFrom, Keyword::kLabel,
        Keyword::kStopsignal, Keyword::kUser, Keyword::kVolume, Keyword::kWorkdir, Keyword::kArg}) {
    EXPECT_TRUE(expands_variables(keyword)) << name_of(keyword);
  }
  for (const Keyword keyword :
       {Keyword::kRun, Keyword::kCmd, Keyword::kEntrypoint, Keyword::kShell, Keyword::kHealthcheck,
        Keyword::kOnbuild, Keyword::kMaintainer, Keyword::kUnknown}) {
    EXPECT_FALSE(expands_variables(keyword)) << name_of(keyword);
  }
}

TEST(Expand, SaysWhereTheErrorIs) {
  const auto value = expand("ab ${v", [](std::string_view) { return std::nullopt; });
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().offset, 3u);
}

TEST(Expand, LimitsWhatVariablesMakeOfAText) {
  const std::string long_value(900'000, 'a');
  const Lookup lookup = [&](std::string_view) { return std::optional<std::string_view>(long_value); };
  std::string many;
  for (int i = 0; i < 20; ++i)
    many += "${A%%*}";
  for (const auto& [text, message] :
       {std::pair<std::string, std::string>{"$A$A", "the value gets longer than 1 MB"},
        {"\"$A$A\"", "the value gets longer than 1 MB"},
        {"${A//a/" + std::string(200'000, 'b') + "}", "the value gets longer than 1 MB"},
        {"${A//a/b}", "the pattern matches more than 100,000 times"},
        {many, "the patterns look at more than 10 MB of values"}}) {
    const auto expanded = expand(text, lookup);
    ASSERT_FALSE(expanded.has_value()) << text.substr(0, 20);
    EXPECT_EQ(expanded.error().message, message) << text.substr(0, 20);
    EXPECT_TRUE(is_of_limit(expanded.error())) << text.substr(0, 20);
  }
  EXPECT_EQ(expand("$A", lookup).value().size(), long_value.size());
  EXPECT_EQ(expand("${A%a}", lookup).value().size(), long_value.size() - 1);
  EXPECT_EQ(expand(std::string(2'000'000, 'x') + "$A", lookup).value().size(), 2'900'000U);
}

TEST(Expand, RefusesNestingThatNobodyWrites) {
  std::string deep;
  for (int i = 0; i < 100000; ++i)
    deep += "${a:-";
  EXPECT_FALSE(expand(deep, [](std::string_view) { return std::nullopt; }));
}

}  // namespace
}  // namespace dcache::dockerfile

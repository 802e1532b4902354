#include "dcache/text/toml.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "dcache/text/json.h"
#include "dcache/text/json_writer.h"

namespace dcache::text {
namespace {

TEST(Toml, RefusesHeadersWithoutAName) {
  for (const char* text : {"[\n", "[[\n", "[#\n", "[.", "[\r\n", "[ \n", "[\t\n", "[#",
                           "a = 1\n  [ =", "a = \"\"\"\n[\n\"\"\"\n[\n", "a = [\n[\n]]\n[\n", "[a]\n[\n"})
    EXPECT_THROW((void)parse_toml(text), toml::parse_error) << text;
}

TEST(Toml, TakesBracketsInValuesForNoHeaders) {
  for (const char* text :
       {"a = [\n[\n1\n]\n]\n", "a = \"\"\"\n[\n\"\"\"\n", "a = '''\n[\n'''\n", "a = \"[\"\n[b]\n",
        "# [\n[a]\n", "[ a . 'b' ]\n[[c]]\n", "a = '['\n", "a = [ # ]\n'x',\n[\n]\n]\n", "a = \"\\\"[\"\n"})
    EXPECT_NO_THROW((void)parse_toml(text)) << text;
}

TEST(Toml, NamesTheFirstErrorOfAText) {
  try {
    (void)parse_toml("a = 1\nb = \n[\n");
    FAIL();
  } catch (const toml::parse_error& error) {
    EXPECT_EQ(error.source().begin.line, 2U);
  }
  try {
    (void)parse_toml("a = 1\n  [\n");
    FAIL();
  } catch (const toml::parse_error& error) {
    EXPECT_EQ(error.source().begin.line, 2U);
    EXPECT_EQ(error.source().begin.column, 3U);
  }
}

TEST(Toml, CharactersBeyondAsciiAreInQuotesOrComments) {
  for (const char* text : {"\xC5\xA8 = 1\n", "a = in\xC5\xA8\n", "[\xC3\xA9]\n", "a = [\n\xC2\xA0 1]\n",
                           "a = 1 \xE2\x80\x83\n", "a\xCC\x81 = 1", "a = 1\n\xFF"})
    EXPECT_THROW((void)parse_toml(text), toml::parse_error) << text;
  for (const char* text : {"\xEF\xBB\xBF"
                           "a = '\xC3\xA9'\n",
                           "# \xC3\xA9\n[\"\xC3\xA9\"] # \xC3\xA9\n", "a = \"\"\"\n\xC3\xA9\n\"\"\"\n",
                           "a = [ # \xC3\xA9\n'\xC3\xA9',\n]\n"})
    EXPECT_NO_THROW((void)parse_toml(text)) << text;
  try {
    (void)parse_toml("a = [\n  1,\n  \xC3\xA9\n]\n");
    FAIL();
  } catch (const toml::parse_error& error) {
    EXPECT_EQ(error.source().begin.line, 3U);
    EXPECT_EQ(error.source().begin.column, 3U);
  }
}

// The library takes them, and what is in them, for a part of the word.
TEST(Toml, RefusesQuotesInAWord) {
  for (const char* text : {"a = [001tr\"\"\"@N\xC3\xB0N=", "a = 1\"x\"\n", "a'b' = 1\n", "\"a\"'b' = 1\n"})
    EXPECT_THROW((void)parse_toml(text), toml::parse_error) << text;
  for (const char* text :
       {"a.\"b\" = 1\n", "[a.'b'.\"c\"]\n", "a=[\"x\",'y','',\"\"]\n", "a={\"b\"='c'}\n", "\"\"=1\n"})
    EXPECT_NO_THROW((void)parse_toml(text)) << text;
  const toml::table table = parse_toml("a = \"\"\"x\"\"\"\"\nb = '''''y'''\n");
  EXPECT_EQ(table["a"].value<std::string>(), "x\"");
  EXPECT_EQ(table["b"].value<std::string>(), "''y");
}

// It looks for the end of a value without a look at quotes.
TEST(Toml, RefusesQuotesAndBracketsThatFollowAValue) {
  for (const char* text :
       {"a=0x.'\xD0\x8A'\n", "a=\"\"\x1F'\xD0\x8A'\n", "a=0x.[['\xD0\x8A'\n", "a=1{'\xD0\x8A'=1}\n",
        "a=[0x.'\xD0\x8A']\n", "a={b=0x.'\xD0\x8A'}\n", "a=0x.\n[b]['\xD0\x8A']\n", "a=\"b\"\"\xD0\x8A\"\n"})
    EXPECT_THROW((void)parse_toml(text), toml::parse_error) << text;
  for (const char* text : {"a.'\xC3\xA9' = 1\n", "a={b.'\xC3\xA9'=1,'d'=['e','f'],g.\"h\"=[[1],[2]]}\n",
                           "[a.'b']\n[[c.\"d\"]]\n", "a=[{b.'c'=1},{'d'=[{e.'f'=1}]}]\n",
                           "a=[\n'b',\n['c'],\n{d='e'}]\nf.'g'='h'\n"})
    EXPECT_NO_THROW((void)parse_toml(text)) << text;
}

TEST(Toml, NamesOfManyPartsAreRefused) {
  const auto repeated = [](std::string_view text, size_t times) {
    std::string all;
    for (size_t i = 0; i < times; ++i)
      all += text;
    return all;
  };
  const std::string parts = repeated("a.", 200'000);
  for (const std::string& text :
       {parts + "a = 1\n", "[" + parts + "a]\n", "[[" + parts + "a]]\n", "x = {b = 1, " + parts + "a = 1}\n"})
    EXPECT_THROW((void)parse_toml(text), toml::parse_error);
  EXPECT_NO_THROW(
      (void)parse_toml("x = [" + repeated("1.5, ", 3000) + "]\ny = '" + repeated(".", 3000) + "'\n"));
}

TEST(Json, DeeperThan500LevelsIsNotRead) {
  const auto nested = [](size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  EXPECT_FALSE(parse_json(nested(500)).is_discarded());
  EXPECT_TRUE(parse_json(nested(501)).is_discarded());
  EXPECT_FALSE(
      parse_json("[\"" + std::string(1000, '[') + "\\\"" + std::string(1000, '{') + "\"]").is_discarded());
  EXPECT_TRUE(parse_json("").is_discarded());
}

TEST(Json, EscapesWhatATerminalOrALogActsOn) {
  const std::string text = "\033 \x7F \xC2\x9B \xE2\x80\xAE ##[a] ##vso[b] ## #c \xC3\xA9";
  std::string out;
  JsonWriter(out).value(text);
  EXPECT_EQ(out, "\"\\u001b \\u007f \\u009b \\u202e \\u0023#[a] \\u0023#vso[b] ## #c \xC3\xA9\"");
  EXPECT_EQ(nlohmann::json::parse(out), text);
}

}  // namespace
}  // namespace dcache::text

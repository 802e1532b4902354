// The layout of bake files, and the pieces that it is made of.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dcache/project/hcl/format.h"
#include "dcache/project/hcl/parser.h"
#include "dcache/project/hcl/scanner.h"
#include "tests/random_text.h"

namespace dcache::project::hcl {
namespace {

std::string formatted_hcl(std::string_view text, std::string_view indent = "  ") {
  return text::apply(text, format_edits(text, indent));
}

std::string without_blanks(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t'; });
  return text;
}

// All that an expression says, without where it is.
void append_expression(const Expression& expression, std::string& out) {
  out += '(' + std::to_string(static_cast<int>(expression.kind)) + ',' +
         std::to_string(static_cast<int>(expression.op)) + ',' + expression.name + ',' + expression.key_name +
         ',' + (expression.expands ? "..." : "") + (expression.quoted ? "q" : "");
  const Value& literal = expression.literal;
  if (literal.is_known() && !literal.is_null() && literal.type().is(Kind::kString))
    out += '"' + literal.as_string() + '"';
  if (expression.kind == ExpressionKind::kLiteral) out += literal.type().name();
  for (const ExpressionPtr& part : expression.parts) {
    if (part) append_expression(*part, out);
  }
  out += ')';
}

void append_body(const Body& body, std::string& out) {
  for (const Attribute& attribute : body.attributes()) {
    out += attribute.name + '=';
    append_expression(*attribute.value, out);
  }
  for (const Block& block : body.blocks) {
    out += block.type;
    for (const std::string& label : block.labels)
      out += " '" + label + '\'';
    out += '{';
    append_body(block.body, out);
    out += '}';
  }
}

std::string meaning_of(const std::string& text) {
  const File file = parse_hcl({}, text);
  std::string out = std::to_string(file.failures.size());
  append_body(file.body, out);
  return out;
}

TEST(HclFormat, IndentsLinesAndAlignsAssignments) {
  const struct {
    const char* before;
    const char* after;
  } cases[] = {
      {"target \"a\" {\ncontext=\".\"\n      dockerfile   =   \"D\"\n}\n",
       "target \"a\" {\n  context    = \".\"\n  dockerfile = \"D\"\n}\n"},
      {"a = 1\n\nbcd = 2\n", "a = 1\n\nbcd = 2\n"},
      {"a = 1\n# note\nbcd = 2\n", "a = 1\n# note\nbcd = 2\n"},
      {"target \"a\" {\n  args = {\n  A=1\n  BC = \"x\"\n  }\n  tags = [\n\"a\",\n  \"b\"]\n}\n",
       "target \"a\" {\n  args = {\n    A  = 1\n    BC = \"x\"\n  }\n  tags = [\n    \"a\",\n    "
       "\"b\"]\n}\n"},
      {"a = f([\n1,\n2\n])\n", "a = f([\n  1,\n  2\n])\n"},
      {"target \"a\" {  \n\t# one\t\n\n  \t\n  /* two\n  lines */\n}\t\n",
       "target \"a\" {\n  # one\n\n\n  /* two\n  lines */\n}\n"},
      {"target \"a\" {\ndockerfile-inline=<<EOT\nFROM a  \n   RUN b\n EOT\ntarget=\"x\"\n}\n",
       "target \"a\" {\n  dockerfile-inline = <<EOT\nFROM a  \n   RUN b\n EOT\n  target = \"x\"\n}\n"},
      {"target \"a\" {\r\ncontext=\".\"  \r\n# x  \r\n}\r\n",
       "target \"a\" {\r\n  context = \".\"\r\n  # x\r\n}\r\n"},
      {"a = \"x${\n  1 +   \n   2}  y\"\n", "a = \"x${\n  1 +   \n   2}  y\"\n"},
      {"args = { a=1, b   =2 }\n", "args = { a=1, b   =2 }\n"},
      {"a=x==y ? \"=\" : \"= \"\n", "a = x==y ? \"=\" : \"= \"\n"},
      {"m = {\n\"a b\"=1\n(x)   = 2\n}\n", "m = {\n  \"a b\" = 1\n  (x)   = 2\n}\n"},
      {"m = {\n\"\xC3\xA9\"=1\nb = 2\n}\n", "m = {\n  \"\xC3\xA9\" = 1\n  b   = 2\n}\n"},
      {"variable \"A\" { default=1 }\n", "variable \"A\" { default=1 }\n"},
      {"\xEF\xBB\xBF"
       "a=1\n",
       "\xEF\xBB\xBF"
       "a = 1\n"},
      {"a = 1", "a = 1"},
      {"", ""},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(formatted_hcl(one.before), one.after) << one.before;
    EXPECT_EQ(formatted_hcl(one.after), one.after) << "again: " << one.after;
    EXPECT_EQ(meaning_of(one.before), meaning_of(one.after)) << one.before;
  }
  EXPECT_EQ(formatted_hcl("target \"a\" {\n    context = \".\"\n}\n", "\t"),
            "target \"a\" {\n\tcontext = \".\"\n}\n");
}

TEST(HclFormat, LeavesWhatIsNotHcl) {
  for (const char* text :
       {"target \"a\" {\n   context=\n}\n", "a = \"x\n b=1", "}\n  a=1\n", "a = [1\n  b=2"})
    EXPECT_EQ(formatted_hcl(text), text);
}

// Random files of pieces that fit together often: nothing but blanks changes, a second time nothing does, and
// the file says the same.
TEST(HclFormat, ChangesNothingButBlanks) {
  const std::vector<std::string> pieces = {"  a=1\n",
                                           "\tbcd   =   \"x  y\"\n",
                                           "\"g h\" = 2\n",
                                           "i = <<EOT\n  text  ${1}\n\tmore\n  EOT\n",
                                           "# note  \n",
                                           "/* a\n  b */ ",
                                           "// c\r\n",
                                           "\n",
                                           "  \n",
                                           "j = \"${ upper(\"q = \")  }  $${r}\"  \n",
                                           "k = x ? [for v in y : v if v != \"\"] : {}\n",
                                           "m = -1  \n",
                                           "n = <<-E\n    %{ if true }\n  o\n   %{ endif }\nE\n",
                                           "\xC3\xA9 = 3\n",
                                           "\"",
                                           "%{"};
  const std::vector<std::pair<std::string, std::string>> brackets = {{"target \"a\" {\n", "}\n"},
                                                                     {"f = {\n", "   }\n"},
                                                                     {"e = [ 1,\n2,\n", "\t3]\n"},
                                                                     {"l =f(\n4, [\n", " 5])\n"}};
  size_t changed = 0;
  tests::RandomText random(1);
  for (size_t i = 0; i < 4000 / tests::kScaleDown; ++i) {
    std::string text;
    std::vector<std::string> open;
    for (uint32_t count = random.below(12); count > 0; --count) {
      const uint32_t kind = random.below(8);
      if (kind == 0) {
        const auto& bracket = brackets[random.below(static_cast<uint32_t>(brackets.size()))];
        text += bracket.first;
        open.push_back(bracket.second);
      } else if (kind < 3 && !open.empty()) {
        text += open.back();
        open.pop_back();
      } else {
        // The last two are seldom part of something that can be read.
        text += pieces[random.below(static_cast<uint32_t>(pieces.size()) - (random.below(30) == 0 ? 0 : 2))];
      }
    }
    for (; !open.empty(); open.pop_back())
      text += open.back();
    const std::string after = formatted_hcl(text);
    ASSERT_EQ(without_blanks(after), without_blanks(text)) << text;
    ASSERT_EQ(formatted_hcl(after), after) << text;
    ASSERT_EQ(meaning_of(after), meaning_of(text)) << text;
    if (after != text) ++changed;
  }
  EXPECT_GT(changed, 600u / tests::kScaleDown) << "few of the files are HCL";
}

std::string pieces_of(std::string_view text) {
  constexpr const char* kNames[] = {"end",  "newline", "comment", "word",     "number", "symbol", "quote",
                                    "text", "heredoc", "marker",  "template", "close",  "invalid"};
  Scanner scanner(text);
  std::string all;
  for (Piece piece = scanner.next(); piece.kind != PieceKind::kEnd; piece = scanner.next())
    all += std::string(kNames[static_cast<size_t>(piece.kind)]) + '<' + std::string(piece.text) + "> ";
  return all;
}

TEST(HclScanner, SeesCommentsAndTheInsidesOfTexts) {
  EXPECT_EQ(pieces_of("a=\"b ${c(\"d\")} $${e}\" # f"),
            "word<a> symbol<=> quote<\"> text<b > template<${> word<c> symbol<(> quote<\"> text<d> quote<\"> "
            "symbol<)> close<}> text< $${e}> quote<\"> comment<# f> ");
  EXPECT_EQ(pieces_of("<<-E\n a\n ${1}\n  E\n"),
            "heredoc<<<-E> text< a\n > template<${> number<1> close<}> text<\n> marker<E> newline<\n> ");
  EXPECT_EQ(pieces_of("/* a\n*/ b /* c"), "comment</* a\n*/> word<b> invalid</*> word<c> ");
  EXPECT_EQ(pieces_of("\"a\nb"), "quote<\"> text<a> newline<\n> word<b> ");
}

// Each byte is in one piece, or is white space between two; and no input takes long.
TEST(HclScanner, TakesAnyText) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i)
    deep += "\"${[";
  std::string comments;
  for (int i = 0; i < 300'000; ++i)
    comments += "/* ";
  const std::string quotes(300'000, '"');
  const std::string texts[] = {deep, comments, quotes,   "<<E\n" + deep, "\xC3", "\"\\",
                               "${", "%{~",    "\r\r\n", "<<",           "<<A"};
  for (const std::string& text : texts) {
    Scanner scanner(text);
    uint32_t at = 0;
    for (Piece piece = scanner.next(); piece.kind != PieceKind::kEnd; piece = scanner.next()) {
      ASSERT_GE(piece.span.begin, at);
      ASSERT_GT(piece.span.end, piece.span.begin);
      at = piece.span.end;
    }
    ASSERT_LE(at, text.size());
  }
}

}  // namespace
}  // namespace dcache::project::hcl

// The syntax tree of a Dockerfile.
//
// A File owns its source text; every view and span in it points into that text, or into memory that the File
// owns as well. Nothing of the source is lost: `layout.h` gives it back token by token, byte for byte. A File
// can be moved, not copied; a const File may be read from many threads.
//
// Source: https://docs.docker.com/reference/dockerfile/, and the recorded answers of BuildKit's own parser.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/dockerfile/keyword.h"
#include "dcache/text/arena.h"
#include "dcache/text/document.h"
#include "dcache/text/line_index.h"
#include "dcache/text/span.h"

namespace dcache::dockerfile {

using text::Span;

// One argument as the parser splits it: continuation lines joined, quotes and variables still in it (the
// elements of a JSON form are decoded). `span` is where it is in the source, which for a word that goes
// on over several lines includes the escape characters and line ends between its parts.
struct Word {
  std::string_view text;
  Span span;
};

// `--name=value` or `--name`, with quotes and escapes removed.
struct Flag {
  std::string_view text;   // "--from=builder"
  std::string_view name;   // "from"
  std::string_view value;  // "builder"; empty where there is none
  bool has_value = false;
  Span span;
};

struct Heredoc {
  std::string_view name;  // the delimiter, unquoted
  uint32_t file_descriptor = 0;
  bool expand = true;        // false if any part of the delimiter is quoted
  bool chomp = false;        // `<<-`: leading tabs are dropped
  std::string_view content;  // as written, tabs included
  Span marker;               // `<<EOF` in the instruction's line
  Span body;                 // the content
  Span terminator;           // the line that ends it

  // Whether a word of COPY or ADD means it. `<< EOF` is two words there, and neither does.
  bool is_named_by(const Word& word) const {
    return word.span.begin <= marker.begin && marker.end <= word.span.end;
  }
};

// What one stretch of an instruction's joined text is in the source.
struct Segment {
  uint32_t joined = 0;  // offset in the joined text
  uint32_t source = 0;  // offset in the source
};

struct Instruction {
  Keyword keyword = Keyword::kUnknown;
  bool json = false;      // the arguments were given as a JSON array
  bool legacy = false;    // ENV and LABEL: `name value` instead of `name=value`
  std::string_view name;  // the keyword as written
  std::span<const Flag> flags;
  // For ENV and LABEL names and values take turns; for HEALTHCHECK the first is its type (NONE, CMD). An
  // instruction of unknown name has none.
  std::span<const Word> arguments;
  std::string_view joined;  // the logical line: continuation lines joined, comments left out
  std::string_view rest;    // the part of `joined` after name and flags
  std::span<const Heredoc> heredocs;
  const Instruction* onbuild = nullptr;  // the instruction that ONBUILD carries
  std::span<const Segment> segments;
  Span name_span;
  Span span;                // from the keyword to the end of the last line, heredocs included
  uint32_t start_line = 0;  // where the keyword is; both count from 1
  uint32_t end_line = 0;

  // The place in the source of a view into `joined`.
  Span source_span(std::string_view part) const;
  const Flag* find_flag(std::string_view flag_name) const;
  // The instruction on one line: its keyword in capitals, its flags and the rest, without comments and layout
  // in between.
  std::string one_line() const;
};

struct Comment {
  Span span;  // from '#' to the end of the line, without the newline
  uint32_t line = 0;
};

// `# syntax=…`, `# escape=…` or `# check=…` at the top of the file.
struct Directive {
  std::string_view name;  // in lower case
  std::string_view value;
  Span span;
  Span value_span;
  uint32_t line = 0;
};

// Why a builder would refuse the file. `message` says what is wrong, `remedy` what to write instead.
struct Error {
  // kSyntax: the text can't be split into instructions; the reference parser gives up on the file.
  // kInstruction: one instruction is not well formed; the tree around it is whole.
  enum class Phase : uint8_t { kSyntax, kInstruction };
  Phase phase = Phase::kSyntax;
  std::string message;
  std::string remedy;
  Span span;
  uint32_t line = 0;
};

class File {
 public:
  File(File&&) noexcept = default;
  File& operator=(File&&) noexcept = default;

  std::string_view source() const { return *source_; }
  text::Document text() const { return {*source_, lines_}; }
  const text::LineIndex& lines() const { return lines_; }
  std::span<const Instruction> instructions() const { return instructions_; }
  std::span<const Comment> comments() const { return comments_; }
  std::span<const Directive> directives() const { return directives_; }
  // The value of the directive `name` (in lower case), if the file has it.
  std::optional<std::string_view> directive(std::string_view name) const;
  char escape() const { return escape_; }

  // In the order of the source; empty if a builder would accept the file's syntax.
  std::span<const Error> errors() const { return errors_; }
  // The first error of a phase, or null.
  const Error* first_error(Error::Phase phase) const;

 private:
  friend class Parser;
  explicit File(std::string source);

  std::unique_ptr<const std::string> source_;
  text::Arena arena_;
  text::LineIndex lines_;
  std::vector<Instruction> instructions_;
  std::vector<Comment> comments_;
  std::vector<Directive> directives_;
  std::vector<Error> errors_;
  char escape_ = '\\';
};

}  // namespace dcache::dockerfile

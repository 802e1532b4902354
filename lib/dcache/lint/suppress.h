// Comments that silence findings:
//
//   # dcache ignore=DC1001,DL3008 the reason     for the next instruction
//   # hadolint ignore=DL3008                     the same
//   # dcache stage ignore=DC1001                 above a FROM, for its stage; also with hadolint
//   # dcache global ignore=DC1001                for the whole file; also with hadolint
//
// and the directive and comments that BuildKit's checks are switched by:
//
//   # check=skip=JSONArgsRecommended           at the top for the whole file, else for the next instruction
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/dockerfile/file.h"
#include "dcache/lint/diagnostic.h"

namespace dcache::lint {

// A comment that silences findings.
struct IgnorePragma {
  bool global = false;  // for the whole file
  bool stage = false;   // for the stage of the FROM that follows; for nothing where another instruction does
  std::vector<std::string_view> codes;
  std::string_view reason;  // what follows them; may be empty
};

// Reads a comment, `#` included; nothing if it is another one.
std::optional<IgnorePragma> read_ignore_pragma(std::string_view comment);

// The program that `# hadolint shell=/bin/bash` (or `# dcache shell=…`) names, without its folder; nothing
// for other comments.
std::optional<std::string_view> read_shell_pragma(std::string_view comment);

// BuildKit's `# check=skip=A,B;error=true;experimental=C`, as BuildKit reads it: names are compared letter by
// letter, `all` alone means all of its checks, and what follows a space does not count.
struct CheckDirective {
  std::vector<std::string_view> skip;
  std::vector<std::string_view> experimental;  // checks to switch on
  bool skip_all = false;
  bool experimental_all = false;
  bool error = false;        // a finding makes the build fail
  std::string_view invalid;  // an option that no builder knows; it refuses the file

  bool skips(std::string_view check) const;
  // Whether the list has this very name: for rules that are none of BuildKit's.
  bool names(std::string_view rule) const;
  bool enables(std::string_view check) const;
};
CheckDirective read_check_directive(const dockerfile::File& file);

// The comments `# check=…` above instructions. Of those above one the first counts; it has to start its line,
// and an empty comment below it ends what belongs to the instruction.
// Source: https://docs.docker.com/build/checks/
class CheckComments {
 public:
  explicit CheckComments(const dockerfile::File& file);

  // What follows the names in the comment that switches the check of the finding off for its instruction,
  // which then counts as used; nothing if none does. `all` means BuildKit's own checks.
  std::optional<std::string_view> silences(const Diagnostic& finding, bool of_buildkit);
  bool enables(const Diagnostic& finding) const;
  // Whether any of them switches it on.
  bool enables(std::string_view check) const;
  // Names that switched nothing off so far; views into the file.
  std::vector<std::string_view> unused() const;

 private:
  struct Entry {
    text::Span instruction;
    CheckDirective options;
    std::string_view reason;  // what follows
    std::vector<std::string_view> used;
  };
  const Entry* find(const Diagnostic& finding) const;

  std::vector<Entry> entries_;  // in the order of the file
};

class Suppressions {
 public:
  explicit Suppressions(const dockerfile::File& file);
  // Of a file whose comments are lines that start with `#`, for the next line that is none.
  explicit Suppressions(const text::Document& document);

  // The reason, maybe empty, of the comment that silences the finding, which then counts as used; nothing if
  // none does. `codes` are all names the finding goes by.
  std::optional<std::string_view> silences(text::Span span, const std::vector<std::string_view>& codes);

  // Codes in comments that silenced nothing so far; views into the file.
  std::vector<std::string_view> unused() const;

 private:
  struct Entry {
    text::Span span;  // of the instruction; the whole file for a global one
    IgnorePragma pragma;
    std::vector<bool> used;  // for each of its codes
  };
  void add(text::Span span, IgnorePragma pragma);

  std::vector<Entry> entries_;
};

}  // namespace dcache::lint

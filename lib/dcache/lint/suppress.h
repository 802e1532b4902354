// Comments that silence findings:
//
//   # dcache ignore=DC1001,DL3008 the reason     for the next instruction
//   # hadolint ignore=DL3008                     the same
//   # dcache global ignore=DC1001                for the whole file; also with hadolint
//   # check=skip=StageNameCasing,JSONArgsRecommended     BuildKit's directive; `skip=all` for all of its
//   checks
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dcache/dockerfile/file.h"
#include "dcache/lint/diagnostic.h"

namespace dcache::lint {

class Suppressions {
 public:
  explicit Suppressions(const dockerfile::File& file);

  // Whether a comment silences the finding. `codes` are all names the finding goes by.
  bool covers(text::Span span, const std::vector<std::string_view>& codes, bool buildkit_check) const;

 private:
  struct Entry {
    text::Span span;  // of the instruction; the whole file for a global one
    std::vector<std::string_view> codes;
  };
  std::vector<Entry> entries_;
  std::vector<std::string_view> skipped_checks_;
};

}  // namespace dcache::lint

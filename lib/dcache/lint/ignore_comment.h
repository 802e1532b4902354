// Comments that silence findings, as suppress.h reads them, to be written into a text.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "dcache/dockerfile/file.h"
#include "dcache/lint/diagnostic.h"
#include "dcache/lint/related_file.h"
#include "dcache/text/document.h"
#include "dcache/text/edit.h"

namespace dcache::lint {

// Const and safe to use from many threads.
class IgnoreComments {
 public:
  // The file, and what the document is a view of, have to outlive the object.
  explicit IgnoreComments(const dockerfile::File& file) : text_(file.text()), file_(&file) {}
  IgnoreComments(RelatedFileKind kind, const text::Document& text) : text_(text), kind_(kind) {}

  // The start of the line that a comment for the finding goes above. Nothing where no comment silences it:
  // above the first instruction of a Dockerfile, in a text of YAML that it would become a part of, and for
  // what no builder accepts.
  std::optional<uint32_t> place_of(const Diagnostic& finding) const;

  // Inserts `# dcache ignore=CODE,CODE REASON` at such a place, indented as the line below it, with the
  // text's line ends.
  text::Edit comment(uint32_t place, std::span<const std::string_view> codes, std::string_view reason) const;

 private:
  bool is_yaml() const { return file_ == nullptr && kind_ != RelatedFileKind::kIgnoreFile; }

  text::Document text_;
  const dockerfile::File* file_ = nullptr;  // null for a file next to a Dockerfile
  RelatedFileKind kind_ = RelatedFileKind::kIgnoreFile;
};

// What keeps a text from being the reason that a comment gives, in words for a message; empty for nothing.
std::string wrong_reason(std::string_view reason);

}  // namespace dcache::lint

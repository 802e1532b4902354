// A text and where its lines begin: a view of what somebody else owns.
#pragma once

#include <string_view>

#include "dcache/text/line_index.h"

namespace dcache::text {

class Document {
 public:
  // Both have to outlive the document.
  Document(std::string_view source, const LineIndex& lines) : source_(source), lines_(&lines) {}

  std::string_view source() const { return source_; }
  const LineIndex& lines() const { return *lines_; }

 private:
  std::string_view source_;
  const LineIndex* lines_;
};

}  // namespace dcache::text

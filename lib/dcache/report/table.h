// Columns of text.
#pragma once

#include <string>
#include <vector>

#include "dcache/report/style.h"

namespace dcache::report {

// A table whose columns are as wide as what is in them, up to a limit for all but the last. Texts are made
// printable.
class Table {
 public:
  explicit Table(std::vector<std::string> titles) : titles_(std::move(titles)) {}

  // As many cells as titles. `tone` is that of the first cell.
  void add(std::vector<std::string> cells, Tone tone = Tone::kPlain);
  void append_to(std::string& out, const Style& style) const;

 private:
  static constexpr size_t kWidest = 60;

  struct Row {
    std::vector<std::string> cells;
    Tone tone;
  };
  std::vector<std::string> titles_;
  std::vector<Row> rows_;
};

}  // namespace dcache::report

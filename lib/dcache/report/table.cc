#include "dcache/report/table.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace dcache::report {
namespace {

// How many characters a text of UTF-8 has.
size_t characters_of(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

void Table::add(std::vector<std::string> cells, Tone tone) {
  for (std::string& cell : cells)
    cell = printable(cell);
  cells.resize(titles_.size());
  rows_.push_back({std::move(cells), tone});
}

void Table::append_to(std::string& out, const Style& style) const {
  std::vector<size_t> widths;
  for (const std::string& title : titles_)
    widths.push_back(title.size());
  for (const Row& row : rows_) {
    for (size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], std::min(characters_of(row.cells[i]), kWidest));
  }
  const auto append_row = [&](const std::vector<std::string>& cells, const auto& paint) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      const bool last = i + 1 == cells.size();
      const std::string cell = last ? cells[i] : fmt::format("{:<{}}  ", cells[i], widths[i]);
      line += paint(i, cell);
    }
    out += line + "\n";
  };
  append_row(titles_, [&](size_t, const std::string& cell) { return style.paint(Tone::kDim, cell); });
  for (const Row& row : rows_) {
    append_row(row.cells, [&](size_t column, const std::string& cell) {
      return column == 0 ? style.paint(row.tone, cell) : cell;
    });
  }
}

}  // namespace dcache::report

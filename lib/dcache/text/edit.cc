#include "dcache/text/edit.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

namespace dcache::text {
namespace {

constexpr size_t kContextLines = 3;
// Past this many lines on both sides of a change the rest is shown as one replacement, to stay within linear
// memory.
constexpr size_t kMostCells = 16'000'000;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    const size_t size = newline == std::string_view::npos ? text.size() : newline + 1;
    lines.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return lines;
}

struct Line {
  char sign;  // ' ', '-' or '+'
  std::string_view text;
};

// The shortest row of kept, removed and added lines, by the longest common subsequence.
void compare_middle(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b,
                    std::vector<Line>& out) {
  const size_t width = b.size() + 1;
  if ((a.size() + 1) * width > kMostCells) {
    for (const std::string_view line : a)
      out.push_back({'-', line});
    for (const std::string_view line : b)
      out.push_back({'+', line});
    return;
  }
  std::vector<uint32_t> common((a.size() + 1) * width, 0);
  for (size_t i = a.size(); i-- > 0;) {
    for (size_t j = b.size(); j-- > 0;) {
      common[i * width + j] = a[i] == b[j] ? common[(i + 1) * width + j + 1] + 1
                                           : std::max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      out.push_back({' ', a[i++]});
      ++j;
    } else if (i < a.size() && (j == b.size() || common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      out.push_back({'-', a[i++]});
    } else {
      out.push_back({'+', b[j++]});
    }
  }
}

std::vector<Line> compare_lines(std::string_view before, std::string_view after) {
  std::vector<std::string_view> a = lines_of(before);
  std::vector<std::string_view> b = lines_of(after);
  const size_t head =
      static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  size_t tail = 0;
  while (tail < std::min(a.size(), b.size()) - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail])
    ++tail;
  std::vector<Line> lines;
  for (size_t i = 0; i < head; ++i)
    lines.push_back({' ', a[i]});
  const auto middle = [&](const std::vector<std::string_view>& all) {
    return std::vector<std::string_view>(all.begin() + static_cast<std::ptrdiff_t>(head),
                                         all.end() - static_cast<std::ptrdiff_t>(tail));
  };
  compare_middle(middle(a), middle(b), lines);
  for (size_t i = a.size() - tail; i < a.size(); ++i)
    lines.push_back({' ', a[i]});
  return lines;
}

std::string range(size_t start, size_t count) {
  // An empty range names the line before it.
  return count == 1 ? std::to_string(start) : fmt::format("{},{}", count == 0 ? start - 1 : start, count);
}

void append_hunk(const std::vector<Line>& lines, size_t begin, size_t end, size_t old_line, size_t new_line,
                 std::string& out) {
  const auto from = lines.begin() + static_cast<std::ptrdiff_t>(begin);
  const auto to = lines.begin() + static_cast<std::ptrdiff_t>(end);
  const auto count = [&](char absent) {
    return static_cast<size_t>(
        std::count_if(from, to, [&](const Line& line) { return line.sign != absent; }));
  };
  out += fmt::format("@@ -{} +{} @@\n", range(old_line, count('+')), range(new_line, count('-')));
  for (auto line = from; line != to; ++line) {
    out += line->sign;
    out += line->text;
    if (!line->text.ends_with('\n')) out += "\n\\ No newline at end of file\n";
  }
}

}  // namespace

bool compatible(const Edit& a, const Edit& b) {
  if (a.span.empty() && b.span.empty()) return true;
  if (a.span.empty()) return a.span.begin <= b.span.begin || a.span.begin >= b.span.end;
  if (b.span.empty()) return b.span.begin <= a.span.begin || b.span.begin >= a.span.end;
  return !a.span.overlaps(b.span);
}

std::string apply(std::string_view text, std::vector<Edit> edits) {
  std::stable_sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) {
    if (a.span.begin != b.span.begin) return a.span.begin < b.span.begin;
    return a.span.empty() && !b.span.empty();
  });
  std::string result;
  size_t at = 0;
  for (const Edit& edit : edits) {
    result += text.substr(at, edit.span.begin - at);
    result += edit.replacement;
    at = edit.span.end;
  }
  result += text.substr(at);
  return result;
}

std::string unified_diff(std::string_view before, std::string_view after, std::string_view before_name,
                         std::string_view after_name) {
  if (before == after) return {};
  const std::vector<Line> lines = compare_lines(before, after);
  std::string out = fmt::format("--- {}\n+++ {}\n", before_name, after_name);
  size_t old_line = 1, new_line = 1;  // of lines[at]
  for (size_t at = 0; at < lines.size();) {
    size_t change = at;
    while (change < lines.size() && lines[change].sign == ' ')
      ++change;
    if (change == lines.size()) break;
    const size_t begin = change - std::min(change - at, kContextLines);
    old_line += begin - at;
    new_line += begin - at;
    size_t end = change;  // after the last change of the hunk, with its context
    for (size_t i = change; i < lines.size() && i < end + 2 * kContextLines + 1; ++i) {
      if (lines[i].sign != ' ') end = i;
    }
    end = std::min(end + kContextLines + 1, lines.size());
    append_hunk(lines, begin, end, old_line, new_line, out);
    for (size_t i = begin; i < end; ++i) {
      old_line += lines[i].sign != '+' ? 1 : 0;
      new_line += lines[i].sign != '-' ? 1 : 0;
    }
    at = end;
  }
  return out;
}

}  // namespace dcache::text

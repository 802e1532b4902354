// The builds of a log as a picture: a row for each vertex, a bar from its start to its end.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "dcache/report/log.h"
#include "dcache/report/xml.h"
#include "dcache/text/words.h"

namespace dcache::report {
namespace {

constexpr size_t kMostChartRows = 300;  // of a run
constexpr int kChartWidth = 1200;
constexpr int kLabels = 460;  // pixels for the names
constexpr int kRow = 20;
constexpr int kMargin = 12;
constexpr int kHeading = 34;

std::string_view colour_of_bar(const observe::Bar& bar, bool is_critical) {
  if (!bar.vertex->error.empty()) return "#c0392b";
  if (bar.vertex->cached) return "#7fb77e";
  return is_critical ? "#d35400" : "#e0a458";
}

// The rows of a run, in the order of their start; the shortest are left out if there are too many.
std::vector<size_t> rows_of(const observe::Timeline& line) {
  std::vector<size_t> rows(line.bars.size());
  for (size_t i = 0; i < rows.size(); ++i)
    rows[i] = i;
  const auto length = [&](size_t bar) { return line.bars[bar].end - line.bars[bar].start; };
  std::ranges::stable_sort(rows, std::ranges::greater(), length);
  rows.resize(std::min(rows.size(), kMostChartRows));
  std::ranges::sort(rows, {}, [&](size_t bar) { return std::pair(line.bars[bar].start, bar); });
  return rows;
}

void append_row(const observe::Timeline& line, size_t index, bool is_critical, int y, std::string& out) {
  const observe::Bar& bar = line.bars[index];
  const double scale = line.seconds > 0 ? (kChartWidth - kLabels - 2 * kMargin - 60) / line.seconds : 0;
  const double x = kLabels + bar.start * scale;
  const double width = std::max(1.5, (bar.end - bar.start) * scale);
  const std::string name = shortened(bar.vertex->name, 66);
  const std::string time = bar.vertex->cached ? "reused" : fmt::format("{:.1f} s", bar.vertex->seconds);
  out += fmt::format("<g><title>{}: {}</title><text x=\"{}\" y=\"{}\"{}>{}</text>",
                     xml(shortened(bar.vertex->name, 500)), time, kMargin, y + 14,
                     is_critical ? " font-weight=\"bold\"" : "", xml(name));
  out += fmt::format("<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" fill=\"{}\"/>", x, y + 3,
                     width, kRow - 6, colour_of_bar(bar, is_critical));
  out += fmt::format("<text x=\"{:.1f}\" y=\"{}\">{}</text></g>\n", x + width + 4, y + 14, time);
}

int append_run(const LogView& view, size_t run, int y, std::string& out) {
  const observe::Timeline& line = view.timelines[run];
  std::vector<std::string> names;
  for (const LogBuild& build : view.builds) {
    if (build.run == run && !build.name.empty()) names.push_back(build.name);
  }
  const std::vector<size_t> rows = rows_of(line);
  std::string heading = names.empty() ? "Build" : text::list_words(names, 5);
  heading += fmt::format(": {:.1f} s{}", line.seconds, line.is_estimated ? ", estimated from durations" : "");
  if (rows.size() < line.bars.size())
    heading += fmt::format("; the longest {} of {}", rows.size(), line.bars.size());
  out += fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"15\" font-weight=\"bold\">{}</text>\n", kMargin,
                     y + 22, xml(heading));
  y += kHeading;
  const std::set<size_t> critical(line.critical.begin(), line.critical.end());
  for (const size_t row : rows) {
    append_row(line, row, critical.contains(row), y, out);
    y += kRow;
  }
  return y + kMargin;
}

}  // namespace

void append_log_svg(const LogView& view, std::string& out) {
  std::string body;
  int y = kMargin;
  for (size_t run = 0; run < view.timelines.size(); ++run)
    y = append_run(view, run, y, body);
  y += kRow;
  out += fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      kChartWidth, y);
  out += body;
  out += fmt::format(
      "<text x=\"{}\" y=\"{}\" fill=\"#555\">Green: reused. Orange: ran; dark and bold: the critical path. "
      "Red: failed.</text>\n</svg>\n",
      kMargin, y - kMargin);
}

}  // namespace dcache::report

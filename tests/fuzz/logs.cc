// Logs of builds: the log, then the Dockerfile that it may be of.
#include <algorithm>
#include <string>
#include <vector>

#include "dcache/dockerfile/parser.h"
#include "dcache/observe/log_reader.h"
#include "dcache/report/log.h"
#include "tests/fuzz/targets.h"

namespace dcache::fuzz {
namespace {

constexpr size_t kNoPieces = 1U << 20U;

tl::expected<observe::Log, text::Failure> read(std::string_view input, size_t piece) {
  observe::LogReader reader;
  for (size_t at = 0; at < input.size(); at += std::min(piece, input.size() - at))
    reader.feed(input.substr(at, piece));
  return reader.finish("log");
}

std::string reported(const observe::Log& log, const std::vector<report::LogModel>& models,
                     report::Style style = report::Style(false)) {
  report::LogView view = report::view_of(log, models);
  report::compare(view, report::view_of(log, models));
  std::string text;
  report::append_log(view, {.occasion = "since then", .compared = false}, style, text);
  std::string json;
  report::append_log_json(view, json);
  expect_json(json, text);
  std::string svg;
  report::append_log_svg(view, svg);
  expect_xml(svg, text);
  return text + json + svg;
}

}  // namespace

void run_log(std::string_view input) {
  const auto all = parts(input);
  const auto log = read(all.front(), kNoPieces);
  const auto in_pieces = read(all.front(), 7);
  expect(log.has_value() == in_pieces.has_value(), "how a log is cut into pieces says nothing", all.front());
  if (!log) {
    expect(!log.error().message.empty(), "what is not a log is said to be so");
    return;
  }
  std::vector<report::LogModel> models(log->builds.size());
  const std::string without = reported(*log, models);
  expect(without == reported(*in_pieces, models), "how a log is cut into pieces says nothing", without);
  expect_printable(without, all.front());
  const dockerfile::File file = dockerfile::parse(std::string(all.size() > 1 ? all[1] : std::string_view()));
  const plan::Graph graph = plan::build_graph(file, {});
  for (report::LogModel& model : models) {
    model.file = &file;
    model.graph = &graph;
  }
  reported(*log, models, report::Style(true));
}

}  // namespace dcache::fuzz

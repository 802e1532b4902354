// Builds made of a text and a few files, and the verdicts on them.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dcache/cache/build.h"
#include "dcache/cache/report.h"

namespace dcache::test {

using cache::Build;
using cache::Report;
using cache::StepReport;
using context::Record;
using context::Snapshot;

inline Record file(std::string path, std::string_view content, uint32_t mode = 0644) {
  Record record;
  record.path = std::move(path);
  record.mode = mode;
  record.size = content.size();
  record.content = context::hash_bytes(content);
  return record;
}

inline Build build_of(std::string dockerfile, std::vector<Record> records, plan::Options options = {}) {
  auto build = Build::make({.dockerfile = "Dockerfile", .context = ".", .plan = std::move(options)},
                           {std::move(dockerfile), Snapshot(std::move(records))});
  if (!build) throw std::runtime_error(build.error().front().message);
  return std::move(*build);
}

// The verdicts on a build: "2:hit 3:miss", FROM left out.
inline std::string verdicts(const Build& build, const Report& report) {
  std::string text;
  for (const StepReport& step : report.steps) {
    const plan::Step& planned = build.graph().steps[step.step];
    if (planned.kind == plan::Step::Kind::kImage) continue;
    text += (text.empty() ? "" : " ") + std::to_string(planned.instruction->start_line) + ":" +
            std::string(name_of(step.verdict));
  }
  return text;
}

// The verdicts on `after`, over the same two files.
inline std::string compare_texts(const std::string& before, const std::string& after,
                                 plan::Options options = {}) {
  const std::vector<Record> records = {file("a", "1"), file("b", "2")};
  const Build old = build_of(before, records, options);
  const Build now = build_of(after, records, std::move(options));
  return verdicts(now, compare(old.state(), now.state()));
}

// The verdicts after one file changed.
inline std::string edit_file(const std::string& dockerfile, const std::string& path,
                             std::vector<Record> records) {
  const Build old = build_of(dockerfile, records);
  for (Record& record : records) {
    if (record.path == path) record.content = context::hash_bytes("edited");
  }
  const Build now = build_of(dockerfile, std::move(records));
  return verdicts(now, compare(old.state(), now.state()));
}

}  // namespace dcache::test

#include "dcache/report/context_files.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "dcache/report/weight.h"
#include "dcache/text/json_writer.h"
#include "dcache/text/path.h"

namespace dcache::report {
namespace {

using cache::Build;
using context::Record;
using context::Type;

tl::expected<context::Walk, std::string> walk_all(const Build& build) {
  return build.options().files->walk(build.options().context, ignore::Matcher(), {});
}

// Calls use(record, decision) for each file and link of the folder that is wanted.
template <typename Use>
void visit(const Build& build, const context::Walk& walk, ListedFiles which, const Use& use) {
  for (const Record& record : walk.snapshot.records()) {
    if (record.type == Type::kFolder) continue;
    const ignore::Decision decision = build.ignore().matcher.decide(record.path);
    if (which == ListedFiles::kAll || decision.ignored) use(record, decision);
  }
}

std::string place_of(const Build& build, const ignore::Pattern& pattern) {
  return fmt::format("{}:{}", build.ignore().path, pattern.line);
}

void write_file(const std::string& path, uint64_t bytes, const ignore::Decision& decision,
                text::JsonWriter& json) {
  json.member("path", path).member("bytes", bytes).member("in", !decision.ignored);
  if (decision.pattern != nullptr)
    json.member("pattern", decision.pattern->written).member("line", decision.pattern->line);
}

// The needed steps that read a file, or one below a folder.
std::vector<const plan::Step*> readers_of(const Build& build, const std::string& path) {
  std::vector<const plan::Step*> readers;
  for (size_t i = 0; i < build.keys().size(); ++i) {
    const plan::Step& step = build.graph().steps[i];
    const auto reads = [&](const cache::ReadFiles& read) {
      return step.reads[read.read].origin == plan::Read::Origin::kContext &&
             std::ranges::any_of(read.selection.files, [&](const cache::SelectedFile& file) {
               return text::is_within(file.record->path, path);
             });
    };
    if (step.needed && std::ranges::any_of(build.keys()[i].reads, reads)) readers.push_back(&step);
  }
  return readers;
}

// Whether a file is in the context, and what decides it.
std::string reason_words(const Build& build, const std::string& path, const ignore::Decision& decision) {
  const std::string name = printable(path);
  if (build.ignore().path.empty())
    return fmt::format("{} is in the build context: there is no ignore file", name);
  if (decision.pattern == nullptr)
    return fmt::format("{} is in the build context: no pattern in {} matches it", name,
                       printable(build.ignore().path));
  return fmt::format("{} is {} by '{}' ({})", name,
                     decision.ignored ? "ignored" : "kept in the build context",
                     printable(decision.pattern->written), printable(place_of(build, *decision.pattern)));
}

bool is_there(const Build& build, const std::string& path) {
  return build.options().files->exists(text::join_path(build.options().context, path));
}

}  // namespace

tl::expected<void, std::string> append_context_files(const Build& build, ListedFiles which,
                                                     const Style& style, std::string& out) {
  const auto walk = walk_all(build);
  if (!walk) return tl::unexpected(walk.error());
  visit(build, *walk, which, [&](const Record& record, const ignore::Decision& decision) {
    const Tone tone = decision.ignored ? Tone::kDim : Tone::kPlain;
    out += fmt::format("{}  {:>10}  {}", style.paint(tone, decision.ignored ? "out" : "in "),
                       bytes_words(record.size), printable(record.path));
    if (decision.pattern != nullptr)
      out += style.paint(Tone::kDim, fmt::format("  '{}' ({})", printable(decision.pattern->written),
                                                 printable(place_of(build, *decision.pattern))));
    out += '\n';
  });
  return {};
}

tl::expected<void, std::string> append_context_files_json(const Build& build, ListedFiles which,
                                                          std::string& out) {
  const auto walk = walk_all(build);
  if (!walk) return tl::unexpected(walk.error());
  text::JsonWriter json(out);
  json.begin_object()
      .member("version", 1)
      .member("context", build.options().context)
      .member("ignore_file", build.ignore().path)
      .key("files")
      .begin_array();
  visit(build, *walk, which, [&](const Record& record, const ignore::Decision& decision) {
    json.begin_object();
    write_file(record.path, record.size, decision, json);
    json.end_object();
  });
  json.end_array().end_object();
  out += '\n';
  return {};
}

void append_file_reasons(const Build& build, const std::string& path, const Style& style, std::string& out) {
  const ignore::Decision decision = build.ignore().matcher.decide(path);
  out += style.paint(Tone::kBold, reason_words(build, path, decision)) + "\n";
  if (!is_there(build, path))
    out += fmt::format("{} does not exist in {}\n", printable(path), printable(build.options().context));
  const auto readers = readers_of(build, path);
  for (const plan::Step* step : readers)
    out += fmt::format("  read in line {}: {}\n", step->instruction->start_line,
                       shortened(step->instruction->one_line(), 60));
  if (readers.empty()) out += "  no step of this target reads it\n";
}

void append_file_reasons_json(const Build& build, const std::string& path, std::string& out) {
  const ignore::Decision decision = build.ignore().matcher.decide(path);
  const Record* record = build.context().find(path);
  text::JsonWriter json(out);
  json.begin_object()
      .member("version", 1)
      .member("context", build.options().context)
      .member("ignore_file", build.ignore().path);
  write_file(path, record == nullptr ? 0 : record->size, decision, json);
  json.member("exists", is_there(build, path)).key("steps").begin_array();
  for (const plan::Step* step : readers_of(build, path)) {
    json.begin_object()
        .member("stage", build.graph().stages[step->stage].label())
        .member("line", step->instruction->start_line)
        .member("instruction", step->instruction->one_line())
        .end_object();
  }
  json.end_array().end_object();
  out += '\n';
}

}  // namespace dcache::report

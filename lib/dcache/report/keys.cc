#include "dcache/report/keys.h"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "dcache/text/json_writer.h"

namespace dcache::report {
namespace {

using context::Record;
using context::Type;

constexpr size_t kShownKey = 12;  // digits that tell keys apart for people
constexpr size_t kLargestShown = 10;

struct Weight {
  size_t files = 0;
  uint64_t bytes = 0;

  void add(const Record& record) {
    if (record.type == Type::kFolder) return;
    ++files;
    bytes += record.size;
  }
};

// The files of a step, each once, in the order of the context.
std::vector<const Record*> files_of(const cache::StepKeys& keys) {
  std::vector<const Record*> files;
  std::set<const Record*> seen;
  for (const cache::ReadFiles& read : keys.reads) {
    for (const cache::SelectedFile& file : read.selection.files) {
      if (seen.insert(file.record).second) files.push_back(file.record);
    }
  }
  return files;
}

Weight weight_of(const std::vector<const Record*>& files) {
  Weight weight;
  for (const Record* file : files)
    weight.add(*file);
  return weight;
}

struct Usage {
  Weight sent;
  Weight read;
  std::vector<const Record*> unread;  // the largest first
};

Usage usage_of(const cache::Build& build) {
  std::set<const Record*> read;
  for (size_t i = 0; i < build.keys().size(); ++i) {
    if (!build.graph().steps[i].needed) continue;
    for (const Record* file : files_of(build.keys()[i]))
      read.insert(file);
  }
  Usage usage;
  for (const Record& record : build.context().records()) {
    usage.sent.add(record);
    if (read.contains(&record)) {
      usage.read.add(record);
    } else if (record.type == Type::kFile) {
      usage.unread.push_back(&record);
    }
  }
  std::stable_sort(usage.unread.begin(), usage.unread.end(),
                   [](const Record* a, const Record* b) { return a->size > b->size; });
  return usage;
}

void write_weight(std::string_view name, const Weight& weight, text::JsonWriter& json) {
  json.key(name).begin_object().member("files", weight.files).member("bytes", weight.bytes).end_object();
}

}  // namespace

void append_keys(const cache::Build& build, uint32_t line, const Style& style, std::string& out) {
  for (size_t i = 0; i < build.keys().size(); ++i) {
    const plan::Step& step = build.graph().steps[i];
    const cache::StepKeys& keys = build.keys()[i];
    const std::vector<const Record*> files = files_of(keys);
    const Weight weight = weight_of(files);
    const std::string held =
        weight.files == 0 ? "" : fmt::format("{} files, {}", weight.files, bytes_words(weight.bytes));
    out += fmt::format("{:>5}  {}  {:<22}  {}\n", step.instruction->start_line,
                       style.paint(Tone::kInfo, context::to_hex(keys.key.certain).substr(0, kShownKey)), held,
                       shortened(step.instruction->one_line(), 60));
    if (line != step.instruction->start_line) continue;
    for (const Record* file : files)
      out += fmt::format("         {}\n", printable(file->path));
  }
}

void append_keys_json(const cache::Build& build, std::string& out) {
  text::JsonWriter json(out);
  json.begin_object().member("version", 1).member("dockerfile", build.options().dockerfile);
  json.key("steps").begin_array();
  for (size_t i = 0; i < build.keys().size(); ++i) {
    const plan::Step& step = build.graph().steps[i];
    const cache::StepKeys& keys = build.keys()[i];
    const std::vector<const Record*> files = files_of(keys);
    const Weight weight = weight_of(files);
    json.begin_object()
        .member("stage", build.graph().stages[step.stage].label())
        .member("line", step.instruction->start_line)
        .member("instruction", step.instruction->one_line())
        .member("key", context::to_hex(keys.key.certain))
        .member("definition", context::to_hex(keys.definition))
        .member("content", context::to_hex(keys.files))
        .member("bytes", weight.bytes);
    json.key("files").begin_array();
    for (const Record* file : files)
      json.value(file->path);
    json.end_array().end_object();
  }
  json.end_array().end_object();
  out += '\n';
}

void append_context(const cache::Build& build, const Style& style, std::string& out) {
  const Usage usage = usage_of(build);
  const auto line = [&](std::string_view name, const Weight& weight) {
    out += fmt::format("{:<16} {:>8} files  {:>10}\n", name, weight.files, bytes_words(weight.bytes));
  };
  line("in the context", usage.sent);
  line("read by steps", usage.read);
  line("read by none", {usage.sent.files - usage.read.files, usage.sent.bytes - usage.read.bytes});
  out += fmt::format("{:<16} {:>8} entries{}\n", "ignored", build.ignored_entries(),
                     build.ignore().path.empty() ? "  (no ignore file)" : "  by " + build.ignore().path);
  if (usage.unread.empty()) return;
  out += style.paint(Tone::kBold, "\nThe largest that no step reads\n");
  for (size_t i = 0; i < std::min(kLargestShown, usage.unread.size()); ++i) {
    out +=
        fmt::format("  {:>10}  {}\n", bytes_words(usage.unread[i]->size), printable(usage.unread[i]->path));
  }
}

void append_context_json(const cache::Build& build, std::string& out) {
  const Usage usage = usage_of(build);
  text::JsonWriter json(out);
  json.begin_object().member("version", 1).member("context", build.options().context);
  write_weight("sent", usage.sent, json);
  write_weight("read", usage.read, json);
  json.member("ignored_entries", build.ignored_entries()).member("ignore_file", build.ignore().path);
  json.key("unread").begin_array();
  for (const Record* file : usage.unread) {
    json.begin_object().member("path", file->path).member("bytes", file->size).end_object();
  }
  json.end_array().end_object();
  out += '\n';
}

}  // namespace dcache::report

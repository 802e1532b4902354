#include "dcache/report/context.h"

#include <algorithm>
#include <map>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "dcache/cache/unread_folders.h"
#include "dcache/report/step_words.h"
#include "dcache/report/weight.h"
#include "dcache/text/json_writer.h"
#include "dcache/text/path.h"

namespace dcache::report {
namespace {

using context::Record;
using context::Type;

constexpr size_t kTreeLines = 24;
constexpr uint64_t kSmallestShare = 50;  // a fiftieth of all bytes; what is smaller is left out of the tree

// What a step takes from a context.
struct StepUse {
  const plan::Step* step = nullptr;
  const cache::Build* build = nullptr;
  std::string context;  // the named one; empty for the main one
  Weight weight;
};

// A file or a folder with all that is in it.
struct Entry {
  const Record* record = nullptr;
  Weight weight;
  uint64_t unread = 0;  // bytes
};

struct Usage {
  Weight sent;
  Weight read;
  std::vector<StepUse> readers;
  std::map<const Record*, std::vector<uint32_t>> lines;  // of the steps that read it
  std::vector<const Record*> unread;                     // the largest first
  std::map<std::string_view, Entry> entries;             // all, by path
};

bool is_in(const StepUse& use, const plan::Step& step, const std::string& context) {
  return use.context == context && use.step->stage == step.stage &&
         use.step->instruction->start_line == step.instruction->start_line;
}

// Adds what a step of a build reads of named contexts, once for all platforms.
void add_named(const cache::Build& build, size_t index, Usage& usage) {
  const plan::Step& step = build.graph().steps[index];
  std::map<std::string, std::vector<const Record*>> taken;  // by context
  for (const cache::ReadFiles& read : build.keys()[index].reads) {
    const plan::Read& from = step.reads[read.read];
    if (from.origin != plan::Read::Origin::kNamedContext) continue;
    std::vector<const Record*>& records = taken[from.name];
    for (const cache::SelectedFile& file : read.selection.files) {
      if (std::ranges::find(records, file.record) == records.end()) records.push_back(file.record);
    }
  }
  for (const auto& [context, records] : taken) {
    const auto same = [&, &name = context](const StepUse& use) { return is_in(use, step, name); };
    if (!records.empty() && std::ranges::none_of(usage.readers, same))
      usage.readers.push_back({&step, &build, context, weight_of(records)});
  }
}

// Adds what the steps of a build read; `files` is the context of the first build, whose records count.
void add_readers(const cache::Build& build, const context::Snapshot& files, Usage& usage) {
  for (size_t i = 0; i < build.keys().size(); ++i) {
    const plan::Step& step = build.graph().steps[i];
    if (!step.needed || step.reads.empty()) continue;
    const uint32_t start = step.instruction->start_line;
    std::vector<const Record*> taken;
    for (const cache::ReadFiles& read : build.keys()[i].reads) {
      if (step.reads[read.read].origin != plan::Read::Origin::kContext) continue;
      for (const cache::SelectedFile& file : read.selection.files) {
        const Record* record = files.find(file.record->path);
        if (record == nullptr) continue;
        std::vector<uint32_t>& lines = usage.lines[record];
        if (std::ranges::find(lines, start) != lines.end()) continue;
        lines.push_back(start);
        taken.push_back(record);
      }
    }
    if (!taken.empty()) usage.readers.push_back({&step, &build, {}, weight_of(taken)});
    add_named(build, i, usage);
  }
}

Usage usage_of(std::span<const cache::Build> builds) {
  Usage usage;
  const cache::Build& build = builds.front();
  for (const cache::Build& one : builds)
    add_readers(one, build.context(), usage);
  for (const Record& record : build.context().records()) {
    usage.sent.add(record);
    const bool is_read = usage.lines.contains(&record);
    if (is_read) usage.read.add(record);
    if (!is_read && record.type == Type::kFile) usage.unread.push_back(&record);
    usage.entries[record.path].record = &record;
    for (std::string_view path = record.path; path != "."; path = text::parent_path(path)) {
      Entry& entry = usage.entries[path];
      entry.weight.add(record);
      if (!is_read) entry.unread += record.size;
    }
  }
  std::stable_sort(usage.unread.begin(), usage.unread.end(),
                   [](const Record* a, const Record* b) { return a->size > b->size; });
  return usage;
}

// The files and folders that weigh most: what is in a folder follows it, the largest first.
class WeightTree {
 public:
  explicit WeightTree(const Usage& usage) : smallest_(usage.sent.bytes / kSmallestShare + 1) {
    for (const auto& [path, entry] : usage.entries) {
      if (entry.weight.bytes >= smallest_) children_[text::parent_path(path)].push_back(&entry);
    }
    for (auto& [folder, entries] : children_) {
      std::stable_sort(entries.begin(), entries.end(),
                       [](const Entry* a, const Entry* b) { return a->weight.bytes > b->weight.bytes; });
    }
  }

  // Calls use(entry, depth) for each.
  template <class Use>
  void visit(const Use& use) const {
    size_t left = kTreeLines;
    visit(".", 0, left, use);
  }

 private:
  template <class Use>
  void visit(std::string_view folder, size_t depth, size_t& left, const Use& use) const {
    const auto entries = children_.find(folder);
    if (entries == children_.end()) return;
    for (const Entry* entry : entries->second) {
      if (left == 0) return;
      --left;
      use(*entry, depth);
      visit(entry->record->path, depth + 1, left, use);
    }
  }

  uint64_t smallest_;
  std::map<std::string_view, std::vector<const Entry*>> children_;
};

std::string readers_words(const Usage& usage, const Entry& entry) {
  if (entry.unread == entry.weight.bytes) return "not read by any step";
  if (entry.record->type == Type::kFolder)
    return entry.unread == 0 ? "" : fmt::format("{} not read by any step", bytes_words(entry.unread));
  const auto& lines = usage.lines.at(entry.record);
  return fmt::format("read in {} {}", lines.size() == 1 ? "line" : "lines", fmt::join(lines, ", "));
}

// A column: "  1 file ", "12 files".
std::string files_words(uint64_t files) {
  return fmt::format("{:>8} {:<5}", files, files == 1 ? "file" : "files");
}

void append_ignored(const cache::Build& build, std::string& out) {
  if (build.ignore().path.empty()) {
    out += "ignored                 0 files             no ignore file\n";
    return;
  }
  context::IgnoredCount all;
  for (const context::IgnoredCount& ignored : build.ignored_by()) {
    all.files += ignored.files;
    all.bytes += ignored.bytes;
  }
  out += fmt::format("{:<16} {}  {:>10}  by {}\n", "ignored", files_words(all.files), bytes_words(all.bytes),
                     printable(build.ignore().path));
  for (size_t i = 0; i < build.ignored_by().size(); ++i) {
    const context::IgnoredCount& ignored = build.ignored_by()[i];
    if (ignored.files == 0) continue;
    const ignore::Pattern& pattern = build.ignore().matcher.patterns()[i];
    out += fmt::format("  {:<14} {}  {:>10}  line {}\n", shortened(pattern.written, 40),
                       files_words(ignored.files), bytes_words(ignored.bytes), pattern.line);
  }
}

// What a COPY takes and no later step names: those rows that fit, the rest in a number.
void append_unread(const cache::Build& build, const Style& style, std::string& out) {
  constexpr size_t kMostRows = 12;
  const std::vector<cache::UnreadFolder> folders = cache::unread_folders(build);
  if (folders.empty()) return;
  out += style.paint(Tone::kBold, "\nCopied folders that no later step names\n");
  for (const cache::UnreadFolder& folder : std::span(folders).first(std::min(folders.size(), kMostRows))) {
    const bool is_certain = folder.runs.empty();
    const std::string words =
        is_certain ? "no step reads it"
                   : fmt::format("RUN in {} {} may read it", folder.runs.size() == 1 ? "line" : "lines",
                                 fmt::join(folder.runs, ", "));
    out += fmt::format("{:>5}  {}  {:>10}  {:<32}  {}\n",
                       build.graph().steps[folder.step].instruction->start_line, files_words(folder.files),
                       bytes_words(folder.bytes), printable(folder.path) + "/",
                       style.paint(is_certain ? Tone::kWarn : Tone::kDim, words));
  }
  if (folders.size() > kMostRows) out += fmt::format("       and {} more\n", folders.size() - kMostRows);
  out +=
      style.paint(Tone::kDim, "Any change in them rebuilds the COPY in that line and the steps after it.\n");
}

void write_unread(const cache::Build& build, text::JsonWriter& json) {
  json.key("unread_folders").begin_array();
  for (const cache::UnreadFolder& folder : cache::unread_folders(build)) {
    const plan::Step& copy = build.graph().steps[folder.step];
    json.begin_object()
        .member("line", copy.instruction->start_line)
        .member("instruction", copy.one_line())
        .member("path", folder.path)
        .member("files", folder.files)
        .member("bytes", folder.bytes)
        .key("runs")
        .begin_array();
    for (const uint32_t line : folder.runs)
      json.value(line);
    json.end_array().end_object();
  }
  json.end_array();
}

void write_weight(std::string_view name, const Weight& weight, text::JsonWriter& json) {
  json.key(name).begin_object().member("files", weight.files).member("bytes", weight.bytes).end_object();
}

}  // namespace

void append_context(std::span<const cache::Build> builds, const Style& style, std::string& out) {
  const cache::Build& build = builds.front();
  const Usage usage = usage_of(builds);
  const auto line = [&](std::string_view name, const Weight& weight) {
    out += fmt::format("{:<16} {}  {:>10}\n", name, files_words(weight.files), bytes_words(weight.bytes));
  };
  if (build.options().context == cache::kNoContext)
    out += "This build has no context: standard input is its Dockerfile.\n";
  line("in the context", usage.sent);
  line("read by steps", usage.read);
  line("not read", {usage.sent.files - usage.read.files, usage.sent.bytes - usage.read.bytes});
  append_ignored(build, out);

  if (!usage.readers.empty()) out += style.paint(Tone::kBold, "\nWhat each step reads\n");
  for (const StepUse& reader : usage.readers) {
    out += fmt::format("{:>5}  {}  {:>10}  {}\n", reader.step->instruction->start_line,
                       files_words(reader.weight.files), bytes_words(reader.weight.bytes),
                       step_words(*reader.step, 60));
    if (!reader.context.empty()) {
      out.pop_back();
      out += fmt::format("  (named context {})\n", printable(reader.context));
    }
  }

  append_unread(build, style, out);
  if (usage.sent.bytes == 0) return;
  out += style.paint(Tone::kBold, "\nThe largest files and folders\n");
  WeightTree(usage).visit([&](const Entry& entry, size_t depth) {
    const bool is_folder = entry.record->type == Type::kFolder;
    const std::string name =
        std::string(depth * 2, ' ') + printable(text::base_name(entry.record->path)) + (is_folder ? "/" : "");
    const std::string words = readers_words(usage, entry);
    const Tone tone = entry.unread == entry.weight.bytes ? Tone::kWarn : Tone::kDim;
    out += words.empty() ? fmt::format("{:>10}  {}\n", bytes_words(entry.weight.bytes), name)
                         : fmt::format("{:>10}  {:<32}  {}\n", bytes_words(entry.weight.bytes), name,
                                       style.paint(tone, words));
  });
}

void append_context_json(std::span<const cache::Build> builds, std::string& out) {
  const cache::Build& build = builds.front();
  const Usage usage = usage_of(builds);
  text::JsonWriter json(out);
  json.begin_object().member("version", 1).member("context", build.options().context);
  write_weight("sent", usage.sent, json);
  write_weight("read", usage.read, json);
  json.member("ignore_file", build.ignore().path).member("ignored_entries", build.ignored_entries());
  json.key("ignored").begin_array();
  for (size_t i = 0; i < build.ignored_by().size(); ++i) {
    const ignore::Pattern& pattern = build.ignore().matcher.patterns()[i];
    json.begin_object().member("pattern", pattern.written).member("line", pattern.line);
    json.member("files", build.ignored_by()[i].files)
        .member("bytes", build.ignored_by()[i].bytes)
        .end_object();
  }
  json.end_array().key("steps").begin_array();
  for (const StepUse& reader : usage.readers) {
    json.begin_object()
        .member("stage", reader.build->graph().stages[reader.step->stage].label())
        .member("line", reader.step->instruction->start_line)
        .member("instruction", reader.step->one_line())
        .member("files", reader.weight.files)
        .member("bytes", reader.weight.bytes);
    if (!reader.context.empty()) json.member("named_context", reader.context);
    write_trigger(reader.step->trigger, json);
    json.end_object();
  }
  json.end_array().key("tree").begin_array();
  WeightTree(usage).visit([&](const Entry& entry, size_t) {
    json.begin_object()
        .member("path", entry.record->path)
        .member("files", entry.weight.files)
        .member("bytes", entry.weight.bytes)
        .member("unread_bytes", entry.unread)
        .end_object();
  });
  json.end_array().key("unread").begin_array();
  for (const Record* file : usage.unread)
    json.begin_object().member("path", file->path).member("bytes", file->size).end_object();
  json.end_array();
  write_unread(build, json);
  json.end_object();
  out += '\n';
}

}  // namespace dcache::report

#include "dcache/report/context_files.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "dcache/report/step_words.h"
#include "dcache/report/weight.h"
#include "dcache/text/json_writer.h"
#include "dcache/text/path.h"
#include "dcache/text/suggest.h"

namespace dcache::report {
namespace {

using cache::Build;
using context::Record;
using context::Type;

tl::expected<context::Walk, std::string> walk_all(const Build& build) {
  return cache::walk_context(build.options().context, ignore::Matcher(), {}, *build.options().files);
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

// The context that a path is in, with the patterns that count there.
class Place {
 public:
  Place(const Build& build, const ContextPath& path) : build_(build), path_(path) {
    const bool is_main = path.context.empty();
    folder_ = is_main ? build.options().context : build.options().plan.named_contexts.at(path.context);
    files_ = is_main ? &build.context() : &build.named_contexts().find(path.context)->second;
    if (is_main) {
      ignore_ = &build.ignore();
      return;
    }
    auto ignore = cache::load_ignore_file("", folder_, build.options().plan.builder, *build.options().files);
    if (ignore) of_named_ = std::move(*ignore);
    ignore_ = &of_named_;
  }

  const std::string& folder() const { return folder_; }
  const cache::IgnoreFile& ignore() const { return *ignore_; }
  ignore::Decision decide() const { return ignore_->matcher.decide(path_.path); }
  const Record* record() const { return files_->find(path_.path); }
  bool exists() const {
    return record() != nullptr || build_.options().files->exists(text::join_path(folder_, path_.path));
  }
  // Where a link leads that leads to nothing; empty for all else.
  std::string leads_to_nothing() const {
    const bool is_link = record() != nullptr && record()->type == Type::kSymlink;
    const std::string place = text::join_path(folder_, path_.path);
    return is_link && !build_.options().files->exists(place) ? record()->target : std::string();
  }
  // Of a file that is ignored, too.
  uint64_t bytes() const {
    if (record() != nullptr) return record()->size;
    const std::string place = text::join_path(folder_, path_.path);
    const auto walk =
        build_.options().files->walk(std::string(text::parent_path(place)), ignore::Matcher(), {});
    const Record* const found = walk ? walk->snapshot.find(text::base_name(place)) : nullptr;
    return found == nullptr ? 0 : found->size;
  }
  std::string context_words() const {
    return path_.context.empty() ? "the build context" : "the named context " + printable(path_.context);
  }

  // The files below a folder: those of the context, and those that patterns keep out.
  struct FolderTotals {
    uint64_t in = 0;
    uint64_t out = 0;
    ignore::Decision first_in;  // why the first of each is
    ignore::Decision first_out;
    std::string out_example;
  };
  // Nothing for a file.
  std::optional<FolderTotals> inside() const {
    if (!is_folder()) return std::nullopt;
    const auto walk =
        build_.options().files->walk(text::join_path(folder_, path_.path), ignore::Matcher(), {});
    if (!walk) return std::nullopt;
    FolderTotals inside;
    for (const Record& record : walk->snapshot.records()) {
      if (record.type == Type::kFolder) continue;
      const std::string path = text::join_path(path_.path, record.path);
      const ignore::Decision decision = ignore_->matcher.decide(path);
      ignore::Decision& first = decision.ignored ? inside.first_out : inside.first_in;
      if ((decision.ignored ? inside.out : inside.in)++ == 0) first = decision;
      if (decision.ignored && inside.out_example.empty()) inside.out_example = path;
    }
    return inside;
  }

  // A path that exists and is like the one that does not; empty for none.
  std::string likely() const {
    std::vector<std::string_view> near;
    const std::string_view name = text::base_name(path_.path);
    const std::string_view parent = text::parent_path(path_.path);
    std::string_view elsewhere;
    for (const Record& record : files_->records()) {
      if (text::parent_path(record.path) == parent) near.push_back(record.path);
      if (elsewhere.empty() && text::base_name(record.path) == name) elsewhere = record.path;
    }
    return std::string(elsewhere.empty() ? text::closest(path_.path, near) : elsewhere);
  }

 private:
  bool is_folder() const {
    const std::string place = text::join_path(folder_, path_.path);
    const std::string name(text::base_name(place));
    return std::ranges::any_of(
        build_.options().files->list(std::string(text::parent_path(place))),
        [&](const context::FolderEntry& entry) { return entry.is_folder && entry.name == name; });
  }

  const Build& build_;
  const ContextPath& path_;
  std::string folder_;
  const context::Snapshot* files_ = nullptr;
  const cache::IgnoreFile* ignore_ = nullptr;
  cache::IgnoreFile of_named_;
};

std::string pattern_words(const Place& place, const ignore::Pattern& pattern) {
  return fmt::format("'{}' ({}:{})", printable(pattern.written), printable(place.ignore().path),
                     pattern.line);
}

// A needed step that reads a file, or one below a folder.
struct FileUse {
  const Build* build = nullptr;
  const plan::Step* step = nullptr;
  std::vector<std::string> platforms;  // those for which it does
};

// Whether a selector names a link, or something after it.
bool goes_through(const plan::Read& read, const std::string& link) {
  return std::ranges::any_of(read.selectors, [&](const plan::Selector& selector) {
    const std::string named = selector.path.substr(std::min<size_t>(1, selector.path.size()));
    if (text::is_within(named, link)) return true;
    const auto pattern = ignore::Matcher::compile(std::vector{named});
    return selector.wildcard && pattern && pattern->decide(link).ignored;
  });
}

bool is_link(const Build& build, const ContextPath& path) {
  const context::Snapshot& files =
      path.context.empty() ? build.context() : build.named_contexts().find(path.context)->second;
  const Record* const record = files.find(path.path);
  return record != nullptr && record->type == Type::kSymlink;
}

bool reads(const Build& build, size_t index, const ContextPath& path) {
  const plan::Step& step = build.graph().steps[index];
  if (!step.needed) return false;
  return std::ranges::any_of(build.keys()[index].reads, [&](const cache::ReadFiles& read) {
    const plan::Read& from = step.reads[read.read];
    const bool of_context =
        path.context.empty() ? from.origin == plan::Read::Origin::kContext
                             : from.origin == plan::Read::Origin::kNamedContext && from.name == path.context;
    if (of_context && is_link(build, path) && goes_through(from, path.path)) return true;
    return of_context && std::ranges::any_of(read.selection.files, [&](const cache::SelectedFile& file) {
             return path.path.empty() || text::is_within(file.record->path, path.path);
           });
  });
}

std::vector<FileUse> readers_of(std::span<const Build> builds, const ContextPath& path) {
  std::vector<FileUse> readers;
  for (const Build& build : builds) {
    for (size_t i = 0; i < build.keys().size(); ++i) {
      if (!reads(build, i, path)) continue;
      const plan::Step& step = build.graph().steps[i];
      const auto same = [&](const FileUse& reader) {
        return reader.step->instruction->start_line == step.instruction->start_line &&
               reader.step->stage == step.stage && reader.step->one_line() == step.one_line();
      };
      auto known = std::ranges::find_if(readers, same);
      if (known == readers.end()) known = readers.insert(readers.end(), {&build, &step, {}});
      known->platforms.push_back(build.options().plan.platform);
    }
  }
  return readers;
}

// Whether a file is in the context, and what decides it.
std::string ignore_words(const Place& place, const std::string& path) {
  const std::string name = printable(path);
  const ignore::Decision decision = place.decide();
  if (place.ignore().path.empty())
    return fmt::format("{} is in {}: there is no ignore file", name, place.context_words());
  if (decision.pattern == nullptr)
    return fmt::format("{} is in {}: no pattern in {} matches it", name, place.context_words(),
                       printable(place.ignore().path));
  return decision.ignored ? fmt::format("{} is ignored by {}", name, pattern_words(place, *decision.pattern))
                          : fmt::format("{} is kept in {} by {}", name, place.context_words(),
                                        pattern_words(place, *decision.pattern));
}

// What there is to say of a path that does not exist.
void append_missing_file(const Place& place, const ContextPath& path, const Style& style, std::string& out) {
  const std::string likely = place.likely();
  out += style.paint(Tone::kBold,
                     fmt::format("{} does not exist in {}", printable(path.path), printable(place.folder())));
  if (!likely.empty()) out += fmt::format("; did you mean {}?", printable(likely));
  out += '\n';
  const ignore::Decision decision = place.decide();
  if (decision.pattern == nullptr) return;
  out += fmt::format("  a file of that name is {} by {}\n",
                     decision.ignored ? "ignored" : "kept in " + place.context_words(),
                     pattern_words(place, *decision.pattern));
}

// The same of a folder: patterns decide about each of its files.
std::string folder_words(const Place& place, const std::string& path, const Place::FolderTotals& inside) {
  const std::string name = printable(path) + "/";
  const uint64_t all = inside.in + inside.out;
  const auto by = [&](const ignore::Decision& decision) {
    return decision.pattern == nullptr ? std::string()
                                       : fmt::format(" by {}", pattern_words(place, *decision.pattern));
  };
  if (all == 0 || inside.out == 0)
    return inside.first_in.pattern == nullptr || all == 0
               ? ignore_words(place, path)
               : fmt::format("{} is kept in {}{}", name, place.context_words(), by(inside.first_in));
  if (inside.in == 0) return fmt::format("{} is ignored{}", name, by(inside.first_out));
  return fmt::format("{} is in {} with {} of its {} files{}; the others are ignored, for example {}{}", name,
                     place.context_words(), inside.in, all,
                     inside.first_in.pattern == nullptr ? "" : ", kept" + by(inside.first_in),
                     printable(inside.out_example), by(inside.first_out));
}

// Where steps read it first.
void sort_by_use(std::span<const Build> builds, std::vector<ContextPath>& places) {
  std::ranges::stable_partition(places,
                                [&](const ContextPath& place) { return !readers_of(builds, place).empty(); });
}

void append_reasons(std::span<const Build> builds, const ContextPath& path, std::string_view unread,
                    const Style& style, std::string& out) {
  const Place place(builds.front(), path);
  const auto inside = place.inside();
  if (!place.exists()) return append_missing_file(place, path, style, out);
  out +=
      style.paint(Tone::kBold, path.path.empty() ? place.folder() + " is the root of " + place.context_words()
                               : inside          ? folder_words(place, path.path, *inside)
                                                 : ignore_words(place, path.path)) +
      "\n";
  const auto readers = readers_of(builds, path);
  for (const FileUse& reader : readers) {
    const bool always = reader.platforms.size() == builds.size();
    out += fmt::format("  read in line {}{}: {}\n", reader.step->instruction->start_line,
                       always ? "" : fmt::format(" for {}", fmt::join(reader.platforms, ", ")),
                       step_words(*reader.step, 60));
  }
  if (const std::string target = place.leads_to_nothing(); !target.empty())
    out += fmt::format("  it is a link to {}, which does not exist\n", printable(target));
  if (readers.empty()) out += fmt::format("  {}\n", unread);
}

void write_reasons(std::span<const Build> builds, const ContextPath& path, text::JsonWriter& json) {
  const Place place(builds.front(), path);
  const auto inside = place.inside();
  json.member("context", place.folder()).member("ignore_file", place.ignore().path);
  if (!path.context.empty()) json.member("named_context", path.context);
  ignore::Decision decision = place.decide();
  if (inside && inside->in > 0) decision = inside->first_in;
  write_file(path.path, inside ? 0 : place.bytes(), decision, json);
  json.member("exists", place.exists());
  if (inside)
    json.key("inside").begin_object().member("in", inside->in).member("out", inside->out).end_object();
  json.key("steps").begin_array();
  for (const FileUse& reader : readers_of(builds, path)) {
    json.begin_object()
        .member("stage", reader.build->graph().stages[reader.step->stage].label())
        .member("line", reader.step->instruction->start_line)
        .member("instruction", reader.step->one_line());
    write_trigger(reader.step->trigger, json);
    if (reader.platforms.size() != builds.size()) {
      json.key("platforms").begin_array();
      for (const std::string& platform : reader.platforms)
        json.value(platform);
      json.end_array();
    }
    json.end_object();
  }
  json.end_array();
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

void append_file_reasons(std::span<const Build> builds, std::vector<ContextPath> places, const Style& style,
                         std::string& out) {
  sort_by_use(builds, places);
  for (const ContextPath& place : places)
    append_reasons(
        builds, place,
        places.size() == 1 ? "no step of this target reads it" : "no step of this target reads it from there",
        style, out);
}

void append_file_reasons_json(std::span<const Build> builds, std::vector<ContextPath> places,
                              std::string& out) {
  sort_by_use(builds, places);
  text::JsonWriter json(out);
  json.begin_object().member("version", 1);
  write_reasons(builds, places.front(), json);
  if (places.size() > 1) {
    json.key("also").begin_array();
    for (const ContextPath& place : std::span(places).subspan(1)) {
      json.begin_object();
      write_reasons(builds, place, json);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
  out += '\n';
}

}  // namespace dcache::report

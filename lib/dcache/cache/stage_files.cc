#include "dcache/cache/stage_files.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <string>

#include "dcache/cache/copied_files.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"

namespace dcache::cache {

using context::Hash;
using context::Hasher;
using context::Record;
using plan::Step;

context::Snapshot FoundSnapshots::of(const std::vector<Record>& folders, std::vector<const Record*> files) {
  const auto is_same = [](const Record& a, const Record& b) { return a.path == b.path; };
  for (const Entry& entry : entries_) {
    if (entry.files == files && std::ranges::equal(entry.folders, folders, is_same)) return entry.snapshot;
  }
  constexpr size_t kMostKept = 16;
  if (entries_.size() == kMostKept) entries_.erase(entries_.begin());
  // Pointers are moved faster than records.
  std::vector<const Record*> sorted;
  sorted.reserve(folders.size() + files.size());
  for (const Record& folder : folders)
    sorted.push_back(&folder);
  sorted.insert(sorted.end(), files.begin(), files.end());
  std::ranges::stable_sort(sorted, context::path_less, &Record::path);
  std::vector<Record> records;
  records.reserve(sorted.size());
  for (const Record* record : sorted)
    records.push_back(*record);
  Entry& entry = entries_.emplace_back(folders, std::move(files), context::Snapshot(std::move(records)));
  return entry.snapshot;
}

// How many steps of a chain are looked at one by one: no builder makes an image of more layers. What is below
// counts as a whole, so that a chain of thousands of stages that copy from each other does not take forever.
constexpr size_t kMostFollowed = 500;

// What is found of a stage's files, from its last step down to its base.
class FoundFiles {
 public:
  FoundFiles(const plan::Selector& selector, bool narrow) : selector_(selector), narrow_(narrow) {}

  // Whether a step looked at before may have changed something at or below the path.
  bool is_unsure(std::string_view path) const { return anywhere_ || unsure_.contains(path); }
  bool knows_any_path() const { return !anywhere_; }
  // What was written at these paths is not known, or at any path.
  void add_unsure(const std::vector<std::string>& paths) {
    for (const std::string& path : paths)
      unsure_.add(path);
  }
  void add_unsure_anywhere() { anywhere_ = true; }

  // What counts whatever the selector is.
  void add(const AssumedKeys& keys) {
    if_changed_.push_back(keys.if_changed);
    if_same_.push_back(keys.if_same);
    if_untouched_.push_back(keys.if_untouched);
  }
  void add_uncertain(const Hash& hash) { if_changed_.push_back(hash); }
  // A RUN may have written something that is selected; these files it has surely made.
  void add_run(const std::vector<std::string>& created) {
    any_run_ = true;
    created_.insert(created.begin(), created.end());
  }

  // Whether files that are not within the path of the selector make no difference.
  bool takes_only_within() const { return narrow_ && (anywhere_ || unsure_.empty()); }

  // A file that a step wrote; it has to outlive this. Where a step looked at before may have changed it, its
  // hash counts by itself, and the order of steps that write one path with it; where that may be any file,
  // the caller adds one hash of all.
  void add_file(const Record& record) {
    // Links apart, files elsewhere make no difference.
    const bool counts = !narrow_ || is_within_selector(record);
    if (!counts && takes_only_within()) return;
    const bool unsure = !anywhere_ && is_unsure('/' + record.path);
    if (unsure) {
      const size_t above = unsure_files_[record.path]++;
      add_uncertain(Hasher().add(record.path).add(hash_record(record)).add(uint64_t{above}).finish());
    }
    if (!counts) return;
    files_.push_back({&record, !anywhere_ && !unsure});
  }
  // A folder that is made if it is not there: it changes nothing of one that a step below makes.
  void add_folder(const std::string& path) {
    Record folder;
    folder.path = path.substr(1);
    folder.type = context::Type::kFolder;
    folder.mode = 0755;
    folders_.push_back(std::move(folder));
  }

  // What a COPY of unknown files wrote to `destination`. It counts as a whole if all of it is selected and no
  // step above can have replaced a part.
  void add_copy(const AssumedKeys& content, const std::string& destination, bool whole) {
    const auto above = uint64_t{copies_.count(destination)};
    if (whole && !has_file_within(destination) && !is_unsure(destination)) {
      add(content);
    } else {
      add_uncertain(Hasher().add(content.if_changed).add(above).finish());
      if_untouched_.push_back(content.if_untouched);
    }
    copies_.add(destination);
    unsure_.add(destination);
  }

  // Adds all of it to a key.
  void finish(AssumedHasher& hasher, FoundSnapshots& snapshots) {
    const context::Snapshot known = snapshot(true, snapshots);
    // The same files count as the same, whatever pattern took them.
    const Selection selection = select(known, {&selector_, 1});
    for (const SelectedFile& file : selection.files) {
      const Hash now = hash_record(*file.record);
      const Hash hoped = hash_record(*file.record, Content::kStale);
      if_changed_in_order_.add(file.name).add(now);
      if_same_in_order_.add(file.name).add(hoped);
    }
    if_changed_.push_back(if_changed_in_order_.add(selection.folder_modes).finish());
    if_same_.push_back(if_same_in_order_.finish());
    const bool all_known =
        std::all_of(files_.begin(), files_.end(), [](const File& file) { return file.known; });
    if_untouched_.push_back(all_known ? if_same_.back() : hash_of_all(snapshots));
    Hasher created;
    for (const std::string& path : created_)
      created.add(path);
    // A state without any RUN that may write there is another one than a state whose RUNs surely did. Where
    // RUNs only may have, one of the two keys is that of either.
    if_same_.push_back(created.finish());
    if_untouched_.push_back(context::hash_bytes(any_run_ ? "written" : ""));
    hasher.add({in_any_order(if_changed_), in_any_order(if_same_), in_any_order(if_untouched_)});
  }

 private:
  struct File {
    const Record* record;
    bool known;  // no step above can have changed it
  };

  // Paths of records have no leading slash.
  bool is_within_selector(const Record& record) const {
    const std::string_view path = selector_.path;
    return path == "/" || path == "." ||
           (path.starts_with('/') && text::is_within(record.path, path.substr(1)));
  }

  bool has_file_within(const std::string& folder) const {
    return std::ranges::any_of(
        files_, [&](const File& file) { return text::is_within('/' + file.record->path, folder); });
  }

  // The topmost record of a path counts.
  context::Snapshot snapshot(bool known_alone, FoundSnapshots& snapshots) const {
    std::vector<const Record*> files;
    files.reserve(files_.size());
    for (auto file = files_.rbegin(); file != files_.rend(); ++file) {
      if (file->known || !known_alone) files.push_back(file->record);
    }
    return snapshots.of(folders_, std::move(files));
  }

  Hash hash_of_all(FoundSnapshots& snapshots) const {
    const context::Snapshot all = snapshot(false, snapshots);
    const Selection selection = select(all, {&selector_, 1});
    Hasher hasher;
    for (const SelectedFile& file : selection.files)
      hasher.add(file.name).add(hash_record(*file.record, Content::kStale));
    return hasher.finish();
  }

  // Steps that write different files make the same, in whatever order.
  static Hash in_any_order(std::vector<Hash>& hashes) {
    std::sort(hashes.begin(), hashes.end());
    Hasher hasher;
    for (const Hash& hash : hashes)
      hasher.add(hash);
    return hasher.finish();
  }

  const plan::Selector& selector_;
  const bool narrow_;
  OverlappingPaths unsure_;
  bool anywhere_ = false;
  std::vector<File> files_;  // the topmost first
  std::vector<Record> folders_;
  OverlappingPaths copies_;  // destinations of the unknown ones
  std::map<std::string, size_t, std::less<>> unsure_files_;
  std::set<std::string> created_;
  bool any_run_ = false;
  std::vector<Hash> if_changed_, if_same_, if_untouched_;
  Hasher if_changed_in_order_, if_same_in_order_;
};

void StageFiles::add_selected(size_t stage, const plan::Selector& selector, AssumedHasher& hasher) const {
  // With filters, some of what a step wrote may be left out.
  const bool takes_all = !selector.wildcard && selector.include.empty() && selector.exclude.empty();
  FoundFiles found(selector, takes_all && !copies_links(stage));
  // Nothing is where it looks then, so all of the stage may count.
  const bool passes = passes_links(stage, selector);
  if (passes) found.add_unsure_anywhere();
  size_t followed = 0;
  for (std::optional<size_t> at = graph_.stages[stage].last_step; at; at = graph_.steps[*at].below) {
    const Step& step = graph_.steps[*at];
    const StepKeys& keys = keys_[*at];
    if (++followed > kMostFollowed) {
      found.add(keys.key);
      break;
    }
    switch (step.kind) {
      case Step::Kind::kImage:
        if (step.reads.empty()) {
          found.add(keys.key);
        } else {
          add_folder(keys, found);
        }
        break;
      case Step::Kind::kWorkdir:
        add_workdir(step, found);
        break;
      case Step::Kind::kMetadata:
        break;
      case Step::Kind::kRun:
        add_run(*at, selector, found);
        break;
      case Step::Kind::kCopy: {
        if (!passes && !may_match(selector.path, step.destination)) break;
        const CopiedFiles& copy = copied(*at);
        if (!copy.files) {
          const bool whole = takes_all && !changes_modes_by_letters(step) &&
                             text::is_within(step.destination, selector.path);
          found.add_copy(keys.content, step.destination, whole);
          break;
        }
        if (!found.knows_any_path()) found.add_uncertain(copy.all);
        for (const Record& record : found.takes_only_within() ? within(copy, selector.path) : *copy.files)
          found.add_file(record);
        break;
      }
    }
  }
  found.finish(hasher, snapshots_);
}

// Of the files of a COPY those within a path, and maybe others.
std::span<const Record> StageFiles::within(const CopiedFiles& copy, std::string_view path) {
  const std::span<const Record> all(*copy.files);
  if (!copy.are_in_order || path.size() < 2 || path.front() != '/') return all;
  const std::string_view start = path.substr(1);  // as paths of records start
  const auto first = std::ranges::lower_bound(all, start, context::path_less, &Record::path);
  const auto last = std::find_if(first, all.end(),
                                 [&](const Record& record) { return !text::is_within(record.path, start); });
  return {first, last};
}

// A folder that a stage starts from instead of an image: its files are at the root.
void StageFiles::add_folder(const StepKeys& folder, FoundFiles& found) {
  for (const ReadFiles& read : folder.reads) {
    if (!found.knows_any_path()) found.add_uncertain(read.selection.hash);
    for (const SelectedFile& file : read.selection.files)
      found.add_file(*file.record);
  }
}

// WORKDIR makes its folder, which belongs to the user.
void StageFiles::add_workdir(const Step& workdir, FoundFiles& found) {
  found.add_folder(workdir.destination);
  if (const plan::Part* user = workdir.find(plan::Part::Kind::kUser))
    found.add_uncertain(Hasher().add(workdir.destination).add(user->value).finish());
}

void StageFiles::add_run(size_t run, const plan::Selector& selector, FoundFiles& found) const {
  const RunWrites& writes = written(run);
  const bool wildcard = text::has_wildcard(selector.path);
  const auto matches = [&](const std::string& path) {
    return wildcard ? may_match(selector.path, path) : may_overlap(selector.path, path);
  };
  for (const std::string& stub : writes.stubs) {
    if (matches(stub)) found.add_uncertain(context::hash_bytes(stub));
  }
  const bool everywhere = !found.knows_any_path() || !writes.paths;
  if (!everywhere && std::none_of(writes.paths->begin(), writes.paths->end(), matches)) return;
  found.add_uncertain(keys_[run].output);
  std::vector<std::string> created;
  std::ranges::copy_if(writes.created, std::back_inserter(created), matches);
  found.add_run(created);
  if (writes.paths) {
    found.add_unsure(*writes.paths);
  } else {
    found.add_unsure_anywhere();
  }
}

const StageFiles::CopiedFiles& StageFiles::copied(size_t copy) const {
  const auto [entry, fresh] = copies_.try_emplace(copy);
  CopiedFiles& result = entry->second;
  if (!fresh) return result;
  const Step& step = graph_.steps[copy];
  const std::optional<bool> folder =
      places_single_files(step, keys_[copy]) ? is_folder_below(copy) : names_folder(step);
  if (!folder) return result;
  result.files = copied_files(step, keys_[copy], *folder);
  if (!result.files) return result;
  Hasher all;
  for (const Record& record : *result.files) {
    if (record.type == context::Type::kSymlink) result.links.push_back('/' + record.path);
    all.add(record.path).add(hash_record(record));
  }
  result.all = all.finish();
  result.are_in_order = std::ranges::is_sorted(*result.files, context::path_less, &Record::path);
  return result;
}

// Whether the destination of a COPY is a folder already. A RUN is not expected to remove a folder that a
// WORKDIR or a COPY made. Nothing where it cannot be told.
std::optional<bool> StageFiles::is_folder_below(size_t copy) const {
  const std::string& destination = graph_.steps[copy].destination;
  if (destination == "/") return true;
  if (graph_.steps[copy].independent) return false;  // it writes to an empty layer
  bool told = true;
  size_t followed = 0;
  for (std::optional<size_t> at = graph_.steps[copy].below; at; at = graph_.steps[*at].below) {
    if (++followed > kMostFollowed) return std::nullopt;
    const Step& step = graph_.steps[*at];
    switch (step.kind) {
      case Step::Kind::kImage:
        return std::nullopt;
      case Step::Kind::kMetadata:
        break;
      case Step::Kind::kRun: {
        const auto& paths = written(*at).paths;
        told = told && paths && std::ranges::none_of(*paths, [&](const std::string& path) {
                 return may_overlap(path, destination);
               });
        break;
      }
      case Step::Kind::kWorkdir:
        if (text::is_within(step.destination, destination)) return true;
        break;
      case Step::Kind::kCopy: {
        const bool at_it = step.destination == destination;
        if (text::is_within(step.destination, destination) && (!at_it || names_folder(step))) return true;
        if (!may_overlap(step.destination, destination)) break;
        const auto& files = copied(*at).files;
        if (!files) {
          told = false;
          break;
        }
        for (const Record& record : *files) {
          const std::string path = '/' + record.path;
          if (path == destination && record.type != context::Type::kFolder)
            return told ? std::optional(false) : std::nullopt;
          if (text::is_within(path, destination)) return true;
        }
        break;
      }
    }
  }
  return told ? std::optional(false) : std::nullopt;
}

bool StageFiles::copies_links(size_t stage) const {
  return has_links(stage, copied_links_, [this](size_t step) {
    return graph_.steps[step].kind == Step::Kind::kCopy && !copied(step).links.empty();
  });
}

// Whether a step of the stage or one below makes a link. What is known of the steps below is kept for all
// stages that start from them.
template <typename Makes>
bool StageFiles::has_links(size_t stage, std::map<size_t, bool>& known, const Makes& makes) const {
  std::vector<size_t> asked;
  bool has = false;
  for (std::optional<size_t> at = graph_.stages[stage].last_step; at; at = graph_.steps[*at].below) {
    const auto found = known.find(*at);
    if (found != known.end()) {
      has = found->second;
      break;
    }
    asked.push_back(*at);
  }
  for (auto step = asked.rbegin(); step != asked.rend(); ++step)
    known[*step] = has = has || makes(*step);
  return has;
}

// Whether a step of the stage, or the selector, has a path through a link that a step may have made. What was
// a link in the base image is not known, and a RUN that may write anywhere is not expected to make one there.
bool StageFiles::passes_links(size_t stage, const plan::Selector& selector) const {
  const bool makes_links = has_links(stage, links_, [this](size_t step) {
    const Step::Kind kind = graph_.steps[step].kind;
    return kind == Step::Kind::kCopy ? !copied(step).links.empty()
                                     : kind == Step::Kind::kRun && !written(step).links.empty();
  });
  if (!makes_links) return false;
  std::vector<std::string> links;
  std::vector<std::string_view> paths = {selector.path};
  for (std::optional<size_t> at = graph_.stages[stage].last_step; at; at = graph_.steps[*at].below) {
    const Step& step = graph_.steps[*at];
    const bool copies = step.kind == Step::Kind::kCopy;
    if (copies || step.kind == Step::Kind::kWorkdir) paths.push_back(step.destination);
    const bool runs = step.kind == Step::Kind::kRun;
    if (!copies && !runs) continue;
    const std::vector<std::string>& made = copies ? copied(*at).links : written(*at).links;
    links.insert(links.end(), made.begin(), made.end());
  }
  // What RUNs write counts only now that there are links.
  for (std::optional<size_t> at = graph_.stages[stage].last_step; at; at = graph_.steps[*at].below) {
    if (graph_.steps[*at].kind != Step::Kind::kRun) continue;
    const RunWrites& writes = written(*at);
    if (!writes.paths) continue;
    std::ranges::copy_if(*writes.paths, std::back_inserter(paths), [&](const std::string& path) {
      return std::ranges::find(writes.links, path) == writes.links.end();
    });
  }
  return std::ranges::any_of(links, [&](const std::string& link) {
    return std::ranges::any_of(paths, [&](std::string_view path) { return text::is_within(path, link); });
  });
}

const RunWrites& StageFiles::written(size_t run) const {
  const auto [entry, fresh] = writes_.try_emplace(run);
  if (fresh) entry->second = writes_of(graph_.steps[run]);
  return entry->second;
}

}  // namespace dcache::cache
